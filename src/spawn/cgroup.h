#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups (v2) of ours: one group for this life of the supervisor,
 * named after its runtime directory, and below it one for each instance.
 * Works with a hybrid hierarchy that has no controllers; says so when there is
 * no group to be had at all. Never touches a group that it did not name.
 */

#include <sys/types.h>

#include "base/clock.h"

typedef struct CgroupRoot {
        int fd;        /* owned: our group's directory; -1: there are none here */
        char *path;    /* owned: for messages */
        bool can_kill; /* cgroup.kill is there (5.14) */
        char *self;    /* owned: the group as /proc/PID/cgroup names it */
} CgroupRoot;

typedef struct Cgroup {
        int fd;        /* owned: its directory; -1: none */
        int events_fd; /* owned: cgroup.events, POLLPRI when `populated` changes */
        char name[80];
} Cgroup;

enum { _CGROUP_E_SUCCESS, CGROUP_E_NONE };

/* Finds the cgroup2 mount and our place in it, removes what earlier lives under the same runtime
 * directory have left (kills, waits at most 2 s), makes our group. CGROUP_E_NONE: not here, and *ret_why
 * (static text) says why. Call with the runtime directory's lock held. */
int cgroup_root_open(const char *runtime_dir, CgroupRoot *ret, const char **ret_why) MUST_CHECK;
/* Removes our group; its instances are gone. */
void cgroup_root_close(CgroupRoot *r);

int cgroup_new(const CgroupRoot *r, const char *name, Cgroup *ret) MUST_CHECK;
/* Closes, and removes the directory when it is empty. Take events_fd out of the loop before. */
void cgroup_done(const CgroupRoot *r, Cgroup *c);

/* -ENODEV: the group is gone. */
int cgroup_populated(const Cgroup *c, bool *ret) MUST_CHECK;
/* cgroup.kill, then SIGKILL to each process that is still listed. Asynchronous. */
int cgroup_kill(const Cgroup *c) MUST_CHECK;
/* A signal to each process of it but `except` (0: none). */
int cgroup_signal(const Cgroup *c, int signo, pid_t except) MUST_CHECK;
/* Is this process in a group of this root, and in which instance's? False: not ours. */
bool cgroup_of(const CgroupRoot *r, pid_t pid, char *ret_name, size_t size);

typedef struct CgroupUsage {
        uint64_t memory, cpu_usec, pids; /* UINT64_MAX: not known */
        uint64_t oom_kills;              /* 0 when not known */
} CgroupUsage;

/* Without controllers, memory, cpu and pids are summed up over its processes. */
int cgroup_usage(const Cgroup *c, CgroupUsage *ret) MUST_CHECK;
