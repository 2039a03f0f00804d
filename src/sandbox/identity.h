#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which uid and gid a server has: its user's, one of its own that is stable
 * by its name (`user: dynamic` under root), or the daemon's. Pure.
 */

#include "config/config.h"
#include "sandbox/machine.h"

/* Numbers that no package and no adduser gives out; inside the map of an ordinary container. */
enum { IDENTITY_FIRST = 61184, IDENTITY_LAST = 65519 };

/* UINT64_MAX: the daemon's. -ENOSPC: more servers than numbers. */
int identity_of(const Config *c, const ServerConfig *s, const SandboxMachine *m, uint64_t *ret_uid,
                uint64_t *ret_gid) MUST_CHECK;
