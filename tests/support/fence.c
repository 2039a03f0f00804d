/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fence PROFILE HOME PROGRAM [ARGUMENT...]: runs the program as a server is
 * run, behind the fences of that profile on this machine, by the same parts
 * as the daemon. What it prints is printed; its status is ours.
 */
#include "support/sandbox.h"
#include "support/spawn.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sandbox/prepare.h"
#include "sandbox/probe.h"

enum { FIRST_ARG = 3, NOTHING_RAN = 125, CHUNK = 65536 };

extern char **environ;

static int complain(const char *what, const char *why)
{
        (void)fprintf(stderr, "fence: %s: %s\n", what, why);
        return NOTHING_RAN;
}

/* Returns false at its end. */
static bool copy(int from, int to)
{
        char buf[CHUNK];
        ssize_t n = read(from, buf, sizeof(buf));
        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        return n > 0 && write(to, buf, (size_t)n) == n;
}

/* Until both are closed, and nothing more is reported. */
static int follow(Spawned *s, SpawnReport *ret_exit)
{
        struct pollfd p[] = {{s->stdout_fd, POLLIN, 0}, {s->stderr_fd, POLLIN, 0}, {s->status_fd, POLLIN, 0}};
        SpawnReport report;
        bool exited = false;
        while (p[0].fd >= 0 || p[1].fd >= 0 || p[2].fd >= 0) {
                if (poll(p, ARRAY_SIZE(p), -1) < 0)
                        return -errno;
                if (p[0].revents && !copy(p[0].fd, STDOUT_FILENO))
                        p[0].fd = -1;
                if (p[1].revents && !copy(p[1].fd, STDERR_FILENO))
                        p[1].fd = -1;
                if (!p[2].revents)
                        continue;
                if (spawn_report_read(p[2].fd, &report) != 0) {
                        p[2].fd = -1;
                } else if (report.kind == SPAWN_REPORT_FAILED) {
                        (void)complain(spawn_stage_name(report.error.stage), report.error.detail);
                        return -report.error.error;
                } else if (report.kind == SPAWN_REPORT_EXITED) {
                        exited = true;
                        *ret_exit = report;
                }
        }
        return exited ? 0 : -ECHILD;
}

static int run(const SandboxMachine *m, const Prepared *prepared, char **argv)
{
        CLEANUP(buf_done) Buf program = BUF_INIT(BUF_CAP_NONE);
        Spawner spawner;
        Spawned s;
        SpawnReport done = {0};
        StepError e;
        int r = sandbox_plan_encode(&prepared->plan, &program);
        if (r == 0)
                r = spawner_init(&spawner, getenv("FENCE_HELPER"));
        if (r < 0)
                return complain("spawner", strerror(-r));
        const SpawnArgs args = {
                .exe = argv[0],
                .argv = (const char *const *)argv,
                .envp = (const char *const *)environ,
                .cwd = "/",
                .uid = prepared->uid,
                .gid = prepared->gid,
                .cgroup_fd = -1,
                .sandbox = buf_span(&program),
                .needs_pidns = machine_has(m, OFFER_PIDNS),
        };
        if (spawn_server(&spawner, &args, &s, &e) < 0)
                return complain(spawn_stage_name(e.stage), strerror(e.error));
        r = follow(&s, &done);
        (void)close(s.stdin_fd);
        (void)waitpid(s.pid, NULL, 0);
        spawner_done(&spawner);
        if (r < 0)
                return complain("server", strerror(-r));
        return done.code == CLD_EXITED ? done.status : complain("server", strsignal(done.status));
}

int main(int argc, char **argv)
{
        static const char *const own[] = {"/etc/mcpvisor", "/run/mcpvisor", "/var/lib/mcpvisor", NULL};
        char sandbox[64];
        SandboxMachine machine;
        Prepared prepared;
        if (argc <= FIRST_ARG)
                return complain("usage", "fence PROFILE HOME PROGRAM [ARGUMENT...]");
        (void)snprintf(sandbox, sizeof(sandbox), "{profile: %s}", argv[1]);
        Config *config = sandbox_config(sandbox, NULL);
        ServerConfig *s = (ServerConfig *)(uintptr_t)config_server(config, 0);
        s->resolved.command.value = argv[FIRST_ARG];
        s->resolved.uid = s->resolved.gid = UINT64_MAX;
        int r = probe(&probe_calls, &machine);
        const PrepareArgs args = {.config = config,
                                  .server = s,
                                  .machine = &machine,
                                  .own = own,
                                  .home = argv[2],
                                  .supervisor = getpid()};
        /* Groups are the daemon's to make, and no attempt is about them: without controllers strict is
         * refused. */
        for (unsigned i = OFFER_CGROUP; i <= OFFER_CGROUP_IO; i++)
                machine.refused[i] = 0;
        if (r == 0)
                r = sandbox_prepare(&args, &prepared);
        if (r < 0)
                return complain("plan", strerror(-r));
        if (prepared.plan.verdict == SANDBOX_REFUSED)
                return complain("refused", prepared.plan.why ? prepared.plan.why : "-");
        if (geteuid() == 0 && chown(argv[2], (uid_t)prepared.uid, (gid_t)prepared.gid) < 0)
                return complain(argv[2], strerror(errno));
        r = run(&machine, &prepared, argv + FIRST_ARG);
        prepared_done(&prepared);
        config_unref(config);
        return r;
}
