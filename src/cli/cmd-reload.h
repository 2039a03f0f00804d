#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of `mcpvisor reload` and `drain` in the command table, and what
 * their options fill.
 */

#include "cli/command.h"

typedef struct ReloadOptions {
        bool no_wait;
        const char *socket;
} ReloadOptions;

typedef struct DrainOptions {
        const char *socket;
} DrainOptions;

extern const Command cmd_drain, cmd_reload;
