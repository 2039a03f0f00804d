#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor status` in the command table, and what its options
 * fill.
 */

#include "cli/command.h"

typedef struct StatusOptions {
        bool json, watch;
        int wait; /* ServerState; -1: not given */
        Nsec timeout;
        const char *socket; /* NULL: not given */
} StatusOptions;

extern const Command cmd_status;
