/* SPDX-License-Identifier: Apache-2.0 */
#include "support/control-owner.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "support/oom.h"

int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __real_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event);

/* What accept4() and epoll_ctl() fail with from now on; 0: they do not. */
static int accept_fails, accept_calls, epoll_fails;

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
        accept_calls++;
        if (!accept_fails)
                return __real_accept4(fd, address, len, flags);
        errno = accept_fails;
        return -1;
}

int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event)
{
        if (!epoll_fails || op == EPOLL_CTL_DEL)
                return __real_epoll_ctl(epoll_fd, op, fd, event);
        errno = epoll_fails;
        return -1;
}

static int setup(void **state)
{
        accept_fails = accept_calls = epoll_fails = 0;
        return owner_setup(state);
}

/* ---- requests ------------------------------------------------------------------ */

static void test_request(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "status fs 'a b'\r\n");
        owner_turns(o, 4);
        assert_string_equal(o->last, "status fs a b");
        assert_int_equal(o->peer, getpid());
        peer_expect(fd, OK);
        peer_put(fd, "pi");
        owner_turns(o, 3);
        peer_put(fd, "ng\n");
        owner_turns(o, 4);
        assert_string_equal(o->last, "ping");
        peer_expect(fd, OK);
        owner_expect_rest(o);
        assert_int_equal(o->server.n_conns, 1);
        fd_close_p(&fd);
        owner_turns(o, 2);
        assert_int_equal(o->server.n_conns, 0);
        assert_int_equal(o->gone, 0);
}

/* The kernel either knows SO_PEERPIDFD or not; the owner hears which. */
static void test_pidfd(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        int given = -1;
        socklen_t len = sizeof(given);
        bool known = getsockopt(fd, SOL_SOCKET, 77, &given, &len) == 0;
        if (known)
                (void)close(given);
        owner_turns(o, 1);
        assert_int_equal(o->admitted, 1);
        assert_int_equal(o->had_pidfd, known);
}

static void test_refused_peer(void **state)
{
        Owner *o = *state;
        o->refuses = true;
        CLEANUP_FD int fd = owner_dial();
        owner_turns(o, 1);
        peer_expect(
                fd,
                "{\"ok\":false,\"code\":\"forbidden\",\"error\":\"a server may not ask its supervisor\"}\n");
        peer_expect_end(fd);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_wrong_requests(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "statsu\n\n");
        owner_turns(o, 6);
        peer_expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"unknown command statsu; did you mean "
                        "status?\"}\n"
                        "{\"ok\":false,\"code\":\"usage\",\"error\":\"no command\"}\n");
        assert_int_equal(send(fd, "pi\0ng\n", 6, 0), 6);
        owner_turns(o, 4);
        peer_expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"a NUL byte in a request\"}\n");
        peer_put(fd, "a\xff\n");
        owner_turns(o, 4);
        peer_expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"unknown command a\"}\n");
        assert_int_equal(o->requests, 0);
        peer_put(fd, "drain\n");
        owner_turns(o, 4);
        peer_expect(fd, OK);
}

/* Lines that come at once wait for their turn, also while a request takes its time. */
static void test_one_at_a_time(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "reload\nping\nstatus\n");
        owner_turns(o, 5);
        assert_string_equal(o->last, "reload");
        owner_expect_rest(o);
        control_line(o->conn, SPAN("{\"phase\":\"reading\"}"));
        owner_turns(o, 2);
        peer_expect(fd, "{\"phase\":\"reading\"}\n");
        assert_int_equal(o->requests, 1);
        peer_put(fd, "drain\n");
        owner_expect_rest(o);
        control_finish_error(o->conn, "invalid", "%s:%d: \"no\"", "f.yaml", 7);
        owner_turns(o, 4);
        assert_string_equal(o->last, "ping");
        peer_expect(fd, "{\"ok\":false,\"code\":\"invalid\",\"error\":\"f.yaml:7: \\\"no\\\"\"}\n");
        o->leaves_open = false;
        control_finish_raw(o->conn, SPAN("{\"ok\":true,\"n\":1}"));
        owner_turns(o, 10);
        assert_int_equal(o->requests, 4);
        peer_expect(fd, "{\"ok\":true,\"n\":1}\n" OK OK);
}

