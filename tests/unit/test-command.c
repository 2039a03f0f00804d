/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "cli/command-table.h"
#include "cli/completion.h"
#include "cli/env-table.h"
#include "cli/file-table.h"
#include "cli/help.h"
#include "cli/text.h"

/* ---- walks over the whole table ------------------------------------------ */

typedef void Check(const char *path, const Command *c);

static void each(const Command *const *table, const char *before, Check *check)
{
        for (; *table; table++) {
                char path[COMMAND_PATH_MAX];
                int n = snprintf(path, sizeof(path), "%s%s%s", before, *before ? " " : "", (*table)->name);
                assert_in_range(n, 1, COMMAND_PATH_MAX - 1);
                check(path, *table);
                if ((*table)->sub)
                        each((*table)->sub, path, check);
        }
}

/* "lower case, no full stop": what help and the manual page turn into their form. */
static void assert_fragment(const char *text)
{
        assert_non_null(text);
        size_t n = strlen(text);
        assert_true(n > 0);
        assert_true(text[n - 1] != '.' && text[n - 1] != ' ' && text[n - 1] != '\n');
        assert_false(text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z');
}

static void assert_sentences(const char *text)
{
        assert_non_null(text);
        assert_true(text[0] >= 'A' && text[0] <= 'Z');
        assert_int_equal(text[strlen(text) - 1], '.');
}

/* What is put between quotes in three shells' scripts. */
static void assert_plain_word(const char *word)
{
        assert_true(*word);
        for (; *word; word++)
                assert_true((*word >= 'a' && *word <= 'z') || (*word >= '0' && *word <= '9') || *word == '-');
}

static void assert_option(const Option *o)
{
        assert_plain_word(o->name);
        assert_fragment(o->doc);
        assert_in_range(o->kind, 0, _OPTION_KIND_MAX - 1);
        assert_int_equal(o->arg != NULL, option_takes_value(o));
        assert_int_equal(o->words != NULL, o->kind == OPTION_WORD);
        assert_true(o->complete != COMPLETE_COMMANDS);
        assert_true(o->min <= o->max || o->max == 0);
        for (size_t i = 0; o->words && o->words[i]; i++)
                assert_plain_word(o->words[i]);
}

static void assert_options(const Option *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                assert_option(&rows[i]);
                for (size_t k = 0; k < i; k++) {
                        assert_true(strcmp(rows[k].name, rows[i].name) < 0); /* sorted and unique */
                        assert_true(!rows[i].letter || rows[k].letter != rows[i].letter);
                }
        }
}

static void check_options(const char *path UNUSED, const Command *c)
{
        assert_options(c->options, c->n_options);
        assert_true(c->n_options == 0 || c->options_size > 0);
        for (size_t i = 0; i < c->n_options; i++) {
                assert_true(c->options[i].offset < c->options_size);
                for (size_t k = 0; k < global_options_size; k++) {
                        assert_string_not_equal(c->options[i].name, global_options[k].name);
                        assert_true(!c->options[i].letter ||
                                    c->options[i].letter != global_options[k].letter);
                }
        }
}

static void test_options_of_all_commands(void **state UNUSED)
{
        assert_options(global_options, global_options_size);
        assert_true(common_options_size < global_options_size);
        each(command_table, "", check_options);
}

static void check_row(const char *path UNUSED, const Command *c)
{
        assert_plain_word(c->name);
        assert_fragment(c->summary);
        assert_sentences(c->description);
        assert_non_null(c->usage);
        assert_int_equal(c->entry == NULL, c->sub != NULL);
        assert_true(c->min_args <= c->max_args);
        assert_true(!c->max_args || !c->sub);
        assert_int_equal(c->arg_words != NULL, c->args_complete == COMPLETE_WORDS);
        for (size_t i = 0; c->arg_words && c->arg_words[i]; i++)
                assert_plain_word(c->arg_words[i]);
        for (const CommandExample *e = c->examples; e && e->line; e++) {
                assert_non_null(strstr(e->line, "mcpvisor "));
                assert_fragment(e->doc);
        }
}

static void test_every_command_is_documented(void **state UNUSED)
{
        each(command_table, "", check_row);
}

