/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "proxy/address.h"

/* ---- ranges ----------------------------------------------------------------- */

typedef struct Range {
        uint32_t family;
        uint8_t bytes[16], bits;
        const char *name; /* NULL: public */
} Range;

#define V4(a, b, c, d, n, text)                            \
        {                                                  \
                AF_INET, {(a), (b), (c), (d)}, (n), (text) \
        }
#define V6(a, b, c, n, text) V6_LONG(a, b, c, 0, 0, 0, n, text)
#define V6_LONG(a, b, c, f, g, h, n, text)                                                                  \
        {                                                                                                   \
                AF_INET6, {(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff, 0,        0,         \
                           0,        0,        (f) >> 8, (f)&0xff, (g) >> 8, (g)&0xff, (h) >> 8, (h)&0xff}, \
                        (n), (text)                                                                         \
        }

/* clang-format off */
/* The first that holds it says what an address is: the registries of special-purpose addresses (RFC 6890), and
 * where clouds answer with keys. Of IPv6 only what is given out as global unicast is public. */
static const Range ranges[] = {
        V4(169, 254, 169, 254, 32, "metadata service"),
        V4(169, 254, 170, 2, 32,   "metadata service"), /* tasks of containers */
        V4(100, 100, 100, 200, 32, "metadata service"),
        V4(168, 63, 129, 16, 32,   "metadata service"),
        V4(192, 0, 0, 192, 32,     "metadata service"),
        V4(0, 0, 0, 0, 8,          "this host"),
        V4(10, 0, 0, 0, 8,         "private"),
        V4(100, 64, 0, 0, 10,      "shared by a carrier"),
        V4(127, 0, 0, 0, 8,        "loopback"),
        V4(169, 254, 0, 0, 16,     "link-local"),
        V4(172, 16, 0, 0, 12,      "private"),
        V4(192, 0, 0, 0, 24,       "reserved"),
        V4(192, 0, 2, 0, 24,       "documentation"),
        V4(192, 31, 196, 0, 24,    "reserved"), /* AS112 */
        V4(192, 52, 193, 0, 24,    "reserved"), /* AMT relays */
        V4(192, 88, 99, 0, 24,     "6to4 relay"),
        V4(192, 168, 0, 0, 16,     "private"),
        V4(192, 175, 48, 0, 24,    "reserved"), /* AS112 */
        V4(198, 18, 0, 0, 15,      "benchmarks"),
        V4(198, 51, 100, 0, 24,    "documentation"),
        V4(203, 0, 113, 0, 24,     "documentation"),
        V4(224, 0, 0, 0, 4,        "multicast"),
        V4(240, 0, 0, 0, 4,        "reserved"), /* broadcast too */
        V4(0, 0, 0, 0, 0,          NULL),

        V6_LONG(0xfd00, 0xec2, 0, 0, 0, 0x254, 128, "metadata service"),
        V6_LONG(0xfd20, 0xce, 0, 0, 0, 0x254, 128,  "metadata service"),
        V6_LONG(0, 0, 0, 0, 0, 0, 128,         "this host"),
        V6_LONG(0, 0, 0, 0, 0, 1, 128,         "loopback"),
        V6_LONG(0, 0, 0, 0xffff, 0, 0, 96,     "IPv4-mapped"),
        V6(0, 0, 0, 96,             "IPv4-compatible"),
        V6(0x64, 0xff9b, 0, 96,     "NAT64"),
        V6(0x64, 0xff9b, 1, 48,     "NAT64"),
        V6(0x100, 0, 0, 64,         "discard"),
        V6(0x2001, 0, 0, 32,        "Teredo"),
        V6(0x2001, 0, 0, 23,        "reserved"),
        V6(0x2001, 0xdb8, 0, 32,    "documentation"),
        V6(0x2002, 0, 0, 16,        "6to4"),
        V6(0x2620, 0x4f, 0x8000, 48, "reserved"), /* AS112 */
        V6(0x3fff, 0, 0, 20,        "documentation"),
        V6(0x2000, 0, 0, 3,         NULL),
        V6(0xfc00, 0, 0, 7,         "private"),
        V6(0xfe80, 0, 0, 10,        "link-local"),
        V6(0xfec0, 0, 0, 10,        "site-local"),
        V6(0xff00, 0, 0, 8,         "multicast"),
        V6(0, 0, 0, 0,              "reserved"),
};
/* clang-format on */

static bool range_has(const Range *r, const ProxyAddress *a)
{
        size_t whole = r->bits / 8, rest = r->bits % 8;
        if (r->family != a->family || memcmp(r->bytes, a->bytes, whole) != 0)
                return false;
        return rest == 0 || (r->bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

const char *proxy_address_range(const ProxyAddress *a)
{
        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
                if (range_has(&ranges[i], a))
                        return ranges[i].name;
        return "reserved"; /* of no family that we know */
}

/* ---- text and sockets -------------------------------------------------------- */

int proxy_address_parse(Span s, ProxyAddress *ret)
{
        ProxyAddress v4 = {.family = AF_INET}, v6 = {.family = AF_INET6};
        char text[PROXY_ADDRESS_TEXT];
        if (s.len == 0 || s.len >= sizeof(text) || memchr(s.ptr, '\0', s.len))
                return -EINVAL;
        memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        if (inet_pton(AF_INET, text, v4.bytes) == 1)
                *ret = v4;
        else if (inet_pton(AF_INET6, text, v6.bytes) == 1)
                *ret = v6;
        else
                return -EINVAL;
        return 0;
}

int proxy_address_from(const struct sockaddr *sa, ProxyAddress *ret)
{
        ProxyAddress a = {.family = sa->sa_family};
        if (sa->sa_family == AF_INET)
                memcpy(a.bytes, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
        else if (sa->sa_family == AF_INET6)
                memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
        else
                return -EAFNOSUPPORT;
        *ret = a;
        return 0;
}

socklen_t proxy_address_to(const ProxyAddress *a, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
        *ret = (struct sockaddr_storage){0};
        if (a->family == AF_INET) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(port);
                memcpy(&v4->sin_addr, a->bytes, 4);
                return sizeof(*v4);
        }
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, a->bytes, 16);
        return sizeof(*v6);
}

void proxy_address_print(const ProxyAddress *a, uint16_t port, char ret[static PROXY_ADDRESS_TEXT + 8])
{
        char text[PROXY_ADDRESS_TEXT] = "?";
        (void)inet_ntop((int)a->family, a->bytes, text, sizeof(text));
        (void)snprintf(ret, PROXY_ADDRESS_TEXT + 8, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

bool proxy_address_equal(const ProxyAddress *a, const ProxyAddress *b)
{
        return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
