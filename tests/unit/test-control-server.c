/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/server.h"
#include "support/oom.h"

int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __real_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *event);

/* Calls of accept4() and epoll_ctl() that fail from now on, and with what. */
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

/* ---- the owner --------------------------------------------------------------- */

typedef struct Owner {
        ControlServer server;
        Loop *loop;
        FakeClock hands;
        bool refuses, closes, leaves_open;
        unsigned admitted, requests, gone, drained;
        pid_t peer;
        bool had_pidfd;
        ControlConn *conn; /* of the last request */
        char last[256];    /* it, in words */
        void (*on_drained)(struct Owner *o);
} Owner;

static Owner *owner_of(ControlServer *s)
{
        return CONTAINER_OF(s, Owner, server);
}

static bool owner_admits(ControlServer *s, pid_t pid, int pidfd)
{
        Owner *o = owner_of(s);
        o->peer = pid;
        o->had_pidfd = pidfd >= 0;
        o->admitted += !o->refuses;
        return !o->refuses;
}

static void owner_request(ControlServer *s, ControlConn *c, const ControlRequest *r)
{
        Owner *o = owner_of(s);
        size_t n = (size_t)snprintf(o->last, sizeof(o->last), "%s", control_table[r->command].word);
        for (size_t i = 0; i < r->n_names && n < sizeof(o->last); i++)
                n += (size_t)snprintf(o->last + n, sizeof(o->last) - n, " %s", r->names[i]);
        o->requests++;
        o->conn = c;
        assert_null(control_conn_data(c));
        control_conn_set_data(c, o);
        if (o->closes)
                control_conn_close(c);
        else if (!o->leaves_open)
                control_finish_ok(c);
}

static void owner_gone(ControlServer *s, ControlConn *c)
{
        Owner *o = owner_of(s);
        o->gone++;
        if (c == o->conn)
                o->conn = NULL;
}

static void owner_drained(ControlServer *s, ControlConn *c)
{
        Owner *o = owner_of(s);
        assert_ptr_equal(c, o->conn);
        assert_false(control_is_full(c));
        o->drained++;
        if (o->on_drained)
                o->on_drained(o);
}

static const ControlServerOps owner_ops = {
        .admits = owner_admits, .request = owner_request, .gone = owner_gone, .drained = owner_drained};

static char directory[100]; /* where the socket `s` is */

static struct sockaddr_un address_of_socket(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
        return address;
}

static int setup(void **state)
{
        static Owner owner;
        void *dir;
        if (test_dir_setup(&dir) < 0)
                return -1;
        snprintf(directory, sizeof(directory), "%s", (char *)dir);
        free(dir);
        accept_fails = accept_calls = epoll_fails = 0;
        owner = (Owner){0};
        fake_clock_init(&owner.hands, NSEC_PER_SEC);
        struct sockaddr_un address = address_of_socket();
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0 ||
            loop_new(&owner.hands.clock, &owner.loop) < 0 ||
            control_server_init(&owner.server, owner.loop, &owner_ops, fd) < 0)
                return -1;
        *state = &owner;
        return 0;
}

static int teardown(void **state)
{
        Owner *o = *state;
        control_server_done(&o->server);
        loop_free(o->loop);
        void *dir = strdup(directory);
        return test_dir_teardown(&dir);
}

