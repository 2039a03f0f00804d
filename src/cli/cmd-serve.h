#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor serve` in the command table, and what its options fill.
 */

#include "cli/daemon-command.h"

typedef struct ServeOptions {
        DaemonFlags flags;
        const char *config, *state_dir, *runtime_dir;
        bool keep_going;
} ServeOptions;

extern const Command cmd_serve;
