/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "base/parse.h"
#include "supervisor/bind-address.h"

static int parse_path(Span path, BindAddress *ret, socklen_t *ret_size)
{
        if (path.len == 0 || path.ptr[0] != '/')
                return -EINVAL;
        if (path.len >= sizeof(ret->local.sun_path))
                return -ENAMETOOLONG;
        *ret = (BindAddress){.local = {.sun_family = AF_UNIX}};
        memcpy(ret->local.sun_path, path.ptr, path.len);
        *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
        return 0;
}

static int parse_host(Span host, int family, void *ret_bytes)
{
        char text[INET6_ADDRSTRLEN];

        if (host.len >= sizeof(text))
                return -EINVAL;
        memcpy(text, host.ptr, host.len);
        text[host.len] = '\0';
        return inet_pton(family, text, ret_bytes) == 1 ? 0 : -EINVAL;
}

int bind_address_parse(Span text, BindAddress *ret, socklen_t *ret_size)
{
        BindAddress a = {.storage = {0}};
        uint64_t port;

        if (span_starts(text, SPAN("unix:")))
                return parse_path(span_skip(text, sizeof("unix:") - 1), ret, ret_size);
        bool v6 = span_starts(text, SPAN("["));
        size_t end = span_find(text, v6 ? ']' : ':'), colon = end + v6;
        if (colon >= text.len || text.ptr[colon] != ':' || parse_u64(span_skip(text, colon + 1), &port) < 0 ||
            port > UINT16_MAX)
                return -EINVAL;
        Span host = span_skip(span_first(text, end), v6);
        int r = v6 ? parse_host(host, AF_INET6, &a.v6.sin6_addr) : parse_host(host, AF_INET, &a.v4.sin_addr);
        if (r < 0)
                return r;
        a.any.sa_family = v6 ? AF_INET6 : AF_INET;
        bind_address_set_port(&a, (uint16_t)port);
        *ret = a;
        *ret_size = v6 ? sizeof(a.v6) : sizeof(a.v4);
        return 0;
}

static int format_path(const BindAddress *a, socklen_t size, Buf *out)
{
        const char *path = a->local.sun_path;
        size_t before = offsetof(struct sockaddr_un, sun_path), n = size > before ? size - before : 0;

        if (n > 0 && path[0] == '\0') /* abstract: all of it is the name */
                return buf_appendf(out, "unix:@%.*s", (int)(n - 1), path + 1);
        return buf_appendf(out, "unix:%.*s", (int)n, path);
}

int bind_address_format(const BindAddress *a, socklen_t size, Buf *out)
{
        char text[INET6_ADDRSTRLEN];

        if (a->any.sa_family == AF_UNIX)
                return format_path(a, size, out);
        if (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6)
                return -EAFNOSUPPORT;
        bool v6 = a->any.sa_family == AF_INET6;
        const void *bytes = v6 ? (const void *)&a->v6.sin6_addr : (const void *)&a->v4.sin_addr;
        if (!inet_ntop(a->any.sa_family, bytes, text, sizeof(text)))
                return -errno;
        return buf_appendf(out, v6 ? "[%s]:%u" : "%s:%u", text, bind_address_port(a));
}

uint16_t bind_address_port(const BindAddress *a)
{
        if (a->any.sa_family == AF_INET)
                return ntohs(a->v4.sin_port);
        return a->any.sa_family == AF_INET6 ? ntohs(a->v6.sin6_port) : 0;
}

void bind_address_set_port(BindAddress *a, uint16_t port)
{
        if (a->any.sa_family == AF_INET)
                a->v4.sin_port = htons(port);
        else if (a->any.sa_family == AF_INET6)
                a->v6.sin6_port = htons(port);
}