static int dial(void)
{
        struct sockaddr_un address = address_of_socket();
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void turns(Owner *o, unsigned n)
{
        while (n--)
                assert_int_equal(loop_run_once(o->loop, 0), 0);
}

static void put(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has come, all of it. */
static void expect(int fd, const char *want)
{
        char got[1024] = "";
        ssize_t n = read(fd, got, sizeof(got) - 1);
        assert_string_equal(n > 0 ? got : "", want);
}

static void expect_end(int fd)
{
        char byte;
        ssize_t n = read(fd, &byte, 1);
        assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

static void expect_silence(int fd)
{
        char byte;
        assert_int_equal(read(fd, &byte, 1), -1);
        assert_int_equal(errno, EAGAIN);
}

static void pass_time(Owner *o, unsigned seconds)
{
        o->hands.at += seconds * NSEC_PER_SEC;
        turns(o, 2);
}

/* The loop has nothing to do: no source is ready in a turn. */
static void expect_rest(Owner *o)
{
        uint64_t before = loop_stats(o->loop)->dispatched;
        turns(o, 3);
        assert_int_equal(loop_stats(o->loop)->dispatched, before);
}

#define OK "{\"ok\":true}\n"

/* ---- requests ------------------------------------------------------------------ */

static void test_request(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        put(fd, "status fs 'a b'\r\n");
        turns(o, 4);
        assert_string_equal(o->last, "status fs a b");
        assert_int_equal(o->peer, getpid());
        expect(fd, OK);
        put(fd, "pi");
        turns(o, 3);
        put(fd, "ng\n");
        turns(o, 4);
        assert_string_equal(o->last, "ping");
        expect(fd, OK);
        expect_rest(o);
        assert_int_equal(o->server.n_conns, 1);
        fd_close_p(&fd);
        turns(o, 2);
        assert_int_equal(o->server.n_conns, 0);
        assert_int_equal(o->gone, 0);
}

/* The kernel either knows SO_PEERPIDFD or not; the owner hears which. */
static void test_pidfd(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        int given = -1;
        socklen_t len = sizeof(given);
        bool known = getsockopt(fd, SOL_SOCKET, 77, &given, &len) == 0;
        if (known)
                (void)close(given);
        turns(o, 1);
        assert_int_equal(o->admitted, 1);
        assert_int_equal(o->had_pidfd, known);
}

static void test_refused_peer(void **state)
{
        Owner *o = *state;
        o->refuses = true;
        CLEANUP_FD int fd = dial();
        turns(o, 1);
        expect(fd,
               "{\"ok\":false,\"code\":\"forbidden\",\"error\":\"a server may not ask its supervisor\"}\n");
        expect_end(fd);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_wrong_requests(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        put(fd, "statsu\n\n");
        turns(o, 6);
        expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"unknown command statsu; did you mean "
                   "status?\"}\n"
                   "{\"ok\":false,\"code\":\"usage\",\"error\":\"no command\"}\n");
        assert_int_equal(send(fd, "pi\0ng\n", 6, 0), 6);
        turns(o, 4);
        expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"a NUL byte in a request\"}\n");
        put(fd, "a\xff\n");
        turns(o, 4);
        expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"unknown command a\"}\n");
        assert_int_equal(o->requests, 0);
        put(fd, "drain\n");
        turns(o, 4);
        expect(fd, OK);
}

/* Lines that come at once wait for their turn, also while a request takes its time. */
static void test_one_at_a_time(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "reload\nping\nstatus\n");
        turns(o, 5);
        assert_string_equal(o->last, "reload");
        expect_rest(o);
        control_line(o->conn, SPAN("{\"phase\":\"reading\"}"));
        turns(o, 2);
        expect(fd, "{\"phase\":\"reading\"}\n");
        assert_int_equal(o->requests, 1);
        put(fd, "drain\n");
        expect_rest(o);
        control_finish_error(o->conn, "invalid", "%s:%d: \"no\"", "f.yaml", 7);
        turns(o, 4);
        assert_string_equal(o->last, "ping");
        expect(fd, "{\"ok\":false,\"code\":\"invalid\",\"error\":\"f.yaml:7: \\\"no\\\"\"}\n");
        o->leaves_open = false;
        control_finish_raw(o->conn, SPAN("{\"ok\":true,\"n\":1}"));
        turns(o, 10);
        assert_int_equal(o->requests, 4);
        expect(fd, "{\"ok\":true,\"n\":1}\n" OK OK);
}

static void test_gone(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "logs -f fs\nping\n");
        turns(o, 4);
        assert_non_null(o->conn);
        fd_close_p(&fd);
        turns(o, 2);
        assert_int_equal(o->gone, 1);
        assert_null(o->conn);
        assert_int_equal(o->requests, 1);
        assert_int_equal(o->server.n_conns, 0);
        expect_rest(o);
}

