/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"
#include "mcp/catalogue.h"
#include "support/oom.h"

enum { MANY = 1000000 };

#define HELLO                                                                                              \
        "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{},\"resources\":{\"subscribe\":" \
        "true}},"                                                                                          \
        "\"serverInfo\":{\"name\":\"a\",\"version\":\"1\"},\"instructions\":\"do \\\"it\\\"\"}"
#define TOOLS  "{\"tools\":[{\"name\":\"a\"},{\"x\":1, \"name\":\"\\u0062\"}],\"nextCursor\":\"c\\n\"}"
#define LAUNCH SPAN("how it is started")

static McpDraft *draft_of(const McpCatalogue *from)
{
        McpDraft *d = NULL;
        assert_int_equal(mcp_draft_new(from, &d), 0);
        return d;
}

/* What was left out. */
static unsigned page(McpDraft *d, McpList list, const char *result)
{
        unsigned left_out = 99;
        Span cursor;
        assert_int_equal(mcp_draft_page(d, list, span_of(result), MANY, &left_out, &cursor), 0);
        return left_out;
}

static McpCatalogue *finish(McpDraft *d)
{
        McpCatalogue *c = NULL;
        assert_int_equal(mcp_draft_finish(d, &c), 0);
        (void)mcp_draft_free(d);
        return c;
}

/* One with everything. */
static McpCatalogue *make(void)
{
        McpDraft *d = draft_of(NULL);
        assert_int_equal(mcp_draft_hello(d, MCP_LEGACY, SPAN(HELLO)), 0);
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(page(d, MCP_LIST_TOOLS, TOOLS), 0);
        assert_int_equal(page(d, MCP_LIST_TOOLS, "{\"tools\":[{\"name\":\"c\"}]}"), 0);
        mcp_draft_begin(d, MCP_LIST_RESOURCES);
        assert_int_equal(
                page(d, MCP_LIST_RESOURCES, "{\"resources\":[{\"uri\":\"file:///\",\"name\":\"r\"}]}"), 0);
        mcp_draft_begin(d, MCP_LIST_TEMPLATES);
        assert_int_equal(page(d, MCP_LIST_TEMPLATES, "{\"resourceTemplates\":[]}"), 0);
        return finish(d);
}

static void assert_same(const McpCatalogue *a, const McpCatalogue *b)
{
        assert_int_equal(a->era, b->era);
        assert_int_equal(a->version, b->version);
        assert_int_equal(a->can, b->can);
        assert_span_equal(a->server_info, b->server_info);
        assert_span_equal(a->capabilities, b->capabilities);
        assert_span_equal(a->instructions, b->instructions);
        for (int l = 0; l < _MCP_LIST_MAX; l++) {
                assert_int_equal(a->lists[l].known, b->lists[l].known);
                assert_int_equal(a->lists[l].n, b->lists[l].n);
                for (uint32_t i = 0; i < a->lists[l].n; i++) {
                        assert_span_equal(a->lists[l].items[i].key, b->lists[l].items[i].key);
                        assert_span_equal(a->lists[l].items[i].text, b->lists[l].items[i].text);
                }
        }
        assert_int_equal(mcp_catalogue_diff(a, b), 0);
}

static void test_table(void **state UNUSED)
{
        for (int l = 0; l < _MCP_LIST_MAX; l++) {
                const McpListRow *row = &mcp_list_table[l];
                const McpMethodRow *list = &mcp_method_table[row->method];
                const McpMethodRow *changed = &mcp_method_table[row->changed];
                size_t n = strlen(list->name);
                assert_row(list->request && strcmp(list->name + n - 5, "/list") == 0, "%s", row->member);
                assert_row(!changed->request && strstr(changed->name, "list_changed") != NULL, "%s",
                           row->member);
                assert_row(list->capability == row->capability, "%s", row->member);
                assert_row(changed->capability == row->capability, "%s", row->member);
                for (int k = 0; k < l; k++)
                        assert_row(strcmp(row->member, mcp_list_table[k].member) != 0, "%s", row->member);
        }
}

