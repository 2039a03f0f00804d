/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn CHILD HELPER: for each kind of tree, how long a server takes from
 * the call to its exec confirmed, and how long the end of a tree of 200 tasks
 * takes from the kill until the last of them has closed its files, the warden
 * is gone and the group is empty. CHILD is tests/support/child. Prints a table.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/loop-child.h"
#include "spawn/cgroup.h"
#include "spawn/spawn.h"

enum { SPAWNS = 300, KILLS = 20, TASKS = 200, PATIENCE_MS = 20000, LOOK_MS = 2 };

typedef struct World {
        Spawner spawner;
        CgroupRoot cgroups;
        const char *child;
        char mark[32]; /* the last argument of a bomb, by which its tasks are found */
        unsigned n;
} World;

typedef struct Server {
        Spawned s;
        Cgroup group; /* fd -1: none */
} Server;

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "bench-spawn: %s: %s\n", what, strerror(-r));
        exit(1);
}

static double now_ms(void)
{
        return (double)clock_now(&clock_monotonic) / (double)NSEC_PER_MSEC;
}

/* ---- one server ------------------------------------------------------------ */

static void await(int fd, short events, const char *what)
{
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, PATIENCE_MS);
        must(n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno, what);
}

static void await_exec(const Spawned *s)
{
        SpawnReport report;
        do {
                await(s->status_fd, POLLIN, "exec");
                must(spawn_report_read(s->status_fd, &report) == 0 ? 0 : -ECHILD, "the helper's report");
                if (report.kind == SPAWN_REPORT_FAILED)
                        must(-report.error.error, spawn_stage_name(report.error.stage));
        } while (report.kind != SPAWN_REPORT_EXECED);
}

static void server_start(World *w, const char *const *argv, Server *ret)
{
        static const char *const no_env[] = {NULL};
        char name[32];
        StepError error = {0};
        ret->group = (Cgroup){.fd = -1, .events_fd = -1};
        snprintf(name, sizeof(name), "bench-%u", w->n++);
        if (w->cgroups.fd >= 0)
                must(cgroup_new(&w->cgroups, name, &ret->group), "a group");
        SpawnArgs args = {.exe = w->child,
                          .argv = argv,
                          .envp = no_env,
                          .uid = UINT64_MAX,
                          .gid = UINT64_MAX,
                          .cgroup_fd = ret->group.fd};
        must(spawn_server(&w->spawner, &args, &ret->s, &error), "spawn");
}

static void server_kill(const Server *s)
{
        if (s->group.fd >= 0)
                must(cgroup_kill(&s->group), "cgroup.kill");
        else
                must(child_signal(s->s.pidfd, s->s.pidns ? SIGKILL : WARDEN_KILL), "a signal to the warden");
}

static void await_empty(const Server *s)
{
        struct pollfd out = {.fd = s->s.stdout_fd, .events = POLLIN};
        char waste[512];
        while (!(out.revents & POLLHUP)) {
                await(s->s.stdout_fd, POLLIN, "the last holder of stdout");
                (void)poll(&out, 1, 0);
                while (read(s->s.stdout_fd, waste, sizeof(waste)) > 0)
                        ;
        }
        await(s->s.pidfd, POLLIN, "the warden's end");
        bool populated = s->group.fd >= 0;
        while (populated) {
                must(cgroup_populated(&s->group, &populated), "cgroup.events");
                if (populated)
                        await(s->group.events_fd, POLLPRI, "an empty group");
        }
}

static void server_free(World *w, Server *s)
{
        ChildExit how;
        must(child_reap(s->s.pidfd, &how), "reap");
        int *fds[] = {&s->s.pidfd, &s->s.stdin_fd, &s->s.stdout_fd, &s->s.stderr_fd, &s->s.status_fd};
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fd_close_p(fds[i]);
        if (s->group.fd >= 0)
                cgroup_done(&w->cgroups, &s->group);
}

/* ---- the two figures ------------------------------------------------------- */

