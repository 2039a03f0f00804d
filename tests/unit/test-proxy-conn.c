/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "build-id.h"
#include "ipc/channel.h"
#include "proxy/listener.h"

enum { TURNS = 2000, HEAD = 4096 };

/* The whole role but for its processes: the supervisor, the one who looks up names, a server and the places
 * that it wants to reach are played here. Time is ours; sockets are real, and answer in their own time. */
static FakeClock fake;
static Proxy proxy;
static int supervisor = -EBADF, resolver = -EBADF, origin = -EBADF, door = -EBADF;
static uint16_t origin_port, door_port;
static IpcProxyCounts counts;

/* ---- the others ------------------------------------------------------------------------ */

static int listen_here(uint16_t *ret_port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(fd, 511), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        *ret_port = ntohs(a.sin_port);
        return fd;
}

static int knock(void)
{
        struct sockaddr_in a = {
                .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(door_port)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(fd_set_nonblock(fd, true), 0);
        return fd;
}

static void turn(void)
{
        assert_int_equal(loop_run_once(proxy.loop, 0), 0);
}

static void send_fds(void *m, size_t size, Span text, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(2 * sizeof(int))];
        } control = {0};
        struct iovec parts[] = {{m, size}, {(void *)(uintptr_t)text.ptr, text.len}};
        struct msghdr h = {.msg_iov = parts, .msg_iovlen = 2};
        ((IpcHeader *)m)->length = (uint32_t)(size + text.len);
        if (n_fds) {
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *k = CMSG_FIRSTHDR(&h);
                *k = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS,
                                      .cmsg_len = CMSG_LEN(n_fds * sizeof(int))};
                memcpy(CMSG_DATA(k), fds, n_fds * sizeof(int));
        }
        assert_true(sendmsg(supervisor, &h, MSG_NOSIGNAL) > 0);
        turn();
}

/* Counts are kept; any other message's type is given, 0: there was none. */
static uint32_t heard(char *ret_text, size_t size)
{
        union {
                IpcHeader header;
                IpcProxyCounts counts;
                char bytes[1024];
        } m;
        for (;;) {
                ssize_t n = recv(supervisor, &m, sizeof(m), 0);
                if (n < 0)
                        return IPC_NONE;
                assert_true(ipc_message_valid(span_from(m.bytes, (size_t)n), 0, IPC_FROM_PROXY));
                if (m.header.type == IPC_PROXY_COUNTS) {
                        counts = m.counts;
                        continue;
                }
                Span text = ipc_message_text(&m.header);
                (void)snprintf(ret_text, size, "%.*s", (int)text.len, text.ptr);
                return m.header.type;
        }
}

static uint32_t heard_type(void)
{
        char text[300];
        return heard(text, sizeof(text));
}

static void say_hello(void)
{
        IpcProxyHello m = {
                .header.type = IPC_PROXY_HELLO, .build_id = MCPVISOR_BUILD_ID, .log_level = LOG_LEVEL_ERROR};
        send_fds(&m, sizeof(m), SPAN_NONE, NULL, 0);
}

static int rules_fd(const char *rules)
{
        int fd;
        assert_int_equal(fd_memfd_new("rules", &fd), 0);
        assert_int_equal(fd_write_all(fd, span_of(rules)), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(fd_memfd_seal(fd), 0);
        return fd;
}

static void say_listen(const char *rules, uint32_t row)
{
        IpcInstance m = {.header.type = IPC_PROXY_LISTEN, .row = row, .generation = 5};
        int fds[] = {door, rules_fd(rules)};
        send_fds(&m, sizeof(m), SPAN("fs"), fds, 2);
        fd_close_p(&fds[1]);
}

static void say_close(uint32_t row, uint64_t generation)
{
        IpcInstance m = {.header.type = IPC_PROXY_CLOSE, .row = row, .generation = generation};
        send_fds(&m, sizeof(m), SPAN_NONE, NULL, 0);
}

/* Rules in which @ is the port of the origin. */
static void allow(const char *rules)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        for (; *rules; rules++)
                assert_int_equal(
                        *rules == '@' ? buf_appendf(&b, "%u", origin_port) : buf_append_char(&b, *rules), 0);
        say_listen(buf_text(&b), 1);
}