static void test_items(void **state UNUSED)
{
        McpCatalogue *c = make();
        const McpItems *tools = &c->lists[MCP_LIST_TOOLS];
        assert_int_equal(c->version, MCP_2025_06_18);
        assert_int_equal(c->can, MCP_CAN(TOOLS) | MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE));
        assert_span_equal(c->server_info, SPAN("{\"name\":\"a\",\"version\":\"1\"}"));
        assert_span_equal(c->instructions, SPAN("\"do \\\"it\\\"\""));
        assert_int_equal(tools->n, 3);
        assert_span_equal(tools->items[0].text, SPAN("{\"name\":\"a\"}"));
        assert_span_equal(tools->items[1].key, SPAN("b")); /* decoded */
        assert_span_equal(tools->items[1].text, SPAN("{\"x\":1, \"name\":\"\\u0062\"}"));
        assert_ptr_equal(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("b")), &tools->items[1]);
        assert_ptr_equal(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("c")), &tools->items[2]);
        assert_null(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("d")));
        assert_null(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("")));
        assert_null(mcp_catalogue_find(c, MCP_LIST_PROMPTS, SPAN("a")));   /* not known */
        assert_null(mcp_catalogue_find(c, MCP_LIST_TEMPLATES, SPAN("a"))); /* empty */
        assert_non_null(mcp_catalogue_find(c, MCP_LIST_RESOURCES, SPAN("file:///")));
        assert_true(c->lists[MCP_LIST_TEMPLATES].known && c->lists[MCP_LIST_TEMPLATES].n == 0);
        assert_false(c->lists[MCP_LIST_PROMPTS].known);
        assert_ptr_equal(mcp_catalogue_ref(c), c);
        assert_null(mcp_catalogue_unref(c));
        assert_int_equal(c->refs, 1);
        (void)mcp_catalogue_unref(c);
        assert_null(mcp_catalogue_ref(NULL));
        assert_null(mcp_catalogue_unref(NULL));
        assert_null(mcp_draft_free(NULL));
}

static void test_page(void **state UNUSED)
{
        McpDraft *d = draft_of(NULL);
        unsigned left_out = 99;
        Span cursor = SPAN("untouched");
        static const char *const bad[] = {"{}", "{\"tools\":{}}",  "{\"tools\":null}", "[]",
                                          "7",  "{\"prompts\":[]}"};
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, span_of(bad[i]), MANY, &left_out, &cursor),
                                 -EBADMSG);
        assert_int_equal(left_out, 99);
        assert_span_equal(cursor, SPAN("untouched"));
        assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, SPAN(TOOLS), MANY, &left_out, &cursor), 0);
        assert_int_equal(left_out, 0);
        assert_span_equal(cursor, SPAN("\"c\\n\""));
        assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, SPAN("{\"nextCursor\":\"\",\"tools\":[]}"), MANY,
                                        &left_out, &cursor),
                         0);
        assert_span_equal(cursor, SPAN("\"\"")); /* a cursor like any other */
        assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, SPAN("{\"nextCursor\":null,\"tools\":[]}"), MANY,
                                        &left_out, &cursor),
                         0);
        assert_span_equal(cursor, SPAN_NONE);
        (void)mcp_draft_free(d);
}

