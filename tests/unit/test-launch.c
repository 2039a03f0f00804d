/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "config/launch.h"

static uint64_t launch_of(const char *keys)
{
        char text[512];
        (void)snprintf(text, sizeof(text), "servers: {a: {%s}}", keys);
        CLEANUP(config_unref_p) Config *c = config_of(text);
        return config_launch(config_server(c, 0));
}

/* Each is another program than all others. */
static void test_others(void **state UNUSED)
{
        static const char *const rows[] = {
                "command: x",
                "command: y",
                "command: x, args: [a]",
                "command: x, args: [ab]",
                "command: x, args: [a, b]",
                "command: x, args: [b, a]",
                "command: x, args: [\"\"]",
                "command: x, cwd: /a",
                "command: x, user: nobody",
                "command: x, env_pass: [A]",
                "command: x, env_pass: [A, B]",
                "command: x, env: {A: a}",
                "command: x, env: {A: a, B: a}",
        };
        uint64_t seen[ARRAY_SIZE(rows)];
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                seen[i] = launch_of(rows[i]);
                for (size_t k = 0; k < i; k++)
                        assert_row(seen[i] != seen[k], "%s / %s", rows[i], rows[k]);
                assert_row(launch_of(rows[i]) == seen[i], "%s, twice", rows[i]);
        }
}

/* The same program in another life: what it may use, or how it is treated, changes no list of its own. */
static void test_the_same(void **state UNUSED)
{
        static const struct {
                const char *a, *b;
        } rows[] = {
                {"command: x", "command: x, request_timeout: 7s"},
                {"command: x", "command: x, share: session, start: lazy"},
                {"command: x", "command: x, tools: {deny: [y]}, prefix: z"},
                {"command: x, env: {A: a}", "command: x, env: {A: b}"},
                {"command: x, args: [\"ghp_abcdefghijklmnopqrstuvwxyz0123456789\"]",
                 "command: x, args: [\"ghp_9876543210zyxwvutsrqponmlkjihgfedcba\"]"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(launch_of(rows[i].a) == launch_of(rows[i].b), "%s / %s", rows[i].a, rows[i].b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_others), cmocka_unit_test(test_the_same)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
