/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an encoded catalogue: what decodes encodes to the same bytes.
 * And any JSON as what a server answers, to every question: what is kept of it
 * outlives a restart, and each item is found by its key.
 */
#include "base/limit-table.h"
#include "fuzz.h"
#include "jsonrpc/json.h"
#include "mcp/catalogue.h"

#define LAUNCH SPAN("launch")

static void check_keys(const McpCatalogue *c)
{
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                for (uint32_t i = 0; i < c->lists[l].n; i++) {
                        const McpItem *item = &c->lists[l].items[i];
                        FUZZ_CHECK(mcp_catalogue_find(c, (McpList)l, item->key) == item);
                        FUZZ_CHECK(jspan_type(item->text) == JSPAN_OBJECT);
                }
}

static void check_decode(Span bytes)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpCatalogue *c;
        int r = mcp_catalogue_decode(bytes, LAUNCH, &c);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        if (r < 0)
                return;
        check_keys(c);
        FUZZ_CHECK(mcp_catalogue_encode(c, LAUNCH, &b) == 0 && span_equal(buf_span(&b), bytes));
        (void)mcp_catalogue_unref(c);
}

static McpCatalogue *told(Span answer)
{
        CLEANUP(mcp_draft_free_p) McpDraft *d = NULL;
        McpCatalogue *c;
        unsigned left_out;
        Span cursor;
        FUZZ_CHECK(mcp_draft_new(NULL, &d) == 0);
        for (int e = 0; e < _MCP_ERA_MAX; e++)
                FUZZ_CHECK(mcp_draft_hello(d, (McpEra)e, answer) != -ENOMEM);
        for (int l = 0; l < _MCP_LIST_MAX; l++) {
                mcp_draft_begin(d, (McpList)l);
                FUZZ_CHECK(mcp_draft_page(d, (McpList)l, answer, 1000, &left_out, &cursor) != -ENOMEM);
        }
        FUZZ_CHECK(mcp_draft_finish(d, &c) == 0);
        return c;
}

static void check_answer(Span answer)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpCatalogue *c = told(answer), *back;
        check_keys(c);
        FUZZ_CHECK(mcp_catalogue_encode(c, LAUNCH, &b) == 0);
        FUZZ_CHECK(mcp_catalogue_decode(buf_span(&b), LAUNCH, &back) == 0);
        FUZZ_CHECK(mcp_catalogue_diff(c, back) == 0 && back->can == c->can && back->version == c->version);
        (void)mcp_catalogue_unref(c);
        (void)mcp_catalogue_unref(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span s = span_from((const char *)data, size);
        check_decode(s);
        if (jspan_valid(s, LIMIT_JSON_DEPTH) && span_find(s, '\n') == s.len && span_find(s, '\r') == s.len)
                check_answer(span_trim(s));
        return 0;
}