static void test_left_out(void **state UNUSED)
{
        static const char *const items[] = {
                "7",
                "null",
                "\"name\"",
                "[]",
                "{}",
                "{\"name\":7}",
                "{\"title\":\"a\"}",
                "{\"name\":\"first\",\"title\":\"again\"}", /* a key that was there before */
                "{\"name\":\"\\u0066irst\"}",
                "{\"name\":\"x\",\"name\":\"y\"}", /* two readers, two keys */
                "{\"name\":\"x\",\"n\\u0061me\":\"y\"}",
                "{\"n\\u0061me\":\"x\"}",
                "{\"name\":\"x\",\"execution\":{\"taskSupport\":\"required\"}}",
        };
        McpDraft *d = draft_of(NULL);
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(page(d, MCP_LIST_TOOLS, "{\"tools\":[{\"name\":\"first\"}]}"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
                char text[256];
                (void)snprintf(text, sizeof(text), "{\"tools\":[%s,%s]}", items[i], items[i]);
                assert_row(page(d, MCP_LIST_TOOLS, text) == 2, "%s", items[i]);
        }
        assert_int_equal(page(d, MCP_LIST_TOOLS,
                              "{\"tools\":[{\"name\":\"x\",\"execution\":{\"taskSupport\":\"optional\"}}]}"),
                         0);
        mcp_draft_begin(d, MCP_LIST_PROMPTS);
        assert_int_equal(
                page(d, MCP_LIST_PROMPTS,
                     "{\"prompts\":[{\"name\":\"x\",\"execution\":{\"taskSupport\":\"required\"}}]}"),
                0); /* means nothing there */
        McpCatalogue *c = finish(d);
        assert_int_equal(c->lists[MCP_LIST_TOOLS].n, 2);
        assert_span_equal(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("first"))->text,
                          SPAN("{\"name\":\"first\"}"));
        (void)mcp_catalogue_unref(c);
}

static void test_max_items(void **state UNUSED)
{
        McpDraft *d = draft_of(NULL);
        unsigned left_out = 0;
        Span cursor;
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, SPAN(TOOLS), 1, &left_out, &cursor), 0);
        assert_int_equal(left_out, 1);
        assert_int_equal(mcp_draft_page(d, MCP_LIST_TOOLS, SPAN(TOOLS), 0, &left_out, &cursor), 0);
        assert_int_equal(left_out, 2);
        McpCatalogue *c = finish(d);
        assert_int_equal(c->lists[MCP_LIST_TOOLS].n, 1);
        (void)mcp_catalogue_unref(c);
}

/* Many keys, also odd ones, all found; then the list anew, with the other lists as they were. */
static void test_many(void **state UNUSED)
{
        enum { N = 5000 };
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpDraft *d = draft_of(NULL);
        char key[32];
        assert_int_equal(buf_append_str(&b, "{\"prompts\":[{\"name\":\"\"},{\"name\":\"\\u0000\"}"), 0);
        for (int i = 0; i < N; i++)
                assert_int_equal(buf_appendf(&b, ",{\"name\":\"p%s%d\"}", i & 1 ? "\\/" : "", i), 0);
        assert_int_equal(buf_append_str(&b, "]}"), 0);
        mcp_draft_begin(d, MCP_LIST_PROMPTS);
        assert_int_equal(page(d, MCP_LIST_PROMPTS, buf_text(&b)), 0);
        McpCatalogue *c = finish(d), *other;
        const McpItems *prompts = &c->lists[MCP_LIST_PROMPTS];
        assert_int_equal(prompts->n, N + 2);
        assert_ptr_equal(mcp_catalogue_find(c, MCP_LIST_PROMPTS, SPAN_NONE), &prompts->items[0]);
        assert_ptr_equal(mcp_catalogue_find(c, MCP_LIST_PROMPTS, span_from("\0", 1)), &prompts->items[1]);
        for (int i = 0; i < N; i++) {
                (void)snprintf(key, sizeof(key), "p%s%d", i & 1 ? "/" : "", i);
                assert_ptr_equal(mcp_catalogue_find(c, MCP_LIST_PROMPTS, span_of(key)),
                                 &prompts->items[i + 2]);
                (void)snprintf(key, sizeof(key), "p%s%d", i & 1 ? "" : "/", i);
                assert_null(mcp_catalogue_find(c, MCP_LIST_PROMPTS, span_of(key)));
        }
        d = draft_of(c);
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(page(d, MCP_LIST_TOOLS, TOOLS), 0);
        other = finish(d);
        assert_ptr_equal(other->lists[MCP_LIST_PROMPTS].items, prompts->items); /* shared, not copied */
        (void)mcp_catalogue_unref(c);
        assert_non_null(mcp_catalogue_find(other, MCP_LIST_PROMPTS, SPAN("p0")));
        assert_non_null(mcp_catalogue_find(other, MCP_LIST_TOOLS, SPAN("a")));
        (void)mcp_catalogue_unref(other);
}

