/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "support/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/cgroup.h"
#include "spawn/helper.h"

enum { SOME_UID = 12345, EARLY_ROUNDS = 2000 };

/* How a tree is held. */
typedef struct Mode {
        const char *name;
        bool no_pidns, cgroup;
} Mode;

static const Mode modes[] = {
        {"pidns", false, false},
        {"best-effort", true, false},
        {"cgroup", false, true},
        {"cgroup, best-effort", true, true},
};

typedef struct World {
        const Mode *mode;
        Spawner s;
        CgroupRoot root;
        Cgroup group;
        Ran r;
} World;

/* False: not on this machine, or not for this user. */
static bool world_start(World *w, const Mode *m, const char *script, const char *word)
{
        const char *why = NULL;
        char name[80];
        const char *const argv[] = {"/bin/sh", "-c", script, "sh", word, NULL};
        SpawnArgs a = test_args(argv);
        *w = (World){.mode = m, .root = {.fd = -1}, .group = {.fd = -1, .events_fd = -1}};
        if (m->cgroup) {
                (void)snprintf(name, sizeof(name), "/test-warden-%d", (int)getpid());
                int r = cgroup_root_open(name, &w->root, &why);
                assert_true(r >= 0);
                if (r == CGROUP_E_NONE)
                        return false;
                assert_int_equal(cgroup_new(&w->root, "web-1", &w->group), 0);
                a.cgroup_fd = w->group.fd;
        }
        assert_int_equal(spawner_init(&w->s, test_helper()), 0);
        w->s.no_pidns = m->no_pidns;
        ran_start(&w->s, &a, &w->r);
        if (m->cgroup)
                assert_int_equal(w->r.s.tree, SPAWN_TREE_CGROUP);
        return true;
}

static void world_end(World *w)
{
        ran_finish(&w->r);
        spawner_done(&w->s);
        if (w->mode->cgroup) {
                bool populated = true;
                assert_int_equal(cgroup_populated(&w->group, &populated), 0);
                assert_false(populated);
                cgroup_done(&w->root, &w->group);
                cgroup_root_close(&w->root);
                const char *why;
                CgroupRoot again; /* nothing was left to clear: this does not wait */
                char name[80];
                (void)snprintf(name, sizeof(name), "/test-warden-%d", (int)getpid());
                assert_int_equal(cgroup_root_open(name, &again, &why), 0);
                cgroup_root_close(&again);
        }
}

/* A word for the command lines of one test, so that others of this name are not counted. */
static const char *new_word(void)
{
        static char word[64];
        static unsigned n;
        (void)snprintf(word, sizeof(word), "warden-word-%d-%u-", (int)getpid(), n++);
        return word;
}

/* Says what the kernel says, so as not to be counted before it is there. */
static void await_line(World *w)
{
        char line[64];
        ran_line(&w->r, line, sizeof(line));
        assert_string_equal(line, "up\n");
}

/* Daemons: forked twice, in sessions of their own, deaf to TERM, some stopped. Each has the word. */
static const char daemons[] =
        "for i in 1 2 3; do"
        "  setsid sh -c 'trap \"\" TERM HUP; (setsid sh -c \"trap : TERM; while :; do sleep 100; done\" $1 &)"
        "    while :; do sleep 100; done' $1 $1 &"
        " done;"
        " sh -c 'kill -STOP $$' $1 & "
        "trap '' TERM; echo up; while :; do sleep 100; done";

static void sweep(int signo, Nsec within)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                World w;
                const char *word = new_word();
                if (!world_start(&w, &modes[i], daemons, word))
                        continue;
                await_line(&w);
                Nsec begin = clock_now(&clock_monotonic);
                assert_int_equal(kill(w.r.s.pid, signo), 0);
                world_end(&w);
                assert_row(clock_now(&clock_monotonic) - begin < within, "%s", modes[i].name);
                assert_int_equal(count_word(word), 0);
                assert_row(w.r.exited && w.r.exit.code == CLD_KILLED && w.r.exit.status == SIGKILL, "%s",
                           modes[i].name);
                assert_int_equal(w.r.warden_status, 0);
        }
}

