/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"
#include "supervisor/governor.h"

enum { MANY = 50, STEPS = 200000, WAITERS = 12 };

#define MSEC NSEC_PER_MSEC
#define SEC  NSEC_PER_SEC

/* Runs until nobody waits, waking up when the governor says so; writes the times of the starts. */
static size_t run_queue(Governor *g, Nsec now, Nsec *ret_times)
{
        size_t n = 0;
        for (;;) {
                Nsec at = governor_deadline(g, now);
                if (at == NSEC_NEVER)
                        return n;
                assert_true(at >= now);
                now = at;
                GovernorWait *w = governor_next(g, now);
                assert_non_null(w); /* no turn in vain */
                for (; w; w = governor_next(g, now)) {
                        assert_false(w->waiting);
                        ret_times[n++] = now;
                        governor_started(g);
                }
        }
}

static size_t fullest(const Nsec *times, size_t n, Nsec span)
{
        size_t most = 0;
        for (size_t i = 0; i < n; i++) {
                size_t k = i;
                while (k < n && times[k] - times[i] < span)
                        k++;
                most = MAX(most, k - i);
        }
        return most;
}

/* 50 that died together and ask at random moments of half a second. */
static void test_together(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        for (int run = 0; run < 200; run++) {
                Governor g;
                GovernorWait waits[MANY] = {0};
                Nsec times[MANY];
                size_t n = 0;
                Nsec now = random_below(&r.random, 1ULL << 50);
                const Nsec step = random_below(&r.random, 11) * MSEC;
                governor_init(&g, 10, 4, 100, now);
                for (size_t i = 0; i < MANY; i++, now += step) {
                        GovernorWait *w;
                        while ((w = governor_next(&g, now)))
                                times[n++] = now;
                        if (governor_ask(&g, &waits[i], now))
                                times[n++] = now;
                }
                n += run_queue(&g, now, times + n);
                assert_int_equal(n, MANY);
                assert_true(fullest(times, n, 100 * MSEC) <= 5);
                assert_true(times[MANY - 1] - times[0] >= 4590 * MSEC);
                assert_true(times[MANY - 1] - times[0] <= 4610 * MSEC + MANY * step);
        }
}

static void test_order(void **state UNUSED)
{
        Governor g;
        GovernorWait w[4] = {0};
        governor_init(&g, 1, 1, 10, 0);
        assert_true(governor_ask(&g, &w[0], 0));
        assert_false(governor_ask(&g, &w[1], 0));
        assert_false(governor_ask(&g, &w[2], 0));
        assert_false(governor_ask(&g, &w[2], 0));       /* asks again: keeps its place */
        assert_false(governor_ask(&g, &w[3], 5 * SEC)); /* nobody overtakes */
        governor_cancel(&g, &w[1]);
        governor_cancel(&g, &w[1]);
        assert_ptr_equal(governor_next(&g, 5 * SEC), &w[2]);
        assert_null(governor_next(&g, 5 * SEC)); /* the bucket holds one */
        assert_ptr_equal(governor_next(&g, 6 * SEC), &w[3]);
        assert_null(governor_next(&g, 60 * SEC));
        assert_int_equal(governor_deadline(&g, 60 * SEC), NSEC_NEVER);
        assert_int_equal(g.starting, 3);
}

static void test_starting(void **state UNUSED)
{
        Governor g;
        GovernorWait w[3] = {0};
        governor_init(&g, 1000, 1000, 2, 0);
        assert_true(governor_ask(&g, &w[0], 0));
        assert_true(governor_ask(&g, &w[1], 0));
        assert_false(governor_ask(&g, &w[2], 0));
        assert_int_equal(governor_deadline(&g, 0), NSEC_NEVER);
        assert_null(governor_next(&g, 1000 * SEC));
        governor_started(&g);
        assert_int_equal(governor_deadline(&g, 1000 * SEC), 1000 * SEC);
        assert_ptr_equal(governor_next(&g, 1000 * SEC), &w[2]);
}

static void test_adopt(void **state UNUSED)
{
        Governor g;
        GovernorWait w[3] = {0};
        governor_init(&g, 1, 1, 1, 0);
        assert_true(governor_ask(&g, &w[0], 0));
        assert_false(governor_ask(&g, &w[1], 0));
        governor_adopt(&g, 10, 1, 5, 0);
        assert_int_equal(governor_deadline(&g, 0) / MSEC, 100);
        assert_null(governor_next(&g, 99 * MSEC));
        assert_non_null(governor_next(&g, 101 * MSEC));
        governor_adopt(&g, 0, 0, 0, 10 * SEC);
        assert_int_equal(g.rate, 1);
        assert_int_equal(g.burst, 1);
        assert_true(g.starting_max >= LIMIT_STARTING_LEAST);
        assert_int_equal(g.starting, 2);
        /* Suspended for a year: still no more than the burst at once. */
        assert_true(governor_ask(&g, &w[0], 31536000 * SEC));
        assert_false(governor_ask(&g, &w[2], 31536000 * SEC));
        /* A clock that goes back gives nothing. */
        assert_null(governor_next(&g, 5 * SEC));
        assert_true(governor_deadline(&g, 5 * SEC) > 31536000 * SEC);
}

/* Whatever happens: neither the bucket nor the cap is exceeded, and whoever waits has its turn. */
static void test_any(void **state UNUSED)
{
        SeededRandom r;
        Governor g;
        GovernorWait w[WAITERS] = {0};
        bool starting[WAITERS] = {0};
        uint64_t count = 0, starts = 0;
        Nsec now = 0;
        test_random_init(&r);
        const uint64_t rate = 1 + random_below(&r.random, 100), burst = 1 + random_below(&r.random, 5);
        governor_init(&g, rate, burst, 3, 0);
        for (int i = 0; i < STEPS; i++) {
                size_t k = random_below(&r.random, WAITERS);
                Nsec due = governor_deadline(&g, now);
                now = random_below(&r.random, 3) || due == NSEC_NEVER
                              ? now + random_below(&r.random, 20 * MSEC)
                              : due;
                if (starting[k]) {
                        governor_started(&g);
                        starting[k] = false;
                        count--;
                } else if (random_below(&r.random, 10) == 0) {
                        governor_cancel(&g, &w[k]);
                } else if (governor_ask(&g, &w[k], now)) {
                        starting[k] = true;
                        count++;
                        starts++;
                }
                GovernorWait *next = governor_next(&g, now);
                if (next) {
                        starting[next - w] = true;
                        count++;
                        starts++;
                }
                assert_true(count <= 3 && g.starting == count);
                assert_true((double)starts <= (double)burst + (double)rate * (double)now / 1e9 + 0.01);
        }
        assert_true(starts > 100);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_together), cmocka_unit_test(test_order),
                cmocka_unit_test(test_starting), cmocka_unit_test(test_adopt),
                cmocka_unit_test(test_any),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
