#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one server has to offer: what it said of itself, and its lists of
 * tools, prompts, resources and templates. Items are kept as they were
 * written; only their keys (name, uri, uriTemplate) are known. Immutable once
 * built, reference counted; what outlives a restart is catalogue_encode()'s
 * bytes. Pure: it fetches nothing.
 */

#include "base/buf.h"
#include "base/sha256.h"
#include "mcp/capability.h"

typedef enum McpList {
        MCP_LIST_TOOLS,
        MCP_LIST_PROMPTS,
        MCP_LIST_RESOURCES,
        MCP_LIST_TEMPLATES,
        _MCP_LIST_MAX,
} McpList;

typedef struct McpListRow {
        const char *member;        /* of the result: "resourceTemplates" */
        const char *key;           /* of an item: "uriTemplate" */
        McpMethod method, changed; /* to fetch it; that tells of a change */
        McpCapability capability;
} McpListRow;

extern const McpListRow mcp_list_table[_MCP_LIST_MAX];

typedef struct McpItem {
        Span key;  /* decoded */
        Span text; /* the item as written */
} McpItem;

typedef struct McpItems {
        const McpItem *items; /* owned by the catalogue */
        uint32_t n;
        bool known; /* fetched at least once; else it is empty */
        uint8_t hash[SHA256_SIZE];
} McpItems;

typedef struct McpCatalogue {
        unsigned refs;
        McpEra era;
        McpVersion version;
        McpCapabilities can;
        Span server_info, capabilities, instructions; /* as written; empty: none */
        McpItems lists[_MCP_LIST_MAX];
        struct CatalogueMemory *memory; /* owned */
} McpCatalogue;

McpCatalogue *mcp_catalogue_ref(McpCatalogue *c);
McpCatalogue *mcp_catalogue_unref(McpCatalogue *c);
/* The item with that key, or NULL; not in linear time. */
const McpItem *mcp_catalogue_find(const McpCatalogue *c, McpList list, Span key);

/* ---- building one ---- */

typedef struct McpDraft McpDraft;

/* Begins with what `from` has (may be NULL: nothing). */
int mcp_draft_new(const McpCatalogue *from, McpDraft **ret) MUST_CHECK;
McpDraft *mcp_draft_free(McpDraft *d);
DEFINE_CLEANUP(McpDraft, mcp_draft_free)

/* The `result` of initialize (or of server/discover), as written. -EBADMSG: it names no version;
 * -EPROTONOSUPPORT: none of that era that we know; -E2BIG: more than a catalogue may hold. */
int mcp_draft_hello(McpDraft *d, McpEra era, Span result) MUST_CHECK;
/* Empties a list, for its first page. */
void mcp_draft_begin(McpDraft *d, McpList list);
/* One page: a result as written. Items without one plain string key, or with one that was there before,
 * and tools that need tasks are left out and counted; so are those over `max_items`, and over
 * LIMIT_CATALOGUE bytes in all. -EBADMSG: no such list in it. `ret_cursor`: nextCursor as written, or empty.
 */
int mcp_draft_page(McpDraft *d, McpList list, Span result, uint32_t max_items, unsigned *ret_left_out,
                   Span *ret_cursor) MUST_CHECK;
int mcp_draft_finish(McpDraft *d, McpCatalogue **ret) MUST_CHECK;

/* Which lists differ, a bit each (1 << McpList); a list that is not known equals an empty one. */
unsigned mcp_catalogue_diff(const McpCatalogue *a, const McpCatalogue *b);

/* `launch`: a hash of how the server is started; a cache of another one is none. */
int mcp_catalogue_encode(const McpCatalogue *c, Span launch, Buf *b) MUST_CHECK;
/* -EBADMSG: torn, of another version or another launch. Trusts nothing in the bytes. */
int mcp_catalogue_decode(Span bytes, Span launch, McpCatalogue **ret) MUST_CHECK;
