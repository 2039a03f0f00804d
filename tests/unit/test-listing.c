/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/limit-table.h"
#include "gateway/listing.h"

enum { SEED = 4711 };

#define ITEM(k, t)                                                         \
        {                                                                  \
                .key = {(k), sizeof(k) - 1}, .text = {(t), sizeof(t) - 1 } \
        }
#define TOOL(k) ITEM(k, "{\"name\":\"" k "\"}")

#define CATALOGUE(list, rows) \
        ((McpCatalogue){.lists = {[list] = {.items = (rows), .n = ARRAY_SIZE(rows), .known = true}}})

static const McpItem fs_tools[] = {
        ITEM("read", "{\"name\":\"read\",\"inputSchema\":{\"name\":\"x\",\"n\":1.10}}"),
        ITEM("write", "{ \"description\" : \"Old \\u0041\", \"name\" : \"write\" , \"title\":null }"),
        ITEM("list all", "{\"inputSchema\":{},\"name\":\"list all\"}"),
};
static const McpItem db_tools[] = {
        TOOL("read"),
        TOOL("query"),
};

#define SOURCE(c, name, ...)                                            \
        {                                                               \
                .catalogue = (c), .server = {(name), sizeof(name) - 1}, \
                .prefix = {name "__", sizeof(name) + 1}, __VA_ARGS__    \
        }

static Span list_text(const Listing *l)
{
        return buf_span(&l->text);
}

static bool build(Listing *l, McpList list, const ListingSource *sources, size_t n)
{
        bool changed = true;
        assert_int_equal(listing_build(l, list, sources, n, SEED, &changed), 0);
        return changed;
}

/* The name leads to that source and own name, and to the right part of the text. */
static void expect(const Listing *l, const char *exposed, uint32_t source, const char *own)
{
        const ListingEntry *e = listing_find(l, span_of(exposed));
        assert_row(e, "%s", exposed);
        assert_int_equal(e->source, source);
        assert_span_equal(e->own, span_of(own));
        assert_span_equal(e->exposed, span_of(exposed));
        assert_true(e->at + e->len <= l->text.len);
        assert_true(l->text.data[e->at] == '{' && l->text.data[e->at + e->len - 1] == '}');
}

static void test_merge(void **state UNUSED)
{
        const McpCatalogue fs = CATALOGUE(MCP_LIST_TOOLS, fs_tools), db = CATALOGUE(MCP_LIST_TOOLS, db_tools);
        const ListingSource sources[] = {SOURCE(&fs, "fs"), SOURCE(NULL, "unknown"), SOURCE(&db, "db")};
        CLEANUP(listing_done) Listing l = {0};
        assert_null(listing_find(&l, SPAN("fs__read")));
        assert_true(build(&l, MCP_LIST_TOOLS, sources, 3));
        assert_int_equal(l.n, 5);
        assert_int_equal(l.hidden, 0);
        expect(&l, "fs__read", 0, "read");
        expect(&l, "fs__write", 0, "write");
        expect(&l, "db__read", 2, "read");
        expect(&l, "db__query", 2, "query");
        assert_null(listing_find(&l, SPAN("read")));
        assert_null(listing_find(&l, SPAN("unknown__read")));
        assert_null(listing_find(&l, SPAN("")));

        /* What is no name for all gets another one, the same each time; no other byte changes. */
        char odd[MCP_NAME_SIZE];
        assert_true(mcp_name_exposed(SPAN("fs__"), SPAN("list all"), odd));
        expect(&l, odd, 0, "list all");
        CLEANUP(buf_done) Buf want = BUF_INIT(1000);
        assert_int_equal(
                buf_appendf(
                        &want,
                        "{\"name\":\"fs__read\",\"inputSchema\":{\"name\":\"x\",\"n\":1.10}},"
                        "{ \"description\" : \"Old \\u0041\", \"name\" : \"fs__write\" , \"title\":null },"
                        "{\"inputSchema\":{},\"name\":\"%s\"},"
                        "{\"name\":\"db__read\"},{\"name\":\"db__query\"}",
                        odd),
                0);
        assert_span_equal(list_text(&l), buf_span(&want));
}

