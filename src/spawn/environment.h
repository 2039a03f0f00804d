#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of a server: nothing but LOGNAME PATH TERM USER LANG TZ of
 * ours, HOME SHELL TMPDIR, what `env_pass` names, what env_file holds and
 * what `env` says, the later winning. Pure but for reading `ours`.
 */

#include "config/config.h"

typedef struct Environment {
        const char **items; /* ends with NULL */
        size_t n;
        Arena arena;
} Environment;

typedef struct EnvironmentArgs {
        const ServerConfig *server;
        const char *const *ours; /* environ */
        const char *home;        /* the server's directory */
} EnvironmentArgs;

int environment_make(const EnvironmentArgs *args, Environment *ret) MUST_CHECK;
void environment_done(Environment *e);
