/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/env-table.h"
#include "cli/command.h"

#define CLIENTS                                                                                         \
        "status top logs history audit events start stop restart reset reload drain reexec tools call " \
        "connect client-config"

/* Sorted by name. */
const EnvRow env_table[] = {
        {"MCPVISOR_ALLOWED_HOSTS", "allow-host", "serve run",
         "names that a Host header may bear beside localhost and addresses, separated by commas"},
        {"MCPVISOR_CONFIG", "config", "check config serve", "the configuration file, where none is named"},
        {"MCPVISOR_LISTEN", "listen", "serve run health",
         "addresses of the HTTP endpoint, separated by commas; health asks the first of them"},
        {"MCPVISOR_LOG_FORMAT", "log-format", "serve run", "how log lines are written: text or json"},
        {"MCPVISOR_LOG_LEVEL", "log-level", "serve run",
         "what is logged: debug, info, warning or error, and all that is more severe"},
        {"MCPVISOR_SOCKET", "socket", CLIENTS, "the control socket of the daemon, or its directory"},
        {"MCPVISOR_TOKEN", NULL, "serve run",
         "the token of the HTTP endpoint; removed from the environment before the first server starts"},
        {"NO_COLOR", "color", NULL, "when set and not empty: no colour, unless an option asks for it"},
};

const size_t env_table_size = ARRAY_SIZE(env_table);

bool env_row_in_force(const EnvRow *row)
{
        return !row->commands || command_any_exists(row->commands);
}
