#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor check` in the command table, and what its options fill.
 */

#include "cli/command.h"

typedef enum CheckFormat { CHECK_FORMAT_TEXT, CHECK_FORMAT_JSON } CheckFormat;

typedef struct CheckOptions {
        bool diff, no_resolve, planned, strict;
        int format; /* CheckFormat */
} CheckOptions;

extern const Command cmd_check;
