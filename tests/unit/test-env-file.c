/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "config/env-file.h"

typedef struct EnvRow {
        const char *line, *name, *value;
        bool escaped;
} EnvRow;

static void test_lines(void **state UNUSED)
{
        static const EnvRow rows[] = {
                {"A=b", "A", "b", false},
                {"A=", "A", "", false},
                {" A = b ", "A", "b", false},
                {"A=b c", "A", "b c", false},
                {"A=b=c", "A", "b=c", false},
                {"A=b # comment", "A", "b", false},
                {"A=b\t# comment", "A", "b", false},
                {"A=b#c", "A", "b#c", false},
                {"A=#c", "A", "", false},
                {"A= # c", "A", "", false},
                {"export A=b", "A", "b", false},
                {"export  A=b", "A", "b", false},
                {"export=b", "export", "b", false},
                {"A='b # c'", "A", "b # c", false},
                {"A='b\\n'", "A", "b\\n", false},
                {"A=''", "A", "", false},
                {"A='b' # c", "A", "b", false},
                {"A=\"b\"", "A", "b", false},
                {"A=\"b\\\"c\"", "A", "b\\\"c", true},
                {"A=\"b\\\\\"", "A", "b\\\\", true},
                {"A=\"it's\"", "A", "it's", false},
                {"A=$B", "A", "$B", false},
                {"A=b\r", "A", "b", false},
                {"a_1=\xc3\xa9", "a_1", "\xc3\xa9", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Span text = span_of(rows[i].line);
                uint32_t number = 0;
                EnvLine line;
                assert_row(env_file_next(&text, &number, &line) == 0, "%s", rows[i].line);
                assert_span_equal(line.name, span_of(rows[i].name));
                assert_span_equal(line.value, span_of(rows[i].value));
                assert_row(line.escaped == rows[i].escaped, "%s", rows[i].line);
                assert_int_equal(number, 1);
                assert_int_equal(env_file_next(&text, &number, &line), ENV_FILE_E_END);
        }
}

static void test_refused(void **state UNUSED)
{
        static const struct {
                const char *line;
                int error;
        } rows[] = {
                {"A", ENV_FILE_E_NAME},          {"=b", ENV_FILE_E_NAME},       {"1=b", ENV_FILE_E_NAME},
                {"A B=c", ENV_FILE_E_NAME},      {"export", ENV_FILE_E_NAME},   {"A-B=c", ENV_FILE_E_NAME},
                {"A='b", ENV_FILE_E_QUOTE},      {"A=\"b", ENV_FILE_E_QUOTE},   {"A='", ENV_FILE_E_QUOTE},
                {"A=\"b\\\"", ENV_FILE_E_QUOTE}, {"A=\"b\\", ENV_FILE_E_QUOTE}, {"A='b'c", ENV_FILE_E_QUOTE},
                {"A=\"b\" c", ENV_FILE_E_QUOTE},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Span text = span_of(rows[i].line);
                uint32_t number = 0;
                EnvLine line = {.escaped = true};
                assert_row(env_file_next(&text, &number, &line) == rows[i].error, "%s", rows[i].line);
                assert_true(line.escaped && !line.name.ptr); /* untouched */
        }
}

static void test_count(void **state UNUSED)
{
        Span text = SPAN("# head\n\n  \nA=1\r\n#x\nB=2");
        uint32_t number = 0;
        EnvLine line;
        assert_int_equal(env_file_next(&text, &number, &line), 0);
        assert_int_equal(number, 4);
        assert_int_equal(env_file_next(&text, &number, &line), 0);
        assert_int_equal(number, 6);
        assert_span_equal(line.name, SPAN("B"));
        assert_int_equal(env_file_next(&text, &number, &line), ENV_FILE_E_END);
        text = SPAN_NONE;
        assert_int_equal(env_file_next(&text, &number, &line), ENV_FILE_E_END);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_count),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
