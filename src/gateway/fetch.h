#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks one instance for its lists, page by page, and makes a catalogue of
 * them. Bounded in time, pages and items; a list that it does not get in time
 * stays as it was known. Hangs on its Backend; one at a time.
 */

#include "gateway/backend.h"

typedef struct Fetch Fetch;

typedef struct FetchOps {
        /* Once for each start; the fetch is over. `c` is a new reference. */
        int (*done)(Backend *b, McpCatalogue *c);
} FetchOps;

/* `lists`: bits of those to ask for; `from`: what is known (may be NULL). A fetch under way takes the bits
 * up when it is done. */
int fetch_start(Backend *b, const FetchOps *ops, unsigned lists, const McpCatalogue *from) MUST_CHECK;
void fetch_free(Backend *b);
