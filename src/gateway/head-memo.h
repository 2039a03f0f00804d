#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided about the last head on a connection, and the headers that
 * decided it: a client says the same with each request, and what has not
 * changed need not be parsed, hashed and looked up again. Holds for one
 * configuration. Embedded in a Client; pure.
 */

#include "http/request.h"

enum { HEAD_MEMO_ROOM = 400, HEAD_MEMO_HEADERS = 6 };

typedef struct HeadMemo {
        uint64_t edition; /* of the configuration; 0: there is none */
        bool accepts_json, accepts_sse;
        uint16_t lengths[HEAD_MEMO_HEADERS];
        char bytes[HEAD_MEMO_ROOM]; /* of the headers, one behind the other */
} HeadMemo;

void head_memo_clear(HeadMemo *m);
/* The head was found in order. One that is too long, or has a header of these twice, is not kept. */
void head_memo_take(HeadMemo *m, const HttpRequest *r, uint64_t edition);
/* Whether this head says the same. */
bool head_memo_knows(const HeadMemo *m, const HttpRequest *r, uint64_t edition);
