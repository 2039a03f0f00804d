/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/reaper.h"

enum { PATIENCE = 60, MANY = 2000, ORPHANS = 1500 };

typedef struct Ward {
        ReaperChild child;
        int ended;
        ChildExit how;
        bool freed;
} Ward;

static Loop *loop;
static Reaper reaper;
static unsigned told;

static void ward_ended(ReaperChild *c, const ChildExit *how)
{
        Ward *w = CONTAINER_OF(c, Ward, child);
        assert_int_equal(c->pid, 0); /* removed already */
        told++;
        if (w->freed) {
                free(w);
                return;
        }
        w->ended++;
        w->how = *how;
}

static int setup(void **state UNUSED)
{
        told = 0;
        (void)alarm(PATIENCE);
        return loop_new(&clock_monotonic, &loop) < 0 || reaper_init(&reaper, loop) < 0 ? -1 : 0;
}

static int teardown(void **state UNUSED)
{
        reaper_done(&reaper);
        reaper_done(&reaper);
        loop = loop_free(loop);
        (void)alarm(0);
        return 0;
}

static pid_t child_exit(int status)
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(status);
        return pid;
}

/* Until a child has ended, without taking it. */
static void wait_for_one(idtype_t type, pid_t pid)
{
        siginfo_t info;
        assert_int_equal(waitid(type, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void turn(void)
{
        reaper_wake(&reaper);
        assert_int_equal(loop_run_once(loop, 0), 0);
}

static void test_tells_how(void **state UNUSED)
{
        Ward a = {0}, b = {0};
        pid_t pid = child_exit(42);
        assert_int_equal(reaper_add(&reaper, &a.child, pid, ward_ended), 0);
        wait_for_one(P_PID, pid);
        turn();
        assert_int_equal(a.ended, 1);
        assert_int_equal(a.how.pid, pid);
        assert_int_equal(a.how.code, CLD_EXITED);
        assert_int_equal(a.how.status, 42);
        assert_true(a.how.usage.ru_minflt >
                    0); /* counted exactly; the kernel rounds a small ru_maxrss to 0 */

        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char c;
                (void)close(ends[1]);
                (void)!read(ends[0], &c, 1);
                _exit(0);
        }
        assert_int_equal(reaper_add(&reaper, &b.child, pid, ward_ended), 0);
        turn();
        assert_int_equal(b.ended, 0); /* alive */
        assert_int_equal(kill(pid, SIGKILL), 0);
        wait_for_one(P_PID, pid);
        turn();
        assert_int_equal(b.ended, 1);
        assert_int_equal(b.how.code, CLD_KILLED);
        assert_int_equal(b.how.status, SIGKILL);
        assert_int_equal(reaper.reaped, 2);
        assert_int_equal(reaper.orphans, 0);
        assert_int_equal(reaper.n, 0);
        (void)close(ends[0]);
        (void)close(ends[1]);
}

/* Nobody woke it since its init. */
static void test_children_from_before(void **state UNUSED)
{
        wait_for_one(P_PID, child_exit(0));
        assert_int_equal(loop_run_once(loop, 0), 0);
        assert_int_equal(reaper.orphans, 1);
}

static pid_t seen;

/* Its pid is still its own: a zombie takes signals. */
static void see_orphan(Reaper *r, pid_t pid)
{
        assert_ptr_equal(r, &reaper);
        assert_int_equal(kill(pid, 0), 0);
        seen = pid;
}

static void test_orphan_hook(void **state UNUSED)
{
        Ward w = {0};
        reaper.orphan = see_orphan;
        seen = 0;
        pid_t ours = child_exit(1);
        assert_int_equal(reaper_add(&reaper, &w.child, ours, ward_ended), 0);
        wait_for_one(P_PID, ours);
        turn();
        assert_int_equal(seen, 0);
        pid_t stray = child_exit(2);
        wait_for_one(P_PID, stray);
        turn();
        assert_int_equal(seen, stray);
        assert_int_equal(kill(stray, 0), -1);
        assert_int_equal(errno, ESRCH);
        assert_int_equal(reaper.orphans, 1);
        assert_int_equal(reaper.reaped, 2);
}

static void test_removed(void **state UNUSED)
{
        Ward w = {0}, never = {0};
        pid_t pid = child_exit(0);
        assert_int_equal(reaper_add(&reaper, &w.child, pid, ward_ended), 0);
        reaper_remove(&reaper, &w.child);
        reaper_remove(&reaper, &w.child);
        reaper_remove(&reaper, &never.child);
        wait_for_one(P_PID, pid);
        turn();
        assert_int_equal(w.ended, 0);
        assert_int_equal(reaper.orphans, 1);
}

static void test_thousands(void **state UNUSED)
{
        pid_t last = 0;
        for (unsigned i = 0; i < MANY; i++) {
                Ward *w = calloc(1, sizeof(*w));
                assert_non_null(w);
                w->freed = true;
                last = child_exit(0);
                assert_int_equal(reaper_add(&reaper, &w->child, last, ward_ended), 0);
        }
        assert_int_equal(reaper.n, MANY);
        assert_true(reaper.size >= MANY);
        wait_for_one(P_PID, last);
        reaper_wake(&reaper);
        for (unsigned turns = 0; told < MANY; turns++) {
                uint64_t before = reaper.reaped;
                wait_for_one(P_ALL, 0);
                assert_int_equal(loop_run_once(loop, 0), 0);
                assert_true(reaper.reaped - before <= LIMIT_LOOP_ITEMS);
                if (reaper.reaped - before < LIMIT_LOOP_ITEMS && told < MANY) /* it saw none left */
                        reaper_wake(&reaper);
        }
        assert_int_equal(reaper.reaped, MANY);
        assert_int_equal(reaper.orphans, 0);
        assert_int_equal(reaper.n, 0);
}

/* One wake is enough for whatever is there, a quantum in a turn. */
static void test_one_wake(void **state UNUSED)
{
        enum { N = 2 * LIMIT_LOOP_ITEMS + 3 };
        pid_t pids[N];
        for (unsigned i = 0; i < N; i++)
                pids[i] = child_exit(0);
        for (unsigned i = 0; i < N; i++)
                wait_for_one(P_PID, pids[i]);
        reaper_wake(&reaper);
        for (unsigned i = 1; i <= 3; i++) {
                assert_int_equal(loop_run_once(loop, 0), 0);
                assert_int_equal(reaper.reaped, MIN(N, i * LIMIT_LOOP_ITEMS));
        }
        assert_int_equal(waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

/* Their parent leaves them to us, the subreaper. */
static void test_orphans_by_thousands(void **state UNUSED)
{
        Ward w = {0};
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        pid_t parent = fork();
        assert_true(parent >= 0);
        if (parent == 0) {
                for (unsigned i = 0; i < ORPHANS; i++) {
                        pid_t pid = fork();
                        if (pid < 0)
                                _exit(1);
                        if (pid == 0)
                                _exit(0);
                }
                _exit(7);
        }
        assert_int_equal(reaper_add(&reaper, &w.child, parent, ward_ended), 0);
        while (reaper.reaped < ORPHANS + 1) {
                wait_for_one(P_ALL, 0);
                turn();
        }
        assert_int_equal(w.ended, 1);
        assert_int_equal(w.how.status, 7);
        assert_int_equal(reaper.orphans, ORPHANS);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* The numbers of pids that nobody has: only the table. */
static void test_table(void **state UNUSED)
{
        enum { N = 5000, STEP = 64 }; /* all in one chain at first */
        Ward *wards = calloc(N, sizeof(*wards));
        assert_non_null(wards);
        for (int i = 0; i < N; i++)
                assert_int_equal(reaper_add(&reaper, &wards[i].child, 1000000 + i * STEP, ward_ended), 0);
        assert_int_equal(reaper.n, N);
        for (int i = 0; i < N; i += 2)
                reaper_remove(&reaper, &wards[i].child);
        assert_int_equal(reaper.n, N / 2);
        for (int i = 0; i < N; i += 2)
                assert_int_equal(reaper_add(&reaper, &wards[i].child, 1000000 + i * STEP, ward_ended), 0);
        reaper_done(&reaper); /* whoever is still waited for is let go */
        for (int i = 0; i < N; i++)
                assert_int_equal(wards[i].child.pid, 0);
        free(wards);
        assert_int_equal(reaper_init(&reaper, loop), 0);
}

static int add_many(void *arg UNUSED)
{
        enum { N = 300 };
        static Ward wards[N];
        Reaper r;
        int k = reaper_init(&r, loop);
        if (k < 0)
                return k;
        for (int i = 0; i < N && k == 0; i++)
                k = reaper_add(&r, &wards[i].child, 1000000 + i, ward_ended);
        size_t n = r.n;
        for (int i = 0; i < N && k < 0; i++)
                assert_int_equal(wards[i].child.pid != 0, (size_t)i < n);
        reaper_done(&r);
        return k;
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(add_many, NULL) >= 3);
}

#define REAPER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                REAPER_TEST(test_tells_how),
                REAPER_TEST(test_children_from_before),
                REAPER_TEST(test_orphan_hook),
                REAPER_TEST(test_removed),
                REAPER_TEST(test_thousands),
                REAPER_TEST(test_one_wake),
                REAPER_TEST(test_orphans_by_thousands),
                REAPER_TEST(test_table),
                REAPER_TEST(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
