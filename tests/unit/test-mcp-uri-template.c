/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"
#include "mcp/uri-template.h"

static void test_rows(void **state UNUSED)
{
        static const struct {
                const char *uri_template, *uri;
                bool want;
        } rows[] = {
                {"", "", true},
                {"", "a", false},
                {"file:///a", "file:///a", true},
                {"file:///a", "file:///b", false},
                {"file:///a", "file:///", false},
                {"file:///a", "file:///ab", false},
                {"test://template/{id}/data", "test://template/12/data", true},
                {"test://template/{id}/data", "test://template//data", true},
                {"test://template/{id}/data", "test://template/1/2/data", false},
                {"test://template/{id}/data", "test://template/1/date", false},
                {"test://template/{id}/data", "test://template/1/data/", false},
                {"test://template/{id}/data", "test://temp", false},
                {"a{x}", "a", true},
                {"a{x}", "abc", true},
                {"a{x}", "ab/c", false},
                {"{x}", "abc", true},
                {"{x}", "", true},
                {"{x}{y}", "ab", true},
                {"{x}/{y}", "a/b", true},
                {"{x}/{y}", "a", false},
                {"{x}/{y}", "a/b/c", false},
                {"{x}b{y}", "abab", true},
                {"{x,y}", "1,2", true},
                {"file://{+path}", "file:///a/b/c", true},
                {"file://{+path}", "file://", true},
                {"a{+path}z", "a/zz/z", true},
                {"a{+path}z", "a/z/y", false},
                {"a{#frag}", "a#b/c", true},
                {"a{/x}", "a", true},
                {"a{/x}", "a/b", true},
                {"a{/x*}", "a/b/c", true},
                {"a{/x}", "ab", false},
                {"a{?q,r}", "a", true},
                {"a{?q,r}", "a?q=1&r=/", true},
                {"a{?q}", "ab", false},
                {"a{?q}b", "a?q=1b", true},
                {"a?f=1{&q}", "a?f=1", true},
                {"a?f=1{&q}", "a?f=1&q=2", true},
                {"a?f=1{&q}", "a?f=1q=2", false},
                {"a{;x}", "a;x=1", true},
                {"a{;x}", "a,x=1", false},
                {"a{.x}", "a.txt", true},
                {"a{.x}", "a", true},
                {"a{.x}", "a.t/x", false},
                {"a{.x}/b", "a.t/b", true},
                {"a{x:3}", "abcd", true},
                {"{a}{b}{c}{d}x", "x", true},
                {"a{x", "ab", false},
                {"a{x", "a{x", false},
                {"a}", "a}", true},
                {"a{}", "ab", true},
                {"{x}aXb{y}", "1aaXb2", true},
                {"{scheme}://{+rest}", "https://a/b", true},
                {"{x}/a", "b/a/a", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(uri_template_match(span_of(rows[i].uri_template), span_of(rows[i].uri)) ==
                                   rows[i].want,
                           "%s %s", rows[i].uri_template, rows[i].uri);
        assert_true(uri_template_match(SPAN_NONE, SPAN_NONE));
}

/* The definition itself, slow: {x} and {+x} and letters. */
static bool slow(const char *t, const char *u)
{
        if (!*t)
                return !*u;
        if (*t != '{')
                return *t == *u && slow(t + 1, u + 1);
        const char *rest = strchr(t, '}') + 1;
        return slow(rest, u) || (*u && (t[1] == '+' || *u != '/') && slow(t, u + 1));
}

static void test_random(void **state UNUSED)
{
        static const char *const parts[] = {"a", "b", "/", "ab", "{x}", "{x}", "{+x}"};
        SeededRandom random;
        unsigned matched = 0;
        test_random_init(&random);
        for (unsigned round = 0; round < 20000; round++) {
                char t[64] = "", u[12] = "";
                size_t n = 0;
                for (uint64_t k = random_below(&random.random, 6); k > 0; k--) {
                        const char *part = parts[random_below(&random.random, ARRAY_SIZE(parts))];
                        memcpy(t + n, part, strlen(part) + 1);
                        n += strlen(part);
                }
                for (uint64_t k = random_below(&random.random, 9); k > 0; k--)
                        u[k - 1] = "ab/"[random_below(&random.random, 3)];
                bool want = slow(t, u);
                matched += want;
                assert_row(uri_template_match(span_of(t), span_of(u)) == want, "%s %s", t, u);
        }
        assert_true(matched > 100 && matched < 19900);
}

/* As long as may be, with as many ways to read it as can be; a matcher that tries them in turn never ends. */
static void test_hostile(void **state UNUSED)
{
        enum { PARTS = 300 };
        char *t = malloc(PARTS * 5 + 1), *uri = malloc(LIMIT_URI_ROUTED + 1);
        assert_true(t && uri);
        for (size_t i = 0; i < PARTS; i++)
                memcpy(t + 5 * i, i & 1 ? "{+x}a" : "{xy}a", 5);
        t[PARTS * 5] = 'b';
        memset(uri, 'a', LIMIT_URI_ROUTED + 1);
        assert_false(uri_template_match(span_from(t, PARTS * 5 + 1), span_from(uri, LIMIT_URI_ROUTED)));
        assert_true(uri_template_match(span_from(t, PARTS * 5), span_from(uri, LIMIT_URI_ROUTED)));
        assert_false(uri_template_match(span_from(t, PARTS * 5), span_from(uri, LIMIT_URI_ROUTED + 1)));
        free(t);
        free(uri);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_hostile),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
