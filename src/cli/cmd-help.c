/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-help.h"
#include "cli/command-table.h"
#include "cli/help.h"

static int help_entry(const CommandCall *call)
{
        if (call->n_args == 0) {
                help_overview(stdout, call->terminal->out_color);
                return EXIT_CODE_DONE;
        }
        const Command *c = command_find(command_table, span_of(call->args[0]));
        if (!c)
                return command_unknown("", command_table, call->args[0]);
        if (call->n_args == 1) {
                help_command(stdout, c->name, c, call->terminal->out_color);
                return EXIT_CODE_DONE;
        }

        const Command *sub = c->sub ? command_find(c->sub, span_of(call->args[1])) : NULL;
        if (!sub && !c->sub)
                return command_usage_error(c->name, "this command has no sub-commands");
        if (!sub)
                return command_unknown(c->name, c->sub, call->args[1]);
        char path[COMMAND_PATH_MAX];
        snprintf(path, sizeof(path), "%s %s", c->name, sub->name);
        help_command(stdout, path, sub, call->terminal->out_color);
        return EXIT_CODE_DONE;
}

const Command cmd_help = {
        .name = "help",
        .summary = "explain a command",
        .description = "Explains a command, as COMMAND --help does. Without one: which commands there are.",
        .usage = "[COMMAND [SUBCOMMAND]]",
        .entry = help_entry,
        .max_args = 2,
        .args_complete = COMPLETE_COMMANDS,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE),
        .examples = EXAMPLES({"mcpvisor help check", "the same as mcpvisor check --help"}),
};
