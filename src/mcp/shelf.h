#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The items of one list in their order, each text copied once, found by key
 * at once. Filled by one draft, then shared by all catalogues that have the
 * same list, and never changed again. It does not know what an item is.
 */

#include "base/arena.h"
#include "base/siphash.h"
#include "mcp/catalogue.h"

typedef struct Shelf {
        unsigned refs;
        Arena arena;     /* texts, and keys that were written with escapes */
        McpItem *items;  /* owned */
        uint32_t *slots; /* owned: item + 1, 0 is free; a power of two of them, at most half are taken */
        uint32_t n, room, n_slots;
        size_t bytes;  /* of all texts */
        SipKey secret; /* keys are a stranger's */
        Sha256 sum;    /* of all texts */
} Shelf;

int shelf_new(Shelf **ret) MUST_CHECK;
Shelf *shelf_ref(Shelf *s);
Shelf *shelf_unref(Shelf *s);
DEFINE_CLEANUP(Shelf, shelf_unref)

/* `key`: a JSON string as written, in `text`. SHELF_E_TAKEN: an item of that key is there already. */
enum { _SHELF_E_SUCCESS, SHELF_E_TAKEN };
int shelf_add(Shelf *s, Span text, Span key) MUST_CHECK;

const McpItem *shelf_find(const Shelf *s, Span key);
/* Of the texts in order; that of no shelf (NULL) is that of an empty one. */
void shelf_hash(const Shelf *s, uint8_t ret[static SHA256_SIZE]);
