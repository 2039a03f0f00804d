/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/access.h"

#define TEXT(lit)                      \
        {                              \
                (lit), sizeof(lit) - 1 \
        }

static const Span hosts[] = {TEXT("mcp.example.com"), TEXT("Port.example.com:8080"),
                             TEXT("secure.example.com:443")};
static const Span origins[] = {TEXT("https://app.example.com"), TEXT("http://other.example.com:8080"),
                               TEXT("chrome-extension://abcdef"), TEXT("null")};
static const HttpAccess access_rules = {hosts, ARRAY_SIZE(hosts), origins, ARRAY_SIZE(origins)};
static const HttpAccess bare = {0};

static void test_host(void **state UNUSED)
{
        static const struct {
                Span host;
                bool allowed, always; /* with our lists; without any */
        } rows[] = {
                {TEXT("localhost"), true, true},
                {TEXT("LocalHost:7780"), true, true},
                {TEXT("localhost."), true, true},
                {TEXT("localhost.:80"), true, true},
                {TEXT("a.localhost"), true, true},
                {TEXT("127.0.0.1"), true, true},
                {TEXT("192.0.2.7:65535"), true, true},
                {TEXT("[::1]"), true, true},
                {TEXT("[::1]:7780"), true, true},
                {TEXT("[2001:DB8::1]:7780"), true, true},
                {TEXT("[::ffff:1.2.3.4]"), true, true},
                {TEXT("localhost:"), true, true},
                {TEXT("mcp.example.com"), true, false},
                {TEXT("MCP.example.com:1234"), true, false},
                {TEXT("mcp.example.com."), true, false},
                {TEXT("port.example.com:8080"), true, false},
                {TEXT("port.example.com:8081"), false, false},
                {TEXT("port.example.com"), false, false},
                {TEXT("secure.example.com"), true, false},
                {TEXT("secure.example.com:443"), true, false},
                {TEXT("secure.example.com:80"), false, false},
                {TEXT("evil.com"), false, false},
                {TEXT("evil.mcp.example.com"), false, false},
                {TEXT("mcp.example.com.evil.com"), false, false},
                {TEXT("localhost.evil.com"), false, false},
                {TEXT("evillocalhost"), false, false},
                {TEXT(".localhost"), false, false},
                {TEXT("127.1"), false, false},
                {TEXT("0x7f000001"), false, false},
                {TEXT("127.0.0.1.evil.com"), false, false},
                {TEXT("[::1"), false, false},
                {TEXT("[::1]x"), false, false},
                {TEXT("[::1%25lo]"), false, false},
                {TEXT("[localhost]"), false, false},
                {TEXT("[127.0.0.1]"), false, false},
                {TEXT("::1"), false, false},
                {TEXT("localhost:65536"), false, false},
                {TEXT("localhost:x"), false, false},
                {TEXT("localhost:80:80"), false, false},
                {TEXT("user@localhost"), false, false},
                {TEXT("localhost/x"), false, false},
                {TEXT("localhost evil.com"), false, false},
                {TEXT("localhost,evil.com"), false, false},
                {TEXT("127.0.0.1\0.evil.com"), false, false},
                {TEXT(""), false, false},
                {TEXT("."), false, false},
                {TEXT(":80"), false, false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_row(http_host_allowed(&access_rules, rows[i].host) == rows[i].allowed, "%s",
                           rows[i].host.ptr);
                assert_row(http_host_allowed(&bare, rows[i].host) == rows[i].always, "%s", rows[i].host.ptr);
        }
        assert_false(http_host_allowed(&access_rules, SPAN_NONE));
}

static void test_origin(void **state UNUSED)
{
        static const struct {
                const char *origin, *host;
                bool allowed, listed;
        } rows[] = {
                {NULL, "localhost", true, false},
                {"http://localhost:6274", "localhost:7780", true, false},
                {"https://LOCALHOST", "x", true, false},
                {"http://a.localhost:1", "x", true, false},
                {"http://127.0.0.1:6274", "x", true, false},
                {"http://127.9.9.9", "x", true, false},
                {"http://[::1]:6274", "x", true, false},
                {"http://192.0.2.7:7780", "192.0.2.7:7780", true, false},
                {"http://192.0.2.7:7780", "192.0.2.7:7781", false, false},
                {"http://[2001:db8::1]:7780", "[2001:DB8::1]:7780", true, false},
                {"https://mcp.example.com", "mcp.example.com", true, false},
                {"https://mcp.example.com", "mcp.example.com:443", true, false},
                {"https://mcp.example.com:443", "mcp.example.com", true, false},
                {"http://mcp.example.com", "mcp.example.com:443", false, false},
                {"https://mcp.example.com:8443", "mcp.example.com", false, false},
                {"https://MCP.example.com.", "mcp.example.com", true, false},
                {"https://app.example.com", "x", true, true},
                {"HTTPS://App.Example.Com:443", "x", true, true},
                {"http://app.example.com", "x", false, false},
                {"https://app.example.com:444", "x", false, false},
                {"https://app.example.com.evil.com", "x", false, false},
                {"https://app.example.com/", "x", false, false},
                {"http://other.example.com:8080", "x", true, true},
                {"chrome-extension://abcdef", "x", true, true},
                {"chrome-extension://abcdeg", "x", false, false},
                {"null", "x", true, true},
                {"Null", "x", false, false},
                {"", "", false, false},
                {"http://evil.com", "localhost", false, false},
                {"http://localhost.evil.com", "localhost", false, false},
                {"ftp://localhost", "localhost", false, false},
                {"file://", "localhost", false, false},
                {"localhost", "localhost", false, false},
                {"http://127.evil.com", "x", false, false},
                {"http://user@localhost", "localhost", false, false},
                {"http://evil.com http://localhost", "x", false, false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Span o = span_of(rows[i].origin);
                assert_row(http_origin_allowed(&access_rules, o, span_of(rows[i].host)) == rows[i].allowed,
                           "%s", rows[i].origin);
                assert_row(http_origin_listed(&access_rules, o) == rows[i].listed, "%s", rows[i].origin);
        }
        assert_false(http_origin_allowed(&bare, SPAN("null"), SPAN("localhost")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_host),
                cmocka_unit_test(test_origin),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
