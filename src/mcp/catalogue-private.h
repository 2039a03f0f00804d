#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the catalogue share. A catalogue holds references to
 * parts that never change: what the server said of itself, and one shelf per
 * list. So a new edition copies only what is new.
 */

#include "mcp/shelf.h"

typedef struct Hello {
        unsigned refs;
        McpEra era;
        McpVersion version;
        McpCapabilities can;
        Span server_info, capabilities, instructions; /* in `text` */
        size_t length;
        char text[];
} Hello;

typedef struct CatalogueMemory {
        Hello *hello;                  /* owned: a reference; NULL: not known */
        Shelf *shelves[_MCP_LIST_MAX]; /* the same */
} CatalogueMemory;

/* The bytes of a catalogue that are not texts of items, its encoded head among them. */
enum { CATALOGUE_OVERHEAD = 4096, CATALOGUE_ITEM_OVERHEAD = 4 };

struct McpDraft {
        CatalogueMemory memory;
        bool fresh[_MCP_LIST_MAX]; /* the shelf is this draft's alone, to be filled */
};

typedef struct HelloArgs {
        McpEra era;
        McpVersion version;
        Span server_info, capabilities, instructions;
} HelloArgs;

/* Copies. -E2BIG: more than a catalogue may hold. */
int hello_new(const HelloArgs *a, Hello **ret) MUST_CHECK;
Hello *hello_unref(Hello *h);

void catalogue_memory_ref(const CatalogueMemory *from, CatalogueMemory *ret);
void catalogue_memory_done(CatalogueMemory *m);
/* Takes the references only when it succeeds. */
int catalogue_new(CatalogueMemory *m, McpCatalogue **ret) MUST_CHECK;

/* One item as written, to the list that was begun. DRAFT_E_LEFT_OUT: no usable key, taken, or too much. */
enum { _DRAFT_E_SUCCESS, DRAFT_E_LEFT_OUT };
int draft_add(McpDraft *d, McpList list, Span item, uint32_t max_items) MUST_CHECK;
/* Makes the shelf of a list that was begun: it is known from now on, if empty. */
int draft_shelf(McpDraft *d, McpList list) MUST_CHECK;
