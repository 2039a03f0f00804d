/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include "base/span.h"
#include "cli/command-table.h"
#include "cli/env-table.h"
#include "cli/file-table.h"
#include "control/signal-table.h"
#include "docs.h"

/* The day of the last change to the text that is written here, not of the build: the
 * same source gives the same page. */
#define MAN_DATE "November 20, 2026"

/* A backslash is an escape to roff, and a dash before a word is a minus sign, so that an
 * option can be copied from the page. */
static void escape(FILE *f, Span text)
{
        char before = ' ';
        for (size_t i = 0; i < text.len; i++) {
                char c = text.ptr[i];
                if (c == '\\')
                        fputs("\\e", f);
                else if (c == '-' && strchr(" ([/-", before))
                        fputs("\\-", f);
                else
                        fputc(c, f);
                before = c;
        }
}

/* A text line: one that begins with a dot or a quote would be a request. */
static void line(FILE *f, Span text)
{
        if (text.len && strchr(".'", text.ptr[0]))
                fputs("\\&", f);
        escape(f, text);
        fputc('\n', f);
}

/* A new sentence begins on a new line, as mdoc wants it. */
static void sentences(FILE *f, Span text)
{
        for (size_t end; (end = span_find_span(text, SPAN(". "))) < text.len;) {
                line(f, span_first(text, end + 1));
                text = span_skip(text, end + 2);
        }
        line(f, text);
}

static void paragraphs(FILE *f, const char *text)
{
        Span left = span_of(text), part;
        while (span_next(&left, '\n', &part)) {
                if (part.len)
                        sentences(f, part);
                else
                        fputs(".Pp\n", f);
        }
}

/* A fragment of a table as a sentence. */
static void fragment(FILE *f, const char *text)
{
        /* A first word that is a value in itself keeps its case: "text (the default)". */
        size_t first = strcspn(text, " ");
        bool value = text[first] && text[first + 1] == '(';
        if (text[0] >= 'a' && text[0] <= 'z' && !value)
                fputc(text[0] - 'a' + 'A', f);
        else
                fputc(text[0], f);
        escape(f, span_of(text + 1));
        fputs(".\n", f);
}

/* The words of a usage line as macros: options, arguments, and what may be left out. */
static void usage_word(FILE *f, Span word)
{
        bool optional = span_starts(word, SPAN("[")) && span_ends(word, SPAN("]"));
        if (optional) {
                fputs(".Op ", f);
                word = span_first(span_skip(word, 1), word.len - 2);
        } else {
                fputc('.', f);
        }
        if (span_starts(word, SPAN("--")))
                fprintf(f, "Fl \\-%.*s\n", (int)word.len - 2, word.ptr + 2);
        else if (span_starts(word, SPAN("-")) && word.len == 2)
                fprintf(f, "Fl %c\n", word.ptr[1]);
        else
                fprintf(f, "Ar %.*s\n", (int)word.len, word.ptr);
}

static void usage_line(FILE *f, const char *path, Span usage)
{
        fprintf(f, ".Nm\n.Cm %s\n", path);
        if (span_find_span(usage, SPAN(" [")) < usage.len && span_ends(usage, SPAN("]]"))) {
                fputs(".Op Ar ", f); /* nested brackets: as they are */
                fprintf(f, "%.*s\n", (int)usage.len - 2, usage.ptr + 1);
                return;
        }
        Span word;
        while (usage.len && span_next(&usage, ' ', &word))
                usage_word(f, word);
}

static void usage(FILE *f, const char *path, const Command *c, const char *between)
{
        Span left = span_of(c->usage), form;
        for (bool first = true; span_next(&left, '\n', &form); first = false) {
                fputs(first ? "" : between, f);
                usage_line(f, path, form);
        }
}

static void option_item(FILE *f, const Option *o)
{
        fputs(".It ", f);
        if (o->letter)
                fprintf(f, "Fl %c , ", o->letter);
        fprintf(f, "Fl \\-%s", o->name);
        if (o->arg)
                fprintf(f, " Ns = Ns Ar %s", o->arg);
        fputc('\n', f);
        fragment(f, o->doc);
}

static void option_list(FILE *f, const Option *rows, size_t n)
{
        if (n == 0)
                return;
        fputs(".Bl -tag -width Ds\n", f);
        for (size_t i = 0; i < n; i++)
                option_item(f, &rows[i]);
        fputs(".El\n", f);
}

typedef void PathVisit(FILE *f, const char *path, const Command *c);

static void each_command(FILE *f, PathVisit *visit)
{
        for (size_t i = 0; command_table[i]; i++) {
                const Command *c = command_table[i];
                visit(f, c->name, c);
                for (size_t k = 0; c->sub && c->sub[k]; k++) {
                        char path[COMMAND_PATH_MAX];
                        snprintf(path, sizeof(path), "%s %s", c->name, c->sub[k]->name);
                        visit(f, path, c->sub[k]);
                }
        }
}