/* One server alone: every byte is its own, legal as a name elsewhere or not. */
static void test_own_names(void **state UNUSED)
{
        static const McpItem tools[] = {ITEM("l\xc3\xa4n\"g", "{\"name\":\"l\xc3\xa4n\\\"\\u0067\" }"),
                                        TOOL("")};
        const McpCatalogue c = CATALOGUE(MCP_LIST_TOOLS, tools);
        const ListingSource source = {.catalogue = &c, .own_names = true, .server = SPAN("s")};
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_TOOLS, &source, 1);
        assert_span_equal(list_text(&l), SPAN("{\"name\":\"l\xc3\xa4n\\\"\\u0067\" },{\"name\":\"\"}"));
        expect(&l, "l\xc3\xa4n\"g", 0, "l\xc3\xa4n\"g");
        expect(&l, "", 0, "");
}

static void test_rename_describe(void **state UNUSED)
{
        static const Span rename[] = {{"read", 4}, {"get", 3}, {"query", 5}, {"q \"x\"", 5}},
                          describe[] = {{"read", 4}, {"Reads\n\"it\"", 10}, {"write", 5}, {"", 0}};
        const McpCatalogue fs = CATALOGUE(MCP_LIST_TOOLS, fs_tools), db = CATALOGUE(MCP_LIST_TOOLS, db_tools);
        ListingSource sources[] = {
                SOURCE(&fs, "fs", .rename = rename, .n_rename = 1, .describe = describe, .n_describe = 2,
                       .filter = {.deny = (const Span[]){{"get", 3}, {"list*", 5}}, .n_deny = 2}),
                SOURCE(&db, "db", .rename = rename, .n_rename = 2, .own_names = true),
        };
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_TOOLS, sources, 2);
        assert_span_equal(list_text(&l),
                          SPAN("{\"name\":\"fs__get\",\"inputSchema\":{\"name\":\"x\",\"n\":1.10},"
                               "\"description\":\"Reads\\n\\\"it\\\"\"},"
                               "{ \"description\" : \"\", \"name\" : \"fs__write\" , \"title\":null },"
                               "{\"name\":\"get\"},{\"name\":\"q \\\"x\\\"\"}"));
        expect(&l, "fs__get", 0, "read"); /* deny speaks of own names: "get" is none */
        expect(&l, "get", 1, "read");
        expect(&l, "q \"x\"", 1, "query");
        assert_null(listing_find(&l, SPAN("query")));
}

/* Members may be written in any way and more than once; payload of the same name is payload. */
static void test_odd_items(void **state UNUSED)
{
        static const McpItem tools[] = {
                ITEM("a", "{\"n\\u0061me\":\"a\",\"x\":{\"description\":1}}"),
                ITEM("b", "{\"description\":5,\"name\":\"b\",\"description\":\"y\" }"),
                ITEM("c", "{\"name\":\"c\"\t}"),
        };
        static const Span describe[] = {{"a", 1}, {"A", 1}, {"b", 1}, {"B", 1}, {"c", 1}, {"C", 1}};
        const McpCatalogue c = CATALOGUE(MCP_LIST_TOOLS, tools);
        const ListingSource sources[] = {SOURCE(&c, "s", .describe = describe, .n_describe = 3)};
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_TOOLS, sources, 1);
        assert_span_equal(list_text(&l),
                          SPAN("{\"n\\u0061me\":\"s__a\",\"x\":{\"description\":1},\"description\":\"A\"},"
                               "{\"description\":\"B\",\"name\":\"s__b\",\"description\":\"B\" },"
                               "{\"name\":\"s__c\"\t,\"description\":\"C\"}"));
}

static void test_collisions(void **state UNUSED)
{
        static const McpItem odd[] = {TOOL("b__c"), TOOL("x"), TOOL("read")};
        const McpCatalogue a = CATALOGUE(MCP_LIST_TOOLS, odd), db = CATALOGUE(MCP_LIST_TOOLS, db_tools);
        static const McpItem own[] = {TOOL("c")};
        const McpCatalogue b = CATALOGUE(MCP_LIST_TOOLS, own);
        const ListingSource sources[] = {
                {.catalogue = &a, .prefix = SPAN("a__"), .server = SPAN("a")},
                {.catalogue = &b, .prefix = SPAN("a__b__"), .server = SPAN("b")},
                {.catalogue = &db, .server = SPAN("c")},
                {.catalogue = &a, .server = SPAN("d")},
        };
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_TOOLS, sources, 4);
        assert_span_equal(list_text(&l),
                          SPAN("{\"name\":\"a__b__c\"},{\"name\":\"a__x\"},{\"name\":\"a__read\"},"
                               "{\"name\":\"read\"},{\"name\":\"query\"},"
                               "{\"name\":\"b__c\"},{\"name\":\"x\"}"));
        assert_int_equal(l.hidden, 2);
        expect(&l, "a__b__c", 0, "b__c");
        expect(&l, "read", 2, "read");
}

