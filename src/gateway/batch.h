#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several messages in one POST, as sessions of 2025-03-26 may send them: the
 * answers are collected and given as one array when the last is there. Frees
 * itself then; notifications on the way have no stream here.
 */

#include "gateway/client.h"

struct Batch {
        Client *client;   /* NULL: gone */
        unsigned waiting; /* answers still to come, and one while it is being read */
        size_t max;       /* bytes of all answers */
        Buf out;          /* owned: the array so far */
};

int batch_new(Client *c, size_t max, Batch **ret) MUST_CHECK;
/* One more answer is to come. */
void batch_expect(Batch *b);
/* The first answer may be of any length; behind it they share what is left of `max`. */
bool batch_has_room(const Batch *b, const Span *parts, unsigned n);
/* An answer, whole. The batch may be gone after this. */
int batch_answer(Batch *b, const Span *parts, unsigned n) MUST_CHECK;
/* An answer will not come after all; also says that the array was read to its end. */
int batch_skip(Batch *b) MUST_CHECK;
void batch_cut(Batch *b);
