/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/clone.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static pid_t call_clone3(uint64_t flags, int *ret_pidfd, int cgroup_fd)
{
        struct clone_args args = {
                .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
                .pidfd = (uintptr_t)ret_pidfd,
                .exit_signal = SIGCHLD,
        };
        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t)cgroup_fd;
        }
        long r = syscall(SYS_clone3, &args, sizeof(args));
        return r < 0 ? -errno : (pid_t)r;
}

static pid_t call_clone(uint64_t flags, int *ret_pidfd)
{
        unsigned long all = (unsigned long)flags | CLONE_PIDFD | SIGCHLD;
#if defined(__s390x__)
        long r = syscall(SYS_clone, 0, all, ret_pidfd, 0, 0);
#else
        long r = syscall(SYS_clone, all, 0, ret_pidfd, 0, 0);
#endif
        return r < 0 ? -errno : (pid_t)r;
}

static pid_t call_fork(void)
{
        pid_t pid = fork();
        return pid < 0 ? -errno : pid;
}

static int call_pidfd_open(pid_t pid)
{
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);
        return fd < 0 ? -errno : fd;
}

const CloneCalls clone_calls = {call_clone3, call_clone, call_fork, call_pidfd_open};

/* What is tried now; each failure takes something from it. */
typedef struct Attempt {
        const CloneCalls *calls;
        CloneRefused *refused;
        bool clone3, clone, pidns, userns, into;
        bool suspect3; /* clone3 was refused in a way that may have meant the namespaces */
        int cgroup_fd;
} Attempt;

static uint64_t flags_of(const Attempt *a)
{
        return (a->pidns ? (uint64_t)CLONE_NEWPID : 0) | (a->userns ? (uint64_t)CLONE_NEWUSER : 0);
}

/* A filter or an old kernel; whether EPERM meant the call or the namespaces, the next step shows. */
static bool clone3_refused(Attempt *a, int r)
{
        bool gone = r == -ENOSYS || r == -E2BIG;
        if (a->into && (r == -EBUSY || r == -EOPNOTSUPP || r == -EACCES)) {
                a->into = false;
                a->refused->into_cgroup = true;
                return true;
        }
        if (!gone && r != -EPERM && r != -EINVAL)
                return false;
        a->clone3 = false;
        a->suspect3 = !gone && flags_of(a);
        if (!a->suspect3)
                a->refused->clone3 = true;
        return true;
}

/* Without namespaces, then. That there are none left (ENOSPC) may be another tomorrow. */
static bool namespace_refused(Attempt *a, int r)
{
        bool known = r == -EPERM || r == -EINVAL || r == -ENOSYS;
        if (!flags_of(a) || (!known && r != -ENOSPC && r != -EUSERS))
                return false;
        if (known && a->userns)
                a->refused->userns = true;
        else if (known)
                a->refused->pidns = true;
        a->pidns = a->userns = false;
        a->clone3 = !a->refused->clone3; /* it was not clone3 that was refused */
        a->suspect3 = false;
        return true;
}

static bool clone_refused(Attempt *a, int r)
{
        if (namespace_refused(a, r))
                return true;
        if (r != -EPERM && r != -EINVAL && r != -ENOSYS)
                return false;
        a->clone = false;
        a->refused->clone = true;
        return true;
}

static void end_unseen(pid_t pid)
{
        (void)kill(pid, SIGKILL); /* not reaped yet: the pid is its own */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

static int by_fork(Attempt *a, Cloned *c)
{
        a->pidns = a->userns = false;
        c->pid = a->calls->fork();
        return c->pid < 0 ? c->pid : 0;
}

static int step(Attempt *a, Cloned *c, bool *again)
{
        *again = false;
        /* The new process sees these as they are when it begins. */
        c->pidns = a->pidns;
        c->userns = a->userns;
        c->in_cgroup = a->clone3 && a->into;
        if (a->clone3) {
                c->pid = a->calls->clone3(flags_of(a), &c->pidfd, a->into ? a->cgroup_fd : -1);
                *again = c->pid < 0 && (clone3_refused(a, c->pid) || namespace_refused(a, c->pid));
        } else if (a->clone) {
                c->pid = a->calls->clone(flags_of(a), &c->pidfd);
                if (c->pid > 0 && a->suspect3)
                        a->refused->clone3 = true;
                *again = c->pid < 0 && clone_refused(a, c->pid);
        } else {
                c->pidns = c->userns = false;
                return by_fork(a, c);
        }
        return c->pid < 0 ? c->pid : 0;
}

int clone_process(const CloneCalls *calls, CloneRefused *refused, const CloneWish *wish, Cloned *ret)
{
        Attempt a = {
                .calls = calls,
                .refused = refused,
                .clone3 = !refused->clone3,
                .clone = !refused->clone,
                .into = wish->cgroup_fd >= 0 && !refused->into_cgroup,
                .cgroup_fd = wish->cgroup_fd,
        };
        Cloned c = {.pidfd = -EBADF};
        bool again;
        int r;
        a.pidns = wish->pidns && !refused->pidns && !(wish->userns && refused->userns);
        a.userns = a.pidns && wish->userns;
        do
                r = step(&a, &c, &again);
        while (again);
        if (r < 0)
                return r;
        if (c.pid > 0 && c.pidfd < 0) { /* forked, or a kernel that does not know CLONE_PIDFD */
                c.pidfd = calls->pidfd_open(c.pid);
                if (c.pidfd < 0) {
                        end_unseen(c.pid);
                        return c.pidfd;
                }
        }
        *ret = c;
        return 0;
}
