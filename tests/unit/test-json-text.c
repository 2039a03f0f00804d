/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "config/json-text.h"

static void assert_becomes(const char *text, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(buf_append_str(&b, text), 0);
        assert_int_equal(json_text_prepare(&b), 0);
        assert_string_equal(buf_text(&b), want);
}

/* Comments become as many spaces, line ends stay. */
static void test_comments(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {"{} // c", "{}     "},
                {"// c\n{}", "    \n{}"},
                {"/* a\nb */{\"k\": 1}", "    \n    {\"k\": 1}"},
                {"{/**/}", "{    }"},
                {"{/* open", "{       "},
                {"{\"a\": \"// no\", \"b\": \"/* no */\"}", "{\"a\": \"// no\", \"b\": \"/* no */\"}"},
                {"{\"a\": \"\\\"// no\"}", "{\"a\": \"\\\"// no\"}"},
                {"{\"a\": 1,// c\n}", "{\"a\": 1,    \n}"},
                {"{a: http://x, b: '// no'}", "{a: http://x, b: '// no'}"},
                {"{a: 'it''s // no' // c\n}", "{a: 'it''s // no'     \n}"},
                {"{a: x # it's\n, b: 1 // c\n}", "{a: x # it's\n, b: 1     \n}"},
                {"{\"a\":/* c */1,\"b\"://c\n2}", "{\"a\":       1,\"b\":   \n2}"},
                {"{\"open // no", "{\"open // no"},
                {"{\"open\\", "{\"open\\"},
                {" \t\r\n{} //", " \t\r\n{}   "},
                {"{a: /x, b: 1/2}", "{a: /x, b: 1/2}"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_becomes(rows[i][0], rows[i][1]);
}

static void test_left_alone(void **state UNUSED)
{
        static const char *const rows[] = {
                "", " ", "a: 1 // x", "# {\n", "[1] // x", "a: \"\\ud83d\\ude00\"", "//", "/* x"};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_becomes(rows[i], rows[i]);
}

static void test_pairs(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {"{\"a\": \"\\ud83d\\ude00\"}", "{\"a\": \"\xf0\x9f\x98\x80\"}"},
                {"{\"a\": \"\\uD83D\\uDE00!\"}", "{\"a\": \"\xf0\x9f\x98\x80!\"}"},
                {"{\"\\ud800\\udc00\\udbff\\udfff\":1}", "{\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\":1}"},
                {"{\"\\ud83d\":1}", "{\"\\ud83d\":1}"},
                {"{\"\\ud83d\\n\":1}", "{\"\\ud83d\\n\":1}"},
                {"{\"\\ude00\\ud83d\":1}", "{\"\\ude00\\ud83d\":1}"},
                {"{\"\\ud83d\\ud83d\\ude00\":1}", "{\"\\ud83d\xf0\x9f\x98\x80\":1}"},
                {"{\"\\\\ud83d\\\\ude00\":1}", "{\"\\\\ud83d\\\\ude00\":1}"},
                {"{\"\\ud83d\\ude0", "{\"\\ud83d\\ude0"},
                {"{\"\\u00e9\\ud83d\\ude00\"}", "{\"\\u00e9\xf0\x9f\x98\x80\"}"},
                {"{\"\\ud83x\\ude00\\", "{\"\\ud83x\\ude00\\"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_becomes(rows[i][0], rows[i][1]);
}

/* Nothing but comments and pairs changes, lines stay where they are, and twice is as once. */
static void test_random(void **state UNUSED)
{
        static const char alphabet[] = "{}[]\"\"'\\\\//**\n #:,aud83DdE0";
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 20000; round++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(256);
                char text[64] = "{";
                size_t n = 1 + random_below(&random.random, sizeof(text) - 2), lines = 0, after = 0;
                for (size_t i = 1; i < n; i++)
                        text[i] = alphabet[random_below(&random.random, sizeof(alphabet) - 1)];
                assert_int_equal(buf_append(&b, text, n), 0);
                assert_int_equal(json_text_prepare(&b), 0);
                for (size_t i = 0; i < n; i++)
                        lines += text[i] == '\n';
                for (size_t i = 0; i < b.len; i++)
                        after += b.data[i] == '\n';
                assert_int_equal(lines, after);
                assert_true(b.len <= n);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_comments),
                cmocka_unit_test(test_left_alone),
                cmocka_unit_test(test_pairs),
                cmocka_unit_test(test_random),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
