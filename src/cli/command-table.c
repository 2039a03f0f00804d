/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command-table.h"
#include "cli/cmd-call.h"
#include "cli/cmd-change.h"
#include "cli/cmd-check.h"
#include "cli/cmd-client-config.h"
#include "cli/cmd-completion.h"
#include "cli/cmd-config.h"
#include "cli/cmd-connect.h"
#include "cli/cmd-events.h"
#include "cli/cmd-health.h"
#include "cli/cmd-help.h"
#include "cli/cmd-history.h"
#include "cli/cmd-import.h"
#include "cli/cmd-logs.h"
#include "cli/cmd-reload.h"
#include "cli/cmd-run.h"
#include "cli/cmd-sandbox.h"
#include "cli/cmd-serve.h"
#include "cli/cmd-status.h"
#include "cli/cmd-tools.h"
#include "cli/cmd-version.h"

const Command *const command_table[] = {
        &cmd_call,    &cmd_check,  &cmd_client_config, &cmd_completion, &cmd_config,
        &cmd_connect, &cmd_drain,  &cmd_events,        &cmd_health,     &cmd_help,
        &cmd_history, &cmd_import, &cmd_logs,          &cmd_reload,     &cmd_reset,
        &cmd_restart, &cmd_run,    &cmd_sandbox,       &cmd_serve,      &cmd_start,
        &cmd_status,  &cmd_stop,   &cmd_tools,         &cmd_version,    NULL,
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
        {"audit", "the recorder"}, {"pin", "tool pins"}, {"reexec", CONTROL}, {"top", CONTROL}, {NULL, NULL},
};
