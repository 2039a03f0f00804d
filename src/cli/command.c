/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "cli/command.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "cli/command-table.h"
#include "cli/help.h"

enum { WHY_CAP = 4096, ARENA_CAP = 16 * 1024 * 1024 };

bool command_is_called(const Command *c, Span name)
{
        if (span_equal(name, span_of(c->name)))
                return true;
        for (size_t i = 0; c->aliases && c->aliases[i]; i++)
                if (span_equal(name, span_of(c->aliases[i])))
                        return true;
        return false;
}

const Command *command_find(const Command *const *table, Span name)
{
        for (; *table; table++)
                if (command_is_called(*table, name))
                        return *table;
        return NULL;
}

bool command_any_exists(const char *names)
{
        Span left = span_of(names), name;
        while (span_next(&left, ' ', &name))
                if (command_find(command_table, name))
                        return true;
        return false;
}

PRINTF(2, 0) static void error_line(const char *path, const char *fmt, va_list ap)
{
        fprintf(stderr, "mcpvisor: %s%s", path, *path ? ": " : "");
        vfprintf(stderr, fmt, ap);
        fputc('\n', stderr);
}

void command_error(const char *path, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        error_line(path, fmt, ap);
        va_end(ap);
}

int command_usage_error(const char *path, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        error_line(path, fmt, ap);
        va_end(ap);
        fprintf(stderr, "Try: mcpvisor %s%s--help\n", path, *path ? " " : "");
        return EXIT_CODE_USAGE;
}

static int say_planned(const char *name)
{
        for (const PlannedCommand *p = planned_commands; p->name; p++)
                if (strcmp(p->name, name) == 0) {
                        command_error(name, "this version has no such command yet (it comes with %s)",
                                      p->comes_with);
                        return EXIT_CODE_USAGE;
                }
        return -ENOENT;
}

int command_unknown(const char *path, const Command *const *table, const char *name)
{
        bool first = table == command_table;
        int r = first ? say_planned(name) : -ENOENT;
        if (r >= 0)
                return r;

        Nearest near = NEAREST_INIT(span_of(name));
        for (const Command *const *c = table; *c; c++) {
                nearest_offer(&near, (*c)->name);
                for (size_t i = 0; (*c)->aliases && (*c)->aliases[i]; i++)
                        nearest_offer(&near, (*c)->aliases[i]);
        }
        for (const PlannedCommand *p = planned_commands; first && p->name; p++)
                nearest_offer(&near, p->name);

        CLEANUP(buf_done) Buf shown = BUF_INIT(WHY_CAP);
        r = utf8_escape(&shown, span_first(span_of(name), COMMAND_PATH_MAX));
        const char *text = r < 0 ? "?" : buf_text(&shown);
        if (near.best)
                return command_usage_error(path, "unknown command %s (did you mean %s?)", text, near.best);
        return command_usage_error(path, "unknown command %s", text);
}

static int check_args(const CommandCall *call)
{
        const Command *c = call->command;
        if (call->n_args < c->min_args)
                return command_usage_error(call->path, "an argument is missing: mcpvisor %s %.*s", call->path,
                                           (int)strcspn(c->usage, "\n"), c->usage);
        if (call->n_args <= c->max_args)
                return 0;

        CLEANUP(buf_done) Buf shown = BUF_INIT(WHY_CAP);
        int r = utf8_escape(&shown, span_first(span_of(call->args[c->max_args]), COMMAND_PATH_MAX));
        return command_usage_error(call->path, "one argument too many: %s", r < 0 ? "?" : buf_text(&shown));
}

static int run_sub(const CommandCall *call, CommandContext *context)
{
        const Command *c = call->command;
        if (call->n_args == 0) {
                help_short(stderr, call->path, c);
                return EXIT_CODE_USAGE;
        }
        const Command *sub = command_find(c->sub, span_of(call->args[0]));
        if (!sub)
                return command_unknown(call->path, c->sub, call->args[0]);

        char path[COMMAND_PATH_MAX];
        snprintf(path, sizeof(path), "%s %s", call->path, sub->name);
        return command_run(sub, path, context, (int)call->n_args - 1, (char **)call->args + 1);
}

static int dispatch(const CommandCall *call, const GlobalOptions *g, CommandContext *context)
{
        if (g->help) {
                help_command(stdout, call->path, call->command, call->terminal->out_color);
                return EXIT_CODE_DONE;
        }
        if (call->command->sub)
                return run_sub(call, context);
        int r = check_args(call);
        return r != 0 ? r : call->command->entry(call);
}

/* One command, with what its words need while it runs. */
typedef struct Run {
        const Command *command;
        const char *path;
        CommandContext *context;
        Arena arena;
        Buf why;
} Run;

static int parse_and_run(Run *run, int argc, char **argv)
{
        const Command *c = run->command;
        void *options = arena_alloc(&run->arena, MAX(c->options_size, (size_t)1));
        if (!options)
                return -ENOMEM;
        if (c->defaults)
                memcpy(options, c->defaults, c->options_size);

        GlobalOptions g = {.color = -1};
        const OptionSet sets[] = {{c->options, c->n_options, options},
                                  {global_options, common_options_size, &g}};
        OptionParse parse = {.sets = sets,
                             .n_sets = ARRAY_SIZE(sets),
                             .stop_at_positional = c->stop_at_positional || c->sub,
                             .arena = &run->arena,
                             .why = &run->why};
        OptionArgs args = {0};
        int r = option_parse(&parse, argc, argv, &args);
        if (r < 0)
                return r;
        if (r == OPTION_E_USAGE)
                return command_usage_error(run->path, "%s", buf_text(&run->why));

        if (g.color >= 0)
                terminal_probe((ColorMode)g.color, &run->context->terminal);
        const CommandCall call = {.command = c,
                                  .path = run->path,
                                  .options = c->options_size ? options : NULL,
                                  .args = args.items,
                                  .n_args = args.n,
                                  .terminal = &run->context->terminal,
                                  .context = run->context};
        return dispatch(&call, &g, run->context);
}

int command_run(const Command *c, const char *path, CommandContext *context, int argc, char **argv)
{
        Run run = {.command = c,
                   .path = path,
                   .context = context,
                   .arena = ARENA_INIT(ARENA_CAP),
                   .why = BUF_INIT(WHY_CAP)};
        int r = parse_and_run(&run, argc, argv);
        buf_done(&run.why);
        arena_done(&run.arena);
        if (r < 0) {
                command_error(path, "%s", strerror(-r));
                r = EXIT_CODE_INTERNAL;
        }
        return c->is_probe && r != EXIT_CODE_DONE ? EXIT_CODE_FAILED : r;
}