static void check_exits(const char *path UNUSED, const Command *c)
{
        assert_non_null(c->exits);
        assert_int_equal(c->exits[0], EXIT_CODE_DONE);
        for (size_t i = 0; c->exits[i] >= 0; i++) {
                assert_non_null(exit_code_doc(c->exits[i]));
                assert_true(i == 0 || c->exits[i] > c->exits[i - 1]);
                assert_true(!c->is_probe || c->exits[i] <= EXIT_CODE_FAILED);
        }
}

static void test_every_exit_code_is_known(void **state UNUSED)
{
        each(command_table, "", check_exits);
        for (size_t i = 0; i < exit_code_table_size; i++) {
                assert_fragment(exit_code_table[i].doc);
                assert_in_range(exit_code_table[i].code, i ? exit_code_table[i - 1].code + 1 : 0, 255);
        }
        assert_null(exit_code_doc(99));
        assert_null(exit_code_doc(-1));
}

/* No name or alias leads to two commands, and rows are in order. */
static void assert_names(const Command *const *table)
{
        for (size_t i = 0; table[i]; i++) {
                assert_true(i == 0 || strcmp(table[i - 1]->name, table[i]->name) < 0);
                assert_ptr_equal(command_find(table, span_of(table[i]->name)), table[i]);
                for (size_t k = 0; table[i]->aliases && table[i]->aliases[k]; k++) {
                        assert_plain_word(table[i]->aliases[k]);
                        assert_ptr_equal(command_find(table, span_of(table[i]->aliases[k])), table[i]);
                }
                if (table[i]->sub)
                        assert_names(table[i]->sub);
        }
}

static void test_names_are_unique_and_sorted(void **state UNUSED)
{
        assert_names(command_table);
        assert_null(command_find(command_table, SPAN("")));
        assert_null(command_find(command_table, SPAN("chec")));
        assert_null(command_find(command_table, SPAN("checks")));
}

static void test_planned_commands_are_not_there_yet(void **state UNUSED)
{
        for (size_t i = 0; planned_commands[i].name; i++) {
                assert_null(command_find(command_table, span_of(planned_commands[i].name)));
                assert_fragment(planned_commands[i].comes_with);
                assert_true(i == 0 || strcmp(planned_commands[i - 1].name, planned_commands[i].name) < 0);
        }
}

static bool name_known(Span name)
{
        for (size_t i = 0; planned_commands[i].name; i++)
                if (span_equal(name, span_of(planned_commands[i].name)))
                        return true;
        return command_find(command_table, name) != NULL;
}

static void assert_names_known(const char *commands)
{
        Span left = span_of(commands), name;
        while (commands && span_next(&left, ' ', &name))
                assert_true(name_known(name));
}

static void test_tables_name_real_commands(void **state UNUSED)
{
        for (size_t i = 0; i < env_table_size; i++) {
                assert_fragment(env_table[i].doc);
                assert_names_known(env_table[i].commands);
                assert_true(i == 0 || strcmp(env_table[i - 1].name, env_table[i].name) < 0);
        }
        for (size_t i = 0; i < file_table_size; i++) {
                assert_sentences(file_table[i].doc);
                assert_names_known(file_table[i].commands);
        }
        assert_true(command_any_exists("serve-not validate"));
        assert_false(command_any_exists("nothing here"));
        assert_false(command_any_exists(""));
}

/* ---- help ------------------------------------------------------------------ */

typedef struct Text {
        FILE *f;
        char *text;
        size_t len;
} Text;

static void text_open(Text *t)
{
        *t = (Text){0};
        t->f = open_memstream(&t->text, &t->len); /* both are set when it is closed */
        assert_non_null(t->f);
}

static void assert_fits(const char *text)
{
        Span left = span_of(text), line;
        while (span_next(&left, '\n', &line)) {
                assert_true(utf8_length(line) <= TEXT_WIDTH);
                assert_false(span_ends(line, SPAN(" ")));
        }
}

static void check_help(const char *path, const Command *c)
{
        Text t;
        text_open(&t);
        help_command(t.f, path, c, false);
        fclose(t.f);
        assert_fits(t.text);
        assert_non_null(strstr(t.text, path));
        for (size_t i = 0; i < c->n_options; i++) {
                char name[64];
                snprintf(name, sizeof(name), "--%s", c->options[i].name);
                assert_non_null(strstr(t.text, name));
        }
        for (size_t i = 0; c->sub && c->sub[i]; i++)
                assert_non_null(strstr(t.text, c->sub[i]->summary));
        assert_null(strchr(t.text, '\033'));
        free(t.text);
}