static void test_filters(void **state UNUSED)
{
        static const Span reads[] = {{"re*", 3}}, query[] = {{"db__q*", 6}},
                          both[] = {{"fs__*", 5}, {"query", 5}}, write[] = {{"*write", 6}};
        static const McpItem fs_items[] = {TOOL("read"), TOOL("write")};
        static const struct {
                McpFilter server, view;
                const char *want; /* of fs | of db */
        } rows[] = {
                {{0},
                 {0},
                 "{\"name\":\"read\"},{\"name\":\"write\"}|{\"name\":\"read\"},{\"name\":\"query\"}"},
                {{.allow = reads, .n_allow = 1}, {0}, "{\"name\":\"read\"}|{\"name\":\"read\"}"},
                {{.deny = reads, .n_deny = 1}, {.deny = write, .n_deny = 1}, "|{\"name\":\"query\"}"},
                {{.deny = query, .n_deny = 1}, {.allow = query, .n_allow = 1}, "|{\"name\":\"query\"}"},
                {{.allow = reads, .n_allow = 1}, {.allow = both, .n_allow = 2}, "{\"name\":\"read\"}|"},
                {{0},
                 {.allow = both, .n_allow = 2, .deny = both + 1, .n_deny = 1},
                 "{\"name\":\"read\"},{\"name\":\"write\"}|"},
                {{.allow = reads}, {0}, "|"}, /* an empty list is one */
                {{0}, {.allow = reads}, "|"},
        };
        const McpCatalogue fs = CATALOGUE(MCP_LIST_TOOLS, fs_items), db = CATALOGUE(MCP_LIST_TOOLS, db_tools);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf got = BUF_INIT(1000);
                for (unsigned k = 0; k < 2; k++) {
                        CLEANUP(listing_done) Listing l = {0};
                        const ListingSource source = {.catalogue = k ? &db : &fs,
                                                      .server = k ? SPAN("db") : SPAN("fs"),
                                                      .filter = rows[i].server,
                                                      .view = rows[i].view};
                        build(&l, MCP_LIST_TOOLS, &source, 1);
                        assert_int_equal(buf_appendf(&got, "%s%s", k ? "|" : "", buf_text(&l.text)), 0);
                }
                assert_row(strcmp(buf_text(&got), rows[i].want) == 0, "%zu: %s", i, buf_text(&got));
        }
}

/* Prompts have prefixes and no view; URIs stay what they are. */
static void test_other_lists(void **state UNUSED)
{
        static const McpItem prompts[] = {ITEM("p", "{\"name\":\"p\"}")};
        static const McpItem resources[] = {ITEM("file:///a b", "{\"name\":\"n\",\"uri\":\"file:///a b\"}")};
        static const McpItem templates[] = {
                ITEM("file:///{a}", "{\"uriTemplate\":\"file:///{a}\"}"),
                ITEM("db://{+x}", "{\"uriTemplate\":\"db://{+x}\"}"),
                ITEM("file:///{b}", "{\"uriTemplate\":\"file:///{b}\"}"),
        };
        static const Span none[] = {{"zzz", 3}}, files[] = {{"file:*", 6}};
        const McpCatalogue c = {.lists = {[MCP_LIST_PROMPTS] = {.items = prompts, .n = 1},
                                          [MCP_LIST_RESOURCES] = {.items = resources, .n = 1},
                                          [MCP_LIST_TEMPLATES] = {.items = templates, .n = 3}}};
        ListingSource source = SOURCE(&c, "s", .view = {.allow = none, .n_allow = 1});
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_PROMPTS, &source, 1);
        assert_span_equal(list_text(&l), SPAN("{\"name\":\"s__p\"}"));
        build(&l, MCP_LIST_RESOURCES, &source, 1);
        assert_span_equal(list_text(&l), resources[0].text);
        expect(&l, "file:///a b", 0, "file:///a b");
        build(&l, MCP_LIST_TEMPLATES, &source, 1);
        expect(&l, "db://{+x}", 0, "db://{+x}");

        uint32_t at = 0;
        const ListingEntry *e = listing_match(&l, SPAN("file:///x"), &at);
        assert_ptr_equal(e, &l.entries[0]);
        e = listing_match(&l, SPAN("file:///x"), &at);
        assert_ptr_equal(e, &l.entries[2]);
        assert_null(listing_match(&l, SPAN("file:///x"), &at));
        at = 0;
        assert_null(listing_match(&l, SPAN("http://x"), &at));

        source.filter = (McpFilter){.deny = files, .n_deny = 1};
        build(&l, MCP_LIST_TEMPLATES, &source, 1);
        assert_int_equal(l.n, 1);
        build(&l, MCP_LIST_RESOURCES, &source, 1);
        assert_int_equal(l.n, 0);
        assert_int_equal(l.text.len, 0);
}

