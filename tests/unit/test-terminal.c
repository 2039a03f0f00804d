/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/terminal.h"

static void test_color_is_decided(void **state UNUSED)
{
        static const struct {
                ColorMode mode;
                bool tty;
                const char *no_color, *term;
                bool want;
        } rows[] = {
                {COLOR_AUTO, true, NULL, "xterm", true},   {COLOR_AUTO, false, NULL, "xterm", false},
                {COLOR_AUTO, true, "1", "xterm", false},   {COLOR_AUTO, true, "", "xterm", true},
                {COLOR_AUTO, true, NULL, "dumb", false},   {COLOR_AUTO, true, NULL, "", false},
                {COLOR_AUTO, true, NULL, NULL, false},     {COLOR_ALWAYS, false, "1", "dumb", true},
                {COLOR_NEVER, true, NULL, "xterm", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(
                        terminal_wants_color(rows[i].mode, rows[i].tty, rows[i].no_color, rows[i].term),
                        rows[i].want);
}

static void test_columns_are_checked(void **state UNUSED)
{
        assert_int_equal(terminal_parse_columns("132"), 132);
        assert_int_equal(terminal_parse_columns("20"), 20);
        assert_int_equal(terminal_parse_columns("19"), 0);
        assert_int_equal(terminal_parse_columns("1001"), 0);
        assert_int_equal(terminal_parse_columns("-1"), 0);
        assert_int_equal(terminal_parse_columns(""), 0);
        assert_int_equal(terminal_parse_columns(NULL), 0);
}

static void test_probe_gives_a_width(void **state UNUSED)
{
        Terminal t = {0};
        terminal_probe(COLOR_ALWAYS, &t);
        assert_true(t.out_color && t.err_color);
        assert_in_range(t.width, 20, 65535);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_color_is_decided),
                cmocka_unit_test(test_columns_are_checked),
                cmocka_unit_test(test_probe_gives_a_width),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
