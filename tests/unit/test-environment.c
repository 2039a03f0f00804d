/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "spawn/environment.h"

static const char *const ours[] = {
        "PATH=/bin", "TERM=xterm",  "LD_PRELOAD=evil", "HOME=/home/me", "SHELL=/bin/zsh",
        "SECRET=s",  "LANGUAGE=de", "TZ=UTC",          "PATHS=no",      NULL,
};

static ConfigText pass[] = {{.value = "SECRET"}, {.value = "MISSING"}, {.value = "LD_PRELOAD"}};
static ConfigPair file[] = {
        {"FROM_FILE", {.value = "1"}}, {"SECRET", {.value = "file"}}, {"BOTH", {.value = "file"}}};
static ConfigPair env[] = {{"BOTH", {.value = "env"}}, {"EMPTY", {.value = ""}}, {"TERM", {.value = "dumb"}}};

static void assert_environment(const ServerConfig *s, const char *const *mine, const char *want)
{
        char text[1024] = "";
        size_t at = 0;
        Environment e;
        const EnvironmentArgs args = {s, mine, "/state/home/x"};
        assert_int_equal(environment_make(&args, &e), 0);
        for (size_t i = 0; i < e.n; i++)
                at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", e.items[i]);
        assert_null(e.items[e.n]);
        assert_string_equal(text, want);
        environment_done(&e);
}

static void test_defaults(void **state UNUSED)
{
        static const char *const none[] = {NULL};
        const ServerConfig s = {.sandbox.profile = PROFILE_STANDARD};
        assert_environment(&s, ours,
                           "HOME=/state/home/x PATH=/bin SHELL=/bin/sh TERM=xterm TMPDIR=/tmp TZ=UTC ");
        assert_environment(&s, none, "HOME=/state/home/x SHELL=/bin/sh TMPDIR=/tmp ");
}

static void test_profile_none(void **state UNUSED)
{
        const ServerConfig s = {.sandbox.profile = PROFILE_NONE};
        assert_environment(&s, ours, "HOME=/home/me PATH=/bin SHELL=/bin/zsh TERM=xterm TMPDIR=/tmp TZ=UTC ");
}

static void test_later_wins(void **state UNUSED)
{
        const ServerConfig s = {
                .sandbox.profile = PROFILE_STRICT,
                .env_pass = {pass, ARRAY_SIZE(pass)},
                .resolved.env = {file, ARRAY_SIZE(file)},
                .env = {env, ARRAY_SIZE(env)},
        };
        assert_environment(
                &s, ours,
                "BOTH=env EMPTY= FROM_FILE=1 HOME=/state/home/x LD_PRELOAD=evil PATH=/bin SECRET=file "
                "SHELL=/bin/sh TERM=dumb TMPDIR=/tmp TZ=UTC ");
}

static int make_once(void *arg)
{
        Environment e;
        int r = environment_make(arg, &e);
        if (r == 0)
                environment_done(&e);
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        const ServerConfig s = {.env = {env, ARRAY_SIZE(env)}};
        EnvironmentArgs args = {&s, ours, "/h"};
        assert_true(oom_each(make_once, &args) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_profile_none),
                cmocka_unit_test(test_later_wins),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
