/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to signal others, by each call that does. SIGURG harms nobody who
 * has no handler for it; whom it is meant for tells when it comes.
 */
#include "support/attacker.h"

#include <fcntl.h>
#include <sys/socket.h>

static pid_t target(const AttackContext *c, const Attempt *a)
{
        return strcmp(a->text, "warden") == 0 ? c->parent : (pid_t)attack_number(c, a->text);
}

static int send_kill(const AttackContext *c, const Attempt *a)
{
        return attack_result(kill(target(c, a), SIGURG));
}

/* All that it may signal: in a pid namespace its own tree, which is no matter. */
static int send_all(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        return attack_result(kill(-1, SIGURG));
}

static int send_group(const AttackContext *c, const Attempt *a)
{
        return attack_result(kill(-target(c, a), SIGURG));
}

static int send_thread(const AttackContext *c, const Attempt *a)
{
        long pid = target(c, a);
        return attack_result(a->number == SYS_tkill ? syscall(SYS_tkill, pid, (long)SIGURG)
                                                    : syscall(SYS_tgkill, pid, pid, (long)SIGURG));
}

static int send_queue(const AttackContext *c, const Attempt *a)
{
        siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
        long pid = target(c, a);
        return attack_result(a->number == SYS_rt_sigqueueinfo
                                     ? syscall(a->number, pid, (long)SIGURG, &info)
                                     : syscall(a->number, pid, pid, (long)SIGURG, &info));
}

static int send_pidfd(const AttackContext *c, const Attempt *a)
{
        int pidfd = (int)syscall(SYS_pidfd_open, (long)target(c, a), 0L);
        return pidfd < 0 ? errno
                         : attack_result(syscall(SYS_pidfd_send_signal, (long)pidfd, (long)SIGURG, 0L, 0L));
}

/* By a descriptor of /proc, which also names a process. */
static int send_procfd(const AttackContext *c, const Attempt *a)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d", (int)target(c, a));
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(syscall(SYS_pidfd_send_signal, (long)fd, (long)SIGURG, 0L, 0L));
}

/* The kernel sends it when there is something to read; it asks then whether we may. */
static int send_by_owner(const AttackContext *c, const Attempt *a)
{
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
                attack_broken();
        if (fcntl(fds[0], F_SETOWN, target(c, a)) < 0 || fcntl(fds[0], F_SETSIG, SIGURG) < 0 ||
            fcntl(fds[0], F_SETFL, O_ASYNC) < 0)
                return errno;
        return write(fds[1], "x", 1) == 1 ? 0 : errno;
}

/* clang-format off */
/* Of the same uid nothing else refuses it, where there is no pid namespace. */
#define SCOPED .needs = "plain-landlock:6"
#define AWAY .standard = "ESRCH", .plain = "EPERM"
const Attempt attack_signal[] = {
        {"kill-supervisor", send_kill, "supervisor", AWAY, SCOPED},
        {"kill-gateway", send_kill, "gateway", AWAY, SCOPED},
        {"kill-sibling", send_kill, "sibling", AWAY, .as = AS_UID, SCOPED},
        {"kill-warden", send_kill, "warden", .rootless = "EPERM done", .plain = "EPERM done", .note = "as init of its namespace the warden ignores what it has no handler for; its end would be the server's"},
        {"kill-all", send_all, .standard = "done ESRCH", .plain = "EPERM", .note = "in a pid namespace it reaches its own tree only; nobody else may have got it"},
        {"kill-group-supervisor", send_group, "supervisor", AWAY, SCOPED},
        {"kill-group-sibling", send_group, "sibling", AWAY, .as = AS_UID, SCOPED},
        {"tkill-supervisor", send_thread, "supervisor", .number = SYS_tkill, AWAY, SCOPED},
        {"tkill-sibling", send_thread, "sibling", .number = SYS_tkill, AWAY, .as = AS_UID, SCOPED},
        {"tgkill-supervisor", send_thread, "supervisor", .number = SYS_tgkill, AWAY, SCOPED},
        {"tgkill-gateway", send_thread, "gateway", .number = SYS_tgkill, AWAY, SCOPED},
        {"tgkill-sibling", send_thread, "sibling", .number = SYS_tgkill, AWAY, .as = AS_UID, SCOPED},
        {"sigqueue-supervisor", send_queue, "supervisor", .number = SYS_rt_sigqueueinfo, AWAY, SCOPED},
        {"sigqueue-gateway", send_queue, "gateway", .number = SYS_rt_sigqueueinfo, AWAY, SCOPED},
        {"sigqueue-sibling", send_queue, "sibling", .number = SYS_rt_sigqueueinfo, AWAY, .as = AS_UID, SCOPED},
        {"tgsigqueue-supervisor", send_queue, "supervisor", .number = SYS_rt_tgsigqueueinfo, AWAY, SCOPED},
        {"tgsigqueue-sibling", send_queue, "sibling", .number = SYS_rt_tgsigqueueinfo, AWAY, .as = AS_UID, SCOPED},
        {"pidfd-signal-supervisor", send_pidfd, "supervisor", AWAY},
        {"pidfd-signal-gateway", send_pidfd, "gateway", AWAY},
        {"pidfd-signal-sibling", send_pidfd, "sibling", AWAY, .as = AS_UID},
        {"procfd-signal-supervisor", send_procfd, "supervisor", .standard = "ENOENT", .plain = "EPERM EACCES", SCOPED},
        {"procfd-signal-sibling", send_procfd, "sibling", .standard = "ENOENT", .plain = "EPERM EACCES", .as = AS_UID, SCOPED},
        {"owner-signal-supervisor", send_by_owner, "supervisor", .standard = "ESRCH", .plain = "done EPERM", .note = "refused when it would be sent: nobody may have got it", SCOPED},
        {"owner-signal-sibling", send_by_owner, "sibling", .standard = "ESRCH", .plain = "done EPERM", .as = AS_UID, .note = "refused when it would be sent: nobody may have got it", SCOPED},
        {0},
};
/* clang-format on */
