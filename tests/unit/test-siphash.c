/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/siphash.h"

/* The example of the paper, and values of its authors' program, under the key 00 01 ... 0f. */
static void test_vectors(void **state UNUSED)
{
        static const struct {
                size_t n;
                uint64_t want;
        } rows[] = {
                {0, 0x726fdb47dd0e0e31},
                {1, 0x74f839c593dc67fd},
                {8, 0x93f5f5799a932462},
                {15, 0xa129ca6149be45e5},
        };
        const SipKey key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
        char bytes[16];
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)i;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(siphash(&key, span_from(bytes, rows[i].n)) == rows[i].want, "%zu bytes",
                           rows[i].n);
        assert_true(siphash(&key, SPAN_NONE) == rows[0].want);
}

static void test_key(void **state UNUSED)
{
        const SipKey key = {1, 2}, a = {3, 2}, b = {1, 3};
        uint64_t h = siphash(&key, SPAN("tools"));
        assert_true(h == siphash(&key, SPAN("tools")));
        assert_true(h != siphash(&a, SPAN("tools")) && h != siphash(&b, SPAN("tools")));
        assert_true(siphash(&key, span_from("\0\0", 1)) != siphash(&key, span_from("\0\0", 2)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_key),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
