#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests out of bytes, by llhttp and what llhttp lets pass: folded
 * headers, a second or no Host, bytes of a target that are no ASCII, Upgrade,
 * every limit. Pure: no descriptor, no clock, no word of what is served.
 * Owned by a connection while a request is coming in or being answered, else
 * in its server's pool. Fed byte by byte or at once, it says the same.
 */

#include "base/buf.h"
#include "http/request.h"

typedef struct H1 H1;

typedef struct H1Limits {
        size_t max_header;    /* bytes of request line and headers */
        unsigned max_headers; /* lines */
        size_t max_body;
        bool proxy; /* CONNECT is taken too, and Host may be missing: the target says it all */
} H1Limits;

typedef enum H1State {
        H1_HEAD,    /* wants more of the head */
        H1_BODY,    /* the head is whole and (more of) the body is to come */
        H1_DONE,    /* the whole request is there */
        H1_REFUSED, /* h1_refusal says status and reason; the connection cannot go on */
} H1State;

typedef struct H1Refusal {
        int status; /* 400, 413, 414, 431, 417, 501, 505 */
        const char *why;
} H1Refusal;

int h1_new(H1 **ret) MUST_CHECK;
H1 *h1_free(H1 *h);
DEFINE_CLEANUP(H1, h1_free)
/* Ready for the next request; keeps at most `keep` bytes of memory. */
void h1_reset(H1 *h, const H1Limits *limits, size_t keep);
/* Others, before the first byte. */
void h1_limit(H1 *h, const H1Limits *limits);

/* Takes of `bytes` what belongs to this request and says how much; what follows is the next one's. Stops
 * when the head is whole (H1_BODY; feed on for the body) and after the last byte. A request without a body
 * goes to H1_DONE at once. -ENOMEM.
 * The request's spans may point into `bytes`, and a body in chunks is put together there: h1_keep() before
 * these go away, if anything is to come. */
int h1_feed(H1 *h, char *bytes, size_t n, size_t *ret_used, H1State *ret_state) MUST_CHECK;
/* Copies what still points into the fed bytes. */
int h1_keep(H1 *h) MUST_CHECK;
/* Nobody wants the body: it is checked and counted as before, and thrown away. */
void h1_discard(H1 *h);

bool h1_begun(const H1 *h); /* a byte of a request has come */
/* Valid from H1_BODY on; the body from H1_DONE on. */
HttpRequest *h1_request(H1 *h);
/* The method as it came, from H1_BODY on: CONNECT, and what else is HTTP_OTHER. Borrowed like the request. */
Span h1_verb(const H1 *h);
const H1Refusal *h1_refusal(const H1 *h);