static void test_sweep(void **state UNUSED)
{
        sweep(WARDEN_SWEEP, 5 * NSEC_PER_SEC);
}

static void test_kill(void **state UNUSED)
{
        sweep(WARDEN_KILL, 5 * NSEC_PER_SEC);
}

/* TERM reaches all, stopped ones too; the warden stays for those who stay. */
static void test_term(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                World w;
                const char *word = new_word();
                static const char script[] =
                        "trap 'exit 7' TERM; " /* before the other one says that it is up */
                        "setsid sh -c 'kill -STOP $$; sleep 100' $1 & "
                        "setsid sh -c 'trap \"echo deaf\" TERM; echo up; while :; do "
                        "sleep 100 & wait; done' $1 & "
                        "while :; do sleep 100 & wait; done";
                char line[64];
                if (!world_start(&w, &modes[i], script, word))
                        continue;
                await_line(&w);
                assert_int_equal(kill(w.r.s.pid, WARDEN_TERM), 0);
                ran_await(&w.r, SPAWN_REPORT_EXITED);
                assert_true(w.r.exit.code == CLD_EXITED);
                assert_int_equal(w.r.exit.status, 7);
                ran_line(&w.r, line, sizeof(line));
                assert_string_equal(line, "deaf\n");
                struct pollfd p = {.fd = w.r.s.pidfd, .events = POLLIN};
                assert_int_equal(poll(&p, 1, 0), 0); /* it stays for the deaf one */
                assert_int_equal(kill(w.r.s.pid, WARDEN_KILL), 0);
                world_end(&w);
                assert_int_equal(count_word(word), 0);
        }
}

static void test_leader_leaves(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                World w;
                const char *word = new_word();
                static const char script[] = "(trap '' TERM; setsid sh -c 'trap \"\" TERM; echo up; while :; "
                                             "do sleep 100; done' $1 &) ; exit 3";
                if (!world_start(&w, &modes[i], script, word))
                        continue;
                await_line(&w);
                ran_await(&w.r, SPAWN_REPORT_EXITED);
                assert_int_equal(w.r.exit.status, 3);
                assert_true(count_word(word) >= 1);
                assert_int_equal(kill(w.r.s.pid, WARDEN_SWEEP), 0);
                world_end(&w);
                assert_int_equal(count_word(word), 0);
                assert_int_equal(w.r.warden_status, 0);
        }
}

static void test_exit_records(void **state UNUSED)
{
        typedef struct EndRow {
                const char *script;
                int code, status;
        } EndRow;
        static const EndRow rows[] = {
                {"exit 0", CLD_EXITED, 0},
                {"exit 255", CLD_EXITED, 255},
                {"kill -TERM $$", CLD_KILLED, SIGTERM},
                {"kill -KILL $$", CLD_KILLED, SIGKILL},
                {"kill -USR1 $$", CLD_KILLED, SIGUSR1},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t k = 0; k < 2; k++) {
                        World w;
                        assert_true(world_start(&w, &modes[k], rows[i].script, "x"));
                        world_end(&w);
                        assert_row(w.r.exit.code == rows[i].code && w.r.exit.status == rows[i].status, "%s",
                                   rows[i].script);
                }
}

/* The pid that we are told is the leader's as we see it, also from inside a namespace. */
static void test_leader_pid(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                World w;
                if (!world_start(&w, &modes[i], "echo up; exec sleep 100", "x"))
                        continue;
                await_line(&w);
                ran_await(&w.r, SPAWN_REPORT_EXECED);
                assert_true(w.r.leader > 0);
                assert_int_equal(getpgid(w.r.leader), w.r.leader);
                assert_int_equal(kill(w.r.leader, SIGINT), 0);
                world_end(&w);
                assert_int_equal(w.r.exit.status, SIGINT);
        }
}