static void test_gone(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "logs -f fs\nping\n");
        owner_turns(o, 4);
        assert_non_null(o->conn);
        fd_close_p(&fd);
        owner_turns(o, 2);
        assert_int_equal(o->gone, 1);
        assert_null(o->conn);
        assert_int_equal(o->requests, 1);
        assert_int_equal(o->server.n_conns, 0);
        owner_expect_rest(o);
}

/* `echo status | nc -U -N`: no more requests, but an answer is wanted. */
static void test_half_closed(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "status\n");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        owner_turns(o, 4);
        assert_int_equal(o->gone, 0);
        owner_expect_rest(o);
        control_finish_ok(o->conn);
        owner_turns(o, 4);
        peer_expect(fd, OK);
        peer_expect_end(fd);
        assert_int_equal(o->server.n_conns, 0);

        CLEANUP_FD int other = owner_dial();
        peer_put(other, "logs -f fs\n");
        assert_int_equal(shutdown(other, SHUT_WR), 0);
        owner_turns(o, 4);
        owner_expect_rest(o);
        fd_close_p(&other);
        owner_turns(o, 2);
        assert_int_equal(o->gone, 1);
}

static void test_owner_closes(void **state)
{
        Owner *o = *state;
        o->closes = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "ping\nping\n");
        owner_turns(o, 4);
        assert_int_equal(o->requests, 1);
        assert_int_equal(o->gone, 0);
        peer_expect_end(fd);

        /* what is said to a closed one before it is freed goes nowhere */
        o->closes = false;
        o->leaves_open = true;
        CLEANUP_FD int other = owner_dial();
        peer_put(other, "ping\n");
        owner_turns(o, 3);
        control_conn_close(o->conn);
        control_conn_close(o->conn);
        control_line(o->conn, SPAN("{}"));
        control_finish_ok(o->conn);
        owner_turns(o, 2);
        peer_expect_end(other);
}

static void test_longest_request(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        char *line = calloc(1, CONTROL_LINE_MAX + 2);
        memset(line, ' ', CONTROL_LINE_MAX);
        memcpy(line, "ping", 4);
        line[CONTROL_LINE_MAX - 1] = '\n';
        peer_put(fd, line);
        owner_turns(o, 6);
        peer_expect(fd, OK);
        line[CONTROL_LINE_MAX - 1] = ' ';
        line[CONTROL_LINE_MAX] = '\n';
        peer_put(fd, line);
        owner_turns(o, 8);
        peer_expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"the request is too long\"}\n");
        peer_expect_end(fd);
        assert_int_equal(o->requests, 1);
        free(line);
}

/* ---- connections ------------------------------------------------------------------ */

