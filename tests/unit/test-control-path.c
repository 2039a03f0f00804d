/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/buf.h"
#include "control/path.h"

uid_t __wrap_geteuid(void);

static uid_t we_are;

uid_t __wrap_geteuid(void)
{
        return we_are;
}

typedef int Finder(Buf *ret);

static void expect(Finder *find, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(find(&b), 0);
        assert_string_equal(buf_text(&b), want);
}

static void expect_socket(const char *given, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(control_socket_path(given, &b), 0);
        assert_string_equal(buf_text(&b), want);
}

/* The environment of this test: names and values, the last name NULL. */
static char *variables[8];

static void set_env(unsigned i, const char *text)
{
        static char texts[4][1024];
        snprintf(texts[i], sizeof(texts[i]), "%s", text);
        variables[i] = texts[i];
        variables[i + 1] = NULL;
        environ = variables;
}

static void no_env(void)
{
        variables[0] = NULL;
        environ = variables;
}

static void test_root(void **state UNUSED)
{
        we_are = 0;
        set_env(0, "XDG_RUNTIME_DIR=/run/user/0");
        set_env(1, "XDG_STATE_HOME=/root/state");
        expect(control_runtime_dir, "/run/mcpvisor");
        expect(control_state_dir, "/var/lib/mcpvisor");
        expect_socket(NULL, "/run/mcpvisor/control.sock");
}

static void test_others(void **state UNUSED)
{
        we_are = 1234;
        no_env();
        expect(control_runtime_dir, "/tmp/mcpvisor-1234");
        expect_socket(NULL, "/tmp/mcpvisor-1234/control.sock");
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(control_state_dir(&b), -ENOENT);
        assert_int_equal(b.len, 0);

        set_env(0, "XDG_RUNTIME_DIR=relative");
        expect(control_runtime_dir, "/tmp/mcpvisor-1234");
        set_env(0, "XDG_RUNTIME_DIR=/run/user/1234");
        set_env(1, "HOME=/home/ann");
        expect(control_runtime_dir, "/run/user/1234/mcpvisor");
        expect(control_state_dir, "/home/ann/.local/state/mcpvisor");
        set_env(2, "XDG_STATE_HOME=/data");
        expect(control_state_dir, "/data/mcpvisor");
}

static void test_given(void **state)
{
        char want[600], dir[520], variable[560];
        we_are = 1234;
        no_env();
        expect_socket("/nowhere/x.sock", "/nowhere/x.sock");
        snprintf(want, sizeof(want), "%s/control.sock", (char *)*state);
        expect_socket(*state, want);
        snprintf(dir, sizeof(dir), "%s/", (char *)*state);
        expect_socket(dir, want);

        snprintf(variable, sizeof(variable), "MCPVISOR_SOCKET=%s", (char *)*state);
        set_env(0, variable);
        expect_socket(NULL, want);
        expect_socket("/other.sock", "/other.sock"); /* what is given wins */
        set_env(0, "MCPVISOR_SOCKET=/some.sock");
        expect_socket(NULL, "/some.sock");
        set_env(0, "MCPVISOR_SOCKET=");
        expect_socket(NULL, "/tmp/mcpvisor-1234/control.sock");
}

static void test_too_long(void **state UNUSED)
{
        Buf b = BUF_INIT(8);
        we_are = 1234;
        no_env();
        assert_int_equal(control_socket_path(NULL, &b), -ENOBUFS);
        assert_int_equal(control_socket_path("/a/b/c/d/e", &b), -ENOBUFS);
        assert_int_equal(b.len, 0);
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_root),
                cmocka_unit_test(test_others),
                cmocka_unit_test_setup_teardown(test_given, test_dir_setup, test_dir_teardown),
                cmocka_unit_test(test_too_long),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