static void test_hello(void **state UNUSED)
{
        static const struct {
                McpEra era;
                const char *result;
                int want;
        } rows[] = {
                {MCP_LEGACY, "{}", -EBADMSG},
                {MCP_LEGACY, "[]", -EBADMSG},
                {MCP_LEGACY, "{\"protocolVersion\":7}", -EBADMSG},
                {MCP_LEGACY, "{\"protocolVersion\":\"2024-10-07\"}", -EPROTONOSUPPORT},
                {MCP_LEGACY, "{\"protocolVersion\":\"2026-07-28\"}", -EPROTONOSUPPORT},
                {MCP_LEGACY, "{\"protocolVersion\":\"a text that is much too long for a revision\"}",
                 -EPROTONOSUPPORT},
                {MCP_LEGACY, "{\"supportedVersions\":[\"2025-11-25\"]}", -EBADMSG},
                {MCP_MODERN, "{\"supportedVersions\":\"2026-07-28\"}", -EBADMSG},
                {MCP_MODERN, "{\"protocolVersion\":\"2026-07-28\"}", -EBADMSG},
                {MCP_MODERN, "{\"supportedVersions\":[]}", -EPROTONOSUPPORT},
                {MCP_MODERN, "{\"supportedVersions\":[\"2025-11-25\",7,null]}", -EPROTONOSUPPORT},
                {MCP_MODERN, "{\"supportedVersions\":[\"2026-07-28\"]}", 0},
                {MCP_LEGACY, "{\"protocolVersion\":\"2024-11-05\"}", 0},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                McpDraft *d = draft_of(NULL);
                assert_row(mcp_draft_hello(d, rows[i].era, span_of(rows[i].result)) == rows[i].want, "%s",
                           rows[i].result);
                McpCatalogue *c = finish(d);
                assert_row((c->version >= 0) == (rows[i].want == 0), "%s", rows[i].result);
                (void)mcp_catalogue_unref(c);
        }
}

static void test_modern_hello(void **state UNUSED)
{
        McpDraft *d = draft_of(NULL);
        assert_int_equal(mcp_draft_hello(d, MCP_LEGACY, SPAN(HELLO)), 0); /* is replaced */
        assert_int_equal(
                mcp_draft_hello(d, MCP_MODERN,
                                SPAN("{\"supportedVersions\":[\"2025-11-25\",\"2026-07-28\",\"2099-01-01\"],"
                                     "\"serverInfo\":{\"not\":\"here\"},\"capabilities\":{\"prompts\":{}},"
                                     "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"m\"}}}")),
                0);
        McpCatalogue *c = finish(d);
        assert_int_equal(c->era, MCP_MODERN);
        assert_int_equal(c->version, MCP_2026_07_28);
        assert_int_equal(c->can, MCP_CAN(PROMPTS));
        assert_span_equal(c->server_info, SPAN("{\"name\":\"m\"}"));
        assert_span_equal(c->instructions, SPAN_NONE);
        (void)mcp_catalogue_unref(c);
}

/* What is of another type is none. */
static void test_hello_types(void **state UNUSED)
{
        McpDraft *d = draft_of(NULL);
        assert_int_equal(mcp_draft_hello(d, MCP_LEGACY,
                                         SPAN("{\"protocolVersion\":\"2025-11-25\",\"capabilities\":[],"
                                              "\"serverInfo\":\"x\",\"instructions\":{}}")),
                         0);
        McpCatalogue *c = finish(d);
        assert_int_equal(c->can, 0);
        assert_int_equal(c->server_info.len + c->capabilities.len + c->instructions.len, 0);
        (void)mcp_catalogue_unref(c);
}