/* A process hidden behind an ended leader thread, and orphans, are found and reaped. */
static void test_orphans_reaped(void **state UNUSED)
{
        for (size_t i = 0; i < 2; i++) {
                World w;
                char path[64], text[4096];
                static const char script[] =
                        "i=0; while [ $i -lt 50 ]; do (true &); i=$((i+1)); done; echo up; exec sleep 100";
                assert_true(world_start(&w, &modes[i], script, "x"));
                await_line(&w);
                Nsec until = clock_now(&clock_monotonic) + 5 * NSEC_PER_SEC;
                (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)w.r.s.pid,
                               (int)w.r.s.pid);
                do { /* only the leader is left as its child */
                        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
                        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
                        text[MAX(n, 0)] = '\0';
                        assert_true(clock_now(&clock_monotonic) < until);
                } while (strchr(text, ' ') != strrchr(text, ' '));
                assert_int_equal(kill(w.r.s.pid, WARDEN_KILL), 0);
                world_end(&w);
        }
}

/* A child of ours and one of another thread's child, below us alone. */
static _Noreturn void *fork_from_thread(void *pipe_end)
{
        const int *fd = pipe_end;
        if (fork() == 0) {
                if (fork() == 0)
                        (void)!write(*fd, "x", 1);
                for (;;)
                        pause();
        }
        for (;;)
                pause();
}

static _Noreturn void walk(void)
{
        int p[2], status, ended = 0;
        char c;
        pthread_t thread;
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        if (pipe2(p, O_CLOEXEC) < 0 || walk_signal(0) != 0 || descendants_signal(0) != 0)
                _exit(1);
        pid_t child = fork();
        if (child == 0) {
                (void)pthread_create(&thread, NULL, fork_from_thread, &p[1]);
                for (;;)
                        pause();
        }
        if (read(p[0], &c, 1) != 1)
                _exit(2);
        if (walk_signal(0) != 3 || descendants_signal(0) != 3)
                _exit(3);
        while (descendants_signal(SIGKILL) >= 0 && wait(&status) > 0)
                ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        _exit(ended == 3 && walk_signal(0) == 0 ? 0 : 4);
}

/* The kernel's lists of children, those of other threads too. */
static void test_walk(void **state UNUSED)
{
        int status;
        if (access("/proc/self/task", R_OK) != 0 || walk_signal(0) == -ENOSYS)
                skip();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                walk();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_warden_killed(void **state UNUSED)
{
        for (size_t i = 0; i < 2; i++) {
                World w;
                const char *word = new_word();
                assert_true(world_start(&w, &modes[i], "echo up; while :; do sleep 100 & wait; done", word));
                await_line(&w);
                assert_int_equal(kill(w.r.s.pid, SIGKILL), 0);
                ran_finish(&w.r);
                assert_false(w.r.exited); /* nobody was left to say so */
                assert_true(WIFSIGNALED(w.r.warden_status));
                assert_gone(word, 5 * NSEC_PER_SEC);
                spawner_done(&w.s);
                /* What it held comes to us: this program is a subreaper. */
                pid_t pid;
                while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0)
                        if (pid == 0) {
                                siginfo_t info = {0};
                                char line[32];
                                (void)snprintf(line, sizeof(line), "/proc/self/task/%d/children",
                                               (int)getpid());
                                char kids[256];
                                CLEANUP_FD int fd = open(line, O_RDONLY | O_CLOEXEC);
                                ssize_t n = fd < 0 ? 0 : read(fd, kids, sizeof(kids) - 1);
                                kids[MAX(n, 0)] = '\0';
                                for (char *at = kids; *at;) {
                                        long k = strtol(at, &at, 10);
                                        (void)kill((pid_t)k, SIGKILL);
                                        at += *at == ' ';
                                }
                                (void)waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
                        }
        }
}

/* ---- the supervisor dies ---------------------------------------------------- */

/* In a process of its own, which is killed while its server runs. */
static void test_supervisor_killed(void **state UNUSED)
{
        for (size_t i = 0; i < 2; i++) {
                const char *word = new_word();
                int ready[2];
                char c;
                assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
                pid_t pid = fork();
                if (pid == 0) {
                        World w;
                        if (!world_start(&w, &modes[i], daemons, word))
                                _exit(1);
                        await_line(&w);
                        (void)!write(ready[1], "x", 1);
                        (void)pause();
                        _exit(0);
                }
                assert_int_equal(read(ready[0], &c, 1), 1);
                close(ready[0]);
                close(ready[1]);
                assert_true(count_word(word) >= 1);
                assert_int_equal(kill(pid, SIGKILL), 0);
                assert_int_equal(waitpid(pid, NULL, 0), pid);
                assert_gone(word, NSEC_PER_SEC); /* half of it for TERM */
                while (waitpid(-1, NULL, 0) > 0) /* the warden came to us */
                        ;
        }
}

