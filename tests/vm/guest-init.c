/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first moments of a VM. The kernel starts `guest PROGRAM ARGUMENT...` as
 * PID 1; the driver is forked here, so that the program, which then takes over
 * PID 1 by exec, finds a child that it has not made. The driver's exit status
 * becomes the result of the machine, unless PID 1 dies first.
 */
#include "vm/guest.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const struct {
        const char *type, *where, *options;
} mounts[] = {
        {"proc", "/proc", NULL},        {"sysfs", "/sys", NULL},
        {"devtmpfs", "/dev", NULL},     {"cgroup2", "/sys/fs/cgroup", NULL},
        {"tmpfs", "/run", "mode=0755"}, {"tmpfs", "/tmp", "mode=1777"},
};

static void mount_all(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
                mkdir(mounts[i].where, 0755);
                if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, mounts[i].options) < 0)
                        broken(mounts[i].where);
        }
}

static void use_console(void)
{
        int fd = open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                _exit(GUEST_BROKEN);
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
                dup2(fd, i);
        if (fd > STDERR_FILENO)
                close(fd);
}

static void loopback_up(void)
{
        struct ifreq lo = {.ifr_name = "lo"};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                broken("socket");
        lo.ifr_flags = IFF_UP;
        if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
                broken("lo");
        close(fd);
}

/* Between PID 1 and the shell, so that the status of the shell is not lost. */
static void run_driver(void)
{
        char result[16];
        int status;
        pid_t pid = fork();
        if (pid == 0) {
                setsid();
                execl("/bin/busybox", "sh", "/vm/driver", (char *)NULL);
                broken("/vm/driver");
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                broken("driver");
        snprintf(result, sizeof(result), "%d", WIFEXITED(status) ? WEXITSTATUS(status) : GUEST_BROKEN);
        execl("/vm/guest", "guest", "exit", result, (char *)NULL);
        broken("exit");
}

int guest_init(char **args)
{
        mount_all();
        use_console();
        loopback_up();
        pid_t pid = fork();
        if (pid < 0)
                broken("fork");
        if (pid == 0)
                run_driver();
        execv(args[0], args);
        broken(args[0]);
}
