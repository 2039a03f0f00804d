#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an answer as bytes: status line, framing, headers. Pure. What
 * stands in it is decided by the connection; it has no Server and no Date.
 */

#include "base/buf.h"
#include "http/request.h"

typedef struct AnswerHead {
        int status;
        Span type; /* empty: none */
        const HttpHeader *headers;
        unsigned n_headers;
        enum { ANSWER_LENGTH, ANSWER_CHUNKED, ANSWER_UNTIL_CLOSE } framing;
        uint64_t length;
        enum { ANSWER_CONNECTION_NONE, ANSWER_CLOSE, ANSWER_KEEP_ALIVE } connection;
} AnswerHead;

/* Appends it. -EINVAL: a header holds a line end, or the status has no row. */
int answer_head(Buf *b, const AnswerHead *a) MUST_CHECK;
/* One that has no body, nor Content-Length. */
bool answer_is_bare(int status) PURE;
