/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <locale.h>

static void test_make(void **state UNUSED)
{
        assert_int_equal(SPAN("a\0b").len, 3);
        assert_int_equal(span_of("abc").len, 3);
        assert_int_equal(span_of(NULL).len, 0);
        assert_null(span_of(NULL).ptr);
        assert_true(span_is_empty(SPAN_NONE));
        assert_true(span_is_empty(SPAN("")));
        assert_false(span_is_empty(SPAN("\0")));
}

static void test_parts(void **state UNUSED)
{
        Span s = SPAN("hello");
        assert_span_equal(span_skip(s, 0), SPAN("hello"));
        assert_span_equal(span_skip(s, 2), SPAN("llo"));
        assert_span_equal(span_skip(s, 5), SPAN(""));
        assert_span_equal(span_skip(s, SIZE_MAX), SPAN(""));
        assert_ptr_equal(span_skip(s, SIZE_MAX).ptr, s.ptr + 5);
        assert_span_equal(span_first(s, 2), SPAN("he"));
        assert_span_equal(span_first(s, 0), SPAN(""));
        assert_span_equal(span_first(s, SIZE_MAX), s);
        assert_null(span_skip(SPAN_NONE, 3).ptr);
        assert_int_equal(span_skip(SPAN_NONE, 3).len, 0);
}

static void test_equal(void **state UNUSED)
{
        assert_true(span_equal(SPAN_NONE, SPAN("")));
        assert_true(span_equal(SPAN("a\0b"), SPAN("a\0b")));
        assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
        assert_false(span_equal(SPAN("a"), SPAN("ab")));
        assert_false(span_equal(SPAN("a"), SPAN("A")));
        assert_true(span_starts(SPAN("abc"), SPAN("ab")));
        assert_true(span_starts(SPAN("abc"), SPAN("abc")));
        assert_true(span_starts(SPAN("abc"), SPAN_NONE));
        assert_true(span_starts(SPAN_NONE, SPAN("")));
        assert_false(span_starts(SPAN("abc"), SPAN("bc")));
        assert_false(span_starts(SPAN("ab"), SPAN("abc")));
        assert_true(span_ends(SPAN("abc"), SPAN("bc")));
        assert_true(span_ends(SPAN("abc"), SPAN("abc")));
        assert_true(span_ends(SPAN("abc"), SPAN("")));
        assert_true(span_ends(SPAN_NONE, SPAN_NONE));
        assert_false(span_ends(SPAN("abc"), SPAN("ab")));
        assert_false(span_ends(SPAN("bc"), SPAN("abc")));
}

/* Letters of ASCII and nothing else, in any locale, and to the last byte. */
static void test_nocase(void **state UNUSED)
{
        static const char *const locales[] = {"C", "C.UTF-8", "en_US.ISO-8859-1"};
        for (size_t l = 0; l < ARRAY_SIZE(locales); l++) {
                (void)setlocale(LC_ALL, locales[l]);
                for (int a = 0; a < 256; a++)
                        for (int b = 0; b < 256; b++) {
                                bool letter = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && a < 0x80;
                                bool want = a == b || (letter && (a ^ b) == 0x20);
                                char x[] = {'x', (char)a}, y[] = {'X', (char)b};
                                assert_int_equal(span_equal_nocase(span_from(x, 2), span_from(y, 2)), want);
                        }
        }
        (void)setlocale(LC_ALL, "C");
        assert_true(span_equal_nocase(SPAN("Content-LENGTH"), SPAN("content-length")));
        assert_true(span_equal_nocase(SPAN_NONE, SPAN("")));
        assert_false(span_equal_nocase(SPAN("ab"), SPAN("abc")));
        assert_false(span_equal_nocase(SPAN("ax"), SPAN("bx")));
        assert_false(span_equal_nocase(SPAN("a\0b"), SPAN("A\0c"))); /* a NUL does not end it */
        assert_true(span_equal_nocase(SPAN("a\0b"), SPAN("A\0B")));
}

static int sign(int v)
{
        return (v > 0) - (v < 0);
}

