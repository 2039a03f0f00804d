#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of this version, the options that stand before or after any
 * of them, and the names that later versions give to commands. Help, manual
 * page and completions are made from the first two; the last only makes the
 * error better.
 */

#include "cli/command.h"

#define PROGRAM_PURPOSE "Keeps many MCP servers alive, fenced in, and reachable through one HTTP endpoint."

extern const Command *const command_table[]; /* sorted by name; ends with NULL */

typedef struct GlobalOptions {
        bool help, version;
        int color; /* ColorMode */
} GlobalOptions;

extern const Option global_options[];
extern const size_t global_options_size;
/* How many of them, from the first on, are also known after a command. */
extern const size_t common_options_size;

typedef struct PlannedCommand {
        const char *name;
        const char *comes_with;
} PlannedCommand;

extern const PlannedCommand planned_commands[]; /* ends with a row of NULL */
