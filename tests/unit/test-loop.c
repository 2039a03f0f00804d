/* SPDX-License-Identifier: Apache-2.0 */
#include "support/loop-probe.h"

#include <sys/mman.h>

#include "base/loop-signal.h"

/* ---- sources ---- */

static void test_level(void **state UNUSED)
{
        Probe p;
        probe_init(&p, 'a', &child_probe);
        turn();
        expect_called("");
        probe_poke(&p);
        turn();
        turn();
        expect_called("aa"); /* nobody has read it */
        assert_int_equal(p.events, EPOLLIN);
        p.then = probe_drain;
        turn();
        turn();
        expect_called("a");
        fd_close_p(&p.far);
        turn();
        assert_int_equal(p.events, EPOLLHUP); /* unasked */
        probe_done(&p);
        loop_source_remove(&p.source); /* twice is once */
}

static void test_priority(void **state UNUSED)
{
        static const LoopSourceOps *const ops[] = {&accept_probe,  &http_probe, &child_probe, &ipc_probe,
                                                   &control_probe, &reap_probe, &signal_probe};
        Probe p[ARRAY_SIZE(ops)], second;
        for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
                probe_init(&p[i], (char)('a' + i), ops[i]);
                probe_poke(&p[i]);
        }
        probe_init(&second, 'D', &ipc_probe);
        probe_poke(&second);
        turn();
        expect_called("gfedDcba");
        for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
                probe_done(&p[i]);
        probe_done(&second);
}

static int free_other(Probe *p)
{
        probe_done(p->other);
        free(p->other);
        return 0;
}

static int free_self_wanting_more(Probe *p)
{
        probe_done(p);
        free(p);
        return LOOP_E_MORE;
}

/* What is removed is not called, even if its event was fetched in the same wait. */
static void test_remove_another(void **state UNUSED)
{
        Probe a, *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        probe_init(b, 'b', &child_probe);
        probe_init(&a, 'a', &control_probe);
        probe_poke(b);
        probe_poke(&a);
        a.then = free_other;
        a.other = b;
        turn();
        a.then = NULL;
        turn();
        expect_called("aa");
        probe_done(&a);
}

static void test_remove_self(void **state UNUSED)
{
        Probe *a = calloc(1, sizeof(*a));
        assert_non_null(a);
        probe_init(a, 'a', &child_probe);
        probe_poke(a);
        a->then = free_self_wanting_more;
        turn();
        turn();
        expect_called("a");
}

static int add_anew(Probe *p)
{
        loop_source_remove(&p->source);
        assert_int_equal(loop_source_add(&p->source, loop, &child_probe, p->fd, EPOLLIN), 0);
        probe_drain(p);
        return LOOP_E_MORE; /* of what is no more */
}

static void test_add_anew_inside(void **state UNUSED)
{
        Probe a;
        probe_init(&a, 'a', &child_probe);
        probe_poke(&a);
        a.then = add_anew;
        turn();
        turn();
        expect_called("a");
        probe_poke(&a);
        turn();
        expect_called("a");
        probe_done(&a);
}

static void test_more(void **state UNUSED)
{
        Probe a;
        probe_init(&a, 'a', &child_probe);
        probe_poke(&a);
        a.then = probe_drain_wanting_more;
        turn_at_once();
        expect_called("a"); /* once a turn */
        turn_at_once();
        turn_at_once();
        expect_called("aa"); /* although the pipe is empty */
        assert_int_equal(a.events, EPOLLIN);
        turn();
        expect_called("");
        probe_done(&a);
}

static int wake_other(Probe *p)
{
        loop_source_wake(&p->other->source);
        return 0;
}

static void test_wake(void **state UNUSED)
{
        Probe a, none = {.name = 'n', .fd = -1, .far = -1};
        probe_init(&a, 'a', &control_probe);
        a.then = wake_other;
        a.other = &none;
        assert_int_equal(loop_source_add(&none.source, loop, &child_probe, -1, 0), 0);
        turn();
        expect_called("");
        loop_source_wake(&none.source);
        loop_source_wake(&none.source);
        turn_at_once();
        expect_called("n");
        assert_int_equal(none.events, 0);

        probe_poke(&a); /* wakes what comes after it: in the same turn */
        turn_at_once();
        expect_called("an");
        loop_source_remove(&none.source);
        assert_int_equal(loop_source_add(&none.source, loop, &signal_probe, -1, 0), 0);
        loop_source_wake(&none.source);
        turn_at_once(); /* had its call before: in the next one */
        expect_called("na");
        probe_drain(&a);
        turn_at_once();
        expect_called("n");
        loop_source_wake(&none.source); /* removed while queued */
        loop_source_remove(&none.source);
        turn();
        expect_called("");
        probe_done(&a);
}

