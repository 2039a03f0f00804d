/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/secret.h"

static void test_equal(void **state UNUSED)
{
        assert_true(equal_in_constant_time("abc", "abc", 3));
        assert_true(equal_in_constant_time("abc", "abd", 2));
        assert_true(equal_in_constant_time("a", "b", 0));
        assert_false(equal_in_constant_time("abc", "abd", 3));
        assert_false(equal_in_constant_time("\x80", "\0", 1));
        assert_false(equal_in_constant_time("xbc", "abc", 3));
}

/* Each bit of each byte counts, in a word as behind the last one, wherever the bytes stand. */
static void test_each_bit(void **state UNUSED)
{
        char a[40], b[40];
        memset(a, 0x5a, sizeof(a));
        for (size_t n = 0; n < 24; n++)
                for (size_t from = 0; from < 8; from++)
                        for (size_t bit = 0; bit < 8 * sizeof(b); bit++) {
                                memset(b, 0x5a, sizeof(b));
                                b[bit / 8] ^= (char)(1 << bit % 8);
                                bool inside = bit / 8 >= from && bit / 8 < from + n;
                                assert_int_equal(secret_differ(a + from, b + from, n) != 0, inside);
                        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal), cmocka_unit_test(test_each_bit)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