/* Another text is another edition; the same text is the same one, whoever it comes from. */
static void test_editions(void **state UNUSED)
{
        static const McpItem one[] = {TOOL("a")}, two[] = {TOOL("a"), TOOL("b")};
        const McpCatalogue c1 = CATALOGUE(MCP_LIST_TOOLS, one), c2 = CATALOGUE(MCP_LIST_TOOLS, two);
        const ListingSource s1[] = {{.catalogue = &c1}}, s2[] = {{.catalogue = &c2}},
                            both[] = {{.catalogue = NULL}, {.catalogue = &c1}};
        CLEANUP(listing_done) Listing l = {0}, other = {0}, begun = {.edition = 77};
        assert_false(build(&l, MCP_LIST_TOOLS, s1, 0)); /* nothing is as it was: nothing */
        uint64_t first = l.edition;
        assert_true(first != 0 && first != SEED);
        assert_true(build(&l, MCP_LIST_TOOLS, s1, 1));
        assert_true(l.edition == first + 1);
        assert_false(build(&l, MCP_LIST_TOOLS, both, 2));
        assert_true(l.edition == first + 1);
        expect(&l, "a", 1, "a");
        assert_true(build(&l, MCP_LIST_TOOLS, s2, 1));
        assert_true(build(&l, MCP_LIST_TOOLS, s1, 1));
        assert_true(l.edition == first + 3); /* never one that was */
        build(&other, MCP_LIST_TOOLS, s1, 1);
        assert_true(other.edition == first);
        build(&begun, MCP_LIST_TOOLS, s1, 1);
        assert_true(begun.edition == 78);
}

static void test_pages(void **state UNUSED)
{
        static const McpItem tools[] = {TOOL("aa"), TOOL("bb"), TOOL("cc"), TOOL("dd"), TOOL("ee")};
        enum { LEN = 13 }; /* of each */
        const McpCatalogue c = CATALOGUE(MCP_LIST_TOOLS, tools);
        const ListingSource source = {.catalogue = &c};
        CLEANUP(listing_done) Listing l = {0};
        static const struct {
                uint32_t offset, max_items;
                size_t max_bytes;
                uint32_t want_n, want_next;
        } rows[] = {
                {0, 100, 10000, 5, 0},
                {0, 2, 10000, 2, 2},
                {2, 2, 10000, 2, 4},
                {4, 2, 10000, 1, 0},
                {5, 2, 10000, 0, 0},
                {UINT32_MAX, 2, 10000, 0, 0},
                {1, 100, 3 * LEN + 2, 3, 4},
                {1, 100, 3 * LEN + 1, 2, 3},
                {0, 100, 1, 1, 1},
                {0, 0, 0, 1, 1},
                {4, 0, 0, 1, 0},
                {0, UINT32_MAX, SIZE_MAX, 5, 0},
        };
        build(&l, MCP_LIST_TOOLS, &source, 1);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint32_t next = 99;
                Span page = listing_page(&l, rows[i].offset, rows[i].max_items, rows[i].max_bytes, &next);
                size_t len = rows[i].want_n ? rows[i].want_n * (LEN + 1) - 1 : 0;
                assert_row(page.len == len && next == rows[i].want_next, "%zu: %zu bytes, next %u", i,
                           page.len, next);
                if (len)
                        assert_ptr_equal(page.ptr, l.text.data + rows[i].offset * (LEN + 1));
        }
        CLEANUP(listing_done) Listing empty = {0};
        uint32_t next = 99;
        assert_int_equal(listing_page(&empty, 0, 10, 10, &next).len, 0);
        assert_int_equal(next, 0);
}