static int park_other(Probe *p)
{
        assert_int_equal(loop_source_set_events(&p->other->source, 0), 0);
        return 0;
}

static void test_parked(void **state UNUSED)
{
        Probe a, b;
        probe_init(&b, 'b', &child_probe);
        probe_init(&a, 'a', &control_probe);
        fd_close_p(&b.far); /* a hang-up that epoll would report for ever */
        probe_poke(&a);
        a.then = park_other;
        a.other = &b;
        turn();
        expect_called("a"); /* the event of b was fetched, and forgotten */
        probe_drain(&a);
        turn();
        expect_called("");
        assert_int_equal(loop_source_set_events(&b.source, EPOLLIN), 0);
        assert_int_equal(loop_source_set_events(&b.source, EPOLLIN), 0);
        turn();
        expect_called("b");
        assert_int_equal(b.events, EPOLLHUP);

        a.then = NULL;
        b.then = probe_drain_wanting_more;
        b.calls = 0;
        turn();
        assert_int_equal(loop_source_set_events(&b.source, 0), 0); /* its wish for more, too */
        turn();
        expect_called("b");
        probe_done(&a);
        probe_done(&b);
}

static int mute_other(Probe *p)
{
        assert_int_equal(loop_source_set_events(&p->other->source, EPOLLPRI), 0);
        return 0;
}

static void test_mask_changed_after_fetch(void **state UNUSED)
{
        Probe a, b;
        probe_init(&a, 'a', &control_probe);
        probe_init(&b, 'b', &child_probe);
        probe_poke(&a);
        probe_poke(&b);
        a.then = mute_other;
        a.other = &b;
        turn();
        expect_called("a");
        probe_done(&a);
        probe_done(&b);
}

static void test_bad_descriptors(void **state UNUSED)
{
        LoopSource s = {0};
        int file = memfd_create("test", MFD_CLOEXEC);
        assert_true(file >= 0);
        assert_int_equal(loop_source_add(&s, loop, &child_probe, file, EPOLLIN), -EPERM);
        loop_source_remove(&s); /* nothing to do */
        fd_close_p(&file);
        assert_int_equal(loop_source_add(&s, loop, &child_probe, 1 << 20, EPOLLIN), -EBADF);

        Probe p;
        probe_init(&p, 'a', &child_probe);
        assert_int_equal(loop_source_add(&s, loop, &child_probe, p.fd, EPOLLIN), -EEXIST);
        probe_done(&p);
}

static void test_many_at_once(void **state UNUSED)
{
        enum { MANY = 200 };
        static Probe p[MANY];
        Probe last;
        for (int i = 0; i < MANY; i++) {
                probe_init(&p[i], '.', &child_probe);
                probe_poke(&p[i]);
        }
        probe_init(&last, 's', &signal_probe);
        probe_poke(&last);
        turn(); /* all are seen by one wait, so the last one goes first */
        assert_int_equal(called[0], 's');
        assert_int_equal(strlen(called), MANY + 1);
        assert_int_equal(loop_stats(loop)->dispatched, MANY + 1);
        for (int i = 0; i < MANY; i++)
                probe_done(&p[i]);
        probe_done(&last);
}

static int fail_once(Probe *p)
{
        p->then = NULL;
        return -EIO;
}

static void test_error(void **state UNUSED)
{
        Probe a, b;
        probe_init(&a, 'a', &control_probe);
        probe_init(&b, 'b', &child_probe);
        probe_poke(&a);
        probe_poke(&b);
        a.then = fail_once;
        assert_int_equal(loop_run(loop), -EIO);
        expect_called("a");
        turn_at_once(); /* who wants to go on can */
        expect_called("ab");
        probe_done(&a);
        probe_done(&b);
}

/* ---- a turn that lasts ---- */

static int drain_and_be_slow(Probe *p)
{
        probe_drain(p);
        hands.at += NSEC_PER_SEC;
        return LOOP_E_MORE;
}

