#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control groups (v2) of ours may be made: the group that we are in, as
 * a directory. Reads /proc/self/mountinfo and /proc/self/cgroup as texts;
 * opens nothing.
 */

#include "base/buf.h"

typedef struct CgroupPlace {
        char *dir;  /* owned: the directory of the group that we are in */
        char *self; /* owned: the same as /proc/PID/cgroup names it: "/", "/a/b" */
} CgroupPlace;

enum { _CGROUP_PLACE_E_SUCCESS, CGROUP_PLACE_E_NONE };

/* CGROUP_PLACE_E_NONE: no v2 hierarchy, or our group is not below any mount of it. */
int cgroup_place_find(Span mountinfo, Span cgroup, CgroupPlace *ret) MUST_CHECK;
void cgroup_place_done(CgroupPlace *p);

/* The v2 line of /proc/PID/cgroup; SPAN_NONE: there is none. */
Span cgroup_line(Span cgroup) PURE;
