/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <netinet/in.h>

#include "config/check.h"
#include "proxy/rule.h"

#define TEXT(lit)                      \
        {                              \
                (lit), sizeof(lit) - 1 \
        }

/* ---- addresses ------------------------------------------------------------------ */

static const struct {
        const char *address, *range;
} ranges[] = {
        {"0.0.0.0", "this host"},
        {"0.255.255.255", "this host"},
        {"1.0.0.0", NULL},
        {"9.255.255.255", NULL},
        {"10.0.0.0", "private"},
        {"10.255.255.255", "private"},
        {"11.0.0.0", NULL},
        {"100.63.255.255", NULL},
        {"100.64.0.0", "shared by a carrier"},
        {"100.127.255.255", "shared by a carrier"},
        {"100.128.0.0", NULL},
        {"100.100.100.200", "metadata service"},
        {"126.255.255.255", NULL},
        {"127.0.0.1", "loopback"},
        {"127.255.255.254", "loopback"},
        {"168.63.129.16", "metadata service"},
        {"168.63.129.17", NULL},
        {"169.253.255.255", NULL},
        {"169.254.0.1", "link-local"},
        {"169.254.169.254", "metadata service"},
        {"169.254.170.2", "metadata service"},
        {"172.15.255.255", NULL},
        {"172.16.0.0", "private"},
        {"172.31.255.255", "private"},
        {"172.32.0.0", NULL},
        {"192.0.0.1", "reserved"},
        {"192.0.1.0", NULL},
        {"192.0.2.1", "documentation"},
        {"192.88.99.1", "6to4 relay"},
        {"192.168.255.255", "private"},
        {"192.169.0.0", NULL},
        {"198.17.255.255", NULL},
        {"198.18.0.0", "benchmarks"},
        {"198.19.255.255", "benchmarks"},
        {"198.20.0.0", NULL},
        {"203.0.113.9", "documentation"},
        {"223.255.255.255", NULL},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.0", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "this host"},
        {"::1", "loopback"},
        {"::2", "IPv4-compatible"},
        {"::127.0.0.1", "IPv4-compatible"},
        {"::ffff:127.0.0.1", "IPv4-mapped"},
        {"::ffff:8.8.8.8", "IPv4-mapped"},
        {"::fffe:8.8.8.8", "reserved"},
        {"64:ff9b::a00:1", "NAT64"},
        {"64:ff9b:1::1", "NAT64"},
        {"64:ff9b:2::1", "reserved"},
        {"100::1", "discard"},
        {"1fff::1", "reserved"},
        {"2000::1", NULL},
        {"2001::1", "Teredo"},
        {"2001:1::1", "reserved"},
        {"2001:1ff:ffff::1", "reserved"},
        {"2001:200::1", NULL},
        {"2001:db8::1", "documentation"},
        {"2002:a00:1::1", "6to4"},
        {"2003::1", NULL},
        {"2606:4700::1111", NULL},
        {"3ffe::1", NULL},
        {"3fff:fff::1", "documentation"},
        {"3fff:1000::1", NULL},
        {"4000::1", "reserved"},
        {"fc00::1", "private"},
        {"fd00:ec2::254", "metadata service"},
        {"fd20:ce::254", "metadata service"},
        {"fdff::1", "private"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fec0::1", "site-local"},
        {"ff02::1", "multicast"},
};

static void test_ranges(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
                ProxyAddress a;
                assert_row(proxy_address_parse(span_of(ranges[i].address), &a) == 0, "%s", ranges[i].address);
                const char *range = proxy_address_range(&a);
                assert_row((range == NULL) == (ranges[i].range == NULL) &&
                                   (!range || strcmp(range, ranges[i].range) == 0),
                           "%s: %s", ranges[i].address, range ? range : "public");
        }
        assert_string_equal(proxy_address_range(&(ProxyAddress){.family = AF_UNIX}), "reserved");
}

/* As sockets have them, and back. */
static void test_sockets(void **state UNUSED)
{
        static const char *const texts[] = {"192.0.2.7:80", "[2001:db8::7]:65535"};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                struct sockaddr_storage sa;
                ProxyTarget t;
                ProxyAddress back;
                char text[PROXY_ADDRESS_TEXT + 8];
                assert_int_equal(proxy_target_parse(span_of(texts[i]), 0, &t), 0);
                socklen_t size = proxy_address_to(&t.address, t.port, &sa);
                assert_int_equal(size, i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
                assert_int_equal(proxy_address_from((struct sockaddr *)&sa, &back), 0);
                assert_true(proxy_address_equal(&back, &t.address));
                proxy_address_print(&back, t.port, text);
                assert_string_equal(text, texts[i]);
        }
        const struct sockaddr other = {.sa_family = AF_UNIX};
        ProxyAddress untouched = {.family = 7};
        assert_int_equal(proxy_address_from(&other, &untouched), -EAFNOSUPPORT);
        assert_int_equal(untouched.family, 7);
}

/* ---- targets -------------------------------------------------------------------- */