static void test_diff(void **state UNUSED)
{
        McpCatalogue *a = make(), *b = make(), *empty = finish(draft_of(NULL)), *c;
        assert_int_equal(mcp_catalogue_diff(a, b), 0);
        assert_int_equal(mcp_catalogue_diff(a, empty), 1 << MCP_LIST_TOOLS | 1 << MCP_LIST_RESOURCES);
        McpDraft *d = draft_of(a); /* the same in another order */
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(
                page(d, MCP_LIST_TOOLS,
                     "{\"tools\":[{\"name\":\"a\"},{\"name\":\"c\"},{\"x\":1, \"name\":\"\\u0062\"}]}"),
                0);
        c = finish(d);
        assert_int_equal(mcp_catalogue_diff(a, c), 1 << MCP_LIST_TOOLS);
        assert_int_equal(mcp_catalogue_diff(c, a), 1 << MCP_LIST_TOOLS);
        (void)mcp_catalogue_unref(c);
        d = draft_of(a); /* the same again, and a list known to be empty */
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(page(d, MCP_LIST_TOOLS, TOOLS), 0);
        assert_int_equal(page(d, MCP_LIST_TOOLS, "{\"tools\":[{\"name\":\"c\"}]}"), 0);
        mcp_draft_begin(d, MCP_LIST_PROMPTS);
        assert_int_equal(page(d, MCP_LIST_PROMPTS, "{\"prompts\":[]}"), 0);
        c = finish(d);
        assert_int_equal(mcp_catalogue_diff(a, c), 0);
        (void)mcp_catalogue_unref(c);
        (void)mcp_catalogue_unref(a);
        (void)mcp_catalogue_unref(b);
        (void)mcp_catalogue_unref(empty);
}

/* A list that was begun and got no page is not known any more. */
static void test_begun(void **state UNUSED)
{
        McpCatalogue *a = make();
        McpDraft *d = draft_of(a);
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        McpCatalogue *b = finish(d);
        assert_false(b->lists[MCP_LIST_TOOLS].known);
        assert_true(a->lists[MCP_LIST_TOOLS].known);
        (void)mcp_catalogue_unref(a);
        (void)mcp_catalogue_unref(b);
}

/* ---- as bytes ------------------------------------------------------------- */

static void test_round(void **state UNUSED)
{
        McpCatalogue *given[] = {make(), finish(draft_of(NULL))};
        for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE), again = BUF_INIT(BUF_CAP_NONE);
                McpCatalogue *back = NULL;
                assert_int_equal(mcp_catalogue_encode(given[i], LAUNCH, &b), 0);
                assert_int_equal(mcp_catalogue_decode(buf_span(&b), LAUNCH, &back), 0);
                assert_same(given[i], back);
                assert_int_equal(mcp_catalogue_encode(back, LAUNCH, &again), 0);
                assert_span_equal(buf_span(&again), buf_span(&b));
                (void)mcp_catalogue_unref(back);
                back = NULL;
                assert_int_equal(mcp_catalogue_decode(buf_span(&b), SPAN("in another way"), &back), -EBADMSG);
                assert_int_equal(mcp_catalogue_decode(buf_span(&b), SPAN_NONE, &back), -EBADMSG);
                assert_null(back);
                (void)mcp_catalogue_unref(given[i]);
        }
}

