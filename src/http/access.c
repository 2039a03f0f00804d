/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "base/parse.h"
#include "http/access.h"

typedef enum Port { PORT_NONE, PORT_HTTP = 80, PORT_HTTPS = 443, PORT_MAX = 65535 } Port;

typedef struct Place {
        Span name; /* without brackets and the dot at its end */
        bool v6;
        uint32_t port; /* PORT_NONE: not said */
} Place;

/* ---- reading --------------------------------------------------------------- */

/* A port may be left out behind its colon (RFC 3986, 3.2.3). */
static bool read_port(Span s, uint32_t *ret)
{
        uint64_t port = PORT_NONE;
        if (s.len == 0) {
                *ret = PORT_NONE;
                return true;
        }
        if (s.ptr[0] != ':' || (s.len > 1 && (parse_u64(span_skip(s, 1), &port) < 0 || port > PORT_MAX)))
                return false;
        *ret = (uint32_t)port;
        return true;
}

static bool is_address(int family, Span s)
{
        char text[INET6_ADDRSTRLEN], room[sizeof(struct in6_addr)];
        if (s.len >= sizeof(text) || (s.len && memchr(s.ptr, '\0', s.len)))
                return false;
        if (s.len)
                memcpy(text, s.ptr, s.len);
        text[s.len] = '\0';
        return inet_pton(family, text, room) == 1;
}

/* Letters, digits, '-', '.' and '_': what a name in a DNS query can be. */
static bool is_name(Span s)
{
        for (size_t i = 0; i < s.len; i++) {
                char c = s.ptr[i];
                bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                if (!fine && c != '-' && c != '.' && c != '_')
                        return false;
        }
        return s.len > 0 && s.ptr[0] != '.';
}

static bool read_place(Span s, Place *ret)
{
        Place p = {0};
        if (s.len && s.ptr[0] == '[') {
                size_t end = span_find(s, ']');
                if (end == s.len || !read_port(span_skip(s, end + 1), &p.port))
                        return false;
                p.name = span_from(s.ptr + 1, end - 1);
                p.v6 = true;
                *ret = p;
                return is_address(AF_INET6, p.name);
        }
        size_t colon = span_find(s, ':');
        p.name = span_first(s, colon);
        if (!is_name(p.name) || !read_port(span_skip(s, colon), &p.port))
                return false;
        if (p.name.ptr[p.name.len - 1] == '.')
                p.name.len--;
        *ret = p;
        return true;
}

/* ---- comparing ------------------------------------------------------------- */

static bool is_localhost(const Place *p)
{
        Span name = p->name, tail = SPAN(".localhost");
        if (p->v6)
                return false;
        return span_equal_nocase(name, SPAN("localhost")) ||
               (name.len > tail.len && span_equal_nocase(span_skip(name, name.len - tail.len), tail));
}

/* 127.0.0.0/8 and ::1. */
static bool is_loopback(const Place *p)
{
        return p->v6 ? span_equal(p->name, SPAN("::1"))
                     : span_starts(p->name, SPAN("127.")) && is_address(AF_INET, p->name);
}

/* A port that is not said is the one of the scheme; where none is known, either. */
static bool same_port(uint32_t wanted, uint32_t got)
{
        return wanted == got || (got == PORT_NONE && (wanted == PORT_HTTP || wanted == PORT_HTTPS));
}

static bool same_name(const Place *a, const Place *b)
{
        return a->v6 == b->v6 && span_equal_nocase(a->name, b->name);
}

bool http_host_allowed(const HttpAccess *a, Span host)
{
        Place p, listed;
        if (!read_place(host, &p))
                return false;
        if (p.v6 || is_localhost(&p) || is_address(AF_INET, p.name))
                return true;
        for (size_t i = 0; i < a->n_hosts; i++)
                if (read_place(a->hosts[i], &listed) && same_name(&listed, &p) &&
                    (listed.port == PORT_NONE || same_port(listed.port, p.port)))
                        return true;
        return false;
}

/* ---- origins --------------------------------------------------------------- */

typedef struct Origin {
        Span scheme;
        Place place;
} Origin;

/* SCHEME://HOST[:PORT] and nothing behind it. */
static bool read_origin(Span s, Origin *ret)
{
        Origin o;
        size_t colon = span_find_span(s, SPAN("://"));
        if (colon == s.len || colon == 0)
                return false;
        o.scheme = span_first(s, colon);
        if (!read_place(span_skip(s, colon + 3), &o.place))
                return false;
        if (o.place.port == PORT_NONE && span_equal_nocase(o.scheme, SPAN("http")))
                o.place.port = PORT_HTTP;
        if (o.place.port == PORT_NONE && span_equal_nocase(o.scheme, SPAN("https")))
                o.place.port = PORT_HTTPS;
        *ret = o;
        return true;
}

static bool is_web(const Origin *o)
{
        return span_equal_nocase(o->scheme, SPAN("http")) || span_equal_nocase(o->scheme, SPAN("https"));
}

bool http_origin_listed(const HttpAccess *a, Span origin)
{
        Origin o, listed;
        bool read = read_origin(origin, &o);
        for (size_t i = 0; i < a->n_origins; i++) {
                if (span_equal(a->origins[i], origin) && origin.len)
                        return true;
                if (read && read_origin(a->origins[i], &listed) &&
                    span_equal_nocase(o.scheme, listed.scheme) && same_name(&o.place, &listed.place) &&
                    o.place.port == listed.place.port)
                        return true;
        }
        return false;
}

bool http_origin_allowed(const HttpAccess *a, Span origin, Span host)
{
        Origin o;
        Place h;
        if (!origin.ptr || http_origin_listed(a, origin))
                return true;
        if (!read_origin(origin, &o) || !is_web(&o))
                return false;
        if (is_localhost(&o.place) || is_loopback(&o.place))
                return true;
        return read_place(host, &h) && same_name(&o.place, &h) && same_port(o.place.port, h.port);
}
