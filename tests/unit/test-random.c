/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <sys/random.h>

/* Linked with --wrap=getrandom: what the kernel says is a matter of the test. */
static ssize_t kernel_says = sizeof(uint64_t);
static unsigned kernel_flags;
ssize_t __real_getrandom(void *buf, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags);

ssize_t __wrap_getrandom(void *buf, size_t n, unsigned flags)
{
        kernel_flags = flags;
        if (kernel_says == (ssize_t)n)
                return __real_getrandom(buf, n, flags);
        errno = EAGAIN;
        return kernel_says;
}

/* The published sequence of splitmix64 for two seeds. */
static void test_sequence(void **state UNUSED)
{
        static const uint64_t zero[] = {0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL,
                                        0xf88bb8a8724c81ecULL};
        static const uint64_t other[] = {6457827717110365317ULL, 3203168211198807973ULL,
                                         9817491932198370423ULL, 4593380528125082431ULL,
                                         16408922859458223821ULL};
        SeededRandom r;
        random_init_seed(&r, 0);
        for (size_t i = 0; i < ARRAY_SIZE(zero); i++)
                assert_true(random_next(&r.random) == zero[i]);
        random_init_seed(&r, 1234567);
        for (size_t i = 0; i < ARRAY_SIZE(other); i++)
                assert_true(random_next(&r.random) == other[i]);
}

static uint64_t fixed;
static uint64_t give_fixed(Random *random UNUSED)
{
        return fixed;
}

static void test_below_ends(void **state UNUSED)
{
        static const uint64_t n[] = {1, 2, 3, 1000, 1ULL << 63, UINT64_MAX};
        Random random = {give_fixed};
        for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
                fixed = 0;
                assert_true(random_below(&random, n[i]) == 0);
                fixed = UINT64_MAX;
                assert_true(random_below(&random, n[i]) == n[i] - 1);
        }
}

static void test_below_level(void **state UNUSED)
{
        enum { BINS = 7, DRAWS = 70000 };
        unsigned bins[BINS] = {0};
        SeededRandom r;
        test_random_init(&r);
        for (int i = 0; i < DRAWS; i++) {
                uint64_t v = random_below(&r.random, BINS);
                assert_true(v < BINS);
                bins[v]++;
        }
        for (int i = 0; i < BINS; i++) /* standard deviation 93 */
                assert_in_range(bins[i], DRAWS / BINS - 750, DRAWS / BINS + 750);
}

static void test_seeds_differ(void **state UNUSED)
{
        SeededRandom a, b;
        kernel_says = sizeof(uint64_t);
        random_init(&a);
        random_init(&b);
        assert_true(a.state != b.state);
        assert_int_equal(kernel_flags, GRND_NONBLOCK); /* never waits at boot */
}

/* The kernel has nothing yet, or not enough: the clock differs from call to call. */
static void test_fallback(void **state UNUSED)
{
        static const ssize_t says[] = {-1, 0, 7};
        for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
                SeededRandom a, b;
                kernel_says = says[i];
                random_init(&a);
                struct timespec first, now;
                assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &first), 0);
                do /* until the clock moved on */
                        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
                while (now.tv_sec == first.tv_sec && now.tv_nsec == first.tv_nsec);
                random_init(&b);
                assert_true(a.state != b.state);
        }
        kernel_says = sizeof(uint64_t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sequence),    cmocka_unit_test(test_below_ends),
                cmocka_unit_test(test_below_level), cmocka_unit_test(test_seeds_differ),
                cmocka_unit_test(test_fallback),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
