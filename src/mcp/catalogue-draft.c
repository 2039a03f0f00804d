/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "jsonrpc/json.h"
#include "mcp/catalogue-private.h"

#define META_SERVER_INFO "io.modelcontextprotocol/serverInfo"

enum { VERSION_ROOM = 32 };

int mcp_draft_new(const McpCatalogue *from, McpDraft **ret)
{
        McpDraft *d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        if (from)
                catalogue_memory_ref(from->memory, &d->memory);
        *ret = d;
        return 0;
}

McpDraft *mcp_draft_free(McpDraft *d)
{
        if (d) {
                catalogue_memory_done(&d->memory);
                free(d);
        }
        return NULL;
}

static size_t bytes_of(const CatalogueMemory *m)
{
        size_t n = CATALOGUE_OVERHEAD + (m->hello ? m->hello->length : 0);
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                if (m->shelves[l])
                        n += m->shelves[l]->bytes + (size_t)m->shelves[l]->n * CATALOGUE_ITEM_OVERHEAD;
        return n;
}

/* ---- what a server says of itself ----------------------------------------- */

static Span of_type(Span value, JspanType type)
{
        return jspan_type(value) == type ? value : SPAN_NONE;
}

static McpVersion version_in(Span value)
{
        char room[VERSION_ROOM];
        Span text;
        return jspan_text(value, room, sizeof(room), &text) ? mcp_version_of(text) : _MCP_VERSION_INVALID;
}

/* The newest that we know of those that it offers. */
static McpVersion newest_in(Span array)
{
        JspanWalk w = jspan_walk(of_type(array, JSPAN_ARRAY));
        McpVersion newest = _MCP_VERSION_INVALID;
        Span value;
        while (jspan_next(&w, NULL, &value)) {
                McpVersion v = version_in(value);
                if (v >= 0 && mcp_version_table[v].era == MCP_MODERN && v > newest)
                        newest = v;
        }
        return newest;
}

static const struct {
        const char *version;
        JspanType type;
        McpVersion (*read)(Span value);
} of_era[_MCP_ERA_MAX] = {
        [MCP_LEGACY] = {"protocolVersion", JSPAN_STRING, version_in},
        [MCP_MODERN] = {"supportedVersions", JSPAN_ARRAY, newest_in},
};

int mcp_draft_hello(McpDraft *d, McpEra era, Span result)
{
        Hello *h, *before = d->memory.hello;
        Span version = jspan_member(result, of_era[era].version), info = jspan_member(result, "serverInfo");
        if (jspan_type(version) != of_era[era].type)
                return -EBADMSG;
        if (era == MCP_MODERN)
                info = jspan_member(jspan_member(result, "_meta"), META_SERVER_INFO);
        HelloArgs a = {
                .era = era,
                .version = of_era[era].read(version),
                .server_info = of_type(info, JSPAN_OBJECT),
                .capabilities = of_type(jspan_member(result, "capabilities"), JSPAN_OBJECT),
                .instructions = of_type(jspan_member(result, "instructions"), JSPAN_STRING),
        };
        if (a.version < 0 || mcp_version_table[a.version].era != era)
                return -EPROTONOSUPPORT;
        int r = hello_new(&a, &h);
        if (r < 0)
                return r;
        d->memory.hello = h;
        bool fits = bytes_of(&d->memory) <= LIMIT_CATALOGUE;
        if (!fits)
                d->memory.hello = before;
        (void)hello_unref(fits ? before : h);
        return fits ? 0 : -E2BIG;
}

/* ---- lists ---------------------------------------------------------------- */

/* The value of the one member of that name. None when it is there twice or with escapes: others might read
 * another key from the item than we do. */
static Span only_member(Span object, const char *name)
{
        JspanWalk w = jspan_walk(of_type(object, JSPAN_OBJECT));
        Span quoted, value, found = SPAN_NONE;
        while (jspan_next(&w, &quoted, &value)) {
                if (!jspan_is(quoted, name))
                        continue;
                if (found.ptr || quoted.len != strlen(name) + 2)
                        return SPAN_NONE;
                found = value;
        }
        return found;
}

static bool demands_tasks(McpList list, Span item)
{
        return list == MCP_LIST_TOOLS &&
               jspan_is(jspan_member(jspan_member(item, "execution"), "taskSupport"), "required");
}

void mcp_draft_begin(McpDraft *d, McpList list)
{
        d->memory.shelves[list] = shelf_unref(d->memory.shelves[list]);
        d->fresh[list] = true;
}

int draft_shelf(McpDraft *d, McpList list)
{
        assert(d->fresh[list]); /* else catalogues have it too */
        return d->memory.shelves[list] ? 0 : shelf_new(&d->memory.shelves[list]);
}

int draft_add(McpDraft *d, McpList list, Span item, uint32_t max_items)
{
        Shelf *s = d->memory.shelves[list];
        Span key = only_member(item, mcp_list_table[list].key);
        if (jspan_type(key) != JSPAN_STRING || demands_tasks(list, item) || s->n >= max_items)
                return DRAFT_E_LEFT_OUT;
        if (bytes_of(&d->memory) + item.len + CATALOGUE_ITEM_OVERHEAD > LIMIT_CATALOGUE)
                return DRAFT_E_LEFT_OUT;
        int r = shelf_add(s, item, key);
        return r == SHELF_E_TAKEN ? DRAFT_E_LEFT_OUT : r;
}

int mcp_draft_page(McpDraft *d, McpList list, Span result, uint32_t max_items, unsigned *ret_left_out,
                   Span *ret_cursor)
{
        Span array = of_type(jspan_member(result, mcp_list_table[list].member), JSPAN_ARRAY), item;
        JspanWalk w = jspan_walk(array);
        unsigned left_out = 0;
        if (!array.ptr)
                return -EBADMSG;
        int r = draft_shelf(d, list);
        if (r < 0)
                return r;
        while (jspan_next(&w, NULL, &item)) {
                r = draft_add(d, list, item, max_items);
                if (r < 0)
                        return r;
                left_out += r == DRAFT_E_LEFT_OUT;
        }
        *ret_left_out = left_out;
        *ret_cursor = of_type(jspan_member(result, "nextCursor"), JSPAN_STRING);
        return 0;
}

int mcp_draft_finish(McpDraft *d, McpCatalogue **ret)
{
        CatalogueMemory m;
        catalogue_memory_ref(&d->memory, &m);
        int r = catalogue_new(&m, ret);
        if (r < 0)
                catalogue_memory_done(&m);
        else
                memset(d->fresh, 0, sizeof(d->fresh));
        return r;
}