static int setup(void **state UNUSED)
{
        int ipc[2], names[2];
        fake_clock_init(&fake, NSEC_PER_SEC);
        counts = (IpcProxyCounts){.row = 0};
        log_default()->level = LOG_LEVEL_ERROR;
        if (ipc_pair(ipc) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, names) < 0)
                return -1;
        supervisor = ipc[1];
        resolver = names[1];
        origin = listen_here(&origin_port);
        door = listen_here(&door_port);
        if (proxy_init(&proxy, &fake.clock, ipc[0], names[0]) < 0)
                return -1;
        say_hello();
        return heard_type() == IPC_PROXY_UP ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
        proxy_done(&proxy);
        fd_close_p(&supervisor);
        fd_close_p(&resolver);
        fd_close_p(&origin);
        fd_close_p(&door);
        return 0;
}

/* ---- what is said and heard -------------------------------------------------------------- */

static void say(int fd, Span s)
{
        assert_int_equal(send(fd, s.ptr, s.len, MSG_NOSIGNAL), s.len);
}

/* Turns until `fd` has something, or its end. */
static void await(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        for (int i = 0; i < TURNS; i++) {
                turn();
                if (poll(&p, 1, 1) == 1)
                        return;
        }
        fail_msg("nothing came");
}

/* All that comes until the end, or until it ends with `end`. */
static size_t hear(int fd, const char *end, char *text, size_t size)
{
        size_t n = 0;
        for (;;) {
                await(fd);
                ssize_t r = recv(fd, text + n, size - n - 1, 0);
                assert_true(r >= 0 && n + 1 < size);
                n += (size_t)r;
                text[n] = '\0';
                if (r == 0 || (end && span_ends(span_from(text, n), span_of(end))))
                        return n;
        }
}

static void expect(int fd, const char *text)
{
        char got[HEAD];
        hear(fd, text, got, sizeof(got));
        assert_string_equal(got, text);
}

