#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor health` in the command table.
 */

#include "cli/command.h"

extern const Command cmd_health;
