/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/name.h"

static void check(Span prefix, Span name, bool changed, const char *want)
{
        char got[MCP_NAME_SIZE];
        assert_row(mcp_name_exposed(prefix, name, got) == changed, "%.*s", (int)name.len, name.ptr);
        assert_string_equal(got, want);
}

static void test_unchanged(void **state UNUSED)
{
        check(SPAN("fs__"), SPAN("read_file"), false, "fs__read_file");
        check(SPAN_NONE, SPAN("aZ09_-"), false, "aZ09_-");
        check(SPAN("x"), SPAN_NONE, false, "x");
        check(SPAN("0123456789012345678901234567890__"), SPAN("1234567890123456789012345678901"), false,
              "0123456789012345678901234567890__1234567890123456789012345678901"); /* 64 */
}

/* These names are in the memory of clients: they stay what they are. */
static void test_changed(void **state UNUSED)
{
        check(SPAN("fs__"), SPAN("a.b"), true, "fs__a_b_77f1ecd1");
        check(SPAN("fs__"), SPAN("a/b"), true, "fs__a_b_050efbbd");
        check(SPAN_NONE, SPAN("\xc3\xa9"), true, "___4a99557e");
        check(SPAN_NONE, SPAN_NONE, true, "_e3b0c442");
        check(SPAN_NONE, span_from("a\0b", 3), true, "a_b_59b271ae");
        check(SPAN("0123456789012345678901234567890__"), SPAN("12345678901234567890123456789012"), true,
              "0123456789012345678901234567890__1234567890123456789012_a615438f");
        check(SPAN("0123456789012345678901234567890123456789012345678901234567890123456789"), SPAN("x"), true,
              "0123456789012345678901234567890123456789012345678901234_f806b031");
}

