#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mcpvisor version`, which `--version` shares: which program this is and
 * what it was built from.
 */

#include "cli/command.h"

extern const Command cmd_version;

/* Name and version, then a line for each optional part and each library. */
void version_print(FILE *f);
