#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The name of a server that was given none, made from its command. Pure. */

#include "base/macro.h"

enum { RUN_NAME_ROOM = 65 };

/* The package that a launcher fetches, without its scope and version, else the program's own name:
 * `npx -y @scope/server-x@1.2` is server-x. Always a legal name of a server. */
int run_name(char *const *argv, size_t n, char ret[static RUN_NAME_ROOM]) MUST_CHECK;
