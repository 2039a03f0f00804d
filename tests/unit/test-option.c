/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/option.h"

typedef struct Values {
        bool follow, quiet, wide;
        const char *output;
        OptionList env;
        int format;
        Nsec timeout;
        uint64_t memory, count, any;
} Values;

static const Option rows[] = {
        {"any", 0, "N", "any number", OPTION_IS_NUMBER(Values, any)},
        {"count", 'n', "N", "a number", OPTION_IS_NUMBER(Values, count), .min = 2, .max = 9},
        {"env", 'e', "KEY", "a list", OPTION_IS_LIST(Values, env)},
        {"follow", 'f', NULL, "a flag", OPTION_IS_FLAG(Values, follow)},
        {"format", 0, "FORMAT", "a word", OPTION_IS_WORD(Values, format),
         .words = WORDS("text", "json", "yaml")},
        {"memory", 0, "SIZE", "a size", OPTION_IS_SIZE(Values, memory), .min = 1024, .max = 1 << 20},
        {"output", 'o', "FILE", "a file", OPTION_IS_STRING(Values, output), .complete = COMPLETE_FILE},
        {"quiet", 'q', NULL, "a flag", OPTION_IS_FLAG(Values, quiet)},
        {"timeout", 't', "TIME", "a duration", OPTION_IS_DURATION(Values, timeout)},
};

typedef struct More {
        bool help;
} More;

static const Option more_rows[] = {{"help", 'h', NULL, "a flag", OPTION_IS_FLAG(More, help)}};

/* One parse and what came of it. */
typedef struct Run {
        Arena arena;
        Buf why;
        Values values;
        More more;
        OptionArgs args;
        bool stop;
        int r;
} Run;

static int setup(void **state)
{
        Run *run = calloc(1, sizeof(*run));
        if (!run)
                return -1;
        run->arena = ARENA_INIT(1 << 16);
        run->why = BUF_INIT(4096);
        *state = run;
        return 0;
}

static int teardown(void **state)
{
        Run *run = *state;
        arena_done(&run->arena);
        buf_done(&run->why);
        free(run);
        return 0;
}

static void parse(Run *run, const char *const *words)
{
        const OptionSet sets[] = {{rows, ARRAY_SIZE(rows), &run->values},
                                  {more_rows, ARRAY_SIZE(more_rows), &run->more}};
        const OptionParse p = {.sets = sets,
                               .n_sets = ARRAY_SIZE(sets),
                               .stop_at_positional = run->stop,
                               .arena = &run->arena,
                               .why = &run->why};
        int argc = 0;
        while (words[argc])
                argc++;
        buf_clear(&run->why);
        run->values = (Values){0};
        run->more = (More){0};
        run->args = (OptionArgs){0};
        run->r = option_parse(&p, argc, (char **)words, &run->args);
}

#define PARSE(run, ...) parse((run), WORDS(__VA_ARGS__))

static void refused(Run *run, const char *const *words, const char *why)
{
        parse(run, words);
        assert_int_equal(run->r, OPTION_E_USAGE);
        assert_string_equal(buf_text(&run->why), why);
        assert_null(run->args.items); /* untouched */
}

static void test_forms_of_a_value(void **state)
{
        Run *run = *state;
        PARSE(run, "--output", "a");
        assert_int_equal(run->r, 0);
        assert_string_equal(run->values.output, "a");
        PARSE(run, "--output=b=c");
        assert_string_equal(run->values.output, "b=c");
        PARSE(run, "--output=");
        assert_string_equal(run->values.output, "");
        PARSE(run, "-o", "d");
        assert_string_equal(run->values.output, "d");
        PARSE(run, "-oe");
        assert_string_equal(run->values.output, "e");
        PARSE(run, "-o", "-");
        assert_string_equal(run->values.output, "-");
        PARSE(run, "-o", "-f");
        assert_string_equal(run->values.output, "-f");
        assert_false(run->values.follow);
        PARSE(run, "--output=--force");
        assert_string_equal(run->values.output, "--force");
        PARSE(run, "--output=first", "--output=last");
        assert_string_equal(run->values.output, "last");
        assert_int_equal(run->args.n, 0);
}

static void test_flags_are_grouped(void **state)
{
        Run *run = *state;
        PARSE(run, "-fq");
        assert_int_equal(run->r, 0);
        assert_true(run->values.follow && run->values.quiet);
        PARSE(run, "-fon", "x");
        assert_true(run->values.follow);
        assert_string_equal(run->values.output, "n"); /* the rest is its value */
        assert_int_equal(run->args.n, 1);
        PARSE(run, "-qhfn", "5");
        assert_true(run->values.follow && run->values.quiet && run->more.help);
        assert_int_equal(run->values.count, 5);
}

static void test_arguments_mix_with_options(void **state)
{
        Run *run = *state;
        PARSE(run, "a", "-f", "-", "--", "-q", "--", "b");
        assert_int_equal(run->r, 0);
        assert_true(run->values.follow);
        assert_false(run->values.quiet);
        assert_int_equal(run->args.n, 5);
        const char *const want[] = {"a", "-", "-q", "--", "b"};
        for (size_t i = 0; i < ARRAY_SIZE(want); i++)
                assert_string_equal(run->args.items[i], want[i]);
        PARSE(run, "", "x"); /* an empty argument is one */
        assert_int_equal(run->args.n, 2);
}