static const struct {
        const char *text, *printed; /* NULL: none */
        uint16_t port;
} targets[] = {
        {"example.com:443", "example.com:443", 0},
        {"EXAMPLE.Com.:443", "example.com:443", 0},
        {"example.com", "example.com:80", 80},
        {"example.com:8080", "example.com:8080", 80},
        {"a_b-c.d9:1", "a_b-c.d9:1", 0},
        {"10.0.0.1:65535", "10.0.0.1:65535", 0},
        {"[::1]:1", "[::1]:1", 0},
        {"[0:0:0:0:0:0:0:1]", "[::1]:80", 80},
        {"example.com", NULL, 0},
        {"example.com:", NULL, 80},
        {"example.com:0", NULL, 80},
        {"example.com:65536", NULL, 0},
        {"example.com:+1", NULL, 0},
        {"example.com:1:1", NULL, 0},
        {":443", NULL, 0},
        {"", NULL, 80},
        {".:1", NULL, 0},
        {"a..b:1", NULL, 0},
        {"a.b..:1", NULL, 0},
        {"-a.b:1", NULL, 0},
        {"a-:1", NULL, 0},
        {"a b:1", NULL, 0},
        {"*.a:1", NULL, 0},
        {"user@a:1", NULL, 0},
        {"::1:1", NULL, 0},
        {"[::1", NULL, 80},
        {"[::1]1", NULL, 80},
        {"[10.0.0.1]:1", NULL, 0},
        {"[a]:1", NULL, 0},
        {"[fe80::1%1]:1", NULL, 0},
        {"[]:1", NULL, 0},
        /* What inet_aton() takes for an address. */
        {"127.1:1", NULL, 0},
        {"2130706433:1", NULL, 0},
        {"0x7f000001:1", NULL, 0},
        {"0X7F.0.0.1:1", NULL, 0},
        {"127.0.0.0x1:1", NULL, 0},
        {"0177.0.0.1:1", NULL, 0},
        {"127.0.0.1.:1", NULL, 0},
        {"1.2.3.4.5:1", NULL, 0},
        {"a.0x:1", NULL, 0},
        {"1.a:1", "1.a:1", 0},
        {"a.0xg:1", "a.0xg:1", 0},
};

static void test_targets(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(1000);
                ProxyTarget t = {.port = 7};
                int r = proxy_target_parse(span_of(targets[i].text), targets[i].port, &t);
                assert_row(r == (targets[i].printed ? 0 : -EINVAL), "%s: %d", targets[i].text, r);
                assert_row(r == 0 || t.port == 7, "%s", targets[i].text);
                if (r < 0)
                        continue;
                assert_int_equal(proxy_target_print(&t, &b), 0);
                assert_row(strcmp(buf_text(&b), targets[i].printed) == 0, "%s: %s", targets[i].text,
                           buf_text(&b));
        }
}

/* The longest name, and one byte more. */
static void test_longest(void **state UNUSED)
{
        char text[PROXY_NAME_LONGEST + 5];
        ProxyTarget t;
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % 50 == 49 ? '.' : 'a';
        memcpy(text + PROXY_NAME_LONGEST, ":443", 4);
        assert_int_equal(proxy_target_parse(span_from(text, PROXY_NAME_LONGEST + 4), 0, &t), 0);
        assert_int_equal(strlen(t.name), PROXY_NAME_LONGEST);
        memcpy(text + PROXY_NAME_LONGEST, "a:443", 5);
        assert_int_equal(proxy_target_parse(span_from(text, PROXY_NAME_LONGEST + 5), 0, &t), -EINVAL);
        memset(text, 'b', 64);
        assert_int_equal(proxy_target_parse(span_from(text, 63), 80, &t), 0);
        assert_int_equal(proxy_target_parse(span_from(text, 64), 80, &t), -EINVAL);
        assert_int_equal(proxy_target_parse(SPAN("a\0b:1"), 80, &t), -EINVAL);
}

/* ---- rules ------------------------------------------------------------------------ */

