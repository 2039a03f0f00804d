/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts against others. They work where nothing fences them: run them below a
 * process that may die. Each try and its errno is a line on stderr.
 */
#include "support/child.h"

#include <fcntl.h>
#include <sys/ptrace.h>

static void tried(const char *what, pid_t target, long result)
{
        say(STDERR_FILENO, "child: %s %d: %s\n", what, (int)target, result == 0 ? "done" : strerror(errno));
}

static pid_t parent_of(pid_t pid)
{
        char path[64], line[512];
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
        if (fd >= 0)
                close(fd);
        if (n <= 0)
                return 0;
        line[n] = '\0';
        const char *p = strrchr(line, ')');
        return p && strlen(p) > 4 ? (pid_t)strtol(p + 4, NULL, 10) : 0;
}

static void attack(pid_t target)
{
        static const struct {
                int signo;
                const char *name;
        } signals[] = {{SIGSTOP, "SIGSTOP"}, {SIGTERM, "SIGTERM"}, {SIGKILL, "SIGKILL"}};
        tried("ptrace", target, ptrace(PTRACE_SEIZE, target, NULL, NULL));
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                tried(signals[i].name, target, kill(target, signals[i].signo));
}

void act_kill_parent(const char **args UNUSED)
{
        pid_t parent = getppid(), above = parent > 1 ? parent_of(parent) : 0;
        if (above > 1)
                attack(above);
        if (parent > 0)
                attack(parent);
}

void act_kill_group(const char **args UNUSED)
{
        if (getpgid(getppid()) == getpgrp()) {
                say(STDERR_FILENO, "child: kill-group: my parent is in my group\n");
                _exit(CHILD_EXIT_BROKEN);
        }
        struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
        sigaction(SIGTERM, &ignore, &before);
        tried("SIGTERM", 0, kill(0, SIGTERM));
        sigaction(SIGTERM, &before, NULL);
}

/* Has it more numbers than the /proc that we see knows? */
static bool in_namespace(void)
{
        char line[256];
        bool more = false;
        FILE *file = fopen("/proc/self/status", "re");
        while (file && fgets(line, sizeof(line), file)) {
                int a, b;
                if (sscanf(line, "NSpid: %d %d", &a, &b) == 2)
                        more = getppid() == 1;
        }
        if (file)
                fclose(file);
        return more;
}

static void kill_all(void)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGTERM, &ignore, NULL);
        tried("SIGTERM", -1, kill(-1, SIGTERM));
        tried("SIGKILL", -1, kill(-1, SIGKILL));
}

void act_kill_all(const char **args)
{
        char name[64] = "";
        if (strcmp(args[0], "-") == 0) {
                if (!in_namespace()) {
                        say(STDERR_FILENO, "child: kill-all: in no pid namespace of its own\n");
                        _exit(CHILD_EXIT_BROKEN);
                }
                kill_all();
                return;
        }
        int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
        if (fd >= 0)
                close(fd);
        if (n > 0)
                name[strcspn(name, "\n")] = '\0';
        if (n <= 0 || strcmp(name, args[0]) != 0) {
                say(STDERR_FILENO, "child: kill-all: PID 1 is '%s', not '%s'\n", name, args[0]);
                _exit(CHILD_EXIT_BROKEN);
        }
        kill_all();
}