static void test_first_argument_may_end_options(void **state)
{
        Run *run = *state;
        run->stop = true;
        PARSE(run, "-f", "cmd", "-q", "--bogus", "--", "x");
        assert_int_equal(run->r, 0);
        assert_true(run->values.follow);
        assert_false(run->values.quiet);
        assert_int_equal(run->args.n, 5);
        assert_string_equal(run->args.items[3], "--");
        PARSE(run, "-f", "--", "-q", "x");
        assert_int_equal(run->args.n, 2);
        assert_string_equal(run->args.items[0], "-q");
}

static void test_list_keeps_all(void **state)
{
        Run *run = *state;
        PARSE(run, "-ea", "--env", "b", "x", "--env=c", "-e", "d", "-e=");
        assert_int_equal(run->r, 0);
        assert_int_equal(run->values.env.n, 5);
        const char *const want[] = {"a", "b", "c", "d", "="};
        for (size_t i = 0; i < ARRAY_SIZE(want); i++)
                assert_string_equal(run->values.env.items[i], want[i]);
}

static void test_scalars(void **state)
{
        Run *run = *state;
        PARSE(run, "--format=yaml", "-t", "250ms", "--memory=512K", "-n9", "--any=18446744073709551615");
        assert_int_equal(run->r, 0);
        assert_int_equal(run->values.format, 2);
        assert_int_equal(run->values.timeout, 250 * NSEC_PER_MSEC);
        assert_int_equal(run->values.memory, 512 * 1024);
        assert_int_equal(run->values.count, 9);
        assert_true(run->values.any == UINT64_MAX);
        PARSE(run, "-t", "never");
        assert_true(run->values.timeout == NSEC_NEVER);
}

static void test_unknown_options(void **state)
{
        Run *run = *state;
        refused(run, WORDS("--folow"), "unknown option --folow (did you mean --follow?)");
        refused(run, WORDS("--hepl=x"), "unknown option --hepl (did you mean --help?)");
        refused(run, WORDS("--zzzzzz"), "unknown option --zzzzzz");
        refused(run, WORDS("-z"), "unknown option -z");
        refused(run, WORDS("-fz"), "unknown option -z");
        refused(run, WORDS("-imeout"), "unknown option -imeout (did you mean --timeout?)");
        refused(run, WORDS("--=x"), "unknown option --");
        refused(run, WORDS("--\x1b[2J"), "unknown option --\\x1b[2J");
        refused(run, WORDS("-\xc3\xa9"), "unknown option -\xc3\xa9");
}

static void test_missing_and_surplus_values(void **state)
{
        Run *run = *state;
        refused(run, WORDS("--format"), "--format needs a value FORMAT: text, json or yaml");
        refused(run, WORDS("--output", "--follow"), "--output needs a value FILE: the name of a file");
        refused(run, WORDS("-fo"), "-o needs a value FILE: the name of a file");
        refused(run, WORDS("-o", "--", "x"), "-o needs a value FILE: the name of a file");
        refused(run, WORDS("--follow=yes"), "--follow takes no value");
        refused(run, WORDS("--follow="), "--follow takes no value");
}

static void test_bad_values(void **state)
{
        Run *run = *state;
        refused(run, WORDS("--format=jsn"),
                "--format: \"jsn\" is not known; expected is text, json or yaml (did you mean json?)");
        refused(run, WORDS("--format="), "--format: \"\" is not known; expected is text, json or yaml");
        refused(run, WORDS("-n", "1"), "-n: \"1\" is too small; expected is a whole number from 2 to 9");
        refused(run, WORDS("-n10"), "-n: \"10\" is too large; expected is a whole number from 2 to 9");
        refused(run, WORDS("--count=+3"),
                "--count: \"+3\" is not such a value; expected is a whole number from 2 to 9");
        refused(run, WORDS("--any=18446744073709551616"),
                "--any: \"18446744073709551616\" is too large; expected is a whole number");
        refused(run, WORDS("-t", "5"),
                "-t: \"5\" has no unit; expected is a duration, "
                "like 250ms, 30s, 10m, 2h, 30d or never");
        refused(run, WORDS("--memory=1.5M"),
                "--memory: \"1.5M\" is not such a value; expected is a size from 1K to 1M, "
                "like 64K, 512M, 1G or none");
        refused(run, WORDS("--memory=none"), /* the bound holds for it too */
                "--memory: \"none\" is too large; expected is a size from 1K to 1M, "
                "like 64K, 512M, 1G or none");
}

static void test_long_words_are_cut(void **state)
{
        Run *run = *state;
        char word[400];
        memset(word, 'x', sizeof(word));
        memcpy(word, "--", 2);
        word[sizeof(word) - 1] = '\0';
        PARSE(run, word);
        assert_int_equal(run->r, OPTION_E_USAGE);
        assert_true(run->why.len < 120);
        assert_non_null(strstr(run->why.data, "xxx..."));
}

static void test_no_memory(void **state)
{
        Run *run = *state;
        arena_done(&run->arena);
        run->arena = ARENA_INIT(1);
        PARSE(run, "x");
        assert_int_equal(run->r, -ENOMEM);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown((f), setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_forms_of_a_value),
                TEST(test_flags_are_grouped),
                TEST(test_arguments_mix_with_options),
                TEST(test_first_argument_may_end_options),
                TEST(test_list_keeps_all),
                TEST(test_scalars),
                TEST(test_unknown_options),
                TEST(test_missing_and_surplus_values),
                TEST(test_bad_values),
                TEST(test_long_words_are_cut),
                TEST(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
