/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "proxy/target.h"

enum { LABEL_LONGEST = 63 };

static int parse_port(Span s, uint16_t *ret)
{
        uint64_t port;
        if (parse_u64(s, &port) < 0 || port == 0 || port > UINT16_MAX)
                return -EINVAL;
        *ret = (uint16_t)port;
        return 0;
}

int proxy_split_port(Span s, Span *ret_host, Span *ret_port)
{
        bool brackets = s.len && s.ptr[0] == '[';
        size_t end = span_find(s, brackets ? ']' : ':');
        Span host = span_first(s, end), rest = span_skip(s, end);
        if (brackets) {
                if (rest.len == 0)
                        return -EINVAL;
                host = span_skip(host, 1);
                rest = span_skip(rest, 1);
        }
        if (rest.len && rest.ptr[0] != ':')
                return -EINVAL;
        *ret_host = host;
        *ret_port = rest.len ? span_skip(rest, 1) : SPAN_NONE;
        return 0;
}

int proxy_port_parse(Span s, uint16_t otherwise, uint16_t *ret)
{
        uint16_t port = otherwise;
        if (s.ptr ? parse_port(s, &port) < 0 : port == 0)
                return -EINVAL;
        *ret = port;
        return 0;
}

/* ---- names -------------------------------------------------------------------- */

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_name_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

static bool is_label(Span s)
{
        if (s.len == 0 || s.len > LABEL_LONGEST || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
                return false;
        for (size_t i = 0; i < s.len; i++)
                if (!is_name_byte(s.ptr[i]))
                        return false;
        return true;
}

/* The last label of what inet_aton() takes for an address: 1, 017, 0x7f. No such domain exists. */
static bool is_number(Span s)
{
        bool hex = span_equal_nocase(span_first(s, 2), SPAN("0x"));
        for (size_t i = hex ? 2 : 0; i < s.len; i++)
                if (!is_digit(s.ptr[i]) && !(hex && (s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'f'))
                        return false;
        return true;
}

int proxy_name_parse(Span s, char ret[static PROXY_NAME_LONGEST + 1])
{
        Span rest = s, label = SPAN_NONE;
        if (s.len == 0 || s.len > PROXY_NAME_LONGEST)
                return -EINVAL;
        while (span_next(&rest, '.', &label))
                if (!is_label(label))
                        return -EINVAL;
        if (is_number(label))
                return -EINVAL;
        for (size_t i = 0; i < s.len; i++)
                ret[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
        ret[s.len] = '\0';
        return 0;
}

/* ---- both ---------------------------------------------------------------------- */

int proxy_target_parse(Span s, uint16_t port, ProxyTarget *ret)
{
        ProxyTarget t = {.name = ""};
        Span host, number;
        int r = proxy_split_port(s, &host, &number);
        if (r == 0)
                r = proxy_port_parse(number, port, &t.port);
        if (r < 0)
                return r;
        bool brackets = s.len && s.ptr[0] == '[';
        if (proxy_address_parse(host, &t.address) == 0) {
                if (brackets != (t.address.family == AF_INET6))
                        return -EINVAL;
        } else {
                bool dot = span_ends(host, SPAN(".")); /* the root, which every name ends with */
                r = brackets ? -EINVAL : proxy_name_parse(span_first(host, host.len - dot), t.name);
        }
        if (r == 0)
                *ret = t;
        return r;
}

int proxy_target_print(const ProxyTarget *t, Buf *b)
{
        char text[PROXY_ADDRESS_TEXT + 8];
        if (t->name[0])
                return buf_appendf(b, "%s:%u", t->name, t->port);
        proxy_address_print(&t->address, t->port, text);
        return buf_append_str(b, text);
}
