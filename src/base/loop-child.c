/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/loop-child.h"

/* System calls by number: the wrappers are younger than the C libraries we build with, and the one
 * of waitid hides the usage that the kernel would give. */
enum { WAIT_PIDFD = 3 }; /* P_PIDFD */

int child_pidfd_open(pid_t pid, int *ret_fd)
{
        long fd = syscall(SYS_pidfd_open, pid, 0U);
        if (fd < 0)
                return -errno;
        *ret_fd = (int)fd;
        return 0;
}

int child_signal(int pidfd, int signo)
{
        return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0U) < 0 ? -errno : 0;
}

int child_reap(int pidfd, ChildExit *ret)
{
        siginfo_t info = {.si_pid = 0};
        struct rusage usage = {0};
        if (syscall(SYS_waitid, WAIT_PIDFD, pidfd, &info, WEXITED | WNOHANG, &usage) < 0)
                return -errno;
        if (info.si_pid == 0)
                return CHILD_E_ALIVE;
        *ret = (ChildExit){
                .pid = info.si_pid, .code = info.si_code, .status = info.si_status, .usage = usage};
        return 0;
}

static int loop_child_ready(LoopSource *source, uint32_t events UNUSED)
{
        LoopChild *c = CONTAINER_OF(source, LoopChild, source);
        const LoopChildOps *ops = c->ops;
        ChildExit how;

        int r = child_reap(c->fd, &how);
        if (r == CHILD_E_ALIVE) /* traced: a debugger has the status first */
                return 0;
        if (r < 0 && r != -ECHILD)
                return r;
        /* A pidfd of what has ended is readable for ever. */
        loop_child_done(c);
        return ops->ended(c, r == 0 ? &how : NULL);
}

static const LoopSourceOps loop_child_source_ops = {
        .priority = LOOP_PRIORITY_REAP,
        .ready = loop_child_ready,
};

int loop_child_init(LoopChild *c, Loop *l, int pidfd, const LoopChildOps *ops)
{
        assert(ops->ended);
        int r = loop_source_add(&c->source, l, &loop_child_source_ops, pidfd, EPOLLIN);
        if (r < 0)
                return r;
        c->fd = pidfd;
        c->ops = ops;
        return 0;
}

void loop_child_done(LoopChild *c)
{
        if (!c->source.loop)
                return;
        loop_source_remove(&c->source);
        fd_close_p(&c->fd);
        *c = (LoopChild){0};
}
