#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-line map of ids that a process writes for the user namespace it has
 * just made. Runs between clone and exec: no heap, no stdio.
 */

#include "base/macro.h"

/* Into a file below /proc, in one write. */
int proc_write(const char *path, const char *text) MUST_CHECK;

typedef struct IdMap {
        uint32_t inside_uid, outside_uid, inside_gid, outside_gid;
} IdMap;

/* setgroups denied, then both maps. Needs to be dumpable: else the files are root's. */
int id_map_write(const IdMap *map) MUST_CHECK;

/* Decimal, with its sign; returns where the NUL is. `room` holds 12 bytes or more. */
char *number_text(char *room, int64_t n);
