#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of `mcpvisor start`, `stop`, `restart` and `reset` in the command
 * table, and what their options fill.
 */

#include "cli/command.h"

typedef struct ChangeOptions {
        bool all, no_wait;
        const char *socket;
} ChangeOptions;

extern const Command cmd_reset, cmd_restart, cmd_start, cmd_stop;
