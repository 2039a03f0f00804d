#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `builtin:demo`: a small MCP server on stdin and stdout, so that a fresh
 * machine has something real to run. Started as any other server is; knows
 * nothing of the daemon around it.
 */

#include "base/macro.h"

/* Answers requests until end of file. Returns the exit status. */
int demo_main(int argc, char **argv);
