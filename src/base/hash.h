#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding things by their bytes: a keyed hash (SipHash-2-4), so that whoever
 * chooses the bytes cannot choose where they fall, and a table of nodes that
 * are embedded in the things themselves. The table compares nothing: it gives
 * the nodes of one hash, and the caller looks whether it is the right one.
 */

#include "base/span.h"

/* The key is the seed and a constant. */
uint64_t hash_span(Span s, uint64_t seed) PURE;

typedef struct HashNode HashNode;
struct HashNode {
        HashNode *next;
        uint64_t hash;
};

typedef struct HashTable {
        HashNode **buckets;  /* owned */
        size_t n, n_buckets; /* a power of two, or 0 */
} HashTable;

/* One that is all zero is empty. The nodes stay their owners'. */
void hash_table_done(HashTable *t);

/* Only the first node and the growth of the table take memory: with room for all there is no failure. */
int hash_table_reserve(HashTable *t, size_t n) MUST_CHECK;
/* Room has been made. */
void hash_table_add(HashTable *t, HashNode *node, uint64_t hash);
/* It is in the table. */
void hash_table_remove(HashTable *t, HashNode *node);
/* The first node of that hash, and the next one after a node; NULL: none. */
HashNode *hash_table_first(const HashTable *t, uint64_t hash) PURE;
HashNode *hash_table_next(const HashNode *node) PURE;
