#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor events` in the command table, and what its options
 * fill.
 */

#include "cli/command.h"

typedef struct EventsOptions {
        bool follow, json;
        const char *socket;
} EventsOptions;

extern const Command cmd_events;