/* What `check` lets pass is a rule, and nothing else is. */
static void test_as_configured(void **state UNUSED)
{
        static const struct {
                Span text;
                bool good;
        } rows[] = {
                {TEXT("example.com:443"), true},
                {TEXT("*.example.com:443"), true},
                {TEXT("example.com:*"), true},
                {TEXT("10.0.0.1:1"), true},
                {TEXT("[::1]:1"), true},
                {TEXT("[::1]:*"), true},
                {TEXT("com:1"), true},
                {TEXT("*.com:1"), true},
                {TEXT("*:1"), false},
                {TEXT("*:*"), false},
                {TEXT("*.:1"), false},
                {TEXT("*.*.a:1"), false},
                {TEXT("a.*.b:1"), false},
                {TEXT("*a.b:1"), false},
                {TEXT("a:0"), false},
                {TEXT("a:00"), false},
                {TEXT("a:65535"), true},
                {TEXT("a:65536"), false},
                {TEXT("a:**"), false},
                {TEXT("a:1:*"), false},
                {TEXT("[::1]:1:*"), false},
                {TEXT("a"), false},
                {TEXT("a."), false},
                {TEXT("a.:1"), false},
                {TEXT(""), false},
                {TEXT(":*"), false},
                {TEXT("[*]:1"), false},
                {TEXT("*.[::1]:1"), false},
                {TEXT("::1:1"), false},
                {TEXT("127.1:1"), false},
                {TEXT("1.2.3.256:1"), false},
                {TEXT("*.10.0.0.1:1"), false},
                {TEXT("a.0x7f:*"), false},
                {TEXT("http://a:1"), false},
                {TEXT("a:1\n"), false},
                {TEXT("a\0:1"), false},
                {TEXT("10.0.0.0/8:1"), false},
                {TEXT("[::1]"), false},
                {TEXT("[::1\0]:1"), false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ProxyRule rule;
                assert_row((proxy_rule_parse(rows[i].text, &rule) == 0) == rows[i].good, "%s",
                           rows[i].text.ptr);
                assert_row((check_host_port(rows[i].text) == NULL) == rows[i].good, "%s: check",
                           rows[i].text.ptr);
        }
}

static ProxyRules *rules_of(const char *text)
{
        ProxyRules *r = NULL;
        assert_int_equal(proxy_rules_parse(span_of(text), &r), 0);
        return r;
}

static void test_lists(void **state UNUSED)
{
        static const struct {
                const char *rules, *target;
                bool listed;
        } rows[] = {
                {"", "a:1", false},
                {"a:1", "a:1", true},
                {"a:1\n", "A.:1", true},
                {"A.B:1", "a.b:1", true},
                {"a:1", "a:2", false},
                {"a:1", "b:1", false},
                {"a:1", "x.a:1", false},
                {"a:*", "a:65535", true},
                {"b:1\na:1", "a:1", true},
                {"*.a.b:1", "x.a.b:1", true},
                {"*.a.b:1", "x.y.a.b:1", true},
                {"*.a.b:1", "a.b:1", false},
                {"*.a.b:1", "xa.b:1", false},
                {"*.a.b:1", "xxa.b:1", false},
                {"*.a.b:1", "x.a.b:2", false},
                {"*.a.b:1", "x.a.b.c:1", false},
                {"10.0.0.1:1", "10.0.0.1:1", true},
                {"10.0.0.1:1", "10.0.0.1:2", false},
                {"10.0.0.1:*", "10.0.0.1:2", true},
                {"10.0.0.1:1", "10.0.0.2:1", false},
                {"10.0.0.1:1", "[::ffff:10.0.0.1]:1", false},
                {"[::ffff:10.0.0.1]:1", "10.0.0.1:1", false},
                {"[2001:db8::1]:1", "[2001:0db8:0::1]:1", true},
                {"a:1", "10.0.0.1:1", false}, /* a name is no leave for its address */
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ProxyTarget t;
                CLEANUP(proxy_rules_free_p) ProxyRules *r = rules_of(rows[i].rules);
                assert_int_equal(proxy_target_parse(span_of(rows[i].target), 0, &t), 0);
                assert_row(proxy_rules_list(r, &t) == rows[i].listed, "%s: %s", rows[i].rules,
                           rows[i].target);
        }
}

static void test_refuses(void **state UNUSED)
{
        static const struct {
                const char *rules, *address, *range;
                uint16_t port;
        } rows[] = {
                {"a:1", "8.8.8.8", NULL, 1},
                {"a:1", "10.0.0.1", "private", 1},
                {"a:1", "::ffff:8.8.8.8", "IPv4-mapped", 1},
                {"a:1\n10.0.0.1:1", "10.0.0.1", NULL, 1},
                {"a:1\n10.0.0.1:2", "10.0.0.1", "private", 1},
                {"a:1\n10.0.0.1:*", "10.0.0.1", NULL, 1},
                {"a:1\n10.0.0.1:1", "10.0.0.2", "private", 1},
                {"a:1\n10.0.0.1:1", "::ffff:10.0.0.1", "IPv4-mapped", 1},
                {"[::1]:1", "::1", NULL, 1},
                {"[::1]:1", "127.0.0.1", "loopback", 1},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ProxyAddress a;
                CLEANUP(proxy_rules_free_p) ProxyRules *r = rules_of(rows[i].rules);
                assert_int_equal(proxy_address_parse(span_of(rows[i].address), &a), 0);
                const char *range = proxy_rules_refuse(r, &a, rows[i].port);
                assert_row((range == NULL) == (rows[i].range == NULL) &&
                                   (!range || strcmp(range, rows[i].range) == 0),
                           "%s: %s", rows[i].rules, rows[i].address);
        }
}

static void test_broken_list(void **state UNUSED)
{
        static const Span texts[] = {TEXT("\n"), TEXT("a:1\n\nb:1"), TEXT("a:1\nb"), TEXT(" a:1"),
                                     TEXT("a:1\r\n")};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                ProxyRules *r = NULL;
                assert_int_equal(proxy_rules_parse(texts[i], &r), -EINVAL);
                assert_null(r);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),        cmocka_unit_test(test_sockets),
                cmocka_unit_test(test_targets),       cmocka_unit_test(test_longest),
                cmocka_unit_test(test_as_configured), cmocka_unit_test(test_lists),
                cmocka_unit_test(test_refuses),       cmocka_unit_test(test_broken_list),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
