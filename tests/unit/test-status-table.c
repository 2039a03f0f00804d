/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/utf8.h"
#include "cli/status-table.h"
#include "support/oom.h"

static json_t *parse(const char *text)
{
        json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        return json;
}

static void expect(const char *status, unsigned width, const char *want)
{
        json_t *json = parse(status);
        Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(status_table(json, &(StatusLook){.width = width}, &b), 0);
        assert_string_equal(buf_text(&b), want);
        buf_done(&b);
        json_decref(json);
}

#define FS                                                                                                  \
        "{\"name\":\"fs\",\"state\":\"ready\",\"pid\":4121,\"uptime_s\":7980.1,\"restarts\":0,"             \
        "\"breaker\":\"closed\",\"budget\":{\"used\":0,\"burst\":5,\"window_s\":60},\"next_start_s\":null," \
        "\"last_exit\":null,\"memory_bytes\":71303168,\"tools\":14,\"calls\":812,\"errors\":3,\"p95_ms\":9}"
#define GH                                                                                             \
        "{\"name\":\"gh\",\"state\":\"backoff\",\"pid\":null,\"uptime_s\":null,\"restarts\":4,"        \
        "\"budget\":{\"used\":4,\"burst\":5},\"next_start_s\":7.2,\"tools\":null,\"cached_tools\":40," \
        "\"last_exit\":{\"class\":\"error\",\"code\":1,\"reason\":\"exit 1: GITHUB_TOKEN not set\"},"  \
        "\"memory_bytes\":null,\"calls\":31,\"p95_ms\":220}"
#define PLAY                                                                                            \
        "{\"name\":\"play\",\"state\":\"idle\",\"pid\":null,\"budget\":{\"used\":0,\"burst\":5},"       \
        "\"last_exit\":{\"class\":\"planned\",\"reason\":\"idle\"},\"tools\":null,\"cached_tools\":21," \
        "\"calls\":0,\"p95_ms\":null}"
#define THREE "{\"state\":\"running\",\"gateway\":{\"state\":\"ready\"},\"servers\":[" FS "," GH "," PLAY "]}"

/* The table of the manual. */
static void test_table(void **state UNUSED)
{
        expect(THREE, 0,
               "NAME  STATE    PID   UP     RESTARTS  MEM  TOOLS  CALLS  P95    LAST ERROR\n"
               "fs    ready    4121  2h13m  0/5       68M  14     812    9ms    -\n"
               "gh    backoff  -     -      4/5 (8s)  -    40*    31     220ms  exit 1: GITHUB_TOKEN not "
               "set\n"
               "play  idle     -     -      0/5       -    21*    0      -      starts on first call (* "
               "cached)\n");
}

static void test_fits(void **state UNUSED)
{
        expect(THREE, 80,
               "NAME  STATE    PID   UP     RESTARTS  MEM  TOOLS  CALLS  P95    LAST ERROR\n"
               "fs    ready    4121  2h13m  0/5       68M  14     812    9ms    -\n"
               "gh    backoff  -     -      4/5 (8s)  -    40*    31     220ms  exit 1: GITHU...\n"
               "play  idle     -     -      0/5       -    21*    0      -      starts on fir...\n");
        expect(THREE, 60,
               "NAME  STATE    UP     RESTARTS  MEM  CALLS  LAST ERROR\n"
               "fs    ready    2h13m  0/5       68M  812    -\n"
               "gh    backoff  -      4/5 (8s)  -    31     exit 1: GITHU...\n"
               "play  idle     -      0/5       -    0      starts on fir...\n");
        expect(THREE, 20,
               "NAME  STATE    LAST ERROR\n"
               "fs    ready    -\n"
               "gh    backoff  exit 1: G...\n"
               "play  idle     starts on...\n");
}

/* Whatever the width, no line is longer, down to what a name, a state and some words need. */
static void test_every_width(void **state UNUSED)
{
        json_t *json = parse(THREE);
        for (unsigned width = 27; width < 120; width++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                assert_int_equal(status_table(json, &(StatusLook){.width = width}, &b), 0);
                Span left = buf_span(&b), line;
                while (left.len && span_next(&left, '\n', &line)) {
                        assert_row(utf8_length(line) <= width, "width %u: %.*s", width, (int)line.len,
                                   line.ptr);
                        assert_false(span_ends(line, SPAN(" ")));
                }
        }
        json_decref(json);
}

