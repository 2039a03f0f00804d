#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help as text, made from the command table. Writes to the stream it is
 * given; nothing is longer than 80 columns.
 */

#include "cli/command.h"

/* The whole program: commands, global options, environment. */
void help_overview(FILE *f, bool bold);
/* One command, or one with its sub-commands. */
void help_command(FILE *f, const char *path, const Command *c, bool bold);
/* How it is called and where help is; `c` is NULL for the program. */
void help_short(FILE *f, const char *path, const Command *c);

/* "-o, --output=FILE" */
int help_option_text(const Option *o, Buf *b) MUST_CHECK;
