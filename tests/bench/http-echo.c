/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP layer alone: a server that answers every request with the same
 * JSON, so that one sees what a request costs before anybody looks into it.
 *
 *     http-echo PORT [BYTES]       serves until it is ended; PORT 0: any, and says which
 *     http-echo --measure [SECONDS] [CONNECTIONS]
 *                                  the server in a process of its own, and clients that each wait for
 *                                  their answer; prints requests a second and CPU time of the server
 *     http-echo --idle [CONNECTIONS]
 *                                  how much memory the server has for each that is open and asks nothing
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "http/server.h"

#define MIB ((size_t)1024 * 1024)

typedef struct Echo {
        HttpServer server;
        Span body;
} Echo;

/* ---- the server ---------------------------------------------------------------- */

static HttpConn *accepted(HttpServer *s UNUSED, const HttpListener *l UNUSED)
{
        return calloc(1, sizeof(HttpConn));
}

static void released(HttpConn *c)
{
        free(c);
}

static int head(HttpConn *c UNUSED, const HttpRequest *r UNUSED)
{
        return 0;
}

static int request(HttpConn *c, HttpRequest *r UNUSED)
{
        const Echo *e = CONTAINER_OF(c->server, Echo, server);
        HttpAnswer a = {.status = 200, .type = SPAN("application/json"), .body = &e->body, .n_body = 1};
        int k = http_answer(c, &a);
        return MIN(k, 0);
}

static void cut(HttpConn *c UNUSED, HttpCut why UNUSED)
{
}
static void half_closed(HttpConn *c UNUSED)
{
}
static void refused(HttpConn *c UNUSED, int status UNUSED, const char *why UNUSED)
{
}

static const HttpOps ops = {
        .accepted = accepted,
        .released = released,
        .head = head,
        .request = request,
        .cut = cut,
        .half_closed = half_closed,
        .refused = refused,
};

static const HttpLimits limits = {
        .h1 = {.max_header = 32 * 1024, .max_headers = 100, .max_body = 8 * MIB},
        .max_connections = 20000,
        .max_queue = MIB,
        .header_timeout = 10 * NSEC_PER_SEC,
        .body_timeout = 30 * NSEC_PER_SEC,
        .idle_timeout = 75 * NSEC_PER_SEC,
        .write_timeout = 30 * NSEC_PER_SEC,
        .sse_keepalive = 15 * NSEC_PER_SEC,
};

static int listen_on(uint16_t port, uint16_t *ret_port)
{
        static const int on = 1;
        struct sockaddr_in a = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, LIMIT_LISTEN_BACKLOG) < 0 ||
            getsockname(fd, (struct sockaddr *)&a, &size) < 0)
                return -errno;
        *ret_port = ntohs(a.sin_port);
        return fd;
}

static int serve(int fd, size_t bytes)
{
        static Echo e;
        CLEANUP(loop_free_p) Loop *loop = NULL;
        CLEANUP_FREE char *body = malloc(bytes + 1);
        if (!body)
                return -ENOMEM;
        memset(body, ' ', bytes);
        memcpy(body, "{\"a\":1}", MIN(bytes, (size_t)7));
        e.body = span_from(body, bytes);
        int r = loop_new(&clock_monotonic, &loop);
        if (r == 0)
                r = http_server_init(&e.server, loop, &ops, &limits);
        if (r == 0)
                r = http_server_listen(&e.server, &(HttpListenerArgs){.kind = HTTP_LISTENER_TCP, .fd = fd});
        if (r == 0)
                r = loop_run(loop);
        http_server_done(&e.server);
        return r;
}

/* ---- clients --------------------------------------------------------------------- */

#define REQUEST                                                                             \
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:7780\r\nUser-Agent: bench\r\n"               \
        "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n" \
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n"  \
        "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\nContent-Length: 100\r\n\r\n"

enum { BODY = 100, ANSWER_MAX = 4096 };

typedef struct Client {
        int fd;
        char text[ANSWER_MAX];
        size_t len;
        uint64_t answers;
} Client;

static int client_open(Client *c, uint16_t port, int epoll)
{
        static const int on = 1;
        struct sockaddr_in a = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
                return -errno;
        return 0;
}

static int client_ask(const Client *c)
{
        static char request_text[sizeof(REQUEST) - 1 + BODY];
        if (!request_text[0]) {
                memset(request_text, ' ', sizeof(request_text));
                memcpy(request_text, REQUEST, sizeof(REQUEST) - 1);
        }
        return send(c->fd, request_text, sizeof(request_text), MSG_NOSIGNAL) == (ssize_t)sizeof(request_text)
                       ? 0
                       : -EPIPE;
}

/* Each answer is counted when it is whole: the head says how long. */
static int client_read(Client *c)
{
        ssize_t n = recv(c->fd, c->text + c->len, sizeof(c->text) - 1 - c->len, 0);
        if (n <= 0)
                return -ECONNRESET;
        c->len += (size_t)n;
        c->text[c->len] = '\0';
        const char *length = strstr(c->text, "Content-Length: "), *end = strstr(c->text, "\r\n\r\n");
        if (!length || !end)
                return 0;
        Span digits = span_from(length + 16, strcspn(length + 16, "\r"));
        uint64_t body;
        int r = parse_u64(digits, &body);
        if (r < 0 || c->len < (size_t)(end + 4 - c->text) + body)
                return r;
        if (strncmp(c->text, "HTTP/1.1 200 ", 13) != 0)
                return -EPROTO;
        c->len = 0;
        c->answers++;
        return client_ask(c);
}

