/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "base/limit-table.h"
#include "base/loop-signal.h"

typedef struct Ear Ear;
struct Ear {
        LoopSignal sig;
        int heard[65];
        int order[8], n;
        int (*then)(Ear *ear, int signo);
};

static Loop *loop;
static bool finished; /* the test, with its last line */
static sigset_t set, old_mask;

static int ear_arrived(LoopSignal *s, int signo)
{
        Ear *e = CONTAINER_OF(s, Ear, sig);
        e->heard[signo]++;
        if (e->n < (int)ARRAY_SIZE(e->order))
                e->order[e->n++] = signo;
        return e->then ? e->then(e, signo) : 0;
}

static const LoopSignalOps ear_ops = {.arrived = ear_arrived};

static int setup(void **state UNUSED)
{
        static const int wanted[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
        finished = false;
        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                sigaddset(&set, wanted[i]);
        sigaddset(&set, SIGRTMIN);
        sigprocmask(SIG_BLOCK, NULL, &old_mask);
        return loop_new(&clock_monotonic, &loop);
}

static int teardown(void **state UNUSED)
{
        const struct timespec now = {0, 0};
        while (sigtimedwait(&set, NULL, &now) > 0) /* nothing left for the old mask */
                ;
        sigprocmask(SIG_SETMASK, &old_mask, NULL);
        if (finished)
                loop = loop_free(loop);
        return 0;
}

static void send_signal(int signo)
{
        assert_int_equal(kill(getpid(), signo), 0);
}

static void turn(void)
{
        assert_int_equal(loop_run_once(loop, 0), 0);
}

static void test_each_once_in_order(void **state UNUSED)
{
        Ear e = {.n = 0};
        assert_int_equal(loop_signal_init(&e.sig, loop, &set, &ear_ops), 0);
        turn();
        assert_int_equal(e.n, 0);
        send_signal(SIGCHLD);
        send_signal(SIGTERM);
        for (int i = 0; i < 1000; i++)
                send_signal(SIGHUP);
        turn();
        turn();
        assert_int_equal(e.n, 3);
        assert_int_equal(e.order[0], SIGHUP);
        assert_int_equal(e.order[1], SIGTERM);
        assert_int_equal(e.order[2], SIGCHLD);
        send_signal(SIGHUP);
        turn();
        assert_int_equal(e.heard[SIGHUP], 2);

        loop_signal_done(&e.sig);
        loop_signal_done(&e.sig); /* twice is once */
        sigset_t now;
        assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &now), 0);
        assert_true(sigismember(&now, SIGTERM)); /* stays blocked */
}

/* What is sent inside a callback is not lost, and not in the same turn. */
static int send_again(Ear *e, int signo)
{
        if (e->heard[signo] == 1)
                send_signal(signo);
        return 0;
}

static void test_sent_inside(void **state UNUSED)
{
        Ear e = {.then = send_again};
        assert_int_equal(loop_signal_init(&e.sig, loop, &set, &ear_ops), 0);
        send_signal(SIGUSR1);
        turn();
        assert_int_equal(e.heard[SIGUSR1], 1);
        turn();
        assert_int_equal(e.heard[SIGUSR1], 2);
        loop_signal_done(&e.sig);
}

static int heard_before_end;

static int end_and_free(Ear *e, int signo)
{
        heard_before_end = signo;
        loop_signal_done(&e->sig);
        free(e);
        return 0;
}

static void test_end_inside(void **state UNUSED)
{
        Ear *e = calloc(1, sizeof(*e));
        assert_non_null(e);
        e->then = end_and_free;
        assert_int_equal(loop_signal_init(&e->sig, loop, &set, &ear_ops), 0);
        send_signal(SIGUSR1);
        send_signal(SIGUSR2);
        turn();
        assert_int_equal(heard_before_end, SIGUSR1); /* and not USR2 after it */
}

static int refuse(Ear *e UNUSED, int signo UNUSED)
{
        return -EIO;
}

static void test_error(void **state UNUSED)
{
        Ear e = {.then = refuse};
        assert_int_equal(loop_signal_init(&e.sig, loop, &set, &ear_ops), 0);
        send_signal(SIGUSR1);
        assert_int_equal(loop_run_once(loop, 0), -EIO);
        e.then = NULL;
        send_signal(SIGUSR1);
        turn();
        assert_int_equal(e.heard[SIGUSR1], 2);
        loop_signal_done(&e.sig);
}

/* Real-time signals queue: more of them than a quantum are spread over turns. */
static void test_quantum(void **state UNUSED)
{
        Ear e = {.n = 0};
        assert_int_equal(loop_signal_init(&e.sig, loop, &set, &ear_ops), 0);
        for (int i = 0; i < LIMIT_LOOP_ITEMS + 1; i++) {
                union sigval value = {.sival_int = i};
                if (sigqueue(getpid(), SIGRTMIN, value) < 0) {
                        assert_int_equal(errno, EAGAIN);
                        loop_signal_done(&e.sig);
                        print_message("skipped: RLIMIT_SIGPENDING is below %d\n", i + 1);
                        finished = true;
                        skip();
                }
        }
        turn();
        assert_int_equal(e.heard[SIGRTMIN], 1);
        turn();
        assert_int_equal(e.heard[SIGRTMIN], 2);
        turn();
        assert_int_equal(e.heard[SIGRTMIN], 2);
        loop_signal_done(&e.sig);
}

static int never_ready(LoopSource *s UNUSED, uint32_t events UNUSED)
{
        return 0;
}

static bool realloc_fails;
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
        return realloc_fails ? NULL : __real_realloc(p, n);
}

static void test_refused(void **state UNUSED)
{
        static const LoopSourceOps ops = {.priority = LOOP_PRIORITY_CHILD, .ready = never_ready};
        struct rlimit old, none;
        Ear e = {.n = 0};
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        none = old;
        none.rlim_cur = 0;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        int r = loop_signal_init(&e.sig, loop, &set, &ear_ops);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(r, -EMFILE);
        loop_signal_done(&e.sig);

        LoopSource full[16];
        for (size_t i = 0; i < ARRAY_SIZE(full); i++)
                assert_int_equal(loop_source_add(&full[i], loop, &ops, -1, 0), 0);
        realloc_fails = true;
        r = loop_signal_init(&e.sig, loop, &set, &ear_ops);
        realloc_fails = false;
        assert_int_equal(r, -ENOMEM);
        loop_signal_done(&e.sig);
        for (size_t i = 0; i < ARRAY_SIZE(full); i++)
                loop_source_remove(&full[i]);
}

/* A test that fails leaves its sources behind: then the loop stays too, so that one reads the reason. */
static void run(void **state)
{
        ((CMUnitTestFunction)*state)(NULL);
        finished = true;
}

#define SIGNAL_TEST(f)                                                                        \
        {                                                                                     \
                .name = #f, .test_func = run, .setup_func = setup, .teardown_func = teardown, \
                .initial_state = (f)                                                          \
        }

int main(void)
{
        const struct CMUnitTest tests[] = {
                SIGNAL_TEST(test_each_once_in_order),
                SIGNAL_TEST(test_sent_inside),
                SIGNAL_TEST(test_end_inside),
                SIGNAL_TEST(test_error),
                SIGNAL_TEST(test_quantum),
                SIGNAL_TEST(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
