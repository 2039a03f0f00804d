/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection of the load generator and its session come and go: blocking, one at a time. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/parse.h"
#include "bench/load-conn.h"

enum { PATIENCE_S = 60 };

static const char initialize[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                                 "\"protocolVersion\":\"2025-06-18\","
                                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"load\",\"version\":\"1\"}}}";
static const char initialized[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";

/* ---- connecting ------------------------------------------------------------------ */

static int parse_address(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len)
{
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        struct sockaddr_in in = {.sin_family = AF_INET};
        char host[64];
        uint64_t port = 0;
        if (strncmp(text, "unix:", 5) == 0) {
                if (strlen(text + 5) >= sizeof(un.sun_path))
                        return -ENAMETOOLONG;
                memcpy(un.sun_path, text + 5, strlen(text + 5));
                memcpy(ret, &un, sizeof(un));
                *ret_len = sizeof(un);
                return 0;
        }
        const char *colon = strrchr(text, ':');
        if (!colon || (size_t)(colon - text) >= sizeof(host) || parse_u64(span_of(colon + 1), &port) != 0)
                return -EINVAL;
        snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
        if (port > UINT16_MAX || inet_pton(AF_INET, host, &in.sin_addr) != 1)
                return -EINVAL;
        in.sin_port = htons((uint16_t)port);
        memcpy(ret, &in, sizeof(in));
        *ret_len = sizeof(in);
        return 0;
}

/* Blocking, but no longer than a minute: a server that is started for this session may take its time. */
static int dial(const CallPlan *p, int *ret_fd)
{
        struct sockaddr_storage address;
        socklen_t n;
        int r = parse_address(p->address, &address, &n), one = 1;
        if (r != 0)
                return r;
        CLEANUP_FD int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval patience = {.tv_sec = PATIENCE_S};
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        if (address.ss_family == AF_INET && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)&address, n) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* ---- one request, blocking: only while a session is opened or closed --------------- */

int load_conn_head(LoadConn *c, const char *method, size_t length, char *ret, size_t size)
{
        const CallPlan *p = c->plan;
        int n = snprintf(ret, size,
                         "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                         "Accept: %stext/event-stream\r\n%s%s%s%s%s%s%s"
                         "Content-Length: %zu\r\n\r\n",
                         method, p->path, p->sse ? "" : "application/json, ",
                         p->token ? "Authorization: Bearer " : "", p->token ? p->token : "",
                         p->token ? "\r\n" : "", c->session[0] ? "Mcp-Session-Id: " : "", c->session,
                         c->session[0] ? "\r\nMCP-Protocol-Version: 2025-06-18" : "",
                         c->session[0] ? "\r\n" : "", length);
        return n < 0 || (size_t)n >= size ? -ENOBUFS : n;
}

int load_conn_complain(const char *what, const char *bytes, size_t n)
{
        fprintf(stderr, "load: %s: %.*s%s\n", what, (int)MIN(n, (size_t)LOAD_SHOWN), n ? bytes : "",
                n > LOAD_SHOWN ? " ..." : "");
        return LOAD_CONN_E_WRONG;
}

static int read_whole(LoadConn *c, Answer *ret)
{
        size_t total = 0;
        char *room;
        buf_clear(&c->in);
        for (;;) {
                int r = buf_reserve(&c->in, LOAD_SCRATCH, &room);
                if (r != 0)
                        return r;
                ssize_t n = recv(c->fd, room, LOAD_SCRATCH, 0);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return load_conn_complain("the connection ends within an answer", c->in.data,
                                                  c->in.len);
                buf_commit(&c->in, (size_t)n);
                r = answer_parse(c->in.data, c->in.len, ret, &total);
                if (r == ANSWER_E_BROKEN)
                        return load_conn_complain("no answer that is understood", c->in.data, c->in.len);
                if (r == 0)
                        return 0;
        }
}

/* The answer's spans are valid until the next call of anything of this connection. */
static int ask(LoadConn *c, const char *method, const char *message, Answer *ret)
{
        char request[LOAD_HEAD_MAX + sizeof(initialize)];
        int n = load_conn_head(c, method, strlen(message), request, LOAD_HEAD_MAX);
        if (n < 0)
                return n;
        memcpy(request + n, message, strlen(message));
        int r = fd_write_all(c->fd, span_from(request, (size_t)n + strlen(message)));
        return r ? r : read_whole(c, ret);
}

static int expect(LoadConn *c, const char *message, unsigned status)
{
        Answer a;
        int r = ask(c, "POST", message, &a);
        if (r != 0)
                return r;
        if (a.status / 100 != status / 100)
                return load_conn_complain(message, c->in.data, c->in.len);
        if (a.session.len >= sizeof(c->session))
                return load_conn_complain("a long session id", a.session.ptr, a.session.len);
        if (a.session.len)
                memcpy(c->session, a.session.ptr, a.session.len);
        c->reopen = a.close;
        return 0;
}

int load_conn_dial(LoadConn *c)
{
        fd_close_p(&c->fd);
        c->reopen = false;
        return dial(c->plan, &c->fd);
}

int load_session_open(LoadConn *c)
{
        int r = expect(c, initialize, 200);
        if (r == 0 && c->reopen)
                r = load_conn_dial(c);
        if (r == 0)
                r = expect(c, initialized, 202);
        if (r == 0 && c->reopen)
                r = load_conn_dial(c);
        return r;
}

void load_session_close(LoadConn *c)
{
        Answer a;
        if (c->session[0])
                (void)!ask(c, "DELETE", "", &a);
}