static void test_help_fits_and_is_complete(void **state UNUSED)
{
        each(command_table, "", check_help);

        Text t;
        text_open(&t);
        help_overview(t.f, false);
        fclose(t.f);
        assert_fits(t.text);
        for (size_t i = 0; command_table[i]; i++)
                assert_non_null(strstr(t.text, command_table[i]->name));
        assert_non_null(strstr(t.text, "MCPVISOR_LISTEN"));
        assert_non_null(strstr(t.text, "NO_COLOR"));
        free(t.text);
}

static void test_bold_only_when_asked(void **state UNUSED)
{
        Text t;
        text_open(&t);
        help_overview(t.f, true);
        fclose(t.f);
        assert_non_null(strstr(t.text, "\033[1mCommands:\033[0m\n"));
        free(t.text);
}

static void assert_wrapped(unsigned column, unsigned indent, const char *text, const char *want)
{
        Text t;
        text_open(&t);
        text_wrap(t.f, column, indent, text);
        fclose(t.f);
        assert_string_equal(t.text, want);
        free(t.text);
}

static void test_wrap(void **state UNUSED)
{
        assert_wrapped(0, 0, "a b", "a b\n");
        assert_wrapped(0, 2, "one\n\ntwo", "  one\n\n  two\n");
        assert_wrapped(4, 4, "x", "x\n");
        assert_wrapped(70, 4, "12345 78", "12345 78\n");
        assert_wrapped(70, 4, "12345 789", "12345 789\n");
        assert_wrapped(70, 4, "12345 7890", "12345\n    7890\n");
        /* longer than a line: left whole */
        assert_wrapped(
                0, 2, "a 345678901234567890123456789012345678901234567890123456789012345678901234567890 b",
                "  a\n  345678901234567890123456789012345678901234567890123456789012345678901234567890\n  "
                "b\n");
}

static void test_columns(void **state UNUSED)
{
        Text t;
        text_open(&t);
        text_column(t.f, 0, "ab", 6);
        text_column(t.f, 0, "abcdef", 7);
        text_column(t.f, 2, "abcde", 9);
        text_column(t.f, 2, "abcdef", 9);
        fclose(t.f);
        assert_string_equal(t.text, "ab    abcdef\n       abcde  abcdef\n         ");
        free(t.text);
}

/* ---- completions ------------------------------------------------------------ */

static void assert_mentions_all(void (*write)(FILE *f))
{
        Text t;
        text_open(&t);
        write(t.f);
        fclose(t.f);
        for (size_t i = 0; command_table[i]; i++) {
                const Command *c = command_table[i];
                assert_non_null(strstr(t.text, c->name));
                for (size_t k = 0; c->aliases && c->aliases[k]; k++)
                        assert_non_null(strstr(t.text, c->aliases[k]));
                for (size_t k = 0; k < c->n_options; k++)
                        assert_non_null(strstr(t.text, c->options[k].name));
        }
        for (size_t i = 0; planned_commands[i].name; i++) {
                char quoted[64];
                snprintf(quoted, sizeof(quoted), "'%s'", planned_commands[i].name);
                assert_null(strstr(t.text, quoted));
        }
        free(t.text);
}

static void test_completions_mention_all(void **state UNUSED)
{
        assert_mentions_all(completion_bash);
        assert_mentions_all(completion_fish);
        assert_mentions_all(completion_zsh);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_options_of_all_commands),
                cmocka_unit_test(test_every_command_is_documented),
                cmocka_unit_test(test_every_exit_code_is_known),
                cmocka_unit_test(test_names_are_unique_and_sorted),
                cmocka_unit_test(test_planned_commands_are_not_there_yet),
                cmocka_unit_test(test_tables_name_real_commands),
                cmocka_unit_test(test_help_fits_and_is_complete),
                cmocka_unit_test(test_bold_only_when_asked),
                cmocka_unit_test(test_wrap),
                cmocka_unit_test(test_columns),
                cmocka_unit_test(test_completions_mention_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
