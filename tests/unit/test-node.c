/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"
#include "config/node.h"

typedef struct Parsed {
        Arena arena;
        DiagList diags;
        Node *root;
        int result;
} Parsed;

static void parse(Span text, Parsed *p)
{
        *p = (Parsed){.arena = ARENA_INIT(LIMIT_CONFIG_ARENA)};
        diag_list_init(&p->diags);
        p->result = node_parse(&p->arena, "f", text, &p->diags, &p->root);
        assert_int_equal(p->result == NODE_E_INVALID, diag_list_has_errors(&p->diags));
}

static void parsed_done(Parsed *p)
{
        arena_done(&p->arena);
        diag_list_done(&p->diags);
}

static void test_tree(void **state UNUSED)
{
        Parsed p;
        parse(SPAN("a: 1\nb:\n  - x\n  - {c: \"d\"}\n  - []\nl: |\n  one\n  two\n"), &p);
        assert_int_equal(p.result, 0);
        assert_int_equal(p.root->kind, NODE_MAP);
        assert_int_equal(p.root->count, 3);
        const Node *a = node_get(p.root, SPAN("a")), *b = node_get(p.root, SPAN("b"));
        assert_span_equal(a->text, SPAN("1"));
        assert_false(a->quoted);
        assert_true(a->line == 1 && a->col == 4 && a->end_line == 1 && a->end_col == 5);
        assert_true(a->key->line == 1 && a->key->col == 1);
        assert_int_equal(node_at("f", a->key).width, 1);
        assert_int_equal(b->count, 3);
        const Node *map = b->first->next, *d = node_get(map, SPAN("c"));
        assert_true(d->quoted && d->line == 4);
        assert_int_equal(node_at("f", d).width, 3);
        assert_int_equal(map->next->kind, NODE_LIST);
        assert_null(map->next->first);
        const Node *l = node_get(p.root, SPAN("l"));
        assert_true(l->quoted && l->end_line > l->line);
        assert_int_equal(node_at("f", l).width, 1);
        assert_null(node_get(p.root, SPAN("c")));
        assert_null(node_get(b, SPAN("a")));
        assert_string_equal(node_kind_name(a), "a text");
        assert_string_equal(node_kind_name(b), "a list");
        assert_string_equal(node_kind_name(map), "a map");
        parsed_done(&p);
}

static void test_null(void **state UNUSED)
{
        static const struct {
                const char *text;
                bool null;
        } rows[] = {{"~", true},     {"null", true}, {"Null", true}, {"NULL", true},
                    {"\"\"", false}, {"''", false},  {"'~'", false}, {"\"null\"", false},
                    {"nul", false},  {"[]", false},  {"{}", false},  {"0", false}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Parsed p;
                parse(span_of(rows[i].text), &p);
                assert_row(p.result == 0 && node_is_null(p.root) == rows[i].null, "%s", rows[i].text);
                parsed_done(&p);
        }
        static const char *const nothing[] = {"", "\n", "# c\n", "---\n", "--- \n...\n"};
        for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
                Parsed p;
                parse(span_of(nothing[i]), &p);
                assert_row(p.result == 0 && (!p.root || node_is_null(p.root)), "%s", nothing[i]);
                parsed_done(&p);
        }
}

typedef struct RefuseRow {
        const char *text;
        uint32_t line, col; /* col 0: whichever */
        const char *say;
} RefuseRow;

