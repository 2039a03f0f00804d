/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "base/limit-table.h"
#include "config/descriptors.h"

enum { OWN = LIMIT_GATEWAY_FDS };

static void test_connections(void **state UNUSED)
{
        static const struct {
                const char *text;
                uint64_t nofile, want;
        } rows[] = {
                {"listen: []\nservers: {}", 1000000, 10000},
                {"listen: []\nservers: {}", 1000, 1000 - OWN},
                {"listen: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nservers: {}", 1000, 998 - OWN},
                {"listen: []\nlimits: {max_connections: 20}\nservers: {}", 1000, 20},
                /* two instances, and the file of its lists */
                {"listen: []\nservers: {a: {command: x}}", 1000, 995 - OWN},
                {"listen: []\nservers: {a: {command: x, share: exclusive}}", 1000, 995 - OWN},
                {"listen: []\nservers: {a: {command: x, share: session, max_instances: 50}}", 1000,
                 899 - OWN},
                {"listen: []\nservers: {a: {command: x, share: session, max_instances: 1}}", 1000, 995 - OWN},
                /* there are no more instances than the supervisor has descriptors for */
                {"listen: []\nservers: {a: {command: x, share: session, max_instances: 1000}}", 700,
                 499 - OWN},
                {"listen: []\nservers: {}", OWN, 1},
                {"listen: []\nservers: {}", 0, 1},
                {"listen: []\nservers: {a: {command: x}}", UINT64_MAX, 10000},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(config_unref_p) Config *c = config_of(rows[i].text);
                uint64_t got = config_connections(c, rows[i].nofile);
                assert_row(got == rows[i].want, "%zu: %llu", i, (unsigned long long)got);
        }
}

static void test_files(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *none = config_of("servers: {}");
        CLEANUP(config_unref_p) Config *two = config_of("servers: {a: {command: x}, b: {command: x}}");
        assert_true(config_files(none) > 0);
        assert_int_equal(config_files(two) - config_files(none), 14);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_connections), cmocka_unit_test(test_files)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