static int drive(uint16_t port, Nsec time, unsigned n, uint64_t *ret_answers)
{
        CLEANUP_FREE Client *clients = calloc(n, sizeof(*clients));
        CLEANUP_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
        int r = clients && epoll >= 0 ? 0 : -ENOMEM;
        for (unsigned i = 0; i < n && r == 0; i++) {
                r = client_open(&clients[i], port, epoll);
                if (r == 0)
                        r = client_ask(&clients[i]);
        }
        Nsec end = nsec_add(clock_now(&clock_monotonic), time);
        while (r == 0 && clock_now(&clock_monotonic) < end) {
                struct epoll_event events[64];
                int k = epoll_wait(epoll, events, 64, 1000);
                for (int i = 0; i < k && r == 0; i++)
                        r = client_read(events[i].data.ptr);
        }
        for (unsigned i = 0; i < n && clients; i++) {
                *ret_answers += clients[i].answers;
                fd_close_p(&clients[i].fd);
        }
        return r;
}

/* In a process of its own, which ends with ours. */
static int start_server(pid_t *ret_pid, uint16_t *ret_port)
{
        int fd = listen_on(0, ret_port);
        if (fd < 0)
                return fd;
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(serve(fd, 100) < 0);
        }
        (void)close(fd);
        *ret_pid = pid;
        return 0;
}

/* Memory of that process that no other one has, in bytes. */
static int private_memory(pid_t pid, uint64_t *ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(65536);
        char path[64];
        (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : fd_read_all(fd, &b);
        const char *line = r == 0 ? strstr(buf_text(&b), "Private_Dirty:") : NULL;
        if (!line)
                return r < 0 ? r : -ENOENT;
        line += strcspn(line, "0123456789");
        r = parse_u64(span_from(line, strspn(line, "0123456789")), ret);
        *ret *= 1024;
        return r;
}

/* Each asks once and stays. */
static int open_idle(uint16_t port, Client *clients, uint64_t n)
{
        CLEANUP_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
        int r = 0;
        for (uint64_t i = 0; i < n && r == 0; i++) {
                r = client_open(&clients[i], port, epoll);
                if (r == 0)
                        r = client_ask(&clients[i]);
                if (r == 0 && recv(clients[i].fd, clients[i].text, sizeof(clients[i].text), 0) <= 0)
                        r = -ECONNRESET;
        }
        return r;
}

static int measure_idle(uint64_t n)
{
        CLEANUP_FREE Client *clients = calloc(n + 1, sizeof(*clients));
        uint64_t before, after;
        uint16_t port;
        pid_t pid;
        int r = clients ? start_server(&pid, &port) : -ENOMEM;
        if (r < 0)
                return r;
        r = open_idle(port, clients + n, 1);
        if (r == 0)
                r = private_memory(pid, &before);
        if (r == 0)
                r = open_idle(port, clients, n);
        if (r == 0)
                r = private_memory(pid, &after);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        if (r == 0)
                printf("http: %u idle connections, %.0f bytes of the server for each\n", (unsigned)n,
                       ((double)after - (double)before) / (double)n);
        return r;
}

static int measure(uint64_t seconds, uint64_t connections)
{
        uint16_t port;
        uint64_t answers = 0;
        struct rusage use;
        pid_t pid;
        int r = start_server(&pid, &port);
        if (r < 0)
                return r;
        r = drive(port, seconds * NSEC_PER_SEC, (unsigned)connections, &answers);
        (void)kill(pid, SIGKILL);
        if (wait4(pid, NULL, 0, &use) < 0 || r < 0 || answers == 0)
                return r < 0 ? r : -EPROTO;
        double user = (double)use.ru_utime.tv_sec * 1e6 + (double)use.ru_utime.tv_usec;
        double kernel = (double)use.ru_stime.tv_sec * 1e6 + (double)use.ru_stime.tv_usec;
        printf("http: %u connections, %.0f requests/s, %.2f us of CPU each (%.2f of it our own)\n",
               (unsigned)connections, (double)answers / (double)seconds, (user + kernel) / (double)answers,
               user / (double)answers);
        return 0;
}

static int listen_and_serve(uint64_t port_asked, uint64_t bytes)
{
        uint16_t port;
        int fd = listen_on((uint16_t)port_asked, &port);
        if (fd < 0)
                return fd;
        printf("127.0.0.1:%u\n", port);
        (void)fflush(stdout);
        return serve(fd, bytes);
}

static int idle_and_nothing(uint64_t n, uint64_t none UNUSED)
{
        return measure_idle(n);
}

/* What it does, by its first word; the numbers behind it, or what they are without. */
static const struct {
        const char *word;
        int (*run)(uint64_t a, uint64_t b);
        uint64_t a, b;
} verbs[] = {
        {"--measure", measure, 3, 64},
        {"--idle", idle_and_nothing, 10000, 0},
        {"", listen_and_serve, 0, 100},
};

int main(int argc, char **argv)
{
        size_t v = 0;
        while (*verbs[v].word && (argc < 2 || strcmp(argv[1], verbs[v].word) != 0))
                v++;
        uint64_t numbers[] = {verbs[v].a, verbs[v].b};
        int first = *verbs[v].word ? 2 : 1, r = 0;
        for (int i = 0; i < 2 && first + i < argc && r == 0; i++)
                r = parse_u64(span_of(argv[first + i]), &numbers[i]);
        if (r == 0)
                r = verbs[v].run(numbers[0], numbers[1]);
        if (r < 0)
                fprintf(stderr, "http-echo: %s\n", strerror(-r));
        return r < 0;
}