static void synopsis(FILE *f, const char *path, const Command *c)
{
        if (!c->sub)
                usage(f, path, c, "");
}

static void exit_list(FILE *f, const int *codes)
{
        fputs("Exit status:\n", f);
        for (; *codes >= 0; codes++)
                fprintf(f, "%d%s\n", *codes, codes[1] >= 0 ? "," : ".");
}

static void command(FILE *f, const char *path, const Command *c)
{
        fprintf(f, ".Ss %s\n", path);
        if (!c->sub)
                usage(f, path, c, ".Pp\n");
        fputs(c->sub ? "" : ".Pp\n", f);
        paragraphs(f, c->description);
        for (size_t i = 0; c->aliases && c->aliases[i]; i++)
                fprintf(f, "%s\n.Cm %s%s\n", i ? "and" : ".Pp\nIt is also called", c->aliases[i],
                        c->aliases[i + 1] ? "" : " .");
        option_list(f, c->options, c->n_options);
        if (c->exits && !c->sub) {
                fputs(".Pp\n", f);
                exit_list(f, c->exits);
        }
}

static void environment(FILE *f)
{
        bool overridden = false;
        fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n", f);
        for (size_t i = 0; i < env_table_size; i++) {
                const EnvRow *row = &env_table[i];
                if (!env_row_in_force(row))
                        continue;
                overridden |= row->commands != NULL;
                fprintf(f, ".It Ev %s\n", row->name);
                fragment(f, row->doc);
                if (row->option)
                        fprintf(f, "The option is\n.Fl \\-%s .\n", row->option);
        }
        fputs(".El\n", f);
        if (overridden)
                fputs(".Pp\n" ENV_PRECEDENCE "\n", f);
}

static void files(FILE *f)
{
        fputs(".Sh FILES\n.Bl -tag -width Ds\n", f);
        for (size_t i = 0; i < file_table_size; i++)
                if (command_any_exists(file_table[i].commands)) {
                        fprintf(f, ".It Pa %s\n", file_table[i].path);
                        sentences(f, span_of(file_table[i].doc));
                }
        fputs(".El\n", f);
}

static void signals(FILE *f)
{
        fputs(".Sh SIGNALS\nWhat\n.Cm serve\nand\n.Cm run\ndo when they get one:\n.Bl -tag -width Ds\n", f);
        for (size_t i = 0; i < signal_table_size; i++)
                fprintf(f, ".It Dv SIG%s\n%s\n", signal_table[i].name, signal_table[i].doc);
        fputs(".El\n", f);
}

static bool returned_by(const Command *const *table, int code)
{
        for (; *table; table++) {
                for (const int *e = (*table)->exits; e && *e >= 0; e++)
                        if (*e == code)
                                return true;
                if ((*table)->sub && returned_by((*table)->sub, code))
                        return true;
        }
        return false;
}

static void exit_status(FILE *f)
{
        fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", f);
        for (size_t i = 0; i < exit_code_table_size; i++)
                if (returned_by(command_table, exit_code_table[i].code)) {
                        fprintf(f, ".It %d\n", exit_code_table[i].code);
                        fragment(f, exit_code_table[i].doc);
                }
        fputs(".El\n", f);
}

static void examples(FILE *f, const char *path UNUSED, const Command *c)
{
        for (const CommandExample *e = c->examples; e && e->line; e++) {
                fputs(".It Li ", f);
                escape(f, span_of(e->line));
                fputc('\n', f);
                fragment(f, e->doc);
        }
}

void docs_man1(FILE *f)
{
        fputs(".\\\" SPDX-License-Identifier: Apache-2.0\n"
              ".\\\" Written by `make docs` from the command table; do not edit.\n"
              ".Dd " MAN_DATE "\n.Dt MCPVISOR 1\n.Os mcpvisor " PACKAGE_VERSION "\n"
              ".Sh NAME\n.Nm mcpvisor\n.Nd supervisor of MCP servers\n"
              ".Sh SYNOPSIS\n",
              f);
        each_command(f, synopsis);
        fputs(".Sh DESCRIPTION\n", f);
        paragraphs(f, PROGRAM_PURPOSE);
        fputs("Options and arguments may be mixed;\n.Fl \\-\nends the options.\n"
              "A value is the rest of the option after\n.Ql = ,\nor the next word.\n"
              "These options are known everywhere but\n.Fl \\-version ,\n"
              "which stands before any command:\n",
              f);
        option_list(f, global_options, global_options_size);
        fputs(".Sh COMMANDS\n", f);
        each_command(f, command);
        environment(f);
        files(f);
        signals(f);
        exit_status(f);
        fputs(".Sh EXAMPLES\n.Bl -tag -width Ds\n", f);
        each_command(f, examples);
        fputs(".El\n.Sh SEE ALSO\n.Xr mcpvisor.yaml 5\n", f);
}
