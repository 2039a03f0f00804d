/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"
#include "supervisor/ladder.h"

enum { RUNS = 200000 };

#define MSEC NSEC_PER_MSEC
#define SEC  NSEC_PER_SEC

static const LadderRules defaults = {.drain = 1500 * MSEC, .stop = 6 * SEC};
static const Shutdown none = {.on = false, .at = 1, .drain = 1, .timeout = 1};

static void test_alone(void **state UNUSED)
{
        const Nsec at = 100 * SEC;
        assert_int_equal(ladder_drain_until(&defaults, &none, at), at + 1500 * MSEC);
        LadderTimes t = ladder_times(&defaults, &none, at);
        assert_int_equal(t.term_at, at + 1500 * MSEC);
        assert_int_equal(t.kill_at, at + 6 * SEC);
        assert_int_equal(ladder_sweep_until(&none, at), at + 500 * MSEC);
        assert_int_equal(ladder_stuck_at(&none, at), at + 2 * SEC);
}

/* The defaults fit into each other: nothing has to be squeezed. */
static void test_shutdown_defaults(void **state UNUSED)
{
        const Nsec at = 100 * SEC;
        const Shutdown s = {.on = true, .at = at, .drain = 1500 * MSEC, .timeout = 8 * SEC};
        Nsec closed = ladder_drain_until(&defaults, &s, at);
        assert_int_equal(closed, at + 1500 * MSEC);
        LadderTimes t = ladder_times(&defaults, &s, closed);
        assert_int_equal(t.term_at, at + 3 * SEC);
        assert_int_equal(t.kill_at, at + 7500 * MSEC);
        assert_int_equal(ladder_stuck_at(&s, t.kill_at), at + 8 * SEC);
}

/* A patient server under an impatient shutdown. */
static void test_squeezed(void **state UNUSED)
{
        const LadderRules slow = {.drain = 600 * SEC, .stop = 600 * SEC};
        const Shutdown s = {.on = true, .at = 100 * SEC, .drain = 1 * SEC, .timeout = 16 * SEC};
        Nsec closed = ladder_drain_until(&slow, &s, 100 * SEC);
        assert_int_equal(closed, 101 * SEC);
        LadderTimes t = ladder_times(&slow, &s, closed);
        assert_int_equal(t.kill_at, 115 * SEC);
        assert_int_equal(t.term_at, 101 * SEC + 14 * SEC / 4);
        /* It was told to stop a minute before: TERM is due at once, KILL as for the others. */
        t = ladder_times(&slow, &s, 40 * SEC);
        assert_true(t.term_at < 100 * SEC);
        assert_int_equal(t.kill_at, 115 * SEC);
        /* Too late for anything: all at once, never in the past. */
        t = ladder_times(&slow, &s, 116 * SEC);
        assert_int_equal(t.term_at, 116 * SEC);
        assert_int_equal(t.kill_at, 116 * SEC);
        assert_int_equal(ladder_drain_until(&slow, &s, 120 * SEC), 120 * SEC);
        assert_int_equal(ladder_sweep_until(&s, 114900 * MSEC), 115 * SEC);
        assert_int_equal(ladder_sweep_until(&s, 105 * SEC), 105500 * MSEC);
        assert_int_equal(ladder_stuck_at(&s, 115 * SEC), 116 * SEC);
        assert_int_equal(ladder_stuck_at(&s, 105 * SEC), 107 * SEC);
        assert_int_equal(ladder_stuck_at(&s, 117 * SEC), 117 * SEC);
}

static void test_extremes(void **state UNUSED)
{
        const LadderRules never = {.drain = NSEC_NEVER, .stop = NSEC_NEVER};
        assert_int_equal(ladder_drain_until(&never, &none, 5), NSEC_NEVER);
        LadderTimes t = ladder_times(&never, &none, 5);
        assert_int_equal(t.kill_at, NSEC_NEVER);
        assert_true(t.term_at > 1ULL << 60);
        const LadderRules nothing = {0};
        assert_int_equal(ladder_drain_until(&nothing, &none, 5), 5);
        t = ladder_times(&nothing, &none, 5);
        assert_int_equal(t.term_at, 5);
        assert_int_equal(t.kill_at, 5);
        assert_int_equal(ladder_stuck_at(&none, NSEC_NEVER), NSEC_NEVER);
}

/* Any numbers: in order, never in the past, never after the end of a shutdown that still has time. */
static void test_any(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        for (int i = 0; i < RUNS; i++) {
                const Nsec top = 1ULL << random_below(&r.random, 50);
                LadderRules rules = {random_below(&r.random, top), random_below(&r.random, top)};
                Shutdown s = {random_below(&r.random, 2), random_below(&r.random, top),
                              random_below(&r.random, top), 16 + random_below(&r.random, top)};
                Nsec now = s.at + random_below(&r.random, s.timeout);
                Nsec end = s.on ? s.at + s.timeout : NSEC_NEVER;

                Nsec closed = ladder_drain_until(&rules, &s, now);
                assert_true(closed >= now && closed - now <= rules.drain && closed <= end);
                LadderTimes t = ladder_times(&rules, &s, closed);
                assert_true(t.term_at >= closed && t.term_at <= t.kill_at && t.kill_at <= end);
                assert_true(t.kill_at - closed <= rules.stop);
                if (!s.on)
                        assert_int_equal(t.kill_at, closed + rules.stop);
                assert_true(ladder_sweep_until(&s, closed) >= closed &&
                            ladder_sweep_until(&s, closed) <= end);
                Nsec stuck = ladder_stuck_at(&s, t.kill_at);
                assert_true(stuck >= t.kill_at && stuck <= end);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alone),    cmocka_unit_test(test_shutdown_defaults),
                cmocka_unit_test(test_squeezed), cmocka_unit_test(test_extremes),
                cmocka_unit_test(test_any),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
