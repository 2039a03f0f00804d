/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/parse.h"
#include "client/place.h"
#include "client/wait.h"

#define HTTP_PORT "80"

static int set(char *room, size_t size, Span s)
{
        if (s.len >= size)
                return -ENAMETOOLONG;
        memcpy(room, s.ptr, s.len);
        room[s.len] = '\0';
        return 0;
}

int client_place_socket(const char *socket, const char *path, ClientPlace *ret)
{
        ClientPlace p = {.authority = "localhost"};
        int r = set(p.socket, sizeof(p.socket), span_of(socket));
        if (r == 0)
                r = set(p.path, sizeof(p.path), span_of(path));
        if (r == 0)
                *ret = p;
        return r;
}

/* ---- URL --------------------------------------------------------------------- */

static bool is_plain(Span s)
{
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] >= 0x7f)
                        return false;
        return true;
}

/* "host", "host:port", "[v6]:port"; `*ret_port` stays when there is none. */
static bool split_host(Span text, Span *ret_host, Span *ret_port)
{
        uint64_t port;
        size_t end = text.len;
        if (text.len && text.ptr[0] == '[') {
                end = span_find(text, ']');
                if (end == text.len)
                        return false;
                *ret_host = span_first(span_skip(text, 1), end - 1);
                end++;
        } else {
                end = span_find(text, ':');
                *ret_host = span_first(text, end);
        }
        Span rest = span_skip(text, end);
        if (rest.len == 0)
                return ret_host->len > 0;
        *ret_port = span_skip(rest, 1);
        return ret_host->len > 0 && rest.ptr[0] == ':' && parse_u64(*ret_port, &port) == 0 && port > 0 &&
               port <= UINT16_MAX;
}

static int fill(Span host, Span port, Span path, ClientPlace *ret)
{
        ClientPlace p = {.socket = ""};
        bool v6 = span_find(host, ':') < host.len;
        if (set(p.host, sizeof(p.host), host) < 0 || set(p.port, sizeof(p.port), port) < 0 ||
            set(p.path, sizeof(p.path), path) < 0)
                return -ENAMETOOLONG;
        (void)snprintf(p.authority, sizeof(p.authority), v6 ? "[%s]:%s" : "%s:%s", p.host, p.port);
        *ret = p;
        return 0;
}

int client_place_url(Span url, ClientPlace *ret, const char **ret_why)
{
        Span host, port = SPAN(HTTP_PORT), rest = url;
        const char *why = NULL;
        if (span_starts(url, SPAN("https://")))
                why = "https is not spoken here: ask the daemon by http, or by its socket";
        else if (!span_starts(url, SPAN("http://")))
                why = "a URL begins with http://";
        else if (!is_plain(url))
                why = "a URL holds no spaces and no characters but those of ASCII";
        rest = span_skip(url, strlen("http://"));
        size_t end = MIN(span_find(rest, '/'), MIN(span_find(rest, '?'), span_find(rest, '#')));
        Span authority = span_first(rest, end), path = span_skip(rest, end);
        path = span_first(path, span_find(path, '#'));
        if (!why && span_find(authority, '@') < authority.len)
                why = "a name and password in a URL are not taken";
        if (!why && !split_host(authority, &host, &port))
                why = "host and port of the URL make no sense";
        if (!why && path.len && path.ptr[0] != '/')
                why = "the path of the URL does not begin with /";
        if (!why && fill(host, port, path.len ? path : SPAN("/"), ret) < 0)
                why = "the URL is too long";
        if (why)
                *ret_why = why;
        return why ? PLACE_E_INVALID : 0;
}

int client_place_listen(Span address, const char *path, ClientPlace *ret)
{
        Span host, port = SPAN_NONE;
        if (span_starts(address, SPAN("unix:"))) {
                char socket[PLACE_SOCKET];
                int r = set(socket, sizeof(socket), span_skip(address, strlen("unix:")));
                return r < 0 ? r : client_place_socket(socket, path, ret);
        }
        uint64_t number;
        if (parse_u64(address, &number) == 0 && number > 0 && number <= UINT16_MAX) {
                host = SPAN("127.0.0.1");
                port = address;
        } else if (!is_plain(address) || !split_host(address, &host, &port) || port.len == 0) {
                return PLACE_E_INVALID;
        }
        if (span_equal(host, SPAN("0.0.0.0")) || span_equal(host, SPAN("*")))
                host = SPAN("127.0.0.1");
        else if (span_equal(host, SPAN("::")))
                host = SPAN("::1");
        return fill(host, port, span_of(path), ret);
}

