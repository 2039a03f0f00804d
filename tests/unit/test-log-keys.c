/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log-keys.h"

static void test_many_keys(void **state UNUSED)
{
        static LogKeys keys;
        FakeClock clock;
        uint64_t n = 99;
        char name[200];

        fake_clock_init(&clock, 1);
        for (int i = 0; i < LIMIT_LOG_KEY_BURST; i++)
                assert_true(log_keys_take(&keys, &clock.clock, "first", &n));
        assert_false(log_keys_take(&keys, &clock.clock, "first", &n));
        assert_int_equal(n, 0);
        for (int i = 1; i < LIMIT_LOG_KEYS; i++) {
                clock.at++;
                (void)snprintf(name, sizeof(name), "key %d", i);
                assert_true(log_keys_take(&keys, &clock.clock, name, &n));
        }
        assert_false(log_keys_take(&keys, &clock.clock, "first", &n)); /* still known */
        clock.at++;
        assert_true(log_keys_take(&keys, &clock.clock, "new", &n)); /* in the place of key 1 */
        assert_false(log_keys_take(&keys, &clock.clock, "first", &n));
        assert_string_equal(keys.keys[1].name, "new");

        memset(name, 'k', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        clock.at++;
        for (int i = 0; i < LIMIT_LOG_KEY_BURST; i++)
                assert_true(log_keys_take(&keys, &clock.clock, name, &n));
        assert_false(log_keys_take(&keys, &clock.clock, name, &n)); /* the same one, though cut */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_many_keys),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
