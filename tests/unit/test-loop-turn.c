/* SPDX-License-Identifier: Apache-2.0 */
/* The turn as a whole: timers, work, what is gone, real time, and what a machine can refuse. */
#include "support/loop-probe.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- timers, work, what is gone ---- */

typedef struct Alarm {
        Timer timer;
        Work work;
        LoopGone gone;
        int fired;
        bool stops, queues, dooms;
} Alarm;

static void alarm_release(LoopGone *g)
{
        note('F');
        free(CONTAINER_OF(g, Alarm, gone));
}
static const LoopGoneOps alarm_gone_ops = {.release = alarm_release};

static int alarm_fired(Timer *t, Nsec now)
{
        Alarm *a = CONTAINER_OF(t, Alarm, timer);
        assert_int_equal(now, loop_now(loop));
        note('t');
        a->fired++;
        if (a->queues)
                work_queue(&a->work);
        if (a->stops)
                loop_stop(loop, 7);
        if (a->dooms) {
                timer_done(t);
                loop_free_later(loop, &a->gone, &alarm_gone_ops);
                loop_free_later(loop, &a->gone, &alarm_gone_ops);
        }
        return 0;
}
static const TimerOps alarm_ops = {.fired = alarm_fired};

static int alarm_run(Work *w)
{
        Alarm *a = CONTAINER_OF(w, Alarm, work);
        note('w');
        if (a->queues)
                work_queue(w);
        a->queues = false;
        return 0;
}
static const WorkOps alarm_work_ops = {.run = alarm_run};

static void alarm_init(Alarm *a)
{
        *a = (Alarm){.fired = 0};
        assert_int_equal(timer_init(&a->timer, loop_timers(loop), &alarm_ops), 0);
        work_init(&a->work, loop_work(loop), &alarm_work_ops);
}

static void alarm_done(Alarm *a)
{
        timer_done(&a->timer);
        work_done(&a->work);
}

/* Sources, then timers, then work; what work asks for comes a turn later. */
static void test_order_in_a_turn(void **state UNUSED)
{
        Probe p;
        Alarm a;
        probe_init(&p, 'p', &accept_probe);
        alarm_init(&a);
        a.queues = true;
        probe_poke(&p);
        p.then = probe_drain;
        timer_arm(&a.timer, hands.at + 10);
        turn();
        expect_called("p");
        probe_poke(&p);
        hands.at += 10;
        assert_int_equal(loop_now(loop), hands.at);
        turn_at_once();
        expect_called("ptw");
        turn_at_once();
        expect_called("w");
        turn();
        expect_called("");
        probe_done(&p);
        alarm_done(&a);
}

static void test_timers_have_a_quantum(void **state UNUSED)
{
        enum { MANY = LIMIT_LOOP_ITEMS + 10 };
        static Alarm a[MANY];
        int fired = 0;
        for (int i = 0; i < MANY; i++) {
                alarm_init(&a[i]);
                timer_arm(&a[i].timer, hands.at);
        }
        turn_at_once();
        for (int i = 0; i < MANY; i++)
                fired += a[i].fired;
        assert_int_equal(fired, LIMIT_LOOP_ITEMS);
        called[0] = '\0';
        turn_at_once();
        for (int i = 0; i < MANY; i++) {
                assert_int_equal(a[i].fired, 1);
                alarm_done(&a[i]);
        }
}

static void test_free_later(void **state UNUSED)
{
        for (int i = 0; i < 2; i++) {
                Alarm *a = calloc(1, sizeof(*a));
                assert_non_null(a);
                alarm_init(a);
                a->dooms = true;
                timer_arm(&a->timer, hands.at);
        }
        turn();
        expect_called("ttFF");

        Alarm *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
        assert_non_null(a);
        assert_non_null(b);
        loop_free_later(loop, &a->gone, &alarm_gone_ops); /* outside a turn: the next one does not wait */
        turn_at_once();
        expect_called("F");
        loop_free_later(loop, &b->gone, &alarm_gone_ops); /* or the end of the loop does it */
}

static int stop_twice(Probe *p UNUSED)
{
        loop_stop(loop, 3);
        loop_stop(loop, 4);
        return 0;
}

static void test_stop(void **state UNUSED)
{
        Probe a, b;
        probe_init(&a, 'a', &control_probe);
        probe_init(&b, 'b', &child_probe);
        probe_poke(&a);
        probe_poke(&b);
        a.then = stop_twice;
        assert_int_equal(loop_run(loop), 3);
        expect_called("ab"); /* the turn was completed */
        assert_int_equal(loop_run(loop), 3);
        loop_stop(loop, 0); /* before it runs: not a turn */
        assert_int_equal(loop_run(loop), 0);
        expect_called("ab");
        probe_done(&a);
        probe_done(&b);
}

static void test_lag(void **state UNUSED)
{
        Probe a;
        probe_init(&a, 'a', &control_probe);
        a.then = probe_be_slow;
        probe_poke(&a);
        turn();
        Nsec lag = (LIMIT_LOOP_LOOK + 1) * NSEC_PER_MSEC;
        const LoopStats *stats = loop_stats(loop);
        assert_int_equal(stats->lag_last, lag);
        probe_drain(&a);
        turn();
        assert_int_equal(stats->lag_last, 0);
        assert_int_equal(stats->lag_max, lag);
        assert_int_equal(stats->turns, 2);
        assert_int_equal(stats->dispatched, 1);
        loop_stats_reset(loop);
        assert_int_equal(stats->lag_max, 0);
        probe_done(&a);
}

