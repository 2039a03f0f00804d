/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

#define PATIENCE (20 * NSEC_PER_SEC)

User user;

/* ---- the user ------------------------------------------------------------------ */

static void say(const char *word)
{
        if (user.said.len)
                assert_int_equal(buf_append_char(&user.said, ' '), 0);
        assert_int_equal(buf_append_str(&user.said, word), 0);
}

static HttpConn *accepted(HttpServer *s, const HttpListener *l UNUSED)
{
        assert_ptr_equal(s, &user.server);
        if (user.turns_away)
                return NULL;
        UserConn *c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        c->number = user.n_conns++;
        user.conns[c->number % USER_CONNS] = &c->conn;
        return &c->conn;
}

static void released(HttpConn *c)
{
        UserConn *own = CONTAINER_OF(c, UserConn, conn);
        say("released");
        user.conns[own->number % USER_CONNS] = NULL;
        free(own->free_too);
        free(own);
}

static int head(HttpConn *c, const HttpRequest *r)
{
        say("head");
        return user.on_head ? user.on_head(c, r) : 0;
}

static int request(HttpConn *c, HttpRequest *r)
{
        say("request");
        return user.on_request ? user.on_request(c, r) : 0;
}

static void cut(HttpConn *c, HttpCut why)
{
        static const char *const words[_HTTP_CUT_MAX] = {
                [HTTP_CUT_CLOSED] = "cut:closed",
                [HTTP_CUT_TIMEOUT] = "cut:timeout",
                [HTTP_CUT_FULL] = "cut:full",
                [HTTP_CUT_SERVER] = "cut:server",
        };
        say(words[why]);
        if (user.on_cut)
                user.on_cut(c);
}

static void half_closed(HttpConn *c)
{
        say("half");
        if (user.on_half)
                user.on_half(c);
}

static void refused(HttpConn *c UNUSED, int status, const char *why UNUSED)
{
        char word[32];
        (void)snprintf(word, sizeof(word), "refused:%d", status);
        say(word);
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

/* ---- what it may do -------------------------------------------------------------- */

int give(HttpConn *c, int status, Span body)
{
        HttpAnswer a = {.status = status, .type = SPAN("text/plain"), .body = &body, .n_body = 1};
        return http_answer(c, &a);
}

int answer_ok(HttpConn *c, HttpRequest *r UNUSED)
{
        assert_int_equal(give(c, 200, SPAN("ok")), 0);
        return 0;
}

int answer_echo(HttpConn *c, HttpRequest *r)
{
        static const char *const methods[_HTTP_METHOD_MAX] = {"GET",    "HEAD",    "POST",
                                                              "DELETE", "OPTIONS", "OTHER"};
        Span body[] = {span_of(methods[r->method]),     SPAN(" "), r->target, SPAN(" ["),
                       span_from(r->body, r->body_len), SPAN("]")};
        HttpAnswer a = {.status = 200, .type = SPAN("text/plain"), .body = body, .n_body = ARRAY_SIZE(body)};
        assert_int_equal(http_answer(c, &a), 0);
        return 0;
}

int answer_large(HttpConn *c, HttpRequest *r UNUSED)
{
        char *large = malloc(LARGE);
        assert_non_null(large);
        memset(large, 'x', LARGE);
        assert_int_equal(give(c, 200, span_from(large, LARGE)), 0);
        free(large);
        return 0;
}

int answer_later(HttpConn *c UNUSED, HttpRequest *r UNUSED)
{
        return 0;
}

int head_401(HttpConn *c, const HttpRequest *r UNUSED)
{
        assert_int_equal(give(c, 401, SPAN("no")), 0);
        return 0;
}

/* ---- setup ------------------------------------------------------------------------- */

static int listen_tcp(uint16_t *ret_port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(fd, 511), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        *ret_port = ntohs(a.sin_port);
        return fd;
}

/* A name that is in no directory. */
static struct sockaddr_un unix_address(socklen_t *ret_size)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        size_t n = strlen(user.path);
        memcpy(a.sun_path + 1, user.path, n);
        *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
        return a;
}

static int listen_unix(void)
{
        static unsigned number;
        socklen_t size;
        (void)snprintf(user.path, sizeof(user.path), "mcpvisor-test-%d-%u", (int)getpid(), number++);
        struct sockaddr_un a = unix_address(&size);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
        assert_int_equal(listen(fd, 511), 0);
        return fd;
}

int user_setup(void **state UNUSED)
{
        user = (User){
                .said = BUF_INIT(BUF_CAP_NONE),
                .on_request = answer_echo,
                .limits =
                        {
                                .h1 = {.max_header = 4096, .max_headers = 20, .max_body = 1024 * 1024},
                                .max_connections = 50,
                                .max_queue = 256 * 1024,
                                .header_timeout = 10 * NSEC_PER_SEC,
                                .body_timeout = 30 * NSEC_PER_SEC,
                                .idle_timeout = 75 * NSEC_PER_SEC,
                                .write_timeout = 30 * NSEC_PER_SEC,
                                .sse_keepalive = 15 * NSEC_PER_SEC,
                        },
        };
        fake_clock_init(&user.hands, 1000 * NSEC_PER_SEC);
        assert_int_equal(loop_new(&user.hands.clock, &user.loop), 0);
        assert_int_equal(http_server_init(&user.server, user.loop, &ops, &user.limits), 0);
        user.server.metrics = &user.metrics;
        HttpListenerArgs tcp = {.index = 0, .kind = HTTP_LISTENER_TCP, .fd = listen_tcp(&user.port)};
        HttpListenerArgs local = {.index = 1, .kind = HTTP_LISTENER_UNIX, .fd = listen_unix()};
        assert_int_equal(http_server_listen(&user.server, &tcp), 0);
        assert_int_equal(http_server_listen(&user.server, &local), 0);
        return 0;
}