static void test_random_names(void **state UNUSED)
{
        SeededRandom random;
        char bytes[100], got[MCP_NAME_SIZE], again[MCP_NAME_SIZE];
        test_random_init(&random);
        for (unsigned round = 0; round < 2000; round++) {
                size_t n = random_below(&random.random, sizeof(bytes)),
                       cut = random_below(&random.random, n + 1);
                test_random_bytes(&random.random, bytes, n);
                Span prefix = span_from(bytes, cut), name = span_from(bytes + cut, n - cut);
                bool changed = mcp_name_exposed(prefix, name, got);
                size_t length = strlen(got);
                assert_true(length > 0 && length <= MCP_NAME_MAX);
                assert_int_equal(
                        strspn(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
                        length);
                assert_true(changed == !span_equal(span_of(got), span_from(bytes, n)));
                assert_true(mcp_name_exposed(span_from(bytes, 0), span_from(bytes, n), again) == changed);
                assert_string_equal(got, again); /* where the prefix ends does not matter */
        }
}

/* ---- patterns ------------------------------------------------------------- */

static void test_glob(void **state UNUSED)
{
        static const struct {
                const char *pattern, *text;
                bool want;
        } rows[] = {
                {"", "", true},
                {"", "a", false},
                {"*", "", true},
                {"**", "", true},
                {"?", "", false},
                {"?", "a", true},
                {"?", "ab", false},
                {"a", "a", true},
                {"a", "A", false},
                {"a", "", false},
                {"a*", "a", true},
                {"a*", "abc", true},
                {"*c", "abc", true},
                {"*b", "abc", false},
                {"a*c", "ac", true},
                {"a*c", "abcbc", true},
                {"a*c", "abcb", false},
                {"*b*", "abc", true},
                {"*d*", "abc", false},
                {"a?c", "abc", true},
                {"a?c", "ac", false},
                {"*?", "", false},
                {"*?", "a", true},
                {"?*?", "a", false},
                {"?*?", "ab", true},
                {"[a]", "a", false},
                {"[a]", "[a]", true},
                {"\\*", "\\x", true},
                {"a*b*c", "axbxc", true},
                {"a*b*c", "axcxb", false},
                {"*ab", "aab", true},
                {"*aab", "aaaab", true},
                {"read_*", "read_file", true},
                {"file://*", "file:///etc", true},
                {"*/**/*", "/a/", true},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(mcp_glob(span_of(rows[i].pattern), span_of(rows[i].text)) == rows[i].want, "%s %s",
                           rows[i].pattern, rows[i].text);
}

/* The definition itself, slow. */
static bool slow_glob(Span p, Span t)
{
        if (p.len == 0)
                return t.len == 0;
        if (p.ptr[0] == '*')
                return slow_glob(span_skip(p, 1), t) || (t.len && slow_glob(p, span_skip(t, 1)));
        return t.len && (p.ptr[0] == '?' || p.ptr[0] == t.ptr[0]) &&
               slow_glob(span_skip(p, 1), span_skip(t, 1));
}

static void make(Random *random, const char *alphabet, size_t most, char *ret, Span *ret_span)
{
        size_t n = random_below(random, most + 1);
        for (size_t i = 0; i < n; i++)
                ret[i] = alphabet[random_below(random, strlen(alphabet))];
        *ret_span = span_from(ret, n);
}

static void test_glob_random(void **state UNUSED)
{
        SeededRandom random;
        char a[16], b[16];
        Span pattern, text;
        unsigned matched = 0;
        test_random_init(&random);
        for (unsigned round = 0; round < 20000; round++) {
                make(&random.random, "ab*?", 7, a, &pattern);
                make(&random.random, "ab", 9, b, &text);
                bool want = slow_glob(pattern, text);
                matched += want;
                assert_row(mcp_glob(pattern, text) == want, "%.*s %.*s", (int)pattern.len, a, (int)text.len,
                           b);
        }
        assert_true(matched > 100 && matched < 19900);
}

/* A matcher that tries every star again would never end here. */
static void test_glob_hostile(void **state UNUSED)
{
        char pattern[201], *text = malloc(100000);
        assert_non_null(text);
        memset(text, 'a', 100000);
        for (size_t i = 0; i < 200; i += 2)
                memcpy(pattern + i, "*a", 2);
        pattern[200] = 'b';
        assert_false(mcp_glob(span_from(pattern, 201), span_from(text, 100000)));
        assert_true(mcp_glob(span_from(pattern, 200), span_from(text, 100000)));
        free(text);
}

static void test_filter(void **state UNUSED)
{
        static const Span allow[] = {{"read_*", 6}, {"list", 4}}, deny[] = {{"*secret*", 8}, {"fs__rm", 6}};
        const McpFilter none = {0}, only_allow = {.allow = allow, .n_allow = 2};
        const McpFilter only_deny = {.deny = deny, .n_deny = 2};
        const McpFilter both = {.allow = allow, .n_allow = 2, .deny = deny, .n_deny = 2};
        const McpFilter nothing = {.allow = allow}, nor_this = {.allow = allow, .deny = deny, .n_deny = 2};
        assert_true(mcp_filter(&none, SPAN("x")));
        assert_true(mcp_filter(&only_allow, SPAN("read_x")) && mcp_filter(&only_allow, SPAN("list")));
        assert_false(mcp_filter(&only_allow, SPAN("lists")));
        assert_true(mcp_filter(&only_deny, SPAN("x")));
        assert_false(mcp_filter(&only_deny, SPAN("a_secret_b")));
        assert_true(mcp_filter(&both, SPAN("read_file")));
        assert_false(mcp_filter(&both, SPAN("read_secret")));
        assert_false(mcp_filter(&both, SPAN("write")));
        assert_false(mcp_filter(&nothing, SPAN("x")) || mcp_filter(&nothing, SPAN("")));
        assert_false(mcp_filter(&nor_this, SPAN("list")));
        assert_false(mcp_filter_either(&nothing, SPAN("fs__list"), SPAN("list")));

        assert_true(mcp_filter_either(&only_allow, SPAN("fs__list"), SPAN("list")));
        assert_true(mcp_filter_either(&only_allow, SPAN("list"), SPAN("fs__list")));
        assert_false(mcp_filter_either(&only_allow, SPAN("fs__write"), SPAN("write")));
        assert_false(mcp_filter_either(&only_deny, SPAN("fs__rm"), SPAN("rm")));
        assert_false(mcp_filter_either(&only_deny, SPAN("rm"), SPAN("fs__rm")));
        assert_true(mcp_filter_either(&only_deny, SPAN("git__rm"), SPAN("rm")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unchanged),    cmocka_unit_test(test_changed),
                cmocka_unit_test(test_random_names), cmocka_unit_test(test_glob),
                cmocka_unit_test(test_glob_random),  cmocka_unit_test(test_glob_hostile),
                cmocka_unit_test(test_filter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