/* `echo status | nc -U -N`: no more requests, but an answer is wanted. */
static void test_half_closed(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "status\n");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        turns(o, 4);
        assert_int_equal(o->gone, 0);
        expect_rest(o);
        control_finish_ok(o->conn);
        turns(o, 4);
        expect(fd, OK);
        expect_end(fd);
        assert_int_equal(o->server.n_conns, 0);

        CLEANUP_FD int other = dial();
        put(other, "logs -f fs\n");
        assert_int_equal(shutdown(other, SHUT_WR), 0);
        turns(o, 4);
        expect_rest(o);
        fd_close_p(&other);
        turns(o, 2);
        assert_int_equal(o->gone, 1);
}

static void test_owner_closes(void **state)
{
        Owner *o = *state;
        o->closes = true;
        CLEANUP_FD int fd = dial();
        put(fd, "ping\nping\n");
        turns(o, 4);
        assert_int_equal(o->requests, 1);
        assert_int_equal(o->gone, 0);
        expect_end(fd);

        /* what is said to a closed one before it is freed goes nowhere */
        o->closes = false;
        o->leaves_open = true;
        CLEANUP_FD int other = dial();
        put(other, "ping\n");
        turns(o, 3);
        control_conn_close(o->conn);
        control_conn_close(o->conn);
        control_line(o->conn, SPAN("{}"));
        control_finish_ok(o->conn);
        turns(o, 2);
        expect_end(other);
}

static void test_longest_request(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        char *line = calloc(1, CONTROL_LINE_MAX + 2);
        memset(line, ' ', CONTROL_LINE_MAX);
        memcpy(line, "ping", 4);
        line[CONTROL_LINE_MAX - 1] = '\n';
        put(fd, line);
        turns(o, 6);
        expect(fd, OK);
        line[CONTROL_LINE_MAX - 1] = ' ';
        line[CONTROL_LINE_MAX] = '\n';
        put(fd, line);
        turns(o, 8);
        expect(fd, "{\"ok\":false,\"code\":\"usage\",\"error\":\"the request is too long\"}\n");
        expect_end(fd);
        assert_int_equal(o->requests, 1);
        free(line);
}

/* ---- deadlines ------------------------------------------------------------------ */

static void test_half_a_line(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        put(fd, "sta");
        turns(o, 3);
        pass_time(o, LIMIT_CONTROL_LINE_TIME - 1);
        put(fd, "t"); /* moves nothing: the time is that of the whole line */
        turns(o, 2);
        assert_int_equal(o->server.n_conns, 1);
        pass_time(o, 1);
        assert_int_equal(o->server.n_conns, 0);
        expect_end(fd);

        /* the start of a next line that came with the first */
        CLEANUP_FD int other = dial();
        put(other, "ping\npi");
        turns(o, 4);
        expect(other, OK);
        pass_time(o, LIMIT_CONTROL_LINE_TIME);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_idle(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial();
        turns(o, 1);
        pass_time(o, LIMIT_CONTROL_IDLE_TIME - 1);
        put(fd, "ping\n");
        turns(o, 4);
        expect(fd, OK);
        pass_time(o, LIMIT_CONTROL_IDLE_TIME - 1);
        assert_int_equal(o->server.n_conns, 1);
        pass_time(o, 2);
        assert_int_equal(o->server.n_conns, 0);
        expect_end(fd);

        /* a request may take as long as it likes */
        o->leaves_open = true;
        CLEANUP_FD int other = dial();
        put(other, "events -f\n");
        turns(o, 3);
        pass_time(o, 100 * LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->server.n_conns, 1);
        assert_int_equal(o->gone, 0);
}

/* ---- a slow reader --------------------------------------------------------------- */

static char kilo[1024];

static Span kilo_line(void)
{
        memset(kilo, '1', sizeof(kilo));
        return span_from(kilo, sizeof(kilo));
}

/* Reads until nothing comes; the last bytes are left in `tail`. Returns how many lines came. */
static size_t read_all(Owner *o, int fd, char *tail, size_t size)
{
        static char got[64 * 1024];
        size_t lines = 0, idle = 0;
        *tail = '\0';
        while (idle < 3) {
                turns(o, 1);
                ssize_t n = read(fd, got, sizeof(got));
                idle = n > 0 ? 0 : idle + 1;
                for (ssize_t i = 0; i < n; i++)
                        lines += got[i] == '\n';
                if (n > 0)
                        snprintf(tail, size, "%.*s", (int)MIN((size_t)n, size - 1),
                                 got + n - MIN((size_t)n, size - 1));
        }
        return lines;
}

static void test_slow_reader(void **state)
{
        Owner *o = *state;
        char tail[64];
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "logs -f fs\n");
        turns(o, 3);
        size_t sent = 0, skipped = 0;
        for (; sent < 4096; sent++) {
                control_line(o->conn, kilo_line());
                turns(o, 1);
        }
        assert_true(control_is_full(o->conn));
        assert_int_equal(o->drained, 0);
        expect_rest(o); /* what cannot be written makes no work */

        size_t lines = read_all(o, fd, tail, sizeof(tail));
        assert_true(o->drained > 0);
        char *at = strstr(tail, "\n{\"skipped\":");
        assert_non_null(at);
        skipped = strtoull(at + 12, NULL, 10);
        assert_int_equal(lines - 1 + skipped, sent);
        assert_in_range(lines, LIMIT_CONTROL_QUEUE / 1024, LIMIT_CONTROL_QUEUE / 1024 + 1024);

        /* from there on nothing is lost, and the end comes after what was skipped */
        control_line(o->conn, SPAN("{\"n\":1}"));
        turns(o, 2);
        expect(fd, "{\"n\":1}\n");
        for (sent = 0; sent < 4096; sent++)
                control_line(o->conn, kilo_line());
        control_finish_ok(o->conn);
        (void)read_all(o, fd, tail, sizeof(tail));
        at = strstr(tail, "}\n" OK);
        assert_non_null(at);
        assert_non_null(strstr(tail, "{\"skipped\":"));
}

