#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs together: rules over more than one key, each a row of a table
 * of checks. Works on a snapshot whose single values are valid already and
 * adds errors and warnings with the places where the keys were written.
 */

#include "config/config.h"

int verify_config(const Config *c, const char *file, DiagList *diags) MUST_CHECK;

/* "npx -y pkg" and the like: does the launcher fetch whatever is newest? `ret_package` is what it
 * fetches, borrowed from the server. */
bool launcher_is_unpinned(const ServerConfig *s, const char **ret_package);

/* What the profile says where the file does not. */
SandboxNet server_net(const ServerConfig *s);
SandboxDegrade server_degrade(const ServerConfig *s);
