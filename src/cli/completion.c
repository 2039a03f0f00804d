/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"
#include "cli/command-table.h"

static void visit_command(FILE *f, const char *before, const Command *c, CompletionVisit *visit)
{
        CompletionLevel level = {
                .command = c,
                .commands = c->sub,
                .options = {{.rows = c->options, .n = c->n_options},
                            {.rows = global_options, .n = common_options_size}},
        };
        snprintf(level.path, sizeof(level.path), "%s%s%s", before, *before ? " " : "", c->name);
        visit(f, &level);
        for (size_t i = 0; c->sub && c->sub[i]; i++)
                visit_command(f, level.path, c->sub[i], visit);
}

void completion_each_level(FILE *f, CompletionVisit *visit)
{
        const CompletionLevel top = {
                .commands = command_table,
                .options = {{.rows = global_options, .n = global_options_size}},
        };
        visit(f, &top);
        for (size_t i = 0; command_table[i]; i++)
                visit_command(f, "", command_table[i], visit);
}

void completion_each_option(FILE *f, const CompletionLevel *level,
                            void (*visit)(FILE *f, const CompletionLevel *level, const Option *o))
{
        for (size_t s = 0; s < ARRAY_SIZE(level->options); s++)
                for (size_t i = 0; i < level->options[s].n; i++)
                        visit(f, level, &level->options[s].rows[i]);
}

bool completion_is_common(const Option *o)
{
        return o >= global_options && o < global_options + common_options_size;
}

size_t completion_args(const Command *c)
{
        if (!c || c->args_complete == COMPLETE_NONE)
                return 0;
        if (c->args_complete == COMPLETE_COMMANDS) /* what follows a command is not a command */
                return 1;
        return c->max_args;
}