static size_t to_send;

static void send_more(Owner *o)
{
        while (to_send && !control_is_full(o->conn)) {
                control_line(o->conn, kilo_line());
                to_send--;
        }
        if (!to_send)
                control_finish_ok(o->conn);
}

/* Who looks before it writes loses nothing. */
static void test_owner_waits_for_room(void **state)
{
        Owner *o = *state;
        char tail[64];
        o->leaves_open = true;
        o->on_drained = send_more;
        CLEANUP_FD int fd = dial();
        put(fd, "history\n");
        turns(o, 3);
        to_send = 5000;
        send_more(o);
        assert_true(to_send > 4000);
        assert_int_equal(read_all(o, fd, tail, sizeof(tail)), 5001);
        assert_int_equal(to_send, 0);
        assert_non_null(strstr(tail, OK));
}

/* An answer of one line may be longer than the queue. */
static void test_huge_line(void **state)
{
        Owner *o = *state;
        char tail[64];
        size_t len = 3 * LIMIT_CONTROL_QUEUE;
        char *line = malloc(len);
        memset(line, '2', len);
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "status\n");
        turns(o, 3);
        control_line(o->conn, span_from(line, len));
        control_finish_ok(o->conn);
        assert_int_equal(read_all(o, fd, tail, sizeof(tail)), 2);
        assert_non_null(strstr(tail, "\n" OK));
        free(line);
}

static void test_unread_answer(void **state)
{
        Owner *o = *state;
        size_t len = 3 * LIMIT_CONTROL_QUEUE;
        char *line = calloc(1, len);
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        put(fd, "status\nping\n");
        turns(o, 3);
        control_line(o->conn, span_from(line, len));
        control_finish_ok(o->conn);
        turns(o, 5);
        assert_int_equal(o->requests, 1); /* the next waits for its reader */
        pass_time(o, LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->server.n_conns, 0);
        free(line);
}

/* ---- connections ------------------------------------------------------------------ */