static void test_unknown_values(void **state UNUSED)
{
        expect("{\"servers\":[{}]}", 0,
               "NAME  STATE  PID  UP  RESTARTS  MEM  TOOLS  CALLS  P95  LAST ERROR\n"
               "-     -      -    -   -         -    -      -      -    -\n");
        expect("{\"servers\":[{\"name\":7,\"state\":\"new\",\"restarts\":3,\"next_start_s\":0,"
               "\"last_exit\":{\"class\":\"oom\"},\"p95_ms\":\"x\"}]}",
               0,
               "NAME  STATE  PID  UP  RESTARTS  MEM  TOOLS  CALLS  P95  LAST ERROR\n"
               "-     new    -    -   3 (0s)    -    -      -      -    oom\n");
        expect("{\"servers\":[{\"name\":\"a\",\"state\":\"idle\",\"tools\":2,\"last_exit\":{\"class\":"
               "\"error\","
               "\"reason\":\"\\u001b[2J\\nx\"},\"next_start_s\":61}]}",
               0,
               "NAME  STATE  PID  UP  RESTARTS  MEM  TOOLS  CALLS  P95  LAST ERROR\n"
               "a     idle   -    -   (1m1s)    -    2      -      -    \\x1b[2J\\x0ax\n");
        expect("{\"servers\":[{\"state\":\"idle\"}]}", 0,
               "NAME  STATE  PID  UP  RESTARTS  MEM  TOOLS  CALLS  P95  LAST ERROR\n"
               "-     idle   -    -   -         -    -      -      -    starts on first call\n");
}

static void test_lines_above(void **state UNUSED)
{
        expect("{}", 0, "No servers are configured.\n");
        expect("{\"state\":\"draining\",\"gateway\":{\"state\":\"starting\",\"restarts\":3},\"servers\":[]}",
               0,
               "The daemon is draining.\nThe gateway is starting (3 restarts).\nNo servers are "
               "configured.\n");
        expect("{\"state\":\"run\\u001bning\",\"config\":{\"last_reload\":{\"ok\":false,\"partial\":[],"
               "\"at\":\"2026-11-20T17:00:00Z\",\"error\":\"mcpvisor.yaml:7:11: no\"}}}",
               0,
               "The daemon is run\\x1bning.\n"
               "The last reload failed at 2026-11-20 17:00:00: mcpvisor.yaml:7:11: no\n"
               "No servers are configured.\n");
        expect("{\"config\":{\"last_reload\":{\"ok\":false}}}", 0,
               "The last reload failed: no reason was given\nNo servers are configured.\n");
        expect("{\"config\":{\"last_reload\":{\"ok\":true,\"partial\":[]}}}", 0,
               "No servers are configured.\n");
        expect("{\"config\":{\"last_reload\":null}}", 0, "No servers are configured.\n");
        expect("{\"config\":{\"last_reload\":{\"ok\":true,\"partial\":[\"fs\",\"gh\",7]}}}", 0,
               "Since the last reload these servers did not start: fs, gh, ?.\nNo servers are configured.\n");
}

static void test_colors(void **state UNUSED)
{
        json_t *json = parse(
                "{\"servers\":[{\"name\":\"a\",\"state\":\"ready\"},{\"name\":\"b\",\"state\":\"odd\"}]}");
        Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(status_table(json, &(StatusLook){.color = true}, &b), 0);
        assert_non_null(strstr(buf_text(&b), "\033[1mNAME\033[0m  \033[1mSTATE\033[0m  "));
        assert_non_null(strstr(buf_text(&b), "\na     \033[32mready\033[0m  -"));
        assert_non_null(strstr(buf_text(&b), "\nb     odd    -"));
        buf_done(&b);
        json_decref(json);
}

static void test_states(void **state UNUSED)
{
        json_t *json = parse(THREE), *ready = parse("{\"servers\":[" FS "," FS "]}"), *none = parse("{}");
        assert_false(status_all_are(json, "ready"));
        assert_true(status_all_are(ready, "ready"));
        assert_false(status_all_are(ready, "idle"));
        assert_true(status_all_are(none, "ready"));
        json_decref(json);
        json_decref(ready);
        json_decref(none);
}

static int render(void *json)
{
        Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = status_table(json, &(StatusLook){.width = 80, .color = true}, &b);
        buf_done(&b);
        return r;
}

static void test_out_of_memory(void **state UNUSED)
{
        json_t *json = parse("{\"state\":\"starting\",\"gateway\":{\"state\":\"backoff\"},"
                             "\"config\":{\"last_reload\":{\"ok\":false,\"at\":\"x\",\"error\":\"y\"}},"
                             "\"servers\":[" FS "," GH "]}");
        assert_true(oom_each(render, json) >= 3);
        json_decref(json);
}

int main(void)
{
        static char zone[] = "TZ=UTC";
        static char *variables[] = {zone, NULL};
        environ = variables;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),       cmocka_unit_test(test_fits),
                cmocka_unit_test(test_every_width), cmocka_unit_test(test_unknown_values),
                cmocka_unit_test(test_lines_above), cmocka_unit_test(test_colors),
                cmocka_unit_test(test_states),      cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
