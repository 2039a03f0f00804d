/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "demo/member.h"

static int find(const char *text, Span *ret)
{
        const MemberWant want = {"id", ret};
        *ret = SPAN_NONE;
        return members_find(span_of(text), &want, 1);
}

static void test_found_as_written(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {"{}", ""},
                {" { } ", ""},
                {"{\"id\":1}", "1"},
                {"{ \"id\" : -0.5e+10 , \"x\":0}", "-0.5e+10"},
                {"{\"id\":12345678901234567890123}", "12345678901234567890123"},
                {"{\"x\":{\"id\":3},\"id\":\"a\\u0041\\\"\\\\\"}", "\"a\\u0041\\\"\\\\\""},
                {"{\"x\":[\"]\",{\"a\":\"}\"}],\"id\":[1,[2]]}", "[1,[2]]"},
                {"{\"id\":1,\"id\":2}", "2"},
                {"{\"id\":null}", "null"},
                {"{\"id\":true,\"y\":false}", "true"},
                {"\t{\"id\"\r\n:\"\xc3\xa4\"}\r\n", "\"\xc3\xa4\""},
                {"{\"\\u0069d\":1}", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Span got;
                assert_row(find(rows[i][0], &got) == 0, "%s", rows[i][0]);
                assert_span_equal(got, span_of(rows[i][1]));
        }
}

static void test_refused(void **state UNUSED)
{
        static const char *const rows[] = {
                "",
                "x",
                "[]",
                "{",
                "{]",
                "}",
                "{}}",
                "{} x",
                "{,}",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{\"a\":1 \"b\":2}",
                "{a:1}",
                "{\"a\":01}",
                "{\"a\":-}",
                "{\"a\":1.}",
                "{\"a\":.5}",
                "{\"a\":1e}",
                "{\"a\":1e+}",
                "{\"a\":nul}",
                "{\"a\":nulls}",
                "{\"a\":[}",
                "{\"a\":[}]}",
                "{\"a\":[1}",
                "{\"a\":\"",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12\"}",
                "{\"a\":\"\\u12g4\"}",
                "{\"a\":\"\\",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\xff\"}",
                "{\"a\":[\"\n\"]}",
                "{\"a\":+1}",
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Span got;
                assert_row(find(rows[i], &got) == -EINVAL, "%s", rows[i]);
        }
}

static void test_depth(void **state UNUSED)
{
        for (int depth = 64; depth <= 65; depth++) {
                char text[256] = "{\"id\":";
                size_t n = strlen(text);
                memset(text + n, '[', (size_t)depth);
                memset(text + n + depth, ']', (size_t)depth);
                text[n + 2 * (size_t)depth] = '}';
                Span got;
                assert_int_equal(find(text, &got), depth == 64 ? 0 : -EINVAL);
        }
}

/* Cut short anywhere it is no object, and nothing behind the end is read. */
static void test_cut(void **state UNUSED)
{
        static const char text[] = "{\"a\":[{\"b\":\"\\u00e4\"}],\"id\":-1.5e3,\"c\":true}";
        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                char *exact = malloc(n ? n : 1);
                Span got;
                const MemberWant want = {"id", &got};
                memcpy(exact, text, n);
                assert_int_equal(members_find(span_from(exact, n), &want, 1), -EINVAL);
                free(exact);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_found_as_written),
                                           cmocka_unit_test(test_refused), cmocka_unit_test(test_depth),
                                           cmocka_unit_test(test_cut)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
