#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor import` in the command table, and what its options
 * fill.
 */

#include "cli/command.h"

typedef struct ImportOptions {
        bool dry_run, force;
        const char *output; /* NULL: not given */
} ImportOptions;

extern const Command cmd_import;
