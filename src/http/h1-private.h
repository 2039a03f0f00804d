#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of h1, for its files alone: h1.c feeds llhttp and keeps bytes,
 * h1-told.c takes what it tells, h1-head.c judges a head that is whole,
 * h1-pattern.c does without llhttp where the head is one of before. Places
 * in the head are kept as offsets from its first byte, so that they stay what
 * they are when the bytes move.
 */

/* Both of us name methods so; in these files theirs are LLHTTP_. */
#define HTTP_DELETE  LLHTTP_DELETE
#define HTTP_GET     LLHTTP_GET
#define HTTP_HEAD    LLHTTP_HEAD
#define HTTP_OPTIONS LLHTTP_OPTIONS
#define HTTP_POST    LLHTTP_POST
#include <llhttp.h>
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_OPTIONS
#undef HTTP_POST

#include "http/h1.h"

typedef struct H1Part {
        size_t at, len;
} H1Part;

typedef struct H1Line {
        H1Part name, value;
        HttpHeaderId id; /* _HTTP_HEADER_MAX: none of ours */
} H1Line;

struct H1 {
        llhttp_t parser;
        H1Limits limits;
        H1State state;
        bool head_whole, target_whole, discard;
        unsigned blank; /* bytes of empty lines before the request */
        int error;      /* -errno from a callback */

        /* The head: the first bytes that were fed, or a copy of them. */
        const char *fed; /* borrowed: the bytes of the running h1_feed() */
        size_t taken;    /* bytes of the request before those */
        size_t head_len;
        Buf head;
        const char *head_at; /* borrowed: fed bytes or `head` */
        H1Part target;
        H1Line *lines;       /* owned */
        HttpHeader *headers; /* owned; as many places as `lines` */
        unsigned n_lines, room;
        uint32_t seen; /* bit per HttpHeaderId */
        bool in_name;
        char last; /* of the head so far */

        char *body_at; /* borrowed: what of the body is among the fed bytes; NULL: it is in `body` */
        size_t body_len;
        Buf body;

        HttpRequest request;
        H1Refusal refusal;
        char why[96];
};

/* The first refusal stays. What these give ends llhttp's run. */
int h1_refuse(H1 *h, int status, const char *why);
/* "... than limits.KEY (N)" */
int h1_refuse_limit(H1 *h, int status, const char *what, const char *key, size_t limit);

int h1_check_target(H1 *h);
int h1_check_line(H1 *h, H1Line *line);
int h1_check_head(H1 *h);
int h1_reserve_lines(H1 *h, unsigned n);
/* Spans of the request, from where the head now is. */
int h1_point(H1 *h);

extern const llhttp_settings_t h1_settings;
/* Heads of chunks, their extensions and trailers: some for each byte of the body, and no more. `taken`: of
 * the request so far. */
bool h1_too_much_beside(H1 *h, size_t taken);
