#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What standard output and standard error are connected to, and what follows
 * from it: whether to use colour, how wide a line may be. Asked once at the
 * start; nothing here writes.
 */

#include "base/macro.h"

typedef enum ColorMode {
        COLOR_AUTO, /* on a terminal that can show it, unless NO_COLOR is set */
        COLOR_ALWAYS,
        COLOR_NEVER,
} ColorMode;

#define COLOR_WORDS "auto", "always", "never" /* in the order of ColorMode */

typedef struct Terminal {
        bool out_tty, err_tty;
        bool out_color, err_color;
        unsigned width; /* columns of standard output; 80 when nobody knows */
} Terminal;

void terminal_probe(ColorMode mode, Terminal *ret);

/* The decision alone. `no_color` and `term` are the variables NO_COLOR and TERM, or NULL. */
bool terminal_wants_color(ColorMode mode, bool tty, const char *no_color, const char *term);
/* Columns from the variable COLUMNS, or NULL; 0 when it tells none. */
unsigned terminal_parse_columns(const char *columns);