/* Cut anywhere, longer, and with any byte changed: none, or a valid one that says the same bytes. */
static void test_torn(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpCatalogue *c = make(), *back = NULL;
        assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &b), 0);
        for (size_t n = 0; n < b.len; n++)
                assert_int_equal(mcp_catalogue_decode(span_first(buf_span(&b), n), LAUNCH, &back), -EBADMSG);
        for (size_t i = 0; i < b.len; i++) {
                CLEANUP(buf_done) Buf again = BUF_INIT(BUF_CAP_NONE);
                b.data[i] ^= 0x01;
                if (mcp_catalogue_decode(buf_span(&b), LAUNCH, &back) == 0) {
                        assert_int_equal(mcp_catalogue_encode(back, LAUNCH, &again), 0);
                        assert_span_equal(buf_span(&again), buf_span(&b));
                        (void)mcp_catalogue_unref(back);
                }
                b.data[i] ^= 0x01;
        }
        assert_int_equal(buf_append_char(&b, 'x'), 0);
        assert_int_equal(mcp_catalogue_decode(buf_span(&b), LAUNCH, &back), -EBADMSG);
        (void)mcp_catalogue_unref(c);
}

/* Each of these texts in place of one that is good: refused. */
static void test_hostile_texts(void **state UNUSED)
{
        static const struct {
                const char *good, *bad; /* of one length */
        } rows[] = {
                {"{\"name\":\"c\"}", "{\"name\":\"c\"]"},
                {"{\"name\":\"c\"}", "{\"name\":\"a\"}"}, /* twice */
                {"{\"name\":\"c\"}", "{\"Name\":\"c\"}"},
                {"{\"name\":\"c\"}", "{\"name\": 12}"},
                {"{\"name\":\"c\"}", "{\"name\":\"\x80\"}"},
                {"{\"name\":\"c\"}", "[\"name\",\"c\"]"},
                {"{\"x\":1, \"name\":", "{\"x\":1,\n\"name\":"}, /* two lines are two messages */
                {"{\"x\":1, \"name\":", "{\"x\":1,\r\"name\":"},
                {"{\"tools\":{},", "{\"tools\":{}}"},
                {"\"do \\\"it\\\"\"", "\"do \\\"it\\\" "},
                {"{\"name\":\"a\",\"version\"", "{\"name\":\"a\" \"version\""},
                {"2025-06-18", "2025-06-19"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                McpCatalogue *c = make(), *back = NULL;
                assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &b), 0);
                size_t at = span_find_span(buf_span(&b), span_of(rows[i].good));
                assert_row(at < b.len && strlen(rows[i].good) == strlen(rows[i].bad), "%s", rows[i].bad);
                memcpy(b.data + at, rows[i].bad, strlen(rows[i].bad));
                assert_row(mcp_catalogue_decode(buf_span(&b), LAUNCH, &back) == -EBADMSG, "%s", rows[i].bad);
                (void)mcp_catalogue_unref(c);
        }
}

static void test_too_large_to_decode(void **state UNUSED)
{
        McpCatalogue *back = NULL;
        assert_int_equal(mcp_catalogue_decode(span_from("", (size_t)LIMIT_CATALOGUE + 1), LAUNCH, &back),
                         -EBADMSG);
        assert_null(back);
}