static void test_most_connections(void **state)
{
        Owner *o = *state;
        int fds[LIMIT_CONTROL_CONNECTIONS];
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fds[i] = dial();
        turns(o, 1);
        assert_int_equal(o->server.n_conns, ARRAY_SIZE(fds));
        CLEANUP_FD int more = dial();
        turns(o, 1);
        expect(more,
               "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections to the control socket\"}\n");
        expect_end(more);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                (void)close(fds[i]);
        turns(o, 2);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_no_descriptor(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = dial(), other = -EBADF;
        accept_fails = EMFILE;
        turns(o, 1);
        assert_int_equal(accept_calls, 1);
        expect_rest(o);
        assert_int_equal(accept_calls, 1);
        pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(accept_calls, 2);
        accept_fails = 0;
        epoll_fails = ENOSPC;
        pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(accept_calls, 2);
        epoll_fails = 0;
        pass_time(o, LIMIT_CONTROL_ACCEPT_TIME);
        assert_int_equal(o->server.n_conns, 1);
        accept_fails = ECONNABORTED; /* concerns one client only */
        other = dial();
        assert_int_equal(loop_run_once(o->loop, 0), 0);
        accept_fails = 0;
        turns(o, 2);
        assert_int_equal(o->server.n_conns, 2);
        expect_silence(fd);
        expect_silence(other);
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
        put(fd, "drain\nstatus\n");
        turns(o, 8);
        assert_int_equal(o->requests, 1);
        assert_ptr_equal(o->conn, c);
        expect(fd,
               "{\"ok\":false,\"code\":\"forbidden\",\"error\":\"drain cannot be asked from here\"}\n" OK);
        pass_time(o, 10 * LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->gone, 0);
        fd_close_p(&fd);
        turns(o, 2);
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
        CLEANUP_FD int fd = dial(), other = dial();
        put(fd, "stop --all\n");
        put(other, "events -f\n");
        turns(o, 4);
        control_finish_ok(o->conn);
        control_server_flush(&o->server);
        char got[64] = "";
        assert_true(read(fd, got, sizeof(got)) > 0 || read(other, got, sizeof(got)) > 0);
        assert_string_equal(got, OK);
        expect_silence(fd);
        control_server_done(&o->server);
        expect_end(fd);
        expect_end(other);
        assert_int_equal(o->gone, 0);
}

/* Who cannot be told what it asked for is not left waiting. */
static void test_out_of_memory(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        unsigned n = 1;
        for (bool failed = true; failed; n++) {
                CLEANUP_FD int fd = dial();
                o->conn = NULL;
                oom_arm(n);
                put(fd, "status\n");
                turns(o, 3);
                if (o->conn) {
                        control_line(o->conn, kilo_line());
                        control_finish_error(o->conn, "failed", "no %s", "thing");
                }
                turns(o, 4);
                failed = oom_disarm();
                turns(o, 1);
                char got[2048] = "";
                ssize_t len = read(fd, got, sizeof(got) - 1);
                assert_true(len == 0 || strstr(got, "\"ok\":false") || (len < 0 && errno == ECONNRESET));
                fd_close_p(&fd);
                turns(o, 2);
                assert_int_equal(o->server.n_conns, 0);
        }
        assert_true(n > 4);
}

/* The same when the kernel has no room for what is waited for. */
static void test_epoll_fails(void **state)
{
        Owner *o = *state;
        o->leaves_open = true;
        CLEANUP_FD int fd = dial();
        epoll_fails = ENOMEM;
        turns(o, 1);
        assert_int_equal(o->server.n_conns, 0);
        expect(fd,
               "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections to the control socket\"}\n");
        epoll_fails = 0;
        CLEANUP_FD int other = dial();
        put(other, "logs fs\n");
        turns(o, 3);
        epoll_fails = ENOMEM;
        control_line(o->conn, SPAN("{}"));
        turns(o, 2);
        epoll_fails = 0;
        assert_int_equal(o->server.n_conns, 0);
        assert_int_equal(o->gone, 1);
}

#define SERVER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SERVER_TEST(test_request),
                SERVER_TEST(test_pidfd),
                SERVER_TEST(test_refused_peer),
                SERVER_TEST(test_wrong_requests),
                SERVER_TEST(test_one_at_a_time),
                SERVER_TEST(test_gone),
                SERVER_TEST(test_half_closed),
                SERVER_TEST(test_owner_closes),
                SERVER_TEST(test_longest_request),
                SERVER_TEST(test_half_a_line),
                SERVER_TEST(test_idle),
                SERVER_TEST(test_slow_reader),
                SERVER_TEST(test_owner_waits_for_room),
                SERVER_TEST(test_huge_line),
                SERVER_TEST(test_unread_answer),
                SERVER_TEST(test_most_connections),
                SERVER_TEST(test_no_descriptor),
                SERVER_TEST(test_gateway),
                SERVER_TEST(test_flush),
                SERVER_TEST(test_out_of_memory),
                SERVER_TEST(test_epoll_fails),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
