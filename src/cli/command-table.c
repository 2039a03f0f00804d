/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command-table.h"
#include "cli/cmd-check.h"
#include "cli/cmd-completion.h"
#include "cli/cmd-config.h"
#include "cli/cmd-help.h"
#include "cli/cmd-import.h"
#include "cli/cmd-run.h"
#include "cli/cmd-serve.h"
#include "cli/cmd-version.h"

const Command *const command_table[] = {
        &cmd_check, &cmd_completion, &cmd_config,  &cmd_help, &cmd_import,
        &cmd_run,   &cmd_serve,      &cmd_version, NULL,
};

/* Those that any command knows come first. */
const Option global_options[] = {
        {"color", 0, "WHEN", "colour: auto (on a terminal), always or never",
         OPTION_IS_WORD(GlobalOptions, color), .words = WORDS(COLOR_WORDS)},
        {"help", 'h', NULL, "show help and exit", OPTION_IS_FLAG(GlobalOptions, help)},
        {"version", 'V', NULL, "show the version and exit", OPTION_IS_FLAG(GlobalOptions, version)},
};

const size_t global_options_size = ARRAY_SIZE(global_options);
const size_t common_options_size = ARRAY_SIZE(global_options) - 1;

#define CONTROL "the control socket"

const PlannedCommand planned_commands[] = {
        {"audit", "the recorder"},
        {"call", "the gateway"},
        {"client-config", "the gateway"},
        {"connect", "the gateway"},
        {"drain", CONTROL},
        {"events", CONTROL},
        {"health", "the gateway"},
        {"history", "the recorder"},
        {"logs", CONTROL},
        {"ls", CONTROL},
        {"pin", "tool pins"},
        {"ps", CONTROL},
        {"reexec", CONTROL},
        {"reload", CONTROL},
        {"reset", CONTROL},
        {"restart", CONTROL},
        {"sandbox", "the sandbox"},
        {"start", CONTROL},
        {"status", CONTROL},
        {"stop", CONTROL},
        {"tools", "the gateway"},
        {"top", CONTROL},
        {NULL, NULL},
};
