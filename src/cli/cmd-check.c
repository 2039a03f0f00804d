/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-check.h"

static int check_entry(const CommandCall *call)
{
        const CheckOptions *o = call->options;
        if (call->n_args != (o->diff ? 2 : 1))
                return command_usage_error(call->path, o->diff ? "--diff needs two files: OLD and NEW"
                                                               : "one file at a time, unless with --diff");
        command_error(call->path, "not linked yet");
        return EXIT_CODE_INTERNAL;
}

static const Option check_options[] = {
        {"diff", 0, NULL, "compare two files: what a reload from OLD to NEW would do",
         OPTION_IS_FLAG(CheckOptions, diff)},
        {"format", 0, "FORMAT", "text (the default), or json: one object a line on stdout",
         OPTION_IS_WORD(CheckOptions, format), .words = WORDS("text", "json")},
        {"no-resolve", 0, NULL, "do not look for commands, users and directories on this machine",
         OPTION_IS_FLAG(CheckOptions, no_resolve)},
        {"planned", 0, NULL, "accept keys that have no effect in this version",
         OPTION_IS_FLAG(CheckOptions, planned)},
        {"strict", 0, NULL, "warnings are errors", OPTION_IS_FLAG(CheckOptions, strict)},
};

const Command cmd_check = {
        .name = "check",
        .aliases = WORDS("validate"),
        .summary = "check a configuration file",
        .description = "Reads a configuration file and tells everything that is wrong with it, each "
                       "with file, line and column. Also looks where each command is found, and whether "
                       "users and directories exist.\n\n"
                       "With --diff, tells what a reload from one file to another would do to each server.",
        .usage = "[OPTION...] FILE\n--diff [OPTION...] OLD NEW",
        OPTIONS(check_options),
        .options_size = sizeof(CheckOptions),
        .entry = check_entry,
        .min_args = 1,
        .max_args = 2,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor check mcpvisor.yaml", "all errors and warnings, with the lines"},
                             {"mcpvisor check --strict --format=json mcpvisor.yaml",
                              "for machines: a warning is a failure too"},
                             {"mcpvisor check --diff old.yaml new.yaml", "which servers would restart"}),
};
