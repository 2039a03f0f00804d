#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that fetch a package and run it: npx, uvx and their like. A
 * table says for each how its arguments name the package and its version.
 * Pure: reads a server's command and arguments, and nothing is fetched.
 */

#include "config/config.h"

/* What the server's launcher fetches, borrowed from the server; NULL: it has none, or names nothing. */
const char *launcher_package(const ServerConfig *s);
/* Does the server's launcher fetch whatever is newest? `ret_package` is what it fetches, borrowed from
 * the server. */
bool launcher_is_unpinned(const ServerConfig *s, const char **ret_package);