static void test_compare(void **state UNUSED)
{
        static const Span sorted[] = {{"", 0},     {"\0", 1},   {"\0\0", 2},    {"a", 1}, {"a\0", 2},
                                      {"a\0z", 3}, {"aa", 2},   {"ab", 2},      {"b", 1}, {"\x7f", 1},
                                      {"\x80", 1}, {"\xff", 1}, {"\xff\x01", 2}};
        for (int i = 0; i < (int)ARRAY_SIZE(sorted); i++)
                for (int k = 0; k < (int)ARRAY_SIZE(sorted); k++)
                        assert_int_equal(sign(span_compare(sorted[i], sorted[k])), sign(i - k));
        assert_int_equal(span_compare(SPAN_NONE, SPAN("")), 0);
        assert_true(span_compare(SPAN_NONE, SPAN("a")) < 0);
}

static void test_find(void **state UNUSED)
{
        assert_int_equal(span_find(SPAN("a\0bcb"), 'b'), 2);
        assert_int_equal(span_find(SPAN("a\0b"), '\0'), 1);
        assert_int_equal(span_find(SPAN("abc"), 'x'), 3);
        assert_int_equal(span_find(SPAN("abc"), '\0'), 3);
        assert_int_equal(span_find(SPAN_NONE, 'x'), 0);
        assert_int_equal(span_find(SPAN("a\xff"), '\xff'), 1);
        assert_int_equal(span_find_span(SPAN("a\0bcbc"), SPAN("bc")), 2);
        assert_int_equal(span_find_span(SPAN("abc"), SPAN("abcd")), 3);
        assert_int_equal(span_find_span(SPAN("abc"), SPAN("")), 0);
        assert_int_equal(span_find_span(SPAN("abc"), SPAN_NONE), 0);
        assert_int_equal(span_find_span(SPAN_NONE, SPAN("a")), 0);
        assert_int_equal(span_find_span(SPAN_NONE, SPAN_NONE), 0);
        assert_int_equal(span_find_span(span_first(SPAN("abc"), 2), SPAN("bc")), 2);
}

static void test_trim(void **state UNUSED)
{
        static const struct {
                Span s, want;
        } rows[] = {
                {{"  a b \t\r\n", 9}, {"a b", 3}}, {{"ab", 2}, {"ab", 2}},     {{" \t\r\n", 4}, {"", 0}},
                {{"\va\f", 3}, {"\va\f", 3}},      {{"", 0}, {"", 0}},         {{NULL, 0}, {"", 0}},
                {{" \0 ", 3}, {"\0", 1}},          {{"\xa0", 1}, {"\xa0", 1}},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_span_equal(span_trim(rows[i].s), rows[i].want);
}

static void check_next(Span s, size_t n, const Span *want)
{
        Span part = SPAN("untouched");
        for (size_t i = 0; i < n; i++) {
                assert_true(span_next(&s, ',', &part));
                assert_span_equal(part, want[i]);
        }
        part = SPAN("untouched");
        assert_false(span_next(&s, ',', &part));
        assert_false(span_next(&s, ',', &part));
        assert_span_equal(part, SPAN("untouched"));
}

static void test_next(void **state UNUSED)
{
        check_next(SPAN("a,b"), 2, (const Span[]){SPAN("a"), SPAN("b")});
        check_next(SPAN("a,"), 2, (const Span[]){SPAN("a"), SPAN("")});
        check_next(SPAN(",a"), 2, (const Span[]){SPAN(""), SPAN("a")});
        check_next(SPAN(",,"), 3, (const Span[]){SPAN(""), SPAN(""), SPAN("")});
        check_next(SPAN("abc"), 1, (const Span[]){SPAN("abc")});
        check_next(SPAN(""), 1, (const Span[]){SPAN("")});
        check_next(SPAN_NONE, 0, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_make),   cmocka_unit_test(test_parts),   cmocka_unit_test(test_equal),
                cmocka_unit_test(test_nocase), cmocka_unit_test(test_compare), cmocka_unit_test(test_find),
                cmocka_unit_test(test_trim),   cmocka_unit_test(test_next),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
