/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to make namespaces, or to go into those of others. */
#include "support/attacker.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/wait.h>

static int make(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(SYS_unshare, a->number));
}

/* As fork, with flags: the kernel looks at their low half. */
static int branch(const AttackContext *c UNUSED, const Attempt *a)
{
        long pid = syscall(SYS_clone, a->number | SIGCHLD, 0L, 0L, 0L, 0L);
        if (pid == 0)
                _exit(0);
        if (pid < 0)
                return errno;
        (void)waitpid((pid_t)pid, NULL, 0);
        return 0;
}

static int branch3(const AttackContext *c UNUSED, const Attempt *a)
{
        struct clone_args args = {.flags = (uint64_t)a->number, .exit_signal = SIGCHLD};
        long pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                _exit(0);
        if (pid < 0)
                return errno;
        (void)waitpid((pid_t)pid, NULL, 0);
        return 0;
}

/* number: of which kind. */
static int enter(const AttackContext *c, const Attempt *a)
{
        char path[128];
        snprintf(path, sizeof(path), "/proc/%s/ns/%s", attack_place(c, a->text), a->other);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(syscall(SYS_setns, (long)fd, a->number));
}

static int enter_process(const AttackContext *c, const Attempt *a)
{
        int fd = (int)syscall(SYS_pidfd_open, attack_number(c, a->text), 0L);
        return fd < 0 ? errno : attack_result(syscall(SYS_setns, (long)fd, a->number));
}

/* A user namespace, and root in it: what a mount would be made with. */
static int be_root_inside(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        static const char map[] = "0 0 1\n";
        if (syscall(SYS_unshare, (long)CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return errno;
        int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(write(fd, map, sizeof(map) - 1));
}

/* clang-format off */
#define OTHERS .standard = "EACCES EPERM"
#define HIDDEN .standard = "ENOENT", .plain = "EACCES EPERM"
#define NO_CLONE3 .standard = "ENOSYS"
const Attempt attack_namespace[] = {
        {"unshare-user", make, .number = CLONE_NEWUSER},
        {"unshare-mount", make, .number = CLONE_NEWNS},
        {"unshare-pid", make, .number = CLONE_NEWPID},
        {"unshare-net", make, .number = CLONE_NEWNET},
        {"unshare-ipc", make, .number = CLONE_NEWIPC},
        {"unshare-uts", make, .number = CLONE_NEWUTS},
        {"unshare-cgroup", make, .number = CLONE_NEWCGROUP},
        {"unshare-time", make, .number = CLONE_NEWTIME, .unfenced = "done EINVAL"},
        {"unshare-all", make, .number = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET},
        {"unshare-fs-high", make, .number = CLONE_NEWNS | (1L << 40), .unfenced = "EINVAL done"},
        {"unshare-user-map", be_root_inside, .unfenced = "done"},
        {"clone-user", branch, .number = CLONE_NEWUSER},
        {"clone-mount", branch, .number = CLONE_NEWNS},
        {"clone-pid", branch, .number = CLONE_NEWPID},
        {"clone-net", branch, .number = CLONE_NEWNET},
        {"clone-ipc", branch, .number = CLONE_NEWIPC},
        {"clone-uts", branch, .number = CLONE_NEWUTS},
        {"clone-cgroup", branch, .number = CLONE_NEWCGROUP},
        {"clone-user-and-all", branch, .number = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC},
        {"clone-user-high", branch, .number = CLONE_NEWUSER | (1L << 32), .note = "the kernel drops the high half, a filter must too"},
        {"clone-mount-all-high", branch, .number = (long)(0xffffffffUL << 32) | CLONE_NEWNS},
        {"clone3-user", branch3, .number = CLONE_NEWUSER, NO_CLONE3},
        {"clone3-mount", branch3, .number = CLONE_NEWNS, NO_CLONE3},
        {"clone3-plain", branch3, NO_CLONE3, .note = "its flags lie in memory: all of it is refused, and libraries fall back"},
        {"setns-own-net", enter, "self", "net", .number = CLONE_NEWNET},
        {"setns-own-mount", enter, "self", "mnt", .number = CLONE_NEWNS, .unfenced = "done"},
        {"setns-own-ipc", enter, "self", "ipc", .number = CLONE_NEWIPC},
        {"setns-own-user", enter, "self", "user", .number = CLONE_NEWUSER, .unfenced = "EINVAL"},
        {"setns-init-mount", enter, "1", "mnt", .number = CLONE_NEWNS, OTHERS},
        {"setns-init-net", enter, "1", "net", .number = CLONE_NEWNET, OTHERS},
        {"setns-init-pid", enter, "1", "pid", .number = CLONE_NEWPID, OTHERS},
        {"setns-supervisor-mount", enter, "@supervisor", "mnt", .number = CLONE_NEWNS, HIDDEN},
        {"setns-sibling-ipc", enter, "@sibling", "ipc", .number = CLONE_NEWIPC, HIDDEN},
        {"setns-pidfd-supervisor", enter_process, "supervisor", .number = CLONE_NEWNS | CLONE_NEWNET, .standard = "ESRCH", .plain = "EPERM"},
        {"setns-any", attack_call, .number = SYS_setns, .args = {UINT64_MAX, 0}, .unfenced = "EBADF"},
        {0},
};
/* clang-format on */
