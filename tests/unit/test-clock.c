/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/clock.h"

static Nsec kernel_now(void)
{
        struct timespec ts;
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (Nsec)ts.tv_sec * 1000000000 + (Nsec)ts.tv_nsec;
}

/* Never backwards, and between two looks at the same clock: so in nanoseconds, and that clock. */
static void test_monotonic(void **state UNUSED)
{
        for (int i = 0; i < 100000; i++) {
                Nsec before = kernel_now(), now = clock_now(&clock_monotonic), after = kernel_now();
                assert_true(before <= now && now <= after);
        }
}

static void test_fake(void **state UNUSED)
{
        FakeClock a, b;
        fake_clock_init(&a, 5);
        fake_clock_init(&b, NSEC_NEVER);
        assert_int_equal(clock_now(&a.clock), 5);
        a.at += 10;
        assert_int_equal(clock_now(&a.clock), 15);
        assert_int_equal(clock_now(&a.clock), 15);
        assert_int_equal(clock_now(&b.clock), NSEC_NEVER);
}

static void test_sums(void **state UNUSED)
{
        assert_int_equal(nsec_add(1, 2), 3);
        assert_int_equal(nsec_add(NSEC_NEVER, 0), NSEC_NEVER);
        assert_int_equal(nsec_add(NSEC_NEVER, 1), NSEC_NEVER);
        assert_int_equal(nsec_add(NSEC_NEVER, NSEC_NEVER), NSEC_NEVER);
        assert_int_equal(nsec_add(NSEC_NEVER - 1, 1), NSEC_NEVER);
        assert_int_equal(nsec_add(NSEC_NEVER - 2, 1), NSEC_NEVER - 1);
        assert_int_equal(nsec_sub(3, 2), 1);
        assert_int_equal(nsec_sub(2, 2), 0);
        assert_int_equal(nsec_sub(2, 3), 0);
        assert_int_equal(nsec_sub(0, NSEC_NEVER), 0);
        assert_int_equal(nsec_sub(NSEC_NEVER, 0), NSEC_NEVER);
        assert_int_equal(NSEC_PER_SEC, 1000 * NSEC_PER_MSEC);
        assert_int_equal(NSEC_PER_MSEC, 1000 * NSEC_PER_USEC);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_monotonic),
                cmocka_unit_test(test_fake),
                cmocka_unit_test(test_sums),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