static double time_spawn(World *w)
{
        const char *const argv[] = {"child", "mcp", NULL};
        Server s;
        double start = now_ms();
        server_start(w, argv, &s);
        await_exec(&s.s);
        double ms = now_ms() - start;
        server_kill(&s);
        await_empty(&s);
        server_free(w, &s);
        return ms;
}

static bool has_mark(const char *pid, const char *mark)
{
        char path[300], line[256];
        snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line));
        size_t len = strlen(mark) + 1;
        return n > (ssize_t)len && memcmp(line + n - len, mark, len) == 0;
}

/* Nobody tells when a bomb is as large as it gets: look until it is. */
static void await_tasks(const World *w)
{
        for (double end = now_ms() + PATIENCE_MS; now_ms() < end; (void)poll(NULL, 0, LOOK_MS)) {
                unsigned found = 0;
                DIR *d = opendir("/proc");
                must(d ? 0 : -errno, "/proc");
                for (struct dirent *e; (e = readdir(d));)
                        found += e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_mark(e->d_name, w->mark);
                closedir(d);
                if (found >= TASKS)
                        return;
        }
        must(-ETIMEDOUT, "the fork bomb");
}

static double time_kill(World *w)
{
        char tasks[16];
        snprintf(tasks, sizeof(tasks), "%d", TASKS);
        const char *const argv[] = {"child", "forkbomb", tasks, w->mark, NULL};
        Server s;
        server_start(w, argv, &s);
        await_tasks(w);
        double start = now_ms();
        server_kill(&s);
        await_empty(&s);
        double ms = now_ms() - start;
        server_free(w, &s);
        return ms;
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static void row(World *w, const char *name, double (*measure)(World *w), size_t n)
{
        double ms[SPAWNS];
        for (size_t i = 0; i < n; i++)
                ms[i] = measure(w);
        qsort(ms, n, sizeof(*ms), by_value);
        printf("%-50s %6zu %9.2f %9.2f %9.2f\n", name, n, ms[n / 2], ms[n * 99 / 100], ms[n - 1]);
        fflush(stdout);
}

static void rows(World *w, const char *tree)
{
        char name[64];
        snprintf(name, sizeof(name), "spawn to exec confirmed, %s", tree);
        row(w, name, time_spawn, SPAWNS);
        snprintf(name, sizeof(name), "kill of %d tasks to nothing left, %s", TASKS, tree);
        row(w, name, time_kill, KILLS);
}

/* ---- the kinds of tree ------------------------------------------------------ */

static void with_cgroup(World *w)
{
        char dir[64];
        const char *why = NULL;
        snprintf(dir, sizeof(dir), "bench-spawn-%d", (int)getpid());
        int r = cgroup_root_open(dir, &w->cgroups, &why);
        must(r, "control groups");
        if (r == 0 && w->cgroups.can_kill)
                rows(w, "cgroup");
        else
                printf("no tree cgroup here: %s\n", why ? why : "there is no cgroup.kill");
        if (r == 0)
                cgroup_root_close(&w->cgroups);
        w->cgroups.fd = -1;
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fprintf(stderr, "usage: spawn CHILD HELPER\n");
                return 2;
        }
        CLEANUP_FREE char *child = realpath(argv[1], NULL);
        must(child ? 0 : -errno, argv[1]);
        World w = {.child = child, .cgroups = {.fd = -1}};
        snprintf(w.mark, sizeof(w.mark), "bench-%d", (int)getpid());
        must(spawner_init(&w.spawner, argv[2]), argv[2]);
        printf("%-50s %6s %9s %9s %9s\n", "", "runs", "median ms", "p99 ms", "most ms");
        with_cgroup(&w);
        if (w.spawner.no_pidns)
                printf("no tree pidns here\n");
        else
                rows(&w, "pidns");
        w.spawner.no_pidns = true;
        rows(&w, "best-effort");
        spawner_done(&w.spawner);
        return 0;
}
