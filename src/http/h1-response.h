#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 answers out of bytes, by llhttp: the client's counterpart of h1.
 * Pure: no descriptor, no clock. Owned by a connection of a client, one answer
 * after the other. The body is appended to a Buf that the user may consume at
 * any time, so that a stream of events needs no end. Interim answers (1xx) are
 * stepped over. Fed byte by byte or at once, it says the same.
 */

#include "base/buf.h"

/* The headers that a client of ours looks at. */
/* clang-format off */
#define H1_RESPONSE_HEADERS(H)                       \
        H(CONTENT_TYPE,     "content-type")          \
        H(RETRY_AFTER,      "retry-after")           \
        H(WWW_AUTHENTICATE, "www-authenticate")      \
        H(MCP_SESSION,      "mcp-session-id")
/* clang-format on */

typedef enum H1ResponseHeader {
#define H(id, name) H1_RESPONSE_##id,
        H1_RESPONSE_HEADERS(H)
#undef H
                _H1_RESPONSE_HEADER_MAX,
} H1ResponseHeader;

typedef struct H1Response H1Response;

typedef struct H1ResponseLimits {
        size_t max_header; /* bytes of status line and headers */
        size_t max_body;   /* bytes of the body that wait to be consumed */
} H1ResponseLimits;

typedef enum H1ResponseState {
        H1_RESPONSE_HEAD, /* wants more of the head */
        H1_RESPONSE_BODY, /* the head is whole, the body is to come */
        H1_RESPONSE_DONE,
        H1_RESPONSE_BROKEN, /* no HTTP, cut short or over a limit: h1_response_why */
} H1ResponseState;

int h1_response_new(const H1ResponseLimits *limits, H1Response **ret) MUST_CHECK;
H1Response *h1_response_free(H1Response *r);
DEFINE_CLEANUP(H1Response, h1_response_free)
/* Ready for the next answer; `no_body`: it is one to a HEAD. */
void h1_response_reset(H1Response *r, bool no_body);

/* Takes of `bytes` what belongs to this answer and says how much. -ENOMEM. */
int h1_response_feed(H1Response *r, Span bytes, size_t *ret_used, H1ResponseState *ret_state) MUST_CHECK;
/* The connection was closed: the end of an answer that has no other, else it is broken. */
H1ResponseState h1_response_eof(H1Response *r);

bool h1_response_begun(const H1Response *r); /* a byte of it has come */
/* From H1_RESPONSE_BODY on. */
int h1_response_status(const H1Response *r);
Span h1_response_header(const H1Response *r, H1ResponseHeader h); /* the first; ptr NULL: not there */
bool h1_response_keeps_alive(const H1Response *r);                /* after H1_RESPONSE_DONE */
/* Whether Content-Type is that type, whatever its parameters. */
bool h1_response_is(const H1Response *r, const char *type);
/* To be consumed from the front. */
Buf *h1_response_body(H1Response *r);
const char *h1_response_why(const H1Response *r);
