#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list (tools, prompts, resources or templates) of several servers as
 * clients see it: filtered, renamed, prefixed, in the order of the
 * configuration and then of each server, without two of one name; and the way
 * back from a name that a client uses to the server and its own name for it.
 * Rebuilt as a whole when a catalogue has changed; immutable in between. Pure.
 */

#include "base/arena.h"
#include "mcp/catalogue.h"
#include "mcp/name.h"

typedef struct ListingSource {
        const McpCatalogue *catalogue; /* borrowed while it is built; NULL: nothing is known */
        Span prefix;                   /* "" on the endpoint of one server: names stay as they are */
        bool own_names;                /* of that endpoint: no byte of a name is changed */
        McpFilter filter,
                view; /* of the server, by its own names; of a view, by SERVER__NAME or the bare name */
        Span server;  /* its name, for the view's filter */
        const Span *rename, *describe; /* pairs: own name, text; tools only */
        size_t n_rename, n_describe;
} ListingSource;

typedef struct ListingEntry {
        Span exposed; /* what clients call it */
        Span own;     /* what its server calls it */
        uint32_t source;
        uint32_t at, len; /* its text in the list */
} ListingEntry;

typedef struct Listing {
        ListingEntry *entries; /* owned */
        uint32_t n;
        Buf text;          /* owned: the items, joined by commas */
        uint32_t *buckets; /* owned: by exposed name */
        uint32_t n_buckets;
        uint64_t seed;
        uint64_t edition; /* another one whenever the text differs */
        unsigned hidden;  /* left out for a name that is taken: for a log line */
        Arena *memory;    /* owned */
} Listing;

void listing_done(Listing *l);
/* Builds anew from the sources. `ret_changed`: the text differs from what was there. On -ENOMEM the old
 * one stays. Items change in their name and description only, byte for byte elsewhere. */
int listing_build(Listing *l, McpList list, const ListingSource *sources, size_t n, uint64_t seed,
                  bool *ret_changed) MUST_CHECK;

/* NULL when there is none of that name. */
const ListingEntry *listing_find(const Listing *l, Span exposed);
/* Templates only: the first from entry `*at` on that the URI fits; sets *at behind it. */
const ListingEntry *listing_match(const Listing *l, Span uri, uint32_t *at);

/* The items from entry `offset` on, as many as a page takes: at least one when there is one. `ret_next`: the
 * offset of the next page, 0 at the end. */
Span listing_page(const Listing *l, uint32_t offset, uint32_t max_items, size_t max_bytes,
                  uint32_t *ret_next);
