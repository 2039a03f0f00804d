#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP answer as a load generator needs it: whether it is whole, its
 * status, and the JSON-RPC answer in it, which may be a body or an event of a
 * stream. Pure, and of our own: what is measured shares no code with it.
 */

#include "base/span.h"

typedef struct Answer {
        unsigned status;
        bool sse;
        bool close;   /* the server closes the connection behind it */
        Span session; /* Mcp-Session-Id; borrowed from the bytes */
        Span body;    /* without chunk lines; borrowed from the bytes */
        size_t total; /* bytes of all of it */
} Answer;

typedef struct Expected {
        Span whole;   /* the body must be exactly this; else: */
        uint64_t id;  /* of the request */
        Span tag;     /* how its text begins */
        Span payload; /* and how it goes on to its end */
} Expected;

enum { _ANSWER_E_SUCCESS, ANSWER_E_MORE, ANSWER_E_BROKEN };

/* ANSWER_E_MORE: not all is there yet, *ret_total says how much is needed at least (0: unknown). Chunk lines
 * are taken out of `bytes` once the answer is whole. */
int answer_parse(char *bytes, size_t n, Answer *ret, size_t *ret_total) MUST_CHECK;

/* 0, or ANSWER_E_BROKEN: another id, another text, an error, no answer at all. */
int answer_check(const Answer *a, const Expected *expected) MUST_CHECK;