/* Texts over the limit are left out, small ones after them are not; what is kept has room in the file. */
static void test_limit(void **state UNUSED)
{
        enum { HALF = LIMIT_CATALOGUE / 2 };
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE), bytes = BUF_INIT(BUF_CAP_NONE);
        McpDraft *d = draft_of(NULL);
        char *room, name[] = "abc";
        assert_int_equal(buf_append_str(&b, "{\"tools\":["), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(buf_appendf(&b, "%s{\"name\":\"%c\",\"x\":\"", i ? "," : "", name[i]), 0);
                assert_int_equal(buf_reserve(&b, HALF, &room), 0);
                memset(room, 'x', HALF - 5000);
                buf_commit(&b, HALF - 5000);
                assert_int_equal(buf_append_str(&b, "\"}"), 0);
        }
        assert_int_equal(buf_append_str(&b, ",{\"name\":\"small\"}]}"), 0);
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        assert_int_equal(page(d, MCP_LIST_TOOLS, buf_text(&b)), 1);

        /* Nor has what the server says of itself, whether beside that or alone. */
        static const size_t lengths[] = {15000, LIMIT_CATALOGUE};
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                buf_clear(&b);
                assert_int_equal(
                        buf_append_str(&b, "{\"protocolVersion\":\"2025-11-25\",\"instructions\":\""), 0);
                assert_int_equal(buf_reserve(&b, lengths[i], &room), 0);
                memset(room, 'x', lengths[i]);
                buf_commit(&b, lengths[i]);
                assert_int_equal(buf_append_str(&b, "\"}"), 0);
                assert_int_equal(mcp_draft_hello(d, MCP_LEGACY, buf_span(&b)), -E2BIG);
        }

        McpCatalogue *c = finish(d), *back = NULL;
        assert_int_equal(c->version, _MCP_VERSION_INVALID);
        assert_int_equal(c->lists[MCP_LIST_TOOLS].n, 3);
        assert_non_null(mcp_catalogue_find(c, MCP_LIST_TOOLS, SPAN("small")));
        assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &bytes), 0);
        assert_true(bytes.len <= LIMIT_CATALOGUE);
        assert_int_equal(mcp_catalogue_decode(buf_span(&bytes), LAUNCH, &back), 0);
        assert_same(c, back);
        (void)mcp_catalogue_unref(back);
        (void)mcp_catalogue_unref(c);
}

/* ---- without memory ------------------------------------------------------- */

static int build_once(void *arg UNUSED)
{
        CLEANUP(mcp_draft_free_p) McpDraft *d = NULL;
        McpCatalogue *c = NULL;
        unsigned left_out;
        Span cursor;
        int r = mcp_draft_new(NULL, &d);
        if (r < 0)
                return r;
        r = mcp_draft_hello(d, MCP_LEGACY, SPAN(HELLO));
        if (r < 0)
                return r;
        mcp_draft_begin(d, MCP_LIST_TOOLS);
        r = mcp_draft_page(d, MCP_LIST_TOOLS, SPAN(TOOLS), MANY, &left_out, &cursor);
        if (r == 0)
                r = mcp_draft_finish(d, &c);
        assert_true((r == 0) == (c != NULL));
        (void)mcp_catalogue_unref(c);
        return r;
}

static int decode_once(void *arg)
{
        McpCatalogue *c = NULL;
        int r = mcp_catalogue_decode(*(Span *)arg, LAUNCH, &c);
        assert_true((r == 0) == (c != NULL));
        (void)mcp_catalogue_unref(c);
        return r;
}

static int encode_once(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return mcp_catalogue_encode(arg, LAUNCH, &b);
}

static void test_oom(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpCatalogue *c = make();
        assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &b), 0);
        Span bytes = buf_span(&b);
        (void)oom_each(build_once, NULL);
        (void)oom_each(encode_once, c);
        (void)oom_each(decode_once, &bytes);
        (void)mcp_catalogue_unref(c);
}

/* A buffer without room at any place of the bytes. */
static void test_full(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        McpCatalogue *c = make();
        assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &b), 0);
        for (size_t cap = 0; cap < b.len; cap++) {
                CLEANUP(buf_done) Buf small = BUF_INIT(cap);
                assert_int_equal(mcp_catalogue_encode(c, LAUNCH, &small), -ENOBUFS);
        }
        (void)mcp_catalogue_unref(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_items),
                cmocka_unit_test(test_page),
                cmocka_unit_test(test_left_out),
                cmocka_unit_test(test_max_items),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_hello),
                cmocka_unit_test(test_modern_hello),
                cmocka_unit_test(test_hello_types),
                cmocka_unit_test(test_diff),
                cmocka_unit_test(test_begun),
                cmocka_unit_test(test_round),
                cmocka_unit_test(test_torn),
                cmocka_unit_test(test_hostile_texts),
                cmocka_unit_test(test_too_large_to_decode),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_oom),
                cmocka_unit_test(test_full),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
