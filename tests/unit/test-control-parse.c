/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/buf.h"
#include "control/command-table.h"

static ControlRequest request;
static char text[CONTROL_LINE_MAX];

static const char *parse(const char *line)
{
        assert_true(strlen(line) < sizeof(text));
        memcpy(text, line, strlen(line) + 1);
        memset(&request, 0xaa, sizeof(request));
        return control_parse(text, &request);
}

static void refuses(const char *line, const char *why)
{
        const char *got = parse(line);
        assert_row(got, "accepted: %s", line);
        assert_string_equal(got, why);
}

static void accepts(const char *line, ControlCommand command, size_t n_names)
{
        const char *wrong = parse(line);
        assert_row(!wrong, "%s: %s", line, wrong);
        assert_int_equal(request.command, command);
        assert_row(request.n_names == n_names, "%s: %zu names", line, request.n_names);
}

/* Rows are sound, and each is found by its word. */
static void test_table(void **state UNUSED)
{
        for (unsigned i = 0; i < _CONTROL_COMMAND_MAX; i++) {
                const ControlRow *row = &control_table[i];
                char line[64];
                bool named = row->names == CONTROL_NAMES_ONE || row->names == CONTROL_NAMES_SOME;
                snprintf(line, sizeof(line), "%s%s", row->word, named ? " x" : "");
                accepts(line, (ControlCommand)i, named);
                assert_non_null(row->doc);
                assert_true(strlen(row->doc) > 5);

                Span left = span_of(row->options), option;
                while (*row->options && span_next(&left, ' ', &option)) {
                        bool all = span_equal(option, SPAN("--all"));
                        snprintf(line, sizeof(line), "%s %.*s%s%s", row->word, (int)option.len, option.ptr,
                                 span_ends(option, SPAN("=")) ? "7" : "", named && !all ? " x" : "");
                        accepts(line, (ControlCommand)i, named && !all);
                }
        }
        assert_false(control_table[CONTROL_DRAIN].gateway);
        assert_true(control_table[CONTROL_LOGS].streams);
}

static void test_words(void **state UNUSED)
{
        static const struct {
                const char *line, *first, *second;
        } rows[] = {
                {"status fs gh", "fs", "gh"},
                {" \tstatus  fs\tgh ", "fs", "gh"},
                {"status \"a b\" 'c d'", "a b", "c d"},
                {"status a\\ b c\\\\d", "a b", "c\\d"},
                {"status \"a\\\"b\" 'c\\d'", "a\"b", "c\\d"},
                {"status a\"b c\"d 'e'\"f\"", "ab cd", "ef"},
                {"'status' '' \"\"", "", ""},
                {"st\\atus -- -f --", "-f", "--"},
                {"status \"it's\" 'say \"x\"'", "it's", "say \"x\""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                accepts(rows[i].line, CONTROL_STATUS, 2);
                assert_string_equal(request.names[0], rows[i].first);
                assert_string_equal(request.names[1], rows[i].second);
        }
}

static void test_broken_words(void **state UNUSED)
{
        refuses("", "no command");
        refuses(" \t ", "no command");
        refuses("status 'fs", "a quote is not closed");
        refuses("status \"fs", "a quote is not closed");
        refuses("status \"fs\\\"", "a quote is not closed");
        refuses("status fs\\", "a backslash ends the line");
        refuses("status \"fs\\", "a backslash ends the line");
}

static void test_commands(void **state UNUSED)
{
        refuses("''", "unknown command ");
        refuses("statsu", "unknown command statsu; did you mean status?");
        refuses("fetch", "unknown command fetch");
        refuses("pingpingpingpingpingpingpingpingpingpingpingping",
                "unknown command pingpingpingpingpingpingpingpingpingping");
        refuses("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc",
                "unknown command aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        refuses("a\xff", "unknown command a");
}

static void test_names(void **state UNUSED)
{
        accepts("status", CONTROL_STATUS, 0);
        accepts("history a b c", CONTROL_HISTORY, 3);
        accepts("logs fs", CONTROL_LOGS, 1);
        accepts("start a b", CONTROL_START, 2);
        accepts("stop --all", CONTROL_STOP, 0);
        assert_true(request.all);
        refuses("logs", "logs takes one name");
        refuses("logs a b", "logs takes one name");
        refuses("restart", "restart takes names, or --all");
        refuses("restart fs --all", "restart takes names, or --all");
        refuses("reload fs", "reload takes no names");
        refuses("ping -- x", "ping takes no names");
}

static void test_options(void **state UNUSED)
{
        accepts("logs --tail=20 fs -f --since=1700000000000000", CONTROL_LOGS, 1);
        assert_string_equal(request.names[0], "fs");
        assert_true(request.follow && request.has_tail && request.has_since);
        assert_false(request.all || request.no_wait);
        assert_int_equal(request.tail, 20);
        assert_int_equal(request.since_usec, 1700000000000000);
        accepts("reload --no-wait", CONTROL_RELOAD, 0);
        assert_true(request.no_wait);
        assert_false(request.follow || request.has_tail || request.has_since);
        accepts("history --since=0", CONTROL_HISTORY, 0);
        assert_true(request.has_since);
        accepts("logs --tail=1 --tail=18446744073709551615 fs", CONTROL_LOGS, 1);
        assert_true(request.tail == UINT64_MAX);

        refuses("logs --tail fs", "logs has no option --tail");
        refuses("logs --tail= fs", "--tail= takes a whole number");
        refuses("logs --tail=-1 fs", "--tail= takes a whole number");
        refuses("logs --since=9223372036854775808 fs", "--since= takes a whole number");
        refuses("logs --since=now fs", "--since= takes a whole number");
        refuses("logs --all", "logs has no option --all");
        refuses("logs -ff fs", "logs has no option -ff");
        refuses("status -", "status has no option -");
        refuses("status -f", "status has no option -f");
}

static void test_most_words(void **state UNUSED)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(CONTROL_LINE_MAX);
        assert_int_equal(buf_append_str(&line, "status"), 0);
        for (unsigned i = 1; i < CONTROL_WORDS_MAX; i++)
                assert_int_equal(buf_append_str(&line, " x"), 0);
        accepts(buf_text(&line), CONTROL_STATUS, CONTROL_WORDS_MAX - 1);
        assert_string_equal(request.names[CONTROL_WORDS_MAX - 2], "x");
        assert_int_equal(buf_append_str(&line, " "), 0);
        accepts(buf_text(&line), CONTROL_STATUS, CONTROL_WORDS_MAX - 1);
        assert_int_equal(buf_append_str(&line, "y"), 0);
        refuses(buf_text(&line), "more than 1100 words");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),        cmocka_unit_test(test_words),
                cmocka_unit_test(test_broken_words), cmocka_unit_test(test_commands),
                cmocka_unit_test(test_names),        cmocka_unit_test(test_options),
                cmocka_unit_test(test_most_words),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
