#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child process by its pidfd, which never means another process, however
 * old it is: a signal to it, its end as a source of the loop. For a process
 * that waits for few children and knows them. A supervisor of many takes all
 * exits from one drain of waitid() and only signals through the pidfd.
 */

#include <sys/resource.h>

#include "base/loop.h"

typedef struct LoopChild LoopChild;

typedef struct ChildExit {
        pid_t pid;
        int code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
        int status; /* the exit status or the signal */
        struct rusage usage;
} ChildExit;

enum { _CHILD_E_SUCCESS, CHILD_E_ALIVE };

/* Close-on-exec. -ESRCH: there is no such process, not even a zombie. */
int child_pidfd_open(pid_t pid, int *ret_fd) MUST_CHECK;
/* A zombie takes any signal and says 0; -ESRCH once it is reaped. 0 only asks. */
int child_signal(int pidfd, int signo) MUST_CHECK;
/* Takes the status of a child that has ended, without waiting. -ECHILD: it is not ours, or its
 * status was taken by somebody else. */
int child_reap(int pidfd, ChildExit *ret) MUST_CHECK;

typedef struct LoopChildOps {
        /* Once; the source has ended itself before. NULL: somebody else took the status. May free what
         * holds it. 0, or -errno: comes out of loop_run(). */
        int (*ended)(LoopChild *c, const ChildExit *how);
} LoopChildOps;

struct LoopChild {
        LoopSource source;
        int fd; /* owned */
        const LoopChildOps *ops;
};

/* Takes over `pidfd` when it says 0. */
int loop_child_init(LoopChild *c, Loop *l, int pidfd, const LoopChildOps *ops) MUST_CHECK;
/* The child lives on and is nobody's until it is reaped. Does nothing to one that is all zero or
 * has ended. */
void loop_child_done(LoopChild *c);
