#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at the machine for what a snapshot names: programs, interpreters,
 * users, groups, directories, limits. Fills the `resolved` part of each
 * server and notes what is missing, with the directories that were searched.
 * May block on file systems: only the validator calls it.
 */

#include "config/config.h"

int resolve_config(Config *c, const char *file, DiagList *diags) MUST_CHECK;