int user_teardown(void **state UNUSED)
{
        if (user.in_turn) /* a test has failed inside: what is left stays, so that one reads the reason */
                return 0;
        http_server_done(&user.server);
        http_server_done(&user.server); /* does nothing */
        loop_free(user.loop);
        for (size_t i = 0; i < USER_CONNS; i++)
                assert_null(user.conns[i]);
        buf_done(&user.said);
        return 0;
}

/* ---- turns --------------------------------------------------------------------------- */

static void turn(Nsec timeout)
{
        user.in_turn = true;
        int r = loop_run_once(user.loop, timeout);
        user.in_turn = false;
        if (r < 0)
                fail_msg("the loop ended with %d", r);
}

void settle(void)
{
        uint64_t before;
        unsigned quiet = 0;
        while (quiet < 3) { /* a packet may be on its way through the kernel */
                before = loop_stats(user.loop)->dispatched;
                turn(NSEC_PER_MSEC);
                quiet = loop_stats(user.loop)->dispatched == before ? quiet + 1 : 0;
        }
}

void pass(Nsec time)
{
        user.hands.at += time;
        settle();
}

void expect_said(const char *words)
{
        Nsec end = clock_now(&clock_monotonic) + PATIENCE;
        while (user.said.len < strlen(words) && clock_now(&clock_monotonic) < end)
                turn(NSEC_PER_MSEC);
        settle();
        assert_string_equal(buf_text(&user.said), words);
        buf_clear(&user.said);
}

/* ---- clients ------------------------------------------------------------------------- */

static int connect_to(const void *address, socklen_t size, int family)
{
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, address, size), 0);
        assert_int_equal(fd_set_nonblock(fd, true), 0);
        return fd;
}

int client_tcp(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons(user.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        return connect_to(&a, sizeof(a), AF_INET);
}

int client_unix(void)
{
        socklen_t size;
        struct sockaddr_un a = unix_address(&size);
        return connect_to(&a, size, AF_UNIX);
}

void client_send(int fd, Span s)
{
        Nsec end = clock_now(&clock_monotonic) + PATIENCE;
        while (s.len) {
                ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
                if (n < 0 && errno != EAGAIN)
                        fail_msg("send: %s", strerror(errno));
                s = span_skip(s, n > 0 ? (size_t)n : 0);
                if (s.len)
                        turn(NSEC_PER_MSEC);
                assert_true(clock_now(&clock_monotonic) < end);
        }
}

/* What came, 0 at the end, -errno. */
static ssize_t client_read(int fd, char *room, size_t n)
{
        Nsec end = clock_now(&clock_monotonic) + PATIENCE;
        for (;;) {
                ssize_t k = recv(fd, room, n, 0);
                if (k >= 0 || errno != EAGAIN)
                        return k < 0 ? -errno : k;
                turn(NSEC_PER_MSEC);
                if (clock_now(&clock_monotonic) > end)
                        fail_msg("nothing comes");
        }
}

void client_expect_span(int fd, Span s)
{
        char room[4096];
        while (s.len) {
                ssize_t n = client_read(fd, room, MIN(sizeof(room), s.len));
                if (n <= 0)
                        fail_msg("the end (%zd) instead of: %.*s", n, (int)s.len, s.ptr);
                assert_span_equal(span_from(room, (size_t)n), span_first(s, (size_t)n));
                s = span_skip(s, (size_t)n);
        }
}

void client_expect(int fd, const char *text)
{
        client_expect_span(fd, span_of(text));
}

void client_skip(int fd, size_t n)
{
        char room[65536];
        while (n) {
                ssize_t k = client_read(fd, room, MIN(sizeof(room), n));
                assert_true(k > 0);
                n -= (size_t)k;
        }
}

size_t client_expect_end(int fd)
{
        char room[65536];
        size_t all = 0;
        for (;;) {
                ssize_t n = client_read(fd, room, sizeof(room));
                assert_true(n >= 0);
                if (n == 0)
                        return all;
                all += (size_t)n;
        }
}

void client_expect_reset(int fd)
{
        char room[65536];
        ssize_t n;
        do
                n = client_read(fd, room, sizeof(room));
        while (n > 0);
        assert_true(n == -ECONNRESET || n == -EPIPE);
}

const char *refusal_text(int status, const char *phrase, const char *why)
{
        static char text[512];
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n{\"error\":\"%s\"}\n",
                       status, phrase, strlen(why) + 13, why);
        return text;
}