/* Past the cap items are left out, and the text is as if they had never been. */
static void test_cap(void **state UNUSED)
{
        const size_t large = LIMIT_LISTING - 40;
        char *text = malloc(large);
        assert_non_null(text);
        memset(text, ' ', large);
        memcpy(text, "{\"uri\":\"b:\"", 11);
        text[large - 1] = '}';
        const McpItem items[] = {
                ITEM("a:", "{\"uri\":\"a:\"}"),
                {.key = SPAN("b:"), .text = {text, large}},
                {.key = SPAN("d:"), .text = {text, 60}},
                ITEM("c:", "{\"uri\":\"c:\"}"),
        };
        const McpCatalogue c = CATALOGUE(MCP_LIST_RESOURCES, items);
        const ListingSource source = {.catalogue = &c};
        Listing l = {0};
        build(&l, MCP_LIST_RESOURCES, &source, 1);
        assert_int_equal(l.hidden, 1);
        assert_int_equal(l.n, 3);
        assert_null(listing_find(&l, SPAN("d:")));
        expect(&l, "c:", 0, "c:");
        assert_true(span_ends(list_text(&l), SPAN(" },{\"uri\":\"c:\"}")));
        assert_int_equal(l.text.len, 12 + 1 + large + 1 + 12);
        listing_done(&l);
        free(text);
}

/* ---- without memory the old one stays ---- */

static int rebuild(void *arg)
{
        static const Span describe[] = {{"read", 4}, {"Reads", 5}};
        const McpCatalogue fs = CATALOGUE(MCP_LIST_TOOLS, fs_tools), db = CATALOGUE(MCP_LIST_TOOLS, db_tools);
        const ListingSource before[] = {SOURCE(&db, "db")},
                            after[] = {SOURCE(&db, "db"),
                                       SOURCE(&fs, "fs", .describe = describe, .n_describe = 1,
                                              .view = {.allow = (const Span[]){{"*", 1}}, .n_allow = 1})};
        CLEANUP(listing_done) Listing l = {0};
        bool changed = false;
        oom_hold();
        build(&l, MCP_LIST_TOOLS, before, 1);
        oom_release();
        uint64_t edition = l.edition;
        int r = listing_build(&l, MCP_LIST_TOOLS, after, 2, SEED, &changed);
        assert_int_equal(changed, r == 0);
        assert_true(l.edition == edition + (r == 0));
        expect(&l, "db__query", 0, "query");
        assert_int_equal(l.n, r == 0 ? 5 : 2);
        (void)arg;
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(rebuild, NULL) >= 6);
}

/* ---- many, with names that collide ---- */

static void test_many(void **state UNUSED)
{
        enum { MANY = 3000 };
        static McpItem items[MANY];
        static char keys[MANY][8], texts[MANY][32];
        for (unsigned i = 0; i < MANY; i++) {
                (void)snprintf(keys[i], sizeof(keys[i]), "t%u", i / 2); /* each twice */
                (void)snprintf(texts[i], sizeof(texts[i]), "{\"name\":\"t%u\",\"i\":%u}", i / 2, i);
                items[i] = (McpItem){.key = span_of(keys[i]), .text = span_of(texts[i])};
        }
        const McpCatalogue c = CATALOGUE(MCP_LIST_TOOLS, items);
        const ListingSource source = {.catalogue = &c};
        CLEANUP(listing_done) Listing l = {0};
        build(&l, MCP_LIST_TOOLS, &source, 1);
        assert_int_equal(l.n, MANY / 2);
        assert_int_equal(l.hidden, MANY / 2);
        for (unsigned i = 0; i < MANY; i += 2) {
                const ListingEntry *e = listing_find(&l, items[i].key);
                assert_non_null(e);
                assert_span_equal(span_from(l.text.data + e->at, e->len), items[i].text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge),           cmocka_unit_test(test_own_names),
                cmocka_unit_test(test_rename_describe), cmocka_unit_test(test_odd_items),
                cmocka_unit_test(test_collisions),      cmocka_unit_test(test_filters),
                cmocka_unit_test(test_other_lists),     cmocka_unit_test(test_editions),
                cmocka_unit_test(test_pages),           cmocka_unit_test(test_cap),
                cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_many),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