/* ---- early signals ------------------------------------------------------------ */

/* At a moment of the first 5 ms, whatever has become of the process by then. */
static void early(const Mode *m, unsigned rounds)
{
        static const char *const argv[] = {"/bin/sleep", "100", NULL};
        static const int signals[] = {WARDEN_TERM, WARDEN_SWEEP, WARDEN_KILL};
        SeededRandom random;
        Spawner s;
        test_random_init(&random);
        assert_int_equal(spawner_init(&s, test_helper()), 0);
        s.no_pidns = m->no_pidns;
        for (unsigned i = 0; i < rounds; i++) {
                Ran r;
                SpawnArgs a = test_args(argv);
                ran_start(&s, &a, &r);
                Nsec at = clock_now(&clock_monotonic) + random_below(&random.random, 5 * NSEC_PER_MSEC);
                const struct timespec until = {(time_t)(at / NSEC_PER_SEC), (long)(at % NSEC_PER_SEC)};
                (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
                assert_int_equal(kill(r.s.pid, signals[i % ARRAY_SIZE(signals)]), 0);
                ran_finish(&r);
                assert_true(r.exited || r.failed);
                assert_true(WIFEXITED(r.warden_status));
                if (r.exited)
                        assert_int_equal(r.exit.status, i % ARRAY_SIZE(signals) == 2 ? SIGKILL : SIGTERM);
        }
        spawner_done(&s);
}

static void test_early_signals(void **state UNUSED)
{
        early(&modes[0], geteuid() == 0 ? EARLY_ROUNDS : EARLY_ROUNDS / 10);
        early(&modes[1], geteuid() == 0 ? EARLY_ROUNDS / 4 : EARLY_ROUNDS / 10);
}

/* ---- what it is itself --------------------------------------------------------- */

static void test_warden_is_small(void **state UNUSED)
{
        for (size_t i = 0; i < 2; i++) {
                World w;
                char path[64], text[4096];
                assert_true(world_start(&w, &modes[i], "echo up; exec sleep 100", "x"));
                await_line(&w);
                ran_await(&w.r, SPAWN_REPORT_EXECED);
                for (int fd = 0; fd < 64; fd++) {
                        (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)w.r.s.pid, fd);
                        ssize_t n = geteuid() == 0 ? readlink(path, text, sizeof(text) - 1) : -1;
                        if (n < 0)
                                continue;
                        text[n] = '\0';
                        assert_row(strncmp(text, "socket:", 7) == 0, "%d is %s", fd, text);
                }
                /* Not dumpable: its files are root's; who made its user namespace is that root, though. */
                if (geteuid() != 0 && !w.r.s.userns) {
                        (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)w.r.s.pid);
                        assert_int_equal(open(path, O_RDONLY), -1);
                        assert_int_equal(errno, EACCES);
                }
                assert_int_equal(kill(w.r.s.pid, WARDEN_KILL), 0);
                world_end(&w);
        }
}

static void test_as_user(void **state UNUSED)
{
        if (geteuid() != 0)
                skip();
        test_again_as_user(SOME_UID);
}

int main(int argc, char **argv)
{
        alarm(300); /* a hang is a failure */
        if (argc > 1)
                cmocka_set_test_filter(argv[1]);
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_sweep),          CHECKED(test_kill),
                CHECKED(test_term),           CHECKED(test_leader_leaves),
                CHECKED(test_exit_records),   CHECKED(test_leader_pid),
                CHECKED(test_orphans_reaped), CHECKED(test_walk),
                CHECKED(test_warden_killed),  CHECKED(test_supervisor_killed),
                CHECKED(test_early_signals),  CHECKED(test_warden_is_small),
                CHECKED(test_as_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
