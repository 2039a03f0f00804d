/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/wire.h"
#include "jsonrpc/json.h"
#include "mcp/catalogue-private.h"

/* Raised whenever what follows it is written in another way. */
enum { CATALOGUE_FORMAT = 1 };

/* ---- to bytes ------------------------------------------------------------- */

static int put_head(const McpCatalogue *c, Span launch, Buf *b)
{
        Span version = c->version < 0 ? SPAN_NONE : span_of(mcp_version_table[c->version].text);
        int r = wire_put_u32(b, CATALOGUE_FORMAT);
        if (r == 0)
                r = wire_put_span(b, launch);
        if (r == 0)
                r = wire_put_span(b, version); /* empty: there was no hello */
        if (r == 0)
                r = wire_put_span(b, c->server_info);
        if (r == 0)
                r = wire_put_span(b, c->capabilities);
        return r < 0 ? r : wire_put_span(b, c->instructions);
}

static int put_list(const McpItems *list, Buf *b)
{
        int r = wire_put_u8(b, list->known);
        if (r == 0)
                r = wire_put_u32(b, list->n);
        for (uint32_t i = 0; r == 0 && i < list->n; i++)
                r = wire_put_span(b, list->items[i].text);
        return r;
}

int mcp_catalogue_encode(const McpCatalogue *c, Span launch, Buf *b)
{
        int r = put_head(c, launch, b);
        for (int l = 0; r == 0 && l < _MCP_LIST_MAX; l++)
                r = put_list(&c->lists[l], b);
        return r;
}

/* ---- and back ------------------------------------------------------------- */

/* As strict as what came in a message: one line, and nothing but the value. */
static bool is_good(Span text, JspanType type)
{
        return jspan_type(text) == type && text.len == span_trim(text).len &&
               span_find(text, '\n') == text.len && span_find(text, '\r') == text.len &&
               jspan_valid(text, LIMIT_JSON_DEPTH);
}

static bool is_good_or_none(Span text, JspanType type)
{
        return span_is_empty(text) || is_good(text, type);
}

static int get_hello(WireReader *r, McpDraft *d)
{
        Span version = wire_get_span(r);
        HelloArgs a = {.version = mcp_version_of(version)};
        a.server_info = wire_get_span(r);
        a.capabilities = wire_get_span(r);
        a.instructions = wire_get_span(r);
        if (r->bad || !is_good_or_none(a.server_info, JSPAN_OBJECT) ||
            !is_good_or_none(a.capabilities, JSPAN_OBJECT) || !is_good_or_none(a.instructions, JSPAN_STRING))
                return -EBADMSG;
        if (span_is_empty(version))
                return a.server_info.len + a.capabilities.len + a.instructions.len == 0 ? 0 : -EBADMSG;
        if (a.version < 0)
                return -EBADMSG;
        a.era = mcp_version_table[a.version].era;
        int k = hello_new(&a, &d->memory.hello);
        return k == -E2BIG ? -EBADMSG : k;
}

static int get_list(WireReader *r, McpDraft *d, McpList list)
{
        uint8_t known = wire_get_u8(r);
        uint32_t n = wire_get_u32(r);
        if (r->bad || known > 1 || n > r->left.len || (!known && n > 0))
                return -EBADMSG;
        if (!known)
                return 0;
        mcp_draft_begin(d, list);
        int k = draft_shelf(d, list);
        for (uint32_t i = 0; k == 0 && i < n; i++) {
                Span item = wire_get_span(r);
                if (r->bad || !is_good(item, JSPAN_OBJECT))
                        return -EBADMSG;
                k = draft_add(d, list, item, UINT32_MAX);
        }
        return k > 0 ? -EBADMSG : k; /* we leave nothing out when we write */
}

int mcp_catalogue_decode(Span bytes, Span launch, McpCatalogue **ret)
{
        CLEANUP(mcp_draft_free_p) McpDraft *d = NULL;
        WireReader reader = {.left = bytes};
        if (bytes.len > LIMIT_CATALOGUE || wire_get_u32(&reader) != CATALOGUE_FORMAT ||
            !span_equal(wire_get_span(&reader), launch) || reader.bad)
                return -EBADMSG;
        int r = mcp_draft_new(NULL, &d);
        if (r == 0)
                r = get_hello(&reader, d);
        for (int l = 0; r == 0 && l < _MCP_LIST_MAX; l++)
                r = get_list(&reader, d, (McpList)l);
        if (r < 0)
                return r;
        return reader.left.len ? -EBADMSG : mcp_draft_finish(d, ret);
}
