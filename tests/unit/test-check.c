/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "config/check.h"

typedef struct CheckRow {
        const char *text;
        const char *wrong; /* part of what is said; NULL: it is accepted */
} CheckRow;

static void walk(const char *(*check)(Span), const CheckRow *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *got = check(span_of(rows[i].text));
                assert_row(!got == !rows[i].wrong, "\"%s\": %s", rows[i].text, got ? got : "accepted");
                assert_row(!got || strstr(got, rows[i].wrong), "\"%s\": \"%s\", not \"%s\"", rows[i].text,
                           got, rows[i].wrong);
        }
}
#define WALK(check, ...)                               \
        do {                                           \
                const CheckRow rows[] = {__VA_ARGS__}; \
                walk(check, rows, ARRAY_SIZE(rows));   \
        } while (0)

/* n characters: valid up to `most`, then not. */
static void assert_longest(const char *(*check)(Span), const char *head, size_t most)
{
        char text[8192];
        size_t n = strlen(head);
        memset(text, 'a', sizeof(text));
        memcpy(text, head, n);
        assert_null(check(span_from(text, most)));
        assert_non_null(check(span_from(text, most + 1)));
}

static void test_path(void **state UNUSED)
{
        WALK(check_path, {"/", NULL}, {"/a/b c/..d/d..", NULL}, {"", "empty"}, {"~/x", "${HOME}"},
             {"a/b", "absolute"}, {"./a", "absolute"}, {"/a/../b", ".."}, {"/..", ".."}, {"/a\nb", "control"},
             {"/a\x7f", "control"}, {"/\xc3\xa9", NULL});
        assert_longest(check_path, "/", 4095);
}

static void test_command(void **state UNUSED)
{
        WALK(check_command, {"node", NULL}, {"/usr/bin/x y", NULL}, {"builtin:demo", NULL}, {"", "empty"},
             {"builtin:x", "built-in"}, {"bin/x", "relative"}, {"./x", "relative"}, {"~/x", "${HOME}"},
             {"/a/../b", ".."}, {"npx -y", "args"}, {"a|b", "shell"}, {"a;b", "shell"}, {"a>b", "shell"},
             {"a\x01", "control"});
        assert_non_null(check_command(span_from("a\0b", 3)));
}

static void test_names(void **state UNUSED)
{
        WALK(check_name, {"a", NULL}, {"A_b-9", NULL}, {"", "letters"}, {"a.b", "letters"},
             {"a b", "letters"}, {"\xc3\xa9", "letters"}, {"a/b", "letters"});
        WALK(check_token_name, {"a.b", NULL}, {"", "letters"}, {"a b", "letters"});
        WALK(check_secret_name, {"a.b", NULL}, {".", "file"}, {"..", "file"}, {"a/b", "letters"},
             {"...", NULL});
        WALK(check_env_name, {"A", NULL}, {"_1", NULL}, {"a1", NULL}, {"1a", "digit"}, {"", "name"},
             {"A-B", "name"}, {"A=B", "name"});
        WALK(check_tool_name, {"a.b_c-d", NULL}, {"", "letters"}, {"a b", "letters"});
        WALK(check_prefix, {"", NULL}, {"a__", NULL}, {"a.", "letters"}, {"a b", "letters"});
        WALK(check_nonempty, {"x", NULL}, {"", "empty"});
        assert_longest(check_name, "", 64);
        assert_longest(check_token_name, "", 64);
        assert_longest(check_secret_name, "", 64);
        assert_longest(check_tool_name, "", 128);
        assert_longest(check_prefix, "", 32);
        assert_non_null(check_name(span_from("a\0", 2)));
}

static void test_account(void **state UNUSED)
{
        WALK(check_account, {"root", NULL}, {"0", NULL}, {"4294967294", NULL}, {"4294967295", "number"},
             {"99999999999999999999", "number"}, {"1x", "number"}, {"", "name"}, {"-x", "name"},
             {"a b", "name"}, {"svc$", NULL}, {"a.b_c-d", NULL});
        assert_longest(check_account, "", 32);
}

