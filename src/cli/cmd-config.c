/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-config.h"

static int print_entry(const CommandCall *call)
{
        command_error(call->path, "not linked yet");
        return EXIT_CODE_INTERNAL;
}

static int schema_entry(const CommandCall *call)
{
        command_error(call->path, "not linked yet");
        return EXIT_CODE_INTERNAL;
}

static int defaults_entry(const CommandCall *call)
{
        command_error(call->path, "not linked yet");
        return EXIT_CODE_INTERNAL;
}

static const Option print_options[] = {
        {"format", 0, "FORMAT", "yaml (the default) or json", OPTION_IS_WORD(ConfigPrintOptions, format),
         .words = WORDS("yaml", "json")},
};

static const Option schema_options[] = {
        {"format", 0, "FORMAT", "json (the default: JSON Schema), markdown or man",
         OPTION_IS_WORD(ConfigSchemaOptions, format), .words = WORDS("json", "markdown", "man")},
};

static const Command config_defaults = {
        .name = "defaults",
        .summary = "show every key with its default",
        .description = "Prints a configuration in which every key has its default.",
        .usage = "",
        .entry = defaults_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config defaults", "what holds when nothing is written"}),
};

static const Command config_print = {
        .name = "print",
        .summary = "show a file in its canonical form",
        .description = "Prints a configuration in its canonical form: every key that is not at its "
                       "default, in one order. References are shown as written, literal secrets as "
                       "<secret:NAME>; no option shows them.",
        .usage = "[OPTION...] FILE",
        OPTIONS(print_options),
        .options_size = sizeof(ConfigPrintOptions),
        .entry = print_entry,
        .min_args = 1,
        .max_args = 1,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config print mcpvisor.yaml", "the file as it is understood"}),
};

static const Command config_schema = {
        .name = "schema",
        .summary = "show the schema of the configuration",
        .description = "Prints all keys with types, defaults, bounds and explanations: as JSON Schema "
                       "2020-12 for editors, as Markdown, or as a manual page.",
        .usage = "[OPTION...]",
        OPTIONS(schema_options),
        .options_size = sizeof(ConfigSchemaOptions),
        .entry = schema_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config schema > mcpvisor.schema.json",
                              "for an editor that completes keys by JSON Schema"}),
};

static const Command *const config_commands[] = {&config_defaults, &config_print, &config_schema, NULL};

const Command cmd_config = {
        .name = "config",
        .summary = "show a configuration, the schema, or the defaults",
        .description = "Shows what the program understands of configurations.",
        .usage = "COMMAND [OPTION...] [FILE]",
        .sub = config_commands,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
};
