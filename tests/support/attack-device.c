/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by way of /sys, /dev, and device nodes that lie elsewhere. */
#include "support/attacker.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static int list_sys(const AttackContext *c, const Attempt *a)
{
        struct stat st;
        char path[128];
        snprintf(path, sizeof(path), "%s/kernel", attack_place(c, a->text));
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(fstat(fd, &st));
}

/* The kernel looks at the low half of the request only: number. No descriptor is needed to see a filter. */
static int request(const AttackContext *c, const Attempt *a)
{
        return attack_result(syscall(SYS_ioctl, -1L, a->number, c->zeros));
}

/* Somebody else's: to become its session, or to type into it. */
static int take_terminal(const AttackContext *c, const Attempt *a)
{
        int fd = open(attack_place(c, a->text), O_RDWR | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(ioctl(fd, (unsigned long)a->number, a->other));
}

/* clang-format off */
#define NO_SYS .standard = "ENOENT", .plain = "EACCES"
#define NO_DEV .standard = "ENOENT", .plain = "EACCES"
#define NO_NODE .standard = "EACCES EPERM", .strict = "ENOENT", .plain = "EACCES"
const Attempt attack_device[] = {
        {"sysfs", list_sys, "/sys", NO_SYS},
        {"sysfs-uevent", attack_open, "/sys/kernel/uevent_helper", .number = O_WRONLY, NO_SYS, .needs = "file:/sys/kernel/uevent_helper", .note = "opened only"},
        {"sysfs-profiling", attack_open, "/sys/kernel/profiling", .number = O_WRONLY, NO_SYS, .needs = "file:/sys/kernel/profiling", .note = "opened only"},
        {"sysfs-net", attack_open, "/sys/class/net/lo/mtu", .number = O_WRONLY, NO_SYS, .unfenced = "done ENOENT", .note = "opened only"},
        {"sysfs-power", attack_open, "/sys/power/state", .number = O_WRONLY, NO_SYS, .needs = "file:/sys/power/state", .note = "opened only"},
        {"cgroup-procs", attack_open, "@cgroup/cgroup.procs", .number = O_WRONLY, NO_SYS, .note = "opened only"},
        {"cgroup-max", attack_open, "@cgroup/cgroup.max.depth", .number = O_WRONLY, NO_SYS, .unfenced = "done ENOENT", .note = "opened only"},
        {"debugfs", attack_open, "/sys/kernel/debug", .number = O_RDONLY | O_DIRECTORY, NO_SYS, .needs = "file:/sys/kernel/debug"},
        {"tracefs", attack_open, "/sys/kernel/tracing", .number = O_RDONLY | O_DIRECTORY, NO_SYS, .needs = "file:/sys/kernel/tracing"},
        {"dev-mem", attack_open, "/dev/mem", .number = O_RDWR, NO_DEV, .needs = "file:/dev/mem", .note = "opened only"},
        {"dev-port", attack_open, "/dev/port", .number = O_RDWR, NO_DEV, .needs = "file:/dev/port", .note = "opened only"},
        {"kmsg-dev", attack_open, "/dev/kmsg", .unfenced = "done EINVAL EAGAIN", NO_DEV, .needs = "file:/dev/kmsg"},
        {"kmsg-forge", attack_open, "/dev/kmsg", .number = O_WRONLY, NO_DEV, .needs = "file:/dev/kmsg", .note = "opened only"},
        {"dev-disk", attack_open, "@disk", .number = O_RDONLY, NO_DEV, .unfenced = "done ENXIO ENODATA", .needs = "disk:", .note = "opened only"},
        {"dev-kvm", attack_open, "/dev/kvm", .number = O_RDWR, NO_DEV, .unfenced = "done ENODEV ENXIO", .needs = "file:/dev/kvm"},
        {"dev-fuse", attack_open, "/dev/fuse", .number = O_RDWR, NO_DEV, .needs = "file:/dev/fuse"},
        {"dev-tun", attack_open, "/dev/net/tun", .number = O_RDWR, NO_DEV, .unfenced = "done ENODEV ENXIO", .needs = "file:/dev/net/tun"},
        {"dev-loop", attack_open, "/dev/loop-control", .number = O_RDWR, NO_DEV, .unfenced = "done ENODEV ENXIO", .needs = "file:/dev/loop-control"},
        {"dev-console", attack_open, "/dev/console", .number = O_WRONLY, NO_DEV, .unfenced = "done ENODEV EIO", .needs = "file:/dev/console"},
        {"dev-tty0", attack_open, "/dev/tty0", .number = O_WRONLY, NO_DEV, .unfenced = "done ENXIO ENODEV EIO", .needs = "file:/dev/tty0"},
        {"dev-ptmx", attack_open, "/dev/ptmx", .number = O_RDWR, NO_DEV, .needs = "file:/dev/ptmx"},
        {"dev-write-null-node", attack_open, "@outside/null", .number = O_WRONLY, NO_NODE},
        {"dev-kmsg-node", attack_open, "@outside/kmsg", .number = O_WRONLY, NO_NODE, .note = "opened only"},
        {"dev-mem-node", attack_open, "@outside/mem", NO_NODE, .number = O_RDWR, .unfenced = "done ENXIO", .note = "opened only"},
        {"terminal-write", attack_open, "@terminal", .number = O_WRONLY, NO_DEV},
        {"terminal-take", take_terminal, "@terminal", .number = TIOCSCTTY, NO_DEV},
        {"terminal-type", take_terminal, "@terminal", "x", .number = TIOCSTI, .unfenced = "done EIO", NO_DEV, .note = "newer kernels have it switched off: EIO"},
        {"ioctl-tiocsti", request, .number = 0x5412, .unfenced = "EBADF", .note = "a filter is before the descriptor"},
        {"ioctl-tiocsti-high", request, .number = 0x100005412, .unfenced = "EBADF"},
        {"ioctl-tiocsti-all-high", request, .number = (long)0xffffffff00005412, .unfenced = "EBADF"},
        {"ioctl-tioclinux", request, .number = 0x541c, .unfenced = "EBADF"},
        {"ioctl-tioclinux-high", request, .number = 0x10000541c, .unfenced = "EBADF"},
        {0},
};
/* clang-format on */
