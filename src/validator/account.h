#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups of this machine, by name or number. The files in /etc are
 * read first, then whatever nsswitch.conf names, which a static executable
 * cannot load: so both agree on local accounts. May block on a directory
 * service: only the validator calls it.
 */

#include "base/macro.h"

bool account_find_user(const char *name, uint64_t *ret_uid, uint64_t *ret_gid);
/* A number needs no entry: a group is only ever set, not looked into. */
bool account_find_group(const char *name);
