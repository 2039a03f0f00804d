/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-import.h"

static int import_entry(const CommandCall *call)
{
        command_error(call->path, "not linked yet");
        return EXIT_CODE_INTERNAL;
}

static const Option import_options[] = {
        {"dry-run", 0, NULL, "write nothing; show what would be written",
         OPTION_IS_FLAG(ImportOptions, dry_run)},
        {"force", 0, NULL, "replace files that exist", OPTION_IS_FLAG(ImportOptions, force)},
        {"output", 'o', "FILE", "the configuration to write", OPTION_IS_STRING(ImportOptions, output),
         .complete = COMPLETE_FILE},
};

const Command cmd_import = {
        .name = "import",
        .summary = "make a configuration from those of other programs",
        .description = "Reads the server lists of Claude Desktop, Claude Code, Cursor, VS Code and "
                       "Windsurf, or the files given, and writes one commented configuration. Literal "
                       "secrets go to files of mode 0600 that it refers to. What exists is not "
                       "overwritten without --force.",
        .usage = "[OPTION...] [FILE...]",
        OPTIONS(import_options),
        .options_size = sizeof(ImportOptions),
        .entry = import_entry,
        .max_args = COMMAND_ARGS_ANY,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor import --dry-run", "what would be taken from where"},
                             {"mcpvisor import --output=mcpvisor.yaml ~/.cursor/mcp.json", "one file only"}),
};
