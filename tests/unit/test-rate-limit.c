/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rate-limit.h"

static void test_burst_and_rate(void **state UNUSED)
{
        FakeClock clock;
        RateLimit l;

        fake_clock_init(&clock, 5 * NSEC_PER_SEC);
        rate_limit_init(&l, &clock.clock, 2, 3);
        for (int i = 0; i < 3; i++)
                assert_true(rate_limit_take(&l, 1));
        assert_false(rate_limit_take(&l, 1));

        clock.at += NSEC_PER_SEC / 2 - 1;
        assert_false(rate_limit_take(&l, 1));
        clock.at += 1;
        assert_true(rate_limit_take(&l, 1));
        assert_false(rate_limit_take(&l, 1));

        clock.at += 3600 * NSEC_PER_SEC; /* never more than the burst */
        assert_true(rate_limit_take(&l, 3));
        assert_false(rate_limit_take(&l, 1));
}

/* Small steps of time add up to what one large step gives. */
static void test_steps_add_up(void **state UNUSED)
{
        FakeClock clock;
        RateLimit l;
        uint64_t taken = 0;

        fake_clock_init(&clock, 0);
        rate_limit_init(&l, &clock.clock, 256 * 1024, 1000);
        assert_true(rate_limit_take(&l, 1000));
        for (int i = 0; i < 100000; i++) {
                clock.at += 10007;
                while (rate_limit_take(&l, 1))
                        taken++;
        }
        assert_int_equal(taken, (uint64_t)100000 * 10007 * 256 * 1024 / NSEC_PER_SEC);
}

static void test_all_or_nothing(void **state UNUSED)
{
        FakeClock clock;
        RateLimit l;

        fake_clock_init(&clock, 0);
        rate_limit_init(&l, &clock.clock, 0, 10);
        assert_false(rate_limit_take(&l, 11));
        assert_true(rate_limit_take(&l, 10));
        clock.at = NSEC_NEVER;
        assert_false(rate_limit_take(&l, 1)); /* rate 0 */
        assert_true(rate_limit_take(&l, 0));
}

static void test_extremes(void **state UNUSED)
{
        FakeClock clock;
        RateLimit l;

        fake_clock_init(&clock, 1000);
        rate_limit_init(&l, &clock.clock, UINT64_MAX, UINT64_MAX);
        assert_true(rate_limit_take(&l, RATE_LIMIT_BURST_MAX));
        assert_false(rate_limit_take(&l, UINT64_MAX));
        assert_false(rate_limit_take(&l, UINT64_MAX));
        assert_int_equal(l.refused_units, UINT64_MAX); /* stays there */
        clock.at = 0;                                  /* back: nothing comes of it */
        assert_false(rate_limit_take(&l, 2));
        clock.at = 1000;
        assert_false(rate_limit_take(&l, 2));
        clock.at = NSEC_NEVER;
        assert_true(rate_limit_take(&l, RATE_LIMIT_BURST_MAX));
}

static void test_report(void **state UNUSED)
{
        FakeClock clock;
        RateLimit l;
        RateLimitReport report = {7, 7};

        fake_clock_init(&clock, 0);
        rate_limit_init(&l, &clock.clock, 1, 1);
        assert_true(rate_limit_take(&l, 1));
        assert_false(rate_limit_report(&l, NSEC_PER_SEC, &report));
        assert_int_equal(report.refused, 7); /* untouched */

        assert_false(rate_limit_take(&l, 100));
        assert_false(rate_limit_take(&l, 20));
        assert_true(rate_limit_report(&l, NSEC_PER_SEC, &report));
        assert_int_equal(report.refused, 2);
        assert_int_equal(report.refused_units, 120);
        assert_false(rate_limit_report(&l, NSEC_PER_SEC, &report));

        assert_false(rate_limit_take(&l, 5));
        clock.at += NSEC_PER_SEC - 1;
        assert_false(rate_limit_report(&l, NSEC_PER_SEC, &report)); /* once a second */
        clock.at += 1;
        assert_true(rate_limit_report(&l, NSEC_PER_SEC, &report));
        assert_int_equal(report.refused, 1);
        assert_int_equal(report.refused_units, 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_burst_and_rate), cmocka_unit_test(test_steps_add_up),
                cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_extremes),
                cmocka_unit_test(test_report),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
