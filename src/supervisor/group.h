#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of a group that the configuration names, without asking anybody
 * who may keep us waiting.
 */

#include <sys/types.h>

#include "base/macro.h"

/* A number, or a name in /etc/group. -ESRCH: there is none. */
int group_find(const char *name, gid_t *ret) MUST_CHECK;
