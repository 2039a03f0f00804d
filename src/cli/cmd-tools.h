#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor tools` in the command table.
 */

#include "cli/command.h"

extern const Command cmd_tools;
