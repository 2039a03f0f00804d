/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "cli/figures.h"

static void expect(int r, Buf *b, const char *want)
{
        assert_int_equal(r, 0);
        assert_string_equal(buf_text(b), want);
        buf_done(b);
}

typedef int Figure(Buf *b, double v);

typedef struct Row {
        double v;
        const char *want;
} Row;

static void expect_rows(Figure *figure, const Row *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                Buf b = BUF_INIT(64);
                expect(figure(&b, rows[i].v), &b, rows[i].want);
        }
}

static void test_ages(void **state UNUSED)
{
        static const Row rows[] = {
                {-3, "0s"},
                {0, "0s"},
                {0.9, "0s"},
                {59.9, "59s"},
                {60, "1m0s"},
                {785, "13m5s"},
                {3599, "59m59s"},
                {3600, "1h0m"},
                {7980.1, "2h13m"},
                {86399, "23h59m"},
                {86400, "1d0h"},
                {273600, "3d4h"},
                {1e300, "1157407d9h"},
        };
        expect_rows(figure_age, rows, ARRAY_SIZE(rows));
}

static void test_bytes(void **state UNUSED)
{
        static const Row rows[] = {
                {-1, "0"},
                {0, "0"},
                {1023, "1023"},
                {1024, "1K"},
                {71303168, "68M"},
                {1073741824, "1.0G"},
                {1610612736, "1.5G"},
                {1048575, "1M"},
                {10737418240, "10G"},
                {2e15, "1819T"},
        };
        expect_rows(figure_bytes, rows, ARRAY_SIZE(rows));
}

static void test_latencies(void **state UNUSED)
{
        static const Row rows[] = {
                {0, "<1ms"},      {0.99, "<1ms"},  {1, "1ms"},     {9.0, "9ms"},     {220, "220ms"},
                {999.4, "999ms"}, {999.6, "1.0s"}, {1234, "1.2s"}, {59949, "59.9s"}, {60000, "1m0s"},
        };
        expect_rows(figure_latency, rows, ARRAY_SIZE(rows));
}

static void test_moments(void **state UNUSED)
{
        static char zone[] = "TZ=UTC-2"; /* east of Greenwich */
        static char *variables[] = {zone, NULL};
        environ = variables;
        tzset();
        Buf b = BUF_INIT(256);
        expect(figure_moment(&b, FIGURE_TIME, "2026-11-20T17:00:09.123456Z"), &b, "19:00:09");
        expect(figure_moment(&b, FIGURE_TIME, "2026-11-20T17:00:09Z"), &b, "19:00:09");
        expect(figure_moment(&b, FIGURE_DATE, "2026-12-31T23:30:00Z"), &b, "2027-01-01 01:30:00");
        expect(figure_moment(&b, FIGURE_DATE, "yester\033day"), &b, "yester\\x1bday");
        expect(figure_moment(&b, FIGURE_DATE, ""), &b, "");
}

static void test_text(void **state UNUSED)
{
        Buf b = BUF_INIT(256);
        expect(figure_text(&b, SPAN("C:\\a\tb \xc3\xbc")), &b, "C:\\a\tb \xc3\xbc");
        expect(figure_text(&b, SPAN("a\033[2Jb\r\n\xff\0\x7f")), &b, "a\\x1b[2Jb\\x0d\\x0a\\xff\\x00\\x7f");
        Buf small = BUF_INIT(3);
        assert_int_equal(figure_text(&small, SPAN("abcd")), -ENOBUFS);
        buf_done(&small);
}

static void test_cut(void **state UNUSED)
{
        Buf b = BUF_INIT(256);
        expect(figure_cut(&b, SPAN("abcdef"), 6), &b, "abcdef");
        expect(figure_cut(&b, SPAN("abcdef"), 5), &b, "ab...");
        expect(figure_cut(&b, SPAN("\xc3\xbc\xff\xc3\xb6xyz"), 5), &b, "\xc3\xbc\xff...");
        expect(figure_cut(&b, SPAN("abcdef"), 1), &b, "...");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ages),      cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_latencies), cmocka_unit_test(test_moments),
                cmocka_unit_test(test_text),      cmocka_unit_test(test_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
