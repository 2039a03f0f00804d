#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one control group, by its directory: small texts, numbers by
 * key, the list of processes, the groups below it. Knows no names of ours.
 */

#include <sys/types.h>

#include "base/buf.h"

enum { CGROUP_TEXT_MAX = 4096, CGROUP_DEPTH = 8 };

/* A whole small file, NUL-terminated; its start where it is longer. */
int cgroup_read(int dir, const char *file, char *buf, size_t size) MUST_CHECK;
int cgroup_write(int dir, const char *file, const char *text) MUST_CHECK;
/* A number from lines "KEY N"; with key NULL the first line. -ENOENT: no such file or key. */
int cgroup_number(int dir, const char *file, const char *key, uint64_t *ret) MUST_CHECK;

/* For each process in the group and those below it; never for ourselves. */
typedef void CgroupVisit(void *data, pid_t pid);
int cgroup_each_pid(int dir, CgroupVisit *visit, void *data) MUST_CHECK;

/* For each group right below whose name begins so, with its directory; stops at a negative result. */
int cgroup_each_child(int dir, const char *prefix, int (*visit)(void *data, int child, const char *name),
                      void *data) MUST_CHECK;

/* cgroup.kill where it is there, then SIGKILL to each that is still listed. */
int cgroup_kill_dir(int dir) MUST_CHECK;
/* Removes `name` below `parent` and the groups below it; -EBUSY: something lives in them. */
int cgroup_remove(int parent, const char *name) MUST_CHECK;
