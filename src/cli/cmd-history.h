#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor history` in the command table, and what its options
 * fill.
 */

#include "cli/command.h"

typedef struct HistoryOptions {
        bool json;
        Nsec since; /* NSEC_NEVER: not given */
        const char *socket;
} HistoryOptions;

extern const Command cmd_history;