/* Signals get in between, as often as they come; others have one call in a turn. */
static void test_look_in_between(void **state UNUSED)
{
        Probe s, c, low[3];
        probe_init(&s, 's', &signal_probe);
        probe_init(&c, 'c', &control_probe);
        s.then = probe_drain;
        probe_poke(&c);
        for (int i = 0; i < 3; i++) {
                probe_init(&low[i], (char)('0' + i), &child_probe);
                probe_poke(&low[i]);
                low[i].then = probe_be_slow;
                low[i].other = i < 2 ? &s : NULL;
        }
        turn();
        expect_called("c0s1s2");

        for (int i = 0; i < 3; i++) /* control that comes late, but had no call yet, is let in too */
                low[i].other = NULL;
        probe_drain(&c);
        low[0].other = &c;
        turn();
        expect_called("0c12");
        probe_drain(&c);

        low[0].other = NULL;
        s.then = drain_and_be_slow; /* a slow one that always wants more does not keep the others */
        probe_poke(&s);
        turn();
        expect_called("s0s1s2");
        probe_done(&s);
        probe_done(&c);
        for (int i = 0; i < 3; i++)
                probe_done(&low[i]);
}

/* ---- floods ---- */

typedef struct Term {
        LoopSignal sig;
        int came;
} Term;

static int term_arrived(LoopSignal *s, int signo)
{
        assert_int_equal(signo, SIGTERM);
        CONTAINER_OF(s, Term, sig)->came++;
        note('T');
        return 0;
}

static const LoopSignalOps term_ops = {.arrived = term_arrived};

static void move(int from, int to)
{
        static char buf[LIMIT_LOOP_BYTES];
        size_t n = 0;
        while (n < sizeof(buf)) {
                ssize_t got = read(from, buf, sizeof(buf) - n);
                if (got <= 0)
                        break;
                n += (size_t)got;
                assert_int_equal(write(to, buf, (size_t)got), got);
        }
}

static int flood(Probe *p)
{
        move(p->fd, p->far); /* what was read is there again */
        if (p->calls == 10 && p->name == '3')
                assert_int_equal(kill(getpid(), SIGTERM), 0);
        return LOOP_E_MORE;
}

static void test_flood_does_not_delay_a_signal(void **state UNUSED)
{
        enum { FLOODS = 8 };
        static const char fill[32 * 1024];
        sigset_t set, old;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &old), 0);
        Probe p[FLOODS];
        for (int i = 0; i < FLOODS; i++) {
                probe_init(&p[i], (char)('0' + i), &child_probe);
                p[i].then = flood;
                assert_int_equal(write(p[i].far, fill, sizeof(fill)), sizeof(fill));
        }
        Term t = {.came = 0};
        assert_int_equal(loop_signal_init(&t.sig, loop, &set, &term_ops), 0);
        for (int i = 0; i < 20 && !t.came; i++) {
                called[0] = '\0';
                turn_at_once();
        }
        /* The signal came in the middle of turn 10 and is the first thing in turn 11. */
        expect_called("T01234567");
        assert_int_equal(t.came, 1);
        for (int i = 0; i < FLOODS; i++) {
                assert_int_equal(p[i].calls, 11);
                probe_done(&p[i]);
        }
        loop_signal_done(&t.sig);
        assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void test_steady_state_allocates_nothing(void **state UNUSED)
{
        static const char fill[4096];
        Probe a, b;
        probe_init(&a, '.', &child_probe);
        probe_init(&b, '.', &http_probe);
        a.then = b.then = flood;
        assert_int_equal(write(a.far, fill, sizeof(fill)), sizeof(fill));
        assert_int_equal(write(b.far, fill, sizeof(fill)), sizeof(fill));
        unsigned before = allocations;
        for (int i = 0; i < 1000; i++) {
                called[0] = '\0';
                assert_int_equal(loop_source_set_events(&a.source, i % 2 ? EPOLLIN : 0), 0);
                turn();
        }
        assert_int_equal(b.calls, 1000);
        assert_int_equal(allocations, before);
        probe_done(&a);
        probe_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                LOOP_TEST(test_level),
                LOOP_TEST(test_priority),
                LOOP_TEST(test_remove_another),
                LOOP_TEST(test_remove_self),
                LOOP_TEST(test_add_anew_inside),
                LOOP_TEST(test_more),
                LOOP_TEST(test_wake),
                LOOP_TEST(test_parked),
                LOOP_TEST(test_mask_changed_after_fetch),
                LOOP_TEST(test_bad_descriptors),
                LOOP_TEST(test_many_at_once),
                LOOP_TEST(test_error),
                LOOP_TEST(test_look_in_between),
                LOOP_TEST(test_flood_does_not_delay_a_signal),
                LOOP_TEST(test_steady_state_allocates_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
