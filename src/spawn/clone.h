#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new process by the best means that the kernel grants: clone3, clone, or
 * fork with pidfd_open, with namespaces and control group where they can be
 * had. Only takes steps down and remembers them; knows nothing of what the
 * process will do. The system calls are handed in.
 */

#include <sys/types.h>

#include "base/macro.h"

/* Each gives -errno; those that make a process give 0 in it. */
typedef struct CloneCalls {
        pid_t (*clone3)(uint64_t flags, int *ret_pidfd, int cgroup_fd);
        pid_t (*clone)(uint64_t flags, int *ret_pidfd);
        pid_t (*fork)(void);
        int (*pidfd_open)(pid_t pid);
} CloneCalls;

extern const CloneCalls clone_calls;

/* What the kernel has refused for good. */
typedef struct CloneRefused {
        bool clone3, clone, pidns, userns, into_cgroup;
} CloneRefused;

typedef struct CloneWish {
        bool pidns;    /* a pid namespace */
        bool userns;   /* by way of a user namespace: never without pidns */
        int cgroup_fd; /* -1: stay where we are */
} CloneWish;

typedef struct Cloned {
        pid_t pid; /* 0: this is the new process */
        int pidfd; /* owned; not in the new process */
        bool pidns, userns, in_cgroup;
} Cloned;

/* Both the parent and the new process return 0 from here; in the latter the fields but pid and pidfd hold
 * as well. Signals are the caller's to block. */
int clone_process(const CloneCalls *calls, CloneRefused *refused, const CloneWish *wish,
                  Cloned *ret) MUST_CHECK;
