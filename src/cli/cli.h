#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: the options that any command knows, then the command.
 * Makes sure that the three standard descriptors exist and that what was
 * written to stdout arrived. Knows no command by name.
 */

#include "base/macro.h"

/* Returns the exit status. */
int cli_main(int argc, char **argv);
