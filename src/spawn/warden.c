/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/limit-table.h"
#include "spawn/helper.h"

typedef struct State {
        const Warden *w;
        pid_t leader; /* 0: has ended */
        bool killing;
        Nsec kill_at; /* NSEC_NEVER: nobody has asked */
} State;

static Nsec now(void)
{
        struct timespec t = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (Nsec)t.tv_sec * NSEC_PER_SEC + (Nsec)t.tv_nsec;
}

/* All but us. Inside a pid namespace the kernel knows who that is; elsewhere /proc tells, and without it
 * there is the leader's group. */
static void signal_tree(const State *s, int signo)
{
        if (s->w->pidns)
                (void)kill(-1, signo);
        else if (descendants_signal(signo) < 0 && s->leader)
                (void)kill(-s->leader, signo);
}

static void term(const State *s)
{
        signal_tree(s, SIGTERM);
        signal_tree(s, SIGCONT); /* TERM waits for what is stopped */
}

static void report_exit(const State *s, int status, const struct rusage *usage)
{
        SpawnRecord r = {.magic = SPAWN_RECORD_MAGIC, .kind = SPAWN_REPORT_EXITED, .usage = *usage};
        if (WIFEXITED(status)) {
                r.code = CLD_EXITED;
                r.status = WEXITSTATUS(status);
        } else {
                r.code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
                r.status = WTERMSIG(status);
        }
        spawn_record_send(s->w->status_fd, &r);
}

/* Until none is left that has ended. Exits when there is no child at all. */
static void reap(State *s)
{
        struct rusage usage;
        int status;
        for (;;) {
                pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
                if (pid == 0)
                        return;
                if (pid < 0 && errno != EINTR)
                        _exit(EXIT_SUCCESS);
                if (pid > 0 && pid == s->leader) {
                        s->leader = 0;
                        report_exit(s, status, &usage);
                }
        }
}

static _Noreturn void failed(const Warden *w, const StepError *e)
{
        spawn_record_failed(w->status_fd, e);
        (void)kill(w->leader, SIGKILL); /* it may hang where it is */
        while (waitpid(w->leader, NULL, 0) < 0 && errno == EINTR)
                ;
        _exit(HELPER_FAILED);
}

/* A signal ended it, or shall. */
static _Noreturn void ended_early(const Warden *w)
{
        StepError e = {.stage = SPAWN_STAGE_EXEC, .error = ECANCELED};
        step_detail(&e, (const char *const[3]){"the process was killed before its exec"});
        failed(w, &e);
}

/* Waits for what the leader says; false: told to end everything, and it has said nothing in time. */
static bool wait_leader(const Warden *w, const sigset_t *ends)
{
        struct pollfd p[2] = {{.fd = w->pipe_fd, .events = POLLIN}, {.events = POLLIN}};
        p[1].fd = signalfd(-1, ends, SFD_CLOEXEC); /* -1 is not looked at */
        int r;
        do
                r = poll(p, ARRAY_SIZE(p), -1);
        while (r < 0 && errno == EINTR);
        if (p[1].fd >= 0)
                (void)close(p[1].fd);
        if (r > 0 && !p[0].revents)
                r = poll(p, 1, LIMIT_WARDEN_GRACE);
        return r > 0;
}

/* Returns when the server runs. */
static void await_exec(const Warden *w, const sigset_t *ends)
{
        bool going = false;
        for (;;) {
                StepError e;
                if (!wait_leader(w, ends))
                        ended_early(w);
                ssize_t n = read(w->pipe_fd, &e, sizeof(e));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n != sizeof(e))
                        break;
                if (e.stage != LEADER_GO)
                        failed(w, &e);
                going = true;
        }
        if (!going)
                ended_early(w);
        const SpawnRecord r = {.magic = SPAWN_RECORD_MAGIC, .kind = SPAWN_REPORT_EXECED};
        spawn_record_send(w->status_fd, &r);
}

static void on_signal(State *s, int signo)
{
        switch (signo) {
        case WARDEN_KILL:
                s->kill_at = 0;
                break;
        case WARDEN_SWEEP:
                term(s);
                s->kill_at = MIN(s->kill_at, now() + LIMIT_WARDEN_GRACE * NSEC_PER_MSEC);
                break;
        case WARDEN_TERM:
                term(s);
                break;
        default: /* CHLD: everything is reaped in each turn */
                break;
        }
}

/* Who is found is killed; whose parents die meanwhile become our children, and are found next. In a
 * namespace one call reaches all, and what does not end then takes our own end to go. */
static void kill_tree(State *s)
{
        bool again = s->killing;
        s->killing = true;
        if (s->w->pidns && again)
                _exit(EXIT_SUCCESS);
        for (int i = 0; i < LIMIT_WARDEN_PASSES; i++) {
                int n = s->w->pidns ? 0 : descendants_signal(SIGKILL);
                if (n < 0 || s->w->pidns)
                        signal_tree(s, SIGKILL);
                reap(s);
                if (n <= 0)
                        break;
        }
        s->kill_at = now() + (s->w->pidns ? LIMIT_WARDEN_GRACE : LIMIT_WARDEN_AGAIN) * NSEC_PER_MSEC;
}

static _Noreturn void loop(State *s, const sigset_t *all)
{
        for (;;) {
                reap(s);
                Nsec at = now();
                if (s->kill_at <= at) {
                        kill_tree(s);
                        continue;
                }
                Nsec left = s->kill_at - at;
                const struct timespec t = {(time_t)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC)};
                int signo = sigtimedwait(all, NULL, s->kill_at == NSEC_NEVER ? NULL : &t);
                if (signo > 0)
                        on_signal(s, signo);
        }
}

void warden_run(const Warden *w)
{
        State s = {.w = w, .leader = w->leader, .kill_at = NSEC_NEVER};
        sigset_t all, ends;
        sigemptyset(&ends);
        sigaddset(&ends, WARDEN_SWEEP);
        sigaddset(&ends, WARDEN_KILL);
        all = ends;
        sigaddset(&all, WARDEN_TERM);
        sigaddset(&all, SIGCHLD);
        await_exec(w, &ends);
        (void)close(w->pipe_fd);
        loop(&s, &all);
}
