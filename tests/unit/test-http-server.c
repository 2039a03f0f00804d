/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"

/* ---- what Linux hands down ----------------------------------------------------------- */

static int option(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof(value);
        assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
        return value;
}

static void check_options(const HttpConn *c, int timeout)
{
        assert_int_equal(option(c->fd, IPPROTO_TCP, TCP_NODELAY), 1);
        assert_int_equal(option(c->fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        assert_int_equal(option(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT), timeout);
        assert_true(fcntl(c->fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(c->fd, F_GETFD) & FD_CLOEXEC);
}

static void test_inherited_options(void **state UNUSED)
{
        CLEANUP_FD UNUSED int first = client_tcp();
        settle();
        check_options(user.conns[0], 30000);
        user.limits.write_timeout = 7 * NSEC_PER_SEC;
        http_server_set_limits(&user.server, &user.limits);
        CLEANUP_FD UNUSED int second = client_tcp();
        settle();
        check_options(user.conns[1], 7000);
        user.limits.write_timeout = NSEC_NEVER;
        http_server_set_limits(&user.server, &user.limits);
        CLEANUP_FD int third = client_tcp();
        settle();
        check_options(user.conns[2], 0);
        char room[64], want[64];
        struct sockaddr_in a;
        socklen_t size = sizeof(a);
        assert_int_equal(getsockname(third, (struct sockaddr *)&a, &size), 0);
        (void)snprintf(want, sizeof(want), "127.0.0.1:%u", ntohs(a.sin_port));
        assert_string_equal(http_conn_address(user.conns[2], room), want);
}

/* ---- the cap --------------------------------------------------------------------------- */

/* Who was idle for longest goes. */
static void test_cap_closes_idle(void **state UNUSED)
{
        int fds[4];
        user.limits.max_connections = 3;
        http_server_set_limits(&user.server, &user.limits);
        for (int i = 0; i < 3; i++) {
                fds[i] = client_tcp();
                client_send(fds[i], SPAN(GET));
                settle();
                pass(NSEC_PER_SEC);
        }
        client_send(fds[0], SPAN(GET)); /* now the second one waits longest */
        settle();
        buf_clear(&user.said);
        pass(2 * NSEC_PER_SEC);
        fds[3] = client_tcp();
        client_send(fds[3], SPAN(GET));
        expect_said("released head request");
        assert_true(client_expect_end(fds[1]) > 0);
        assert_int_equal(user.server.n_conns, 3);
        assert_int_equal(user.server.hits.max_connections, 0);
        for (int i = 0; i < 4; i++)
                fd_close_p(&fds[i]);
}

/* Nobody is idle: the next one waits in the kernel, and is served when there is room. */
static void test_cap_waits(void **state UNUSED)
{
        int busy[2], next;
        user.limits.max_connections = 2;
        user.on_request = answer_later;
        http_server_set_limits(&user.server, &user.limits);
        for (int i = 0; i < 2; i++) {
                busy[i] = client_tcp();
                client_send(busy[i], SPAN(GET));
        }
        expect_said("head request head request");
        next = client_unix();
        client_send(next, SPAN(GET));
        pass(10 * NSEC_PER_SEC);
        expect_said("");
        assert_true(user.server.hits.max_connections > 0);
        assert_true(user.server.paused);
        uint64_t before = loop_stats(user.loop)->dispatched;
        settle();
        assert_int_equal(loop_stats(user.loop)->dispatched, before); /* and costs nothing */
        fd_close_p(&busy[0]);
        expect_said("half");
        http_conn_close(user.conns[0]);
        pass(0);
        expect_said("released head request");
        assert_false(user.server.paused);
        /* An answered one may go, though not at once. */
        int last = client_tcp();
        client_send(last, SPAN(GET));
        pass(NSEC_PER_SEC);
        expect_said("");
        assert_int_equal(give(user.conns[1], 200, SPAN("ok")), 0);
        pass(LIMIT_HTTP_IDLE_LEAST * NSEC_PER_MSEC / 2);
        expect_said("");
        pass(LIMIT_HTTP_IDLE_LEAST * NSEC_PER_MSEC);
        expect_said("released head request");
        /* More room, more clients. */
        int more = client_tcp();
        client_send(more, SPAN(GET));
        pass(NSEC_PER_SEC);
        expect_said("");
        user.limits.max_connections = 3;
        http_server_set_limits(&user.server, &user.limits);
        pass(0);
        expect_said("head request");
        int all[] = {busy[1], next, last, more};
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                fd_close_p(&all[i]);
}

/* Without a descriptor for it, the client waits too. */
static void test_no_descriptor(void **state UNUSED)
{
        struct rlimit old, none;
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(GET));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        none = (struct rlimit){.rlim_cur = 3, .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        settle();
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_true(user.server.paused);
        expect_said("");
        pass(LIMIT_HTTP_PAUSE * NSEC_PER_MSEC);
        expect_said("head request");
}

static void test_turned_away(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.turns_away = true;
        settle();
        assert_int_equal(client_expect_end(fd), 0);
        assert_int_equal(user.server.n_conns, 0);
}

/* ---- listeners --------------------------------------------------------------------------- */

static void test_unlisten(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        settle();
        assert_non_null(user.conns[0]->listener);
        http_server_unlisten(&user.server, 0);
        http_server_unlisten(&user.server, 7); /* none of that number */
        assert_null(user.conns[0]->listener);
        client_send(fd, SPAN(GET)); /* its connections stay */
        expect_said("head request");
        CLEANUP_FD int other = client_unix();
        client_send(other, SPAN(GET));
        expect_said("head request");
        assert_int_equal(user.conns[1]->listener->index, 1);
}

/* The same number again takes the place of the one before. */
static void test_listen_again(void **state UNUSED)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(fd, 5), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        HttpListenerArgs args = {.index = 0, .tags = 9, .kind = HTTP_LISTENER_TCP, .fd = fd};
        assert_int_equal(http_server_listen(&user.server, &args), 0);
        user.port = ntohs(a.sin_port);
        CLEANUP_FD UNUSED int client = client_tcp();
        settle();
        assert_int_equal(user.conns[0]->listener->tags, 9);
        unsigned n = 0;
        HttpListener *l;
        TAILQ_FOREACH(l, &user.server.listeners, link)
        n++;
        assert_int_equal(n, 2);
        /* One that is no socket, and stays the caller's. */
        CLEANUP_FD int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
        args.fd = file;
        assert_int_equal(http_server_listen(&user.server, &args), -EPERM);
        assert_true(fcntl(file, F_GETFD) >= 0);
        CLEANUP_FD UNUSED int again = client_tcp();
        settle();
        assert_int_equal(user.server.n_conns, 2);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void test_drain(void **state UNUSED)
{
        CLEANUP_FD int idle = client_tcp(), due = client_tcp(), begun = client_tcp();
        client_send(idle, SPAN(GET));
        settle();
        user.on_request = answer_later;
        client_send(due, SPAN(GET GET));
        client_send(begun, SPAN("GET / HT"));
        expect_said("head request head request");
        assert_false(http_server_idle(&user.server));
        http_server_drain(&user.server);
        assert_true(client_expect_end(idle) > 0);
        expect_said("released");
        assert_int_equal(give(user.conns[1], 200, SPAN("ok")), 0);
        client_expect(due, OK_CLOSE);
        assert_int_equal(client_expect_end(due), 0);
        assert_true(http_server_idle(&user.server));
        user.on_request = answer_ok;
        client_send(begun, SPAN("TP/1.1\r\nHost: a\r\n\r\n"));
        client_expect(begun, OK_CLOSE);
        CLEANUP_FD int late = client_tcp();
        client_send(late, SPAN(GET));
        client_expect(late, OK_CLOSE);
}

/* With all kinds of connections, each is told once. */
static int open_stream(HttpConn *c, HttpRequest *r UNUSED)
{
        HttpAnswer a = {.status = 200, .type = SPAN("text/event-stream")};
        assert_int_equal(http_stream_open(c, &a), 0);
        return 0;
}

static void test_done(void **state UNUSED)
{
        CLEANUP_FD int idle = client_tcp(), begun = client_tcp(), body = client_tcp(),
                       streaming = client_tcp();
        client_send(idle, SPAN(GET));
        settle();
        client_send(begun, SPAN("GET"));
        settle();
        client_send(body, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
        settle();
        user.on_request = open_stream;
        client_send(streaming, SPAN(GET));
        expect_said("head request head head request");
        http_server_done(&user.server);
        expect_said("cut:server cut:server released released released released");
}

/* ---- memory ----------------------------------------------------------------------------------- */

/* What one idle connection costs us (the kernel's part is its own). */
static void test_size(void **state UNUSED)
{
        enum { N = 40 };
        int fds[N];
        for (int i = 0; i < N; i++) {
                fds[i] = client_tcp();
                client_send(fds[i], i % 2 ? SPAN(GET) : SPAN(GET GET "G"));
                settle();
                if (i % 2 == 0)
                        client_send(fds[i], SPAN("ET / HTTP/1.1\r\nHost: a\r\n\r\n"));
                settle();
        }
        for (int i = 0; i < N; i++) {
                assert_int_equal(user.conns[i]->state, HTTP_CONN_IDLE);
                assert_null(user.conns[i]->in.data);
                assert_null(user.conns[i]->out.data);
                assert_null(user.conns[i]->h1);
                fd_close_p(&fds[i]);
        }
        print_message("an idle connection: %zu bytes and its places in loop and timers\n", sizeof(HttpConn));
        assert_true(sizeof(HttpConn) <= 512);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                USER_TEST(test_inherited_options),
                USER_TEST(test_cap_closes_idle),
                USER_TEST(test_cap_waits),
                USER_TEST(test_no_descriptor),
                USER_TEST(test_turned_away),
                USER_TEST(test_unlisten),
                USER_TEST(test_listen_again),
                USER_TEST(test_drain),
                USER_TEST(test_done),
                USER_TEST(test_size),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