/* ---- connect ------------------------------------------------------------------ */

static int finish(int fd, Nsec deadline)
{
        int error = 0;
        socklen_t n = sizeof(error);
        int r = client_wait(fd, POLLOUT, deadline);
        if (r != 0)
                return r == CLIENT_WAIT_E_TIMEOUT ? PLACE_E_TIMEOUT : r;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
                return -errno;
        return -error;
}

static int judge(int error)
{
        static const int absent[] = {ENOENT,      ENOTDIR,      ECONNREFUSED,  ECONNRESET,
                                     ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT};
        for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
                if (-error == absent[i])
                        return PLACE_E_NOT_HERE;
        return error == -ETIMEDOUT ? PLACE_E_TIMEOUT : error;
}

static int connect_to(const struct sockaddr *address, socklen_t n, Nsec deadline, int *ret_fd)
{
        CLEANUP_FD int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int on = 1;
        if (fd < 0)
                return judge(-errno);
        int r = connect(fd, address, n) == 0 ? 0 : -errno;
        /* A full queue of a unix socket gives EAGAIN: nobody would wake us. */
        if (r == -EINPROGRESS || r == -EINTR)
                r = finish(fd, deadline);
        if (r != 0)
                return r < 0 ? judge(r) : r;
        if (address->sa_family != AF_UNIX)
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* slower without */
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* A path that does not fit in an address is reached through its directory. */
static int connect_socket(const char *path, Nsec deadline, int *ret_fd)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        CLEANUP_FD int dir = -EBADF;
        if (strlen(path) < sizeof(a.sun_path)) {
                memcpy(a.sun_path, path, strlen(path) + 1);
        } else {
                const char *slash = strrchr(path, '/');
                CLEANUP_FREE char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
                if (!name)
                        return -ENOMEM;
                dir = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (dir < 0)
                        return judge(-errno);
                int n = snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", dir,
                                 slash ? slash + 1 : path);
                if (n < 0 || (size_t)n >= sizeof(a.sun_path))
                        return -ENAMETOOLONG;
        }
        return connect_to((const struct sockaddr *)&a, sizeof(a), deadline, ret_fd);
}

/* 0, or what connect_to says; -EINVAL: the text is no address. */
static int connect_address(const char *host, uint16_t port, Nsec deadline, int *ret_fd)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
                return connect_to((const struct sockaddr *)&v4, sizeof(v4), deadline, ret_fd);
        if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
                return connect_to((const struct sockaddr *)&v6, sizeof(v6), deadline, ret_fd);
        return -EINVAL;
}

#ifndef MCPVISOR_SINGLE
static int connect_name(const ClientPlace *p, Nsec deadline, int *ret_fd)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                       .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
        struct addrinfo *found;
        int e = getaddrinfo(p->host, p->port, &hints, &found);
        if (e != 0)
                return e == EAI_MEMORY ? -ENOMEM : PLACE_E_NOT_HERE;
        int r = PLACE_E_NOT_HERE;
        for (const struct addrinfo *a = found; a && r == PLACE_E_NOT_HERE; a = a->ai_next)
                r = connect_to(a->ai_addr, a->ai_addrlen, deadline, ret_fd);
        freeaddrinfo(found);
        return r;
}
#else
/* Looking up a name needs libraries that a static executable has not. */
static int connect_name(const ClientPlace *p UNUSED, Nsec deadline UNUSED, int *ret_fd UNUSED)
{
        return PLACE_E_NOT_HERE;
}
#endif

int client_place_connect(const ClientPlace *p, Nsec deadline, int *ret_fd)
{
        uint64_t port;
        if (p->socket[0])
                return connect_socket(p->socket, deadline, ret_fd);
        int r = parse_u64(span_of(p->port), &port);
        if (r < 0)
                return r;
        if (strcmp(p->host, "localhost") != 0) {
                r = connect_address(p->host, (uint16_t)port, deadline, ret_fd);
                return r == -EINVAL ? connect_name(p, deadline, ret_fd) : r;
        }
        r = connect_address("127.0.0.1", (uint16_t)port, deadline, ret_fd);
        return r == PLACE_E_NOT_HERE ? connect_address("::1", (uint16_t)port, deadline, ret_fd) : r;
}