static void test_listen(void **state UNUSED)
{
        WALK(check_listen, {"127.0.0.1:7780", NULL}, {"0.0.0.0:0", NULL}, {"[::1]:65535", NULL},
             {"localhost:1", NULL}, {"unix:/run/x", NULL}, {"", "ADDRESS:PORT"}, {"7780", "only a port"},
             {"::1", "brackets"}, {"fe80::1", "brackets"}, {"127.0.0.1", "ADDRESS:PORT"},
             {"127.0.0.1:", "port"}, {"127.0.0.1:65536", "port"}, {"127.0.0.1:x", "port"},
             {"[::1]", "ADDRESS:PORT"}, {"[::1", "ADDRESS:PORT"}, {"[::g]:1", "ADDRESS:PORT"},
             {"[::1]:x", "port"}, {"example.com:1", "IP"}, {"*:80", "IP"}, {":80", "IP"}, {"unix:", "empty"},
             {"unix:x", "absolute"}, {"unix:@x", "abstract"}, {"unix:/a/../b", ".."}, {"1.2.3:4", "IP"},
             {"127.0.0.1:+1", "port"});
        assert_longest(check_listen, "unix:/", 5 + 107);
}

static void test_host(void **state UNUSED)
{
        WALK(check_host, {"example.com", NULL}, {"a", NULL}, {"a_b.c-d", NULL}, {"*", "rebinding"},
             {"http://x", "URL"}, {"x:1", "port"}, {"", "host name"}, {"-a", "host name"},
             {"a-", "host name"}, {"a..b", "host name"}, {"a b", "host name"}, {".", "host name"},
             {"a.", "host name"});
        assert_longest(check_host, "", 63);
        char label[256];
        for (size_t i = 0; i < sizeof(label); i++)
                label[i] = i % 50 == 49 ? '.' : 'a';
        assert_null(check_host(span_from(label, 253)));
        assert_non_null(check_host(span_from(label, 254)));
}

static void test_origin(void **state UNUSED)
{
        WALK(check_origin, {"https://example.com", NULL}, {"http://localhost:3000", NULL},
             {"http://[::1]:80", NULL}, {"vscode-webview://abc", NULL}, {"*", "every page"},
             {"null", "every page"}, {"example.com", "origin"}, {"://x", "origin"},
             {"https://x/", "nothing may follow"}, {"https://", "host name"}, {"https://x:", "port"},
             {"https://x:99999", "port"}, {"https://[::1]", "port"}, {"https://[x]:1", "port"},
             {"h ttp://x", "origin"});
}

static void test_url(void **state UNUSED)
{
        WALK(check_url, {"http://x", NULL}, {"https://x.y:1/p?q", NULL}, {"https://x?q", NULL},
             {"http://[::1]:1/", NULL}, {"ftp://x", "http://"}, {"", "http://"}, {"http://", "host name"},
             {"http:///x", "host name"}, {"http://a b", "space"}, {"http://a\n", "control"},
             {"http://a:b", "port"}, {"HTTP://x", "http://"});
}

static void test_host_port(void **state UNUSED)
{
        WALK(check_host_port, {"example.com:443", NULL}, {"*.example.com:1", NULL}, {"[::1]:2", NULL},
             {"10.0.0.1:80", NULL}, {"http://x:1", "URL"}, {"x", "HOST:PORT"}, {"x:0", "HOST:PORT"},
             {"x:65536", "HOST:PORT"}, {":1", "host name"}, {"*:1", "host name"}, {"a.*.b:1", "host name"},
             {"[x]:1", "HOST:PORT"}, {"[::1]:0", "HOST:PORT"}, {"x:*", NULL}, {"[::1]:*", NULL},
             {"x:**", "HOST:PORT"}, {"*:*", "host name"}, {"127.1:1", "number"}, {"a.0x7f:1", "number"},
             {"*.10.0.0.1:1", "number"}, {"a.0xg:1", NULL}, {"1.a:1", NULL});
}

static void test_forms(void **state UNUSED)
{
        WALK(check_token_hash,
             {"sha256:0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef", NULL},
             {"sha256:0123", "64"}, {"secret", "never the token"}, {"", "sha256:"},
             {"sha256:0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdeg", "64"});
        WALK(check_pattern, {"*", NULL}, {"a b", NULL}, {"", "for all"}, {"a\n", "control"});
        assert_longest(check_pattern, "", 1024);
        WALK(check_root_uri, {"file:///", NULL}, {"file:///a", NULL}, {"/a", "file"},
             {"file://host/a", "file"});
        WALK(check_syscall, {"open", NULL}, {"openat2", NULL}, {"@file-system", NULL}, {"", "system call"},
             {"@", "system call"}, {"a-b", "system call"}, {"@a b", "system call"}, {"@_a", NULL});
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_path),      cmocka_unit_test(test_command),
                cmocka_unit_test(test_names),     cmocka_unit_test(test_account),
                cmocka_unit_test(test_listen),    cmocka_unit_test(test_host),
                cmocka_unit_test(test_origin),    cmocka_unit_test(test_url),
                cmocka_unit_test(test_host_port), cmocka_unit_test(test_forms),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
