/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/backoff.h"

enum { DRAWS = 100000 };

static void test_base(void **state UNUSED)
{
        static const struct {
                Nsec min, max;
                uint32_t k;
                Nsec want;
        } rows[] = {
                {1, 60, 0, 1},
                {1, 60, 1, 1},
                {1, 60, 2, 2},
                {1, 60, 3, 4},
                {1, 60, 6, 32},
                {1, 60, 7, 60},
                {1, 60, 8, 60},
                {1, 60, UINT32_MAX, 60},
                {1, 64, 7, 64},
                {1, 64, 8, 64},
                {60, 60, 1, 60},
                {90, 60, 1, 60}, /* max wins */
                {0, 60, 5, 0},
                {5, 0, 5, 0},
                {1, NSEC_NEVER, 64, 1ULL << 63},
                {1, NSEC_NEVER, 65, NSEC_NEVER},
                {1, NSEC_NEVER, UINT32_MAX, NSEC_NEVER},
                {1, NSEC_NEVER - 1, 65, NSEC_NEVER - 1},
                {3, NSEC_NEVER, 63, 3ULL << 62},
                {3, NSEC_NEVER, 64, NSEC_NEVER},
                {NSEC_NEVER, NSEC_NEVER, 2, NSEC_NEVER},
                {1ULL << 63, NSEC_NEVER, 2, NSEC_NEVER},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Nsec got = backoff_base(rows[i].min, rows[i].max, rows[i].k);
                assert_row(got == rows[i].want, "%zu: %llu", i, (unsigned long long)got);
        }
}

/* Never k steps: the alarm ends a run that takes them. */
static void test_zero_is_quick(void **state UNUSED)
{
        alarm(20);
        for (uint32_t i = 0; i < 64; i++) {
                assert_int_equal(backoff_base(0, NSEC_NEVER, UINT32_MAX - i), 0);
                assert_int_equal(backoff_base(0, NSEC_PER_SEC, UINT32_MAX - i), 0);
        }
        alarm(0);
}

/* Every draw is within the bounds, the draws reach both ends, and they are level. */
static void check_spread(Nsec t, uint32_t percent, Random *random)
{
        enum { BINS = 20 };
        const Nsec part = (Nsec)((unsigned __int128)t * percent / 100), low = t - part, width = 2 * part;
        unsigned bins[BINS] = {0};
        for (int i = 0; i < DRAWS; i++) {
                Nsec d = backoff_jitter(t, percent, random);
                assert_true(d >= low && d - low < width);
                bins[(unsigned __int128)(d - low) * BINS / width]++;
        }
        for (int i = 0; i < BINS; i++) /* 5000 each, standard deviation 69: 8 of them */
                assert_in_range(bins[i], DRAWS / BINS - 550, DRAWS / BINS + 550);
}

static void test_spread(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        check_spread(NSEC_PER_SEC, 50, &random.random);
        check_spread(60 * NSEC_PER_SEC, 10, &random.random);
        check_spread(NSEC_PER_SEC, 100, &random.random);
        check_spread(NSEC_NEVER / 2, 100, &random.random);
}

/* Small and odd numbers round to the inside: [t - t*p/100, t + t*p/100). */
static void test_small(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (Nsec t = 0; t < 40; t++)
                for (uint32_t percent = 0; percent <= 100; percent++)
                        for (int i = 0; i < 20; i++) {
                                Nsec d = backoff_jitter(t, percent, &random.random);
                                assert_true(d * 100 >= t * 100 - t * percent);
                                if (t * percent == 0)
                                        assert_int_equal(d, t);
                                else
                                        assert_true(d * 100 < t * 100 + t * percent);
                        }
}

static uint64_t lowest(Random *random UNUSED)
{
        return 0;
}

static uint64_t highest(Random *random UNUSED)
{
        return UINT64_MAX;
}

static void test_ends(void **state UNUSED)
{
        Random low = {lowest}, high = {highest};
        assert_int_equal(backoff_jitter(1000, 50, &low), 500);
        assert_int_equal(backoff_jitter(1000, 50, &high), 1499);
        assert_int_equal(backoff_jitter(1000, 10, &low), 900);
        assert_int_equal(backoff_jitter(1000, 10, &high), 1099);
        assert_int_equal(backoff_jitter(1000, 100, &low), 0);
        assert_int_equal(backoff_jitter(1000, 100, &high), 1999);
        assert_int_equal(backoff_jitter(NSEC_NEVER, 50, &low), NSEC_NEVER);
        assert_int_equal(backoff_jitter(NSEC_NEVER, 50, &high), NSEC_NEVER);
        assert_int_equal(backoff_jitter(NSEC_NEVER - 1, 100, &high), NSEC_NEVER - 1);
        assert_int_equal(backoff_jitter(NSEC_NEVER - 1, 100, &low), 0);
        assert_int_equal(backoff_jitter(NSEC_NEVER / 4 * 3, 50, &high), NSEC_NEVER);
}

static void test_delay(void **state UNUSED)
{
        Random low = {lowest}, high = {highest};
        static const Nsec bases[] = {1000, 1000, 2000, 4000, 8000, 10000, 10000};
        for (uint32_t k = 0; k < ARRAY_SIZE(bases); k++) {
                assert_int_equal(backoff_delay(1000, 10000, k, &low), bases[k] / 2);
                assert_int_equal(backoff_delay(1000, 10000, k, &high), bases[k] / 2 * 3 - 1);
        }
        assert_int_equal(backoff_delay(0, 10000, 9, &high), 0);
        assert_int_equal(backoff_delay(1, NSEC_NEVER, UINT32_MAX, &high), NSEC_NEVER);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_base),   cmocka_unit_test(test_zero_is_quick),
                cmocka_unit_test(test_spread), cmocka_unit_test(test_small),
                cmocka_unit_test(test_ends),   cmocka_unit_test(test_delay),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
