#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment variables that the program reads, one row each, and the
 * option that says the same. An option wins over the variable, the variable
 * over the configuration file. Help and the manual page show the rows whose
 * command this version has.
 */

#include "base/macro.h"

typedef struct EnvRow {
        const char *name;
        const char *option;   /* without the dashes; NULL: none */
        const char *commands; /* those that read it, separated by a space; NULL: all */
        const char *doc;      /* a fragment: no capital, no full stop */
} EnvRow;

#define ENV_PRECEDENCE "An option wins over the environment, the environment over the configuration file."

extern const EnvRow env_table[];
extern const size_t env_table_size;

/* Whether this version has one of the commands that read it. */
bool env_row_in_force(const EnvRow *row);