/* ---- real time ---- */

/* Never early, and asleep until then. */
static void check_real_timer(Nsec wait)
{
        Loop *fake = loop;
        assert_int_equal(loop_new(&clock_monotonic, &loop), 0);
        Alarm a;
        alarm_init(&a);
        a.stops = true;
        Nsec at = loop_now(loop) + wait;
        timer_arm(&a.timer, at);
        assert_int_equal(loop_run(loop), 7);
        assert_true(clock_now(&clock_monotonic) >= at);
        expect_called("t");
        assert_true(loop_stats(loop)->turns <= 3);
        alarm_done(&a);
        loop_free(loop);
        loop = fake;
}

static void test_real_timer(void **state UNUSED)
{
        check_real_timer(20 * NSEC_PER_MSEC);
        check_real_timer(300 * NSEC_PER_USEC);
        check_real_timer(0);
}

static void on_alarm(int signo UNUSED)
{
}

static void test_interrupted(void **state UNUSED)
{
        struct sigaction old, sa = {.sa_handler = on_alarm};
        struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
        assert_int_equal(sigaction(SIGALRM, &sa, &old), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
        int r = loop_run_once(loop, NSEC_NEVER);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        assert_int_equal(r, 0);
        assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
}

/* ---- what a machine can refuse ---- */

static void test_no_descriptors(void **state UNUSED)
{
        struct rlimit old, none;
        Loop *l = NULL;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        none = old;
        none.rlim_cur = 0;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        int r = loop_new(&clock_monotonic, &l);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(r, -EMFILE);
        assert_null(l);
        assert_null(loop_free(NULL));
}

static void test_no_memory(void **state UNUSED)
{
        Loop *l = NULL;
        for (unsigned i = 1; i <= 2; i++) {
                fail_at = allocations + i;
                assert_int_equal(loop_new(&clock_monotonic, &l), -ENOMEM);
                assert_null(l);
        }
        enum { MANY = 40 };
        LoopSource s[MANY] = {{0}};
        unsigned refused = 0;
        for (int i = 0; i < MANY; i++) {
                fail_at = allocations + 1;
                int r = loop_source_add(&s[i], loop, &child_probe, -1, 0);
                fail_at = 0;
                if (r == 0)
                        continue;
                assert_int_equal(r, -ENOMEM);
                refused++;
                assert_int_equal(loop_source_add(&s[i], loop, &child_probe, -1, 0), 0);
        }
        assert_int_equal(refused, 2); /* past 16 and 32 */
        for (int i = 0; i < MANY; i++)
                loop_source_remove(&s[i]);
}

/* Programming errors end the process instead of leaving the kernel with a dead pointer. */
static void expect_abort(void (*crime)(void))
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct rlimit none = {1, 1};
                int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
                struct sigaction dfl = {.sa_handler = SIG_DFL};
                (void)sigaction(SIGABRT, &dfl, NULL);
                (void)setrlimit(RLIMIT_CORE, &none);
                (void)dup2(null, STDERR_FILENO);
                crime();
                _exit(0);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
}

static Probe victim;

static void close_before_remove(void)
{
        (void)close(victim.fd);
        loop_source_remove(&victim.source);
}

static int run_inside(Probe *p UNUSED)
{
        return loop_run_once(loop, 0);
}

static void nested_turn(void)
{
        victim.then = run_inside;
        probe_poke(&victim);
        (void)!loop_run_once(loop, 0);
}

static void free_with_sources(void)
{
        loop_free(loop);
}

static void test_programming_errors(void **state UNUSED)
{
        probe_init(&victim, 'v', &child_probe);
        expect_abort(close_before_remove);
        expect_abort(nested_turn);
        expect_abort(free_with_sources);
        probe_done(&victim);
}

/* The last test: the filter stays. */
static void test_without_pwait2(void **state UNUSED)
{
#ifdef SYS_epoll_pwait2
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog prog = {.len = ARRAY_SIZE(code), .filter = code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0) {
                print_message("skipped: no seccomp filter here: %s\n", strerror(errno));
                finished = true;
                skip();
        }
#endif
        check_real_timer(20 * NSEC_PER_MSEC);
        check_real_timer(300 * NSEC_PER_USEC);
        check_real_timer(0);
        test_interrupted(NULL); /* waits for ever */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                LOOP_TEST(test_order_in_a_turn),
                LOOP_TEST(test_timers_have_a_quantum),
                LOOP_TEST(test_free_later),
                LOOP_TEST(test_stop),
                LOOP_TEST(test_lag),
                LOOP_TEST(test_real_timer),
                LOOP_TEST(test_interrupted),
                LOOP_TEST(test_no_descriptors),
                LOOP_TEST(test_no_memory),
                LOOP_TEST(test_programming_errors),
                LOOP_TEST(test_without_pwait2),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
