#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The row of `mcpvisor sandbox` in the command table, and its sub-commands. */

#include "cli/command.h"

extern const Command cmd_sandbox;
