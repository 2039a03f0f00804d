/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
#include "cli/command-table.h"
#include "cli/env-table.h"
#include "cli/text.h"

enum { INDENT = 2, OPTION_COLUMN = 26, NAME_COLUMN = 16, CODE_COLUMN = 8, ENV_COLUMN = 26, LINE_CAP = 256 };

static void heading(FILE *f, bool bold, const char *text)
{
        fprintf(f, "\n%s%s%s\n", bold ? "\033[1m" : "", text, bold ? "\033[0m" : "");
}

static void entry(FILE *f, unsigned column, const char *name, const char *doc)
{
        fprintf(f, "%*s", INDENT, "");
        text_column(f, INDENT, name, column);
        text_wrap(f, column, column, doc);
}

int help_option_text(const Option *o, Buf *b)
{
        int r = o->letter ? buf_appendf(b, "-%c, ", o->letter) : buf_append_str(b, "    ");
        if (r == 0)
                r = buf_appendf(b, "--%s", o->name);
        if (r == 0 && o->arg)
                r = buf_appendf(b, "=%s", o->arg);
        return r;
}

static void options(FILE *f, const Option *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                CLEANUP(buf_done) Buf name = BUF_INIT(LINE_CAP);
                if (help_option_text(&rows[i], &name) == 0)
                        entry(f, OPTION_COLUMN, name.data, rows[i].doc);
        }
}

static void commands(FILE *f, const Command *const *table)
{
        for (; *table; table++)
                entry(f, NAME_COLUMN, (*table)->name, (*table)->summary);
}

/* The usage lines of one command: "usage: " before the first, blanks before the others. */
static void usage(FILE *f, const char *path, const Command *c)
{
        Span left = span_of(c->usage), line;
        const char *before = "Usage: ";
        while (span_next(&left, '\n', &line)) {
                fprintf(f, "%smcpvisor %s%s%.*s\n", before, path, line.len ? " " : "", (int)line.len,
                        line.ptr);
                before = "       ";
        }
}

static void usage_of_program(FILE *f)
{
        fputs("Usage: mcpvisor COMMAND [OPTION...] [ARGUMENT...]\n", f);
}

void help_short(FILE *f, const char *path, const Command *c)
{
        if (c)
                usage(f, path, c);
        else
                usage_of_program(f);
        const Command *const *table = c ? c->sub : command_table;
        for (size_t i = 0; table && table[i]; i++)
                fprintf(f, "%s%s", i ? ", " : "Commands: ", table[i]->name);
        fprintf(f, "%sTry: mcpvisor %s%s--help\n", table ? "\n" : "", path, *path ? " " : "");
}

static void environment(FILE *f, bool bold)
{
        heading(f, bold, "Environment:");
        bool overridden = false;
        for (size_t i = 0; i < env_table_size; i++)
                if (env_row_in_force(&env_table[i])) {
                        entry(f, ENV_COLUMN, env_table[i].name, env_table[i].doc);
                        overridden |= env_table[i].commands != NULL;
                }
        if (overridden)
                text_wrap(f, 0, INDENT, ENV_PRECEDENCE);
}

void help_overview(FILE *f, bool bold)
{
        usage_of_program(f);
        fputc('\n', f);
        text_wrap(f, 0, 0, PROGRAM_PURPOSE);
        heading(f, bold, "Commands:");
        commands(f, command_table);
        heading(f, bold, "Options:");
        options(f, global_options, global_options_size);
        environment(f, bold);
        fputs("\nMore about one of them: mcpvisor COMMAND --help\n", f);
}

static void aliases(FILE *f, const Command *c)
{
        for (size_t i = 0; c->aliases && c->aliases[i]; i++)
                fprintf(f, "%s%s", i ? ", " : "\nAlso called: ", c->aliases[i]);
        if (c->aliases)
                fputc('\n', f);
}

static void exits(FILE *f, const int *codes)
{
        for (; *codes >= 0; codes++) {
                char number[16];
                snprintf(number, sizeof(number), "%d", *codes);
                entry(f, CODE_COLUMN, number, exit_code_doc(*codes));
        }
}

static void examples(FILE *f, const CommandExample *e)
{
        for (; e->line; e++) {
                fprintf(f, "%*s%s\n", INDENT, "", e->line);
                text_wrap(f, 0, INDENT + 4, e->doc);
        }
}

void help_command(FILE *f, const char *path, const Command *c, bool bold)
{
        usage(f, path, c);
        fputc('\n', f);
        text_wrap(f, 0, 0, c->description);
        aliases(f, c);
        if (c->sub) {
                heading(f, bold, "Commands:");
                commands(f, c->sub);
        }
        heading(f, bold, "Options:");
        options(f, c->options, c->n_options);
        options(f, global_options, common_options_size);
        if (c->exits) {
                heading(f, bold, "Exit status:");
                exits(f, c->exits);
        }
        if (c->examples) {
                heading(f, bold, "Examples:");
                examples(f, c->examples);
        }
}