static void test_refused(void **state UNUSED)
{
        static const RefuseRow rows[] = {
                {"a: &x 1", 1, 4, "anchors"},
                {"a: *x", 1, 4, "aliases"},
                {"a: !!int 1", 1, 4, "tags"},
                {"a: !x [1]", 1, 4, "tags"},
                {"a: !x {b: 1}", 1, 4, "tags"},
                {"a: &x [1]", 1, 4, "anchors"},
                {"a: &x {b: 1}", 1, 4, "anchors"},
                {"a:\n  <<: {b: 1}", 2, 3, "merge keys"},
                {"a: 1\n---\nb: 1", 2, 1, "second document"},
                {"%YAML 1.1\n---\na: 1", 0, 0, "directives"},
                {"%TAG ! x:\n---\na: 1", 0, 0, "directives"},
                {"a: 1\na: 2", 2, 1, "\"a\" stands here for the second time: it is already on line 1"},
                {"a: {b: 1, 'b': 2}", 1, 11, "second time"},
                {"[a]: 1", 1, 1, "a key must be a plain text, not a list"},
                {"? {a: 1}\n: 1", 1, 3, "not a map"},
                {"a: @x", 1, 4, "cannot begin a value"},
                {"a: 1\n\tb: 1", 2, 0, "tab character"},
                {"a:\n\tb: 1", 2, 0, "tabs cannot indent"},
                {"a: b: c", 1, 5, "\": \" is not expected"},
                {"a\nb: 1", 2, 0, "is not expected here"},
                {"a: 1\nb\n", 0, 0, "without its ':'"},
                {"a:\n  b: 1\n c: 2", 3, 0, "indentation"},
                {"- a\nb: 1", 2, 0, "item of the list"},
                {"a: {b: 1", 0, 0, "',' or '}' is missing"},
                {"? \"a\\nb\"\n: c", 1, 3, "control character in a key"},
                {"a: [b", 0, 0, "',' or ']' is missing"},
                {"a: \"b", 0, 0, "inside the quoted text"},
                {"a: \"\\q\"", 1, 0, "escape"},
                {"a: \"b\\0\"", 1, 4, "NUL byte"},
                {"a: 1\nb: 2\nc: \x7f\n", 3, 0, "control character (U+007F)"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Parsed p;
                parse(span_of(rows[i].text), &p);
                const Diag *d = p.diags.first;
                assert_row(p.result == NODE_E_INVALID && d, "%s: %d", rows[i].text, p.result);
                assert_row(strstr(d->message, rows[i].say), "%s: %s", rows[i].text, d->message);
                assert_row(!rows[i].line || d->at.line == rows[i].line, "%s: line %u", rows[i].text,
                           d->at.line);
                assert_row(!rows[i].col || d->at.col == rows[i].col, "%s: column %u", rows[i].text,
                           d->at.col);
                assert_null(p.root);
                parsed_done(&p);
        }
}

/* All duplicates are told, not the first one. */
static void test_duplicates(void **state UNUSED)
{
        Parsed p;
        parse(SPAN("a: {x: 1, x: 2, x: 3}\nb: 1\nb: 2\n"), &p);
        assert_int_equal(p.result, NODE_E_INVALID);
        assert_int_equal(p.diags.count[DIAG_ERROR], 3);
        parsed_done(&p);
        parse(SPAN("a: {x: 1, x: 2}\nb: *c\n"), &p);
        assert_int_equal(p.diags.count[DIAG_ERROR], 2);
        parsed_done(&p);
}

static void assert_limit(Buf *text, bool fits, const char *say)
{
        Parsed p;
        parse(buf_span(text), &p);
        assert_int_equal(p.result, fits ? 0 : NODE_E_INVALID);
        if (!fits)
                assert_non_null(strstr(p.diags.first->message, say));
        parsed_done(&p);
        buf_done(text);
}

static void repeat(Buf *b, const char *text, int n)
{
        for (int i = 0; i < n; i++)
                assert_int_equal(buf_append_str(b, text), 0);
}

static void test_limits(void **state UNUSED)
{
        for (int over = 0; over < 2; over++) {
                Buf b = BUF_INIT(BUF_CAP_NONE);
                repeat(&b, "[", LIMIT_CONFIG_DEPTH + over);
                repeat(&b, "]", LIMIT_CONFIG_DEPTH + over);
                assert_limit(&b, !over, "nested more than");
                b = BUF_INIT(BUF_CAP_NONE);
                repeat(&b, "- x\n", LIMIT_CONFIG_LIST + over);
                assert_limit(&b, !over, "more than 10000 entries");
                b = BUF_INIT(BUF_CAP_NONE);
                for (int i = 0; i < LIMIT_CONFIG_LIST + over; i++)
                        assert_int_equal(buf_appendf(&b, "k%d:\n", i), 0);
                assert_limit(&b, !over, "more than 10000 entries");
                b = BUF_INIT(BUF_CAP_NONE);
                repeat(&b, "? ", 1);
                repeat(&b, "k", LIMIT_CONFIG_KEY + over);
                repeat(&b, "\n: x", 1);
                assert_limit(&b, !over, "at most 500 are accepted");
                b = BUF_INIT(BUF_CAP_NONE);
                /* The list, its lists, and their items. */
                for (int i = 0, left = LIMIT_CONFIG_NODES - 1 + over; left > 0; i++) {
                        int n = MIN(left - 1, 9000);
                        repeat(&b, "- [", 1);
                        repeat(&b, "a,", n);
                        repeat(&b, "]\n", 1);
                        left -= n + 1;
                }
                assert_limit(&b, !over, "more than 200000 values");
        }
}

static void test_json(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {"{a: 1, b: [true, false, null, ~]}", "{\"a\":1,\"b\":[true,false,null,null]}"},
                {"[-0, 0, 10, 1.5, -1.50, 1e3, 1E-3, 1e+3, 0.1]", "[-0,0,10,1.5,-1.50,1e3,1E-3,1e+3,0.1]"},
                {"[01, 1., .5, 1e, 1e+, -, +1, 0x1, --1, 1x]",
                 "[\"01\",\"1.\",\".5\",\"1e\",\"1e+\",\"-\",\"+1\",\"0x1\",\"--1\",\"1x\"]"},
                {"['1', \"true\", 'null', True, yes]", "[\"1\",\"true\",\"null\",\"True\",\"yes\"]"},
                {"text", "\"text\""},
                {"{\"k \": \"v\\\"\\n\"}", "{\"k \":\"v\\\"\\n\"}"},
                {"{}", "{}"},
                {"[[], {}]", "[[],{}]"},
                {"12345678901234567890", "12345678901234567890"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Parsed p;
                CLEANUP(buf_done) Buf b = BUF_INIT(4096);
                parse(span_of(rows[i][0]), &p);
                assert_int_equal(p.result, 0);
                assert_int_equal(node_to_json(p.root, &b), 0);
                assert_string_equal(b.data, rows[i][1]);
                parsed_done(&p);
        }
}

/* Noise is refused with a finding, or is a tree; never more. */
static void test_random(void **state UNUSED)
{
        static const char alphabet[] = "ab: -\n\n  {}[],\"'#&*!|>%@`?~<\t\\\xc3\xa9";
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 20000; round++) {
                char text[64];
                size_t n = random_below(&random.random, sizeof(text));
                for (size_t i = 0; i < n; i++)
                        text[i] = alphabet[random_below(&random.random, sizeof(alphabet) - 1)];
                Parsed p;
                parse(span_from(text, n), &p);
                assert_true(p.result == 0 || p.result == NODE_E_INVALID);
                if (p.result == 0 && p.root) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
                        assert_int_equal(node_to_json(p.root, &b), 0);
                }
                parsed_done(&p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tree),    cmocka_unit_test(test_null),
                cmocka_unit_test(test_refused), cmocka_unit_test(test_duplicates),
                cmocka_unit_test(test_limits),  cmocka_unit_test(test_json),
                cmocka_unit_test(test_random),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
