/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"

#define WALL 1795194000123456 /* 2026-11-20T17:00:00.123456Z */
#define TS   "2026-11-20T17:00:00.123Z"

static void check_format(LogStyle style, const LogRecord *record, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(log_format(&b, style, record), 0);
        assert_string_equal(b.data, want);
}

static void check_message(Span message, const char *plain, const char *json)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const LogRecord record = {.wall_usec = WALL, .level = LOG_LEVEL_INFO, .message = message};

        assert_int_equal(buf_appendf(&b, TS " info    %s\n", plain), 0);
        check_format(LOG_STYLE_PLAIN, &record, b.data);
        buf_clear(&b);
        assert_int_equal(buf_appendf(&b, "{\"ts\":\"" TS "\",\"level\":\"info\",\"msg\":\"%s\"}\n", json), 0);
        check_format(LOG_STYLE_JSON, &record, b.data);
}

static void test_messages(void **state UNUSED)
{
        check_message(SPAN("ready"), "ready", "ready");
        check_message(SPAN(""), "", "");
        check_message(SPAN("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
        check_message(SPAN("a \"b\" \\c"), "a \"b\" \\\\c", "a \\\"b\\\" \\\\c");
        /* escape, NUL, backspace, DEL */
        check_message(SPAN("\033[2J\0\b\x7f"), "\\x1b[2J\\x00\\x08\\x7f", "\\u001b[2J\\u0000\\u0008\\u007f");
        /* no UTF-8, and a C1 control, which terminals obey */
        check_message(SPAN("\xff\xc2\x9b"), "\\xff\\xc2\\x9b", "\\\\xff\\\\xc2\\\\x9b");
        /* what looks like a record of its own is none */
        check_message(SPAN("a\r\n" TS " error   fake\n\n{\"ts\":1}"),
                      "a\n        " TS " error   fake\n        \n        {\"ts\":1}",
                      "a\\r\\n" TS " error   fake\\n\\n{\\\"ts\\\":1}");
        check_message(SPAN("a\rb"), "a\\x0db", "a\\rb");
}

static const LogField odd_fields[] = {
        {.key = "server", .text = {"fs", 2}},
        {.key = "pid", .number = -7, .is_number = true},
        {.key = "left_out"},
        {.key = "empty", .text = {"", 0}},
        {.key = "text", .text = {"a \"b\"\n=", 7}},
};

static void test_fields(void **state UNUSED)
{
        LogRecord record = {
                .wall_usec = WALL,
                .level = LOG_LEVEL_WARNING,
                .message = SPAN("slow"),
                .fields = odd_fields,
                .n_fields = ARRAY_SIZE(odd_fields),
        };

        check_format(LOG_STYLE_PLAIN, &record,
                     TS " warning slow server=fs pid=-7 empty=\"\" text=\"a \\\"b\\\"\\x0a=\"\n");
        check_format(LOG_STYLE_JSON, &record,
                     "{\"ts\":\"" TS "\",\"level\":\"warning\",\"msg\":\"slow\",\"server\":\"fs\","
                     "\"pid\":-7,\"empty\":\"\",\"text\":\"a \\\"b\\\"\\n=\"}\n");
        record.file = "base/log.c";
        record.line = 12;
        record.n_fields = 1;
        check_format(LOG_STYLE_PLAIN, &record, TS " warning slow server=fs at=base/log.c:12\n");
        check_format(LOG_STYLE_JSON, &record,
                     "{\"ts\":\"" TS "\",\"level\":\"warning\",\"msg\":\"slow\",\"server\":\"fs\","
                     "\"file\":\"base/log.c\",\"line\":12}\n");
}

static void test_colour(void **state UNUSED)
{
        char *env[] = {(char *)"TZ=XYZ-2", NULL}, **saved = environ;
        const LogRecord record = {.wall_usec = WALL,
                                  .level = LOG_LEVEL_ERROR,
                                  .message = SPAN("m"),
                                  .fields = odd_fields,
                                  .n_fields = 1};

        environ = env;
        tzset();
        check_format(LOG_STYLE_COLOUR, &record,
                     "\033[2m19:00:00.123\033[0m \033[1;31merror  \033[0m m\033[2m server=fs\033[0m\n");
        environ = saved;
        tzset();
}

/* Whichever byte is the one too many: an error, never a crash. */
static void test_format_full(void **state UNUSED)
{
        const LogRecord record = {
                .wall_usec = WALL,
                .level = LOG_LEVEL_DEBUG,
                .message = SPAN("two\nlines \xff"),
                .fields = odd_fields,
                .n_fields = ARRAY_SIZE(odd_fields),
                .file = "x.c",
                .line = 1,
        };
        for (LogStyle style = 0; style < _LOG_STYLE_MAX; style++)
                for (size_t cap = 0, r = 1; r != 0; cap++) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                        int error = log_format(&b, style, &record);
                        assert_true(error == 0 || error == -ENOBUFS);
                        r = error != 0;
                        assert_true(cap < 1000);
                }
}

static void test_levels(void **state UNUSED)
{
        for (LogLevel i = 0; i < _LOG_LEVEL_MAX; i++)
                assert_int_equal(log_level_from_name(span_of(log_level_name(i))), i);
        assert_int_equal(log_level_from_name(SPAN("warn")), _LOG_LEVEL_INVALID);
        assert_int_equal(log_level_from_name(SPAN("")), _LOG_LEVEL_INVALID);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages), cmocka_unit_test(test_fields),
                cmocka_unit_test(test_colour),   cmocka_unit_test(test_format_full),
                cmocka_unit_test(test_levels),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
