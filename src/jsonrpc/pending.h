#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that one peer still owes an answer to. An id of ours is a slot
 * and its generation: a small positive integer, found at once, and one that
 * is answered late or twice is not found. Nodes are embedded in what waits and
 * are the owner's; memory grows to the most that ever waited, then never more.
 */

#include "base/macro.h"

typedef struct PendingNode {
        uint64_t id; /* 0: not in a table */
} PendingNode;

typedef struct PendingSlot {
        PendingNode *node;   /* NULL: free */
        uint32_t generation; /* 1 to PENDING_GENERATIONS; 0: never used */
        uint32_t next_free;
} PendingSlot;

typedef struct Pending {
        PendingSlot *slots; /* owned */
        uint32_t n, room;   /* waiting; slots that there are */
        uint32_t free;      /* the first free one; room: none */
        uint32_t first;     /* generation that a fresh slot continues */
} Pending;

enum {
        PENDING_MAX = 1 << 20, /* slots: ids stay below 2^53 */
        PENDING_GENERATIONS = 1 << 30,
        PENDING_ID_TEXT = 17, /* decimal digits and NUL */
};

void pending_init(Pending *p);
/* Of a peer that has heard ids from somebody before us: ours begin elsewhere, so that what it still answers
 * to those is not found. Before the first is added. */
void pending_begin_at(Pending *p, uint64_t random);
/* Nothing waits in it. */
void pending_done(Pending *p);

/* -ENOMEM; -ENOBUFS: PENDING_MAX wait. */
int pending_add(Pending *p, PendingNode *node) MUST_CHECK;
/* What waits under that id, which stays; NULL: nothing (any more). */
PendingNode *pending_find(const Pending *p, uint64_t id);
/* Does nothing to one that is in no table. */
void pending_remove(Pending *p, PendingNode *node);
/* The waiting one in the lowest slot from `*at` on, NULL at the end; sets *at behind it. */
PendingNode *pending_each(const Pending *p, uint32_t *at);

/* The id of an answer as written: only decimal digits are ours. False: not ours. */
bool pending_parse(const char *text, size_t n, uint64_t *ret);