static void test_most_connections(void **state)
{
        Owner *o = *state;
        int fds[LIMIT_CONTROL_CONNECTIONS];
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fds[i] = owner_dial();
        owner_turns(o, 1);
        assert_int_equal(o->server.n_conns, ARRAY_SIZE(fds));
        CLEANUP_FD int more = owner_dial();
        owner_turns(o, 1);
        peer_expect(more, "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections to the control "
                          "socket\"}\n");
        peer_expect_end(more);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                (void)close(fds[i]);
        owner_turns(o, 2);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_no_descriptor(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial(), other = -EBADF;
        accept_fails = EMFILE;
        owner_turns(o, 1);
        assert_int_equal(accept_calls, 1);
        owner_expect_rest(o);
        assert_int_equal(accept_calls, 1);
        owner_pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(accept_calls, 2);
        accept_fails = 0;
        epoll_fails = ENOSPC;
        owner_pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(accept_calls, 2);
        epoll_fails = 0;
        owner_pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(o->server.n_conns, 1);
        accept_fails = ECONNABORTED; /* concerns one client only */
        other = owner_dial();
        assert_int_equal(loop_run_once(o->loop, 0), 0);
        accept_fails = 0;
        owner_turns(o, 2);
        assert_int_equal(o->server.n_conns, 2);
        peer_expect_silence(fd);
        peer_expect_silence(other);
}

static void test_gateway(void **state)
{
        Owner *o = *state;
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(fd_set_nonblock(fds[0], true), 0);
        CLEANUP_FD int fd = fds[0];
        ControlConn *c = NULL;
        assert_int_equal(control_server_add(&o->server, fds[1], true, &c), 0);
        peer_put(fd, "drain\nstatus\n");
        owner_turns(o, 8);
        assert_int_equal(o->requests, 1);
        assert_ptr_equal(o->conn, c);
        peer_expect(
                fd,
                "{\"ok\":false,\"code\":\"forbidden\",\"error\":\"drain cannot be asked from here\"}\n" OK);
        owner_pass_time(o, 10 * LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->gone, 0);
        fd_close_p(&fd);
        owner_turns(o, 2);
        assert_int_equal(o->gone, 1); /* its owner holds it, so it hears of it */
        assert_null(o->conn);

        assert_int_equal(control_server_add(&o->server, -1, true, &c), -EBADF);
        ControlServer none;
        assert_int_equal(control_server_init(&none, o->loop, &owner_ops, -1), 0);
        control_server_done(&none);
        CLEANUP_FD int regular = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        assert_int_equal(control_server_init(&none, o->loop, &owner_ops, regular), -EPERM);
        assert_int_equal(control_server_add(&o->server, regular, true, &c), -EPERM);
}

/* Before the process ends, without a turn of the loop. */
static void test_flush(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial(), other = owner_dial();
        peer_put(fd, "stop --all\n");
        peer_put(other, "events -f\n");
        owner_turns(o, 4);
        control_finish_ok(o->conn);
        control_server_flush(&o->server);
        char got[64] = "";
        assert_true(read(fd, got, sizeof(got)) > 0 || read(other, got, sizeof(got)) > 0);
        assert_string_equal(got, OK);
        peer_expect_silence(fd);
        control_server_done(&o->server);
        peer_expect_end(fd);
        peer_expect_end(other);
        assert_int_equal(o->gone, 0);
}

/* Who cannot be told what it asked for is not left waiting. */
static void test_out_of_memory(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        unsigned n = 1;
        for (bool failed = true; failed; n++) {
                CLEANUP_FD int fd = owner_dial();
                o->conn = NULL;
                oom_arm(n);
                peer_put(fd, "status\n");
                owner_turns(o, 3);
                if (o->conn) {
                        control_line(o->conn, owner_kilo());
                        control_finish_error(o->conn, "failed", "no %s", "thing");
                }
                owner_turns(o, 4);
                failed = oom_disarm();
                owner_turns(o, 1);
                char got[2048] = "";
                ssize_t len = read(fd, got, sizeof(got) - 1);
                assert_true(len == 0 || strstr(got, "\"ok\":false") || (len < 0 && errno == ECONNRESET));
                fd_close_p(&fd);
                owner_turns(o, 2);
                assert_int_equal(o->server.n_conns, 0);
        }
        assert_true(n > 4);
}

/* The same when the kernel has no room for what is waited for. */
static void test_epoll_fails(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        epoll_fails = ENOMEM;
        owner_turns(o, 1);
        assert_int_equal(o->server.n_conns, 0);
        peer_expect(fd, "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections to the control "
                        "socket\"}\n");
        epoll_fails = 0;
        CLEANUP_FD int other = owner_dial();
        peer_put(other, "logs fs\n");
        owner_turns(o, 3);
        epoll_fails = ENOMEM;
        control_line(o->conn, SPAN("{}"));
        owner_turns(o, 2);
        epoll_fails = 0;
        assert_int_equal(o->server.n_conns, 0);
        assert_int_equal(o->gone, 1);
}

#define SERVER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, owner_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SERVER_TEST(test_request),         SERVER_TEST(test_pidfd),
                SERVER_TEST(test_refused_peer),    SERVER_TEST(test_wrong_requests),
                SERVER_TEST(test_one_at_a_time),   SERVER_TEST(test_gone),
                SERVER_TEST(test_half_closed),     SERVER_TEST(test_owner_closes),
                SERVER_TEST(test_longest_request), SERVER_TEST(test_most_connections),
                SERVER_TEST(test_no_descriptor),   SERVER_TEST(test_gateway),
                SERVER_TEST(test_flush),           SERVER_TEST(test_out_of_memory),
                SERVER_TEST(test_epoll_fails),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
