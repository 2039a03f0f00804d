#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor logs` in the command table, and what its options fill.
 */

#include "cli/command.h"

typedef struct LogsOptions {
        bool follow, json;
        Nsec since;    /* NSEC_NEVER: not given */
        uint64_t tail; /* UINT64_MAX: not given */
        const char *socket;
} LogsOptions;

extern const Command cmd_logs;