static void expect_end(int fd)
{
        char byte;
        await(fd);
        assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* An answer of that status, whose text has this in it, and then the end. */
static void expect_refusal(int fd, const char *status, const char *why)
{
        char got[HEAD];
        hear(fd, NULL, got, sizeof(got));
        assert_row(strncmp(got, status, strlen(status)) == 0, "%s", got);
        assert_row(strstr(got, "\r\n\r\nmcpvisor: ") != NULL && strstr(got, why) != NULL, "%s", got);
}

static int accept_origin(void)
{
        await(origin);
        int fd = accept4(origin, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static bool nobody_at_origin(void)
{
        for (int i = 0; i < 5; i++)
                turn();
        return accept4(origin, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN;
}

static void connect_to(int fd, const char *host, uint16_t port)
{
        char text[600];
        int n = snprintf(text, sizeof(text), "CONNECT %s:%u HTTP/1.1\r\nHost: %s\r\n\r\n", host, port, host);
        say(fd, span_from(text, (size_t)n));
}

/* The name that is asked for, answered with those addresses. */
static void look_up(const char *name, const char *const *addresses)
{
        ResolverAsk q;
        await(resolver);
        assert_int_equal(recv(resolver, &q, sizeof(q), 0), sizeof(q));
        assert_string_equal(q.name, name);
        ResolverTell t = {.id = q.id, .result = addresses ? RESOLVER_FOUND : RESOLVER_NOT_FOUND};
        for (; addresses && addresses[t.n]; t.n++)
                assert_int_equal(proxy_address_parse(span_of(addresses[t.n]), &t.addresses[t.n]), 0);
        assert_int_equal(send(resolver, &t, sizeof(t), MSG_NOSIGNAL), sizeof(t));
        turn();
}

static void take_counts(void)
{
        fake.at += LIMIT_PROXY_COUNT * NSEC_PER_MSEC;
        turn();
        turn();
        assert_int_equal(heard_type(), IPC_NONE);
}

#define ADDRESSES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_tunnel(void **state UNUSED)
{
        allow("127.0.0.1:@");
        int fd = knock();
        connect_to(fd, "127.0.0.1", origin_port);
        int there = accept_origin();
        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
        say(fd, SPAN("up"));
        expect(there, "up");
        say(there, SPAN("down"));
        expect(fd, "down");
        /* One direction ends, the other goes on. */
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        expect_end(there);
        say(there, SPAN("more"));
        expect(fd, "more");
        fd_close_p(&there);
        expect_end(fd);
        take_counts();
        assert_int_equal(counts.row, 1);
        assert_int_equal(counts.generation, 5);
        assert_int_equal(counts.allowed, 1);
        assert_int_equal(counts.bytes_up, 2);
        assert_int_equal(counts.bytes_down, strlen("HTTP/1.1 200 OK\r\n\r\n") + 8);
        assert_int_equal(counts.open, 0);
        assert_int_equal(counts.refused + counts.failed, 0);
        fd_close_p(&fd);
}

/* What comes with the request, or byte by byte, or before the answer. */
static void test_pieces(void **state UNUSED)
{
        char head[200];
        allow("127.0.0.1:@");
        int n = snprintf(head, sizeof(head), "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\nearly", origin_port);
        for (int step = 1; step <= n; step += n - 1) {
                int fd = knock();
                for (int at = 0; at < n; at += step) {
                        say(fd, span_from(head + at, (size_t)MIN(step, n - at)));
                        turn();
                        turn();
                }
                int there = accept_origin();
                expect(there, "early");
                expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
                fd_close_p(&fd);
                expect_end(there);
                fd_close_p(&there);
        }
}

static void test_plain(void **state UNUSED)
{
        char text[300], wanted[300];
        allow("127.0.0.1:@");
        int fd = knock();
        int n = snprintf(text, sizeof(text),
                         "POST http://127.0.0.1:%u/x?y HTTP/1.1\r\nHost: z\r\nContent-Length: 4\r\n\r\nbo",
                         origin_port);
        say(fd, span_from(text, (size_t)n));
        int there = accept_origin();
        (void)snprintf(wanted, sizeof(wanted),
                       "POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 4\r\nConnection: "
                       "close\r\n\r\nbo",
                       origin_port);
        expect(there, wanted);
        say(fd, SPAN("dy"));
        expect(there, "dy");
        say(there, SPAN("HTTP/1.1 204 No Content\r\n\r\n"));
        fd_close_p(&there);
        char got[HEAD];
        hear(fd, NULL, got, sizeof(got));
        assert_string_equal(got, "HTTP/1.1 204 No Content\r\n\r\n");
        fd_close_p(&fd);
}

static void test_refusals(void **state UNUSED)
{
        static const struct {
                const char *request, *status, *why;
        } rows[] = {
                {"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ",
                 "127.0.0.1:1: not in sandbox.net.allow of server fs"},
                {"CONNECT other.test:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ",
                 "other.test:1: not in sandbox.net.allow"},
                {"CONNECT a.test:2 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ", "a.test:2: not in"},
                {"CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ", "not in"},
                {"GET http://169.254.169.254/ HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ",
                 "169.254.169.254:80: not in"},
                {"CONNECT [::ffff:127.0.0.1]:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ", "not in"},
                {"CONNECT 127.1:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "HOST:PORT"},
                {"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 400 ", "this is a proxy"},
                {"\x16\x03\x01\x02", "HTTP/1.1 400 ", ""},
                {"CONNECT a.test:1 HTTP/1.1\r\nX : y\r\n\r\n", "HTTP/1.1 400 ", ""},
        };
        say_listen("a.test:1", 1);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int fd = knock();
                say(fd, span_of(rows[i].request));
                expect_refusal(fd, rows[i].status, rows[i].why);
                fd_close_p(&fd);
        }
        take_counts();
        assert_int_equal(counts.refused, 6);
        assert_int_equal(counts.allowed + counts.failed, 0);
}

/* A name is looked up once, and what is connected to is the address that was judged. */
static void test_names(void **state UNUSED)
{
        allow("a.test:@\n127.0.0.1:@");
        int fd = knock();
        connect_to(fd, "A.Test", origin_port);
        look_up("a.test", ADDRESSES("10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"));
        int there = accept_origin();
        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
        fd_close_p(&fd);
        fd_close_p(&there);
        fd = knock();
        connect_to(fd, "a.test", origin_port);
        look_up("a.test", NULL);
        expect_refusal(fd, "HTTP/1.1 502 ", "no such name");
        fd_close_p(&fd);
}

/* A name that leads inside is refused, however it does. */
static void test_rebinding(void **state UNUSED)
{
        static const struct {
                const char *address, *range;
        } rows[] = {
                {"127.0.0.1", "loopback"},
                {"::1", "loopback"},
                {"::ffff:127.0.0.1", "IPv4-mapped"},
                {"10.1.2.3", "private"},
                {"169.254.169.254", "metadata"},
                {"64:ff9b::7f00:1", "NAT64"},
                {"2002:7f00:1::", "6to4"},
                {"fe80::1", "link-local"},
                {"0.0.0.0", "this host"},
                {"fd00:ec2::254", "metadata"},
                {"100.64.0.1", "carrier"},
                {"224.0.0.1", "multicast"},
        };
        allow("*.test:@");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int fd = knock();
                connect_to(fd, "x.test", origin_port);
                look_up("x.test", ADDRESSES(rows[i].address));
                expect_refusal(fd, "HTTP/1.1 403 ", rows[i].range);
                fd_close_p(&fd);
        }
        assert_true(nobody_at_origin());
        take_counts();
        assert_int_equal(counts.refused, ARRAY_SIZE(rows));
}

/* The first address refuses the connection, the second takes it; then none does. */
static void test_next_address(void **state UNUSED)
{
        allow("a.test:@\n127.0.0.9:@\n127.0.0.1:@");
        int fd = knock();
        connect_to(fd, "a.test", origin_port);
        look_up("a.test", ADDRESSES("127.0.0.9", "127.0.0.1"));
        int there = accept_origin();
        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
        fd_close_p(&fd);
        fd_close_p(&there);
        fd = knock();
        connect_to(fd, "a.test", origin_port);
        look_up("a.test", ADDRESSES("127.0.0.9"));
        expect_refusal(fd, "HTTP/1.1 502 ", "Connection refused");
        fd_close_p(&fd);
        take_counts();
        assert_int_equal(counts.allowed, 1);
        assert_int_equal(counts.failed, 1);
}

/* Each state has its end, though nobody says anything. */
static void test_deadlines(void **state UNUSED)
{
        allow("a.test:1\n127.0.0.1:@");
        int fd = knock();
        say(fd, SPAN("CONNECT a"));
        turn();
        turn();
        fake.at += LIMIT_PROXY_HEAD_TIME * NSEC_PER_SEC;
        expect_refusal(fd, "HTTP/1.1 408 ", "no request");
        fd_close_p(&fd);
        fd = knock();
        connect_to(fd, "a.test", 1);
        await(resolver);
        fake.at += (LIMIT_PROXY_LOOKUP + 2) * NSEC_PER_SEC;
        expect_refusal(fd, "HTTP/1.1 50", "could not be looked up");
        fd_close_p(&fd);
        fd = knock();
        connect_to(fd, "127.0.0.1", origin_port);
        int there = accept_origin();
        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
        fake.at += (LIMIT_PROXY_IDLE - 1) * NSEC_PER_SEC;
        say(there, SPAN("x"));
        expect(fd, "x");
        fake.at += (LIMIT_PROXY_IDLE - 1) * NSEC_PER_SEC; /* from the last byte on */
        turn();
        say(fd, SPAN("y"));
        expect(there, "y");
        fake.at += LIMIT_PROXY_IDLE * NSEC_PER_SEC;
        expect_end(fd);
        expect_end(there);
        fd_close_p(&fd);
        fd_close_p(&there);
}

/* Who does not read the reason has had its time. */
static void test_linger(void **state UNUSED)
{
        say_listen("a.test:1", 1);
        int fd = knock();
        connect_to(fd, "b.test", 1);
        expect_refusal(fd, "HTTP/1.1 403 ", "not in");
        say(fd, SPAN("still here"));
        turn();
        take_counts();
        assert_int_equal(counts.open, 1);
        fake.at += LIMIT_PROXY_LINGER * NSEC_PER_SEC;
        turn();
        take_counts();
        assert_int_equal(counts.open, 0);
        fd_close_p(&fd);
}

/* A client that goes away at any moment leaves nothing. */
static void test_leaves(void **state UNUSED)
{
        allow("a.test:1\n127.0.0.1:@");
        const struct linger reset = {.l_onoff = 1};
        for (int i = 0; i < 4; i++) {
                int fd = knock(), there = -EBADF;
                if (i == 1)
                        connect_to(fd, "a.test", 1);
                if (i == 1)
                        await(resolver);
                if (i >= 2)
                        connect_to(fd, "127.0.0.1", origin_port);
                if (i == 3) {
                        there = accept_origin();
                        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
                        say(there, SPAN("unread"));
                }
                assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
                fd_close_p(&fd);
                if (i == 1)
                        look_up("a.test", NULL);
                if (i == 2)
                        there = accept_origin();
                if (there >= 0)
                        await(there);
                fd_close_p(&there);
                for (int k = 0; k < 5; k++)
                        turn();
                take_counts();
                assert_row(counts.open == 0, "%d", i);
        }
}

/* At its cap a server's next connection waits, and comes in when one goes. */
static void test_cap(void **state UNUSED)
{
        int fds[LIMIT_PROXY_CONNECTIONS];
        struct rlimit files;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
        files.rlim_cur = files.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
        say_listen("a.test:1", 1);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = knock();
                turn();
        }
        int late = knock();
        connect_to(late, "b.test", 1);
        for (int i = 0; i < 5; i++)
                turn();
        take_counts();
        assert_int_equal(counts.open, LIMIT_PROXY_CONNECTIONS);
        assert_int_equal(counts.refused, 0);
        fd_close_p(&fds[7]);
        expect_refusal(late, "HTTP/1.1 403 ", "not in");
        fd_close_p(&late);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fd_close_p(&fds[i]);
}

/* Without a descriptor for one more nothing spins: those who come wait until there is one. */
static void test_no_descriptor(void **state UNUSED)
{
        struct rlimit files, few;
        say_listen("a.test:1", 1);
        int fd = knock(), next = dup(fd);
        connect_to(fd, "b.test", 1);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
        few = (struct rlimit){(rlim_t)next, files.rlim_max};
        fd_close_p(&next);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        for (int i = 0; i < 5; i++)
                turn();
        uint64_t before = loop_stats(proxy.loop)->dispatched;
        for (int i = 0; i < 5; i++)
                turn();
        assert_int_equal(loop_stats(proxy.loop)->dispatched, before);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
        fake.at += LIMIT_PROXY_PAUSE * NSEC_PER_MSEC;
        expect_refusal(fd, "HTTP/1.1 403 ", "not in");
        fd_close_p(&fd);
}

/* One server's end is the end of its connections, and of no other's. */
static void test_close(void **state UNUSED)
{
        allow("127.0.0.1:@");
        int fd = knock();
        connect_to(fd, "127.0.0.1", origin_port);
        int there = accept_origin();
        expect(fd, "HTTP/1.1 200 OK\r\n\r\n");
        say_close(1, 4); /* an earlier life */
        say_close(2, 5);
        say(fd, SPAN("x"));
        expect(there, "x");
        say_close(1, 5);
        expect_end(there);
        expect_end(fd);
        fd_close_p(&fd);
        fd_close_p(&there);
        assert_int_equal(proxy.n_conns + proxy.n_listeners, 0);
        allow("127.0.0.1:@"); /* its next life */
        assert_int_equal(proxy.n_listeners, 1);
}

/* What cannot be taken is said, and the role goes on. */
static void test_broken_rules(void **state UNUSED)
{
        char text[300];
        log_default()->level = _LOG_LEVEL_MAX; /* it is told, too */
        say_listen("a.test", 1);
        assert_int_equal(heard(text, sizeof(text)), IPC_PROXY_REFUSED);
        assert_string_equal(text, strerror(EINVAL));
        say_listen("a.test:1", 1);
        assert_int_equal(heard(text, sizeof(text)), IPC_NONE);
        say_listen("a.test:1", 1);
        assert_int_equal(heard(text, sizeof(text)), IPC_PROXY_REFUSED);
        IpcPing ping = {.header.type = IPC_PROXY_PING, .serial = 9};
        send_fds(&ping, sizeof(ping), SPAN_NONE, NULL, 0);
        assert_int_equal(heard_type(), IPC_PROXY_PONG);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_tunnel), TEST(test_pieces),       TEST(test_plain),        TEST(test_refusals),
                TEST(test_names),  TEST(test_rebinding),    TEST(test_next_address), TEST(test_deadlines),
                TEST(test_linger), TEST(test_leaves),       TEST(test_cap),          TEST(test_no_descriptor),
                TEST(test_close),  TEST(test_broken_rules),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
