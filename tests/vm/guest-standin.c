/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standin FILE: the least that a supervisor has to do, so that scenarios can
 * be tried without ours: each line of FILE is `NAME PIDS COMMAND...`, started
 * in a cgroup of its own as PID 1 of a namespace that dies with us. It reaps
 * whatever ends and restarts nothing. TERM: TERM to all, then the kill, exit 0.
 */
#include "vm/guest.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { WORDS_MAX = 16, SERVERS_MAX = 16, GRACE_MS = 500, GONE_MS = 2000, WATCHDOG_MS = 500 };

#define GROUPS "/sys/fs/cgroup/standin"

typedef struct Server {
        char group[128];
        pid_t pid;
} Server;

typedef struct Standin {
        Server servers[SERVERS_MAX];
        unsigned n;
} Standin;

static void in_group(const Server *s, const char *file, const char *text)
{
        char path[200];
        snprintf(path, sizeof(path), "%s/%s", s->group, file);
        write_file(path, text);
}

/* What an earlier one left there is killed first. */
static int make_group(const Server *s, const char *pids)
{
        if (mkdir(s->group, 0755) < 0 && errno == EEXIST)
                in_group(s, "cgroup.kill", "1");
        if (strcmp(pids, "0") != 0)
                in_group(s, "pids.max", pids);
        int fd = open(s->group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                broken(s->group);
        return fd;
}

static void start(Server *s, char **words)
{
        int fd = make_group(s, words[1]);
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP | CLONE_NEWPID, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd};
        s->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
        if (s->pid < 0)
                broken("clone3");
        if (s->pid == 0) {
                sigset_t none;
                sigemptyset(&none);
                sigprocmask(SIG_SETMASK, &none, NULL);
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                setsid();
                execv(words[2], words + 2);
                broken(words[2]);
        }
        close(fd);
}

static void start_all(Standin *all, const char *path)
{
        FILE *file = fopen(path, "re");
        char line[512];
        if (file == NULL)
                broken(path);
        mkdir(GROUPS, 0755);
        write_file("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
        write_file(GROUPS "/cgroup.subtree_control", "+pids");
        while (fgets(line, sizeof(line), file) && all->n < SERVERS_MAX) {
                char *words[WORDS_MAX + 1] = {0}, *save = NULL;
                unsigned n = 0;
                for (char *w = strtok_r(line, " \n", &save); w && n < WORDS_MAX;
                     w = strtok_r(NULL, " \n", &save))
                        words[n++] = w;
                if (n < 3)
                        continue;
                Server *s = &all->servers[all->n++];
                snprintf(s->group, sizeof(s->group), GROUPS "/%s", words[0]);
                start(s, words);
        }
        fclose(file);
}

static void reap(void)
{
        while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
}

static bool all_empty(const Standin *all)
{
        for (unsigned i = 0; i < all->n; i++) {
                int fd = open_events(all->servers[i].group);
                bool populated = fd >= 0 && is_populated(fd);
                if (fd >= 0)
                        close(fd);
                if (populated)
                        return false;
        }
        return true;
}

static void wait_until_empty(const Standin *all, int signals, int64_t ms)
{
        for (int64_t end = now_ms() + ms; !all_empty(all) && now_ms() < end;) {
                struct pollfd p = {.fd = signals, .events = POLLIN};
                struct signalfd_siginfo info;
                if (poll(&p, 1, (int)MAX(end - now_ms(), 0)) > 0 && read(signals, &info, sizeof(info)) < 0)
                        broken("signalfd");
                reap();
        }
}

static int stop_all(const Standin *all, int signals)
{
        for (unsigned i = 0; i < all->n; i++)
                if (all->servers[i].pid > 0)
                        kill(all->servers[i].pid, SIGTERM);
        wait_until_empty(all, signals, GRACE_MS);
        for (unsigned i = 0; i < all->n; i++)
                in_group(&all->servers[i], "cgroup.kill", "1");
        wait_until_empty(all, signals, GONE_MS);
        for (unsigned i = 0; i < all->n; i++)
                waitpid(all->servers[i].pid, NULL, 0);
        return all_empty(all) ? 0 : 1;
}

/* To a service manager, when there is one. */
static void notify(const char *text)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        if (path == NULL || strlen(path) >= sizeof(to.sun_path))
                return;
        memcpy(to.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
                broken("notify");
        close(fd);
}

int duty_standin(char **args)
{
        static Standin all;
        struct signalfd_siginfo info;
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        int signals = signalfd(-1, &set, SFD_CLOEXEC);
        if (signals < 0)
                broken("signalfd");
        start_all(&all, args[0]);
        close(open("/run/ready", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        notify("READY=1");
        for (struct pollfd p = {.fd = signals, .events = POLLIN};;) {
                if (poll(&p, 1, WATCHDOG_MS) == 0)
                        notify("WATCHDOG=1");
                else if (read(signals, &info, sizeof(info)) != sizeof(info))
                        broken("signalfd");
                else if (info.ssi_signo == SIGTERM)
                        return stop_all(&all, signals);
                reap();
        }
}
