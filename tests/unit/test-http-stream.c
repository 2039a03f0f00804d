/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <sys/socket.h>

#include "base/fd.h"

#define EVENTS_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define CHUNKED     EVENTS_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static int open_as(HttpConn *c, Span type)
{
        HttpAnswer a = {.status = 200, .type = type};
        return http_stream_open(c, &a);
}

static int open_events(HttpConn *c, HttpRequest *r UNUSED)
{
        assert_int_equal(open_as(c, SPAN("text/event-stream")), 0);
        return 0;
}

static int open_plain(HttpConn *c, HttpRequest *r UNUSED)
{
        assert_int_equal(open_as(c, SPAN("text/plain")), 0);
        return 0;
}

static int write_one(Span s)
{
        return http_stream_write(user.conns[0], &s, 1);
}

static size_t queued(void)
{
        return user.conns[0]->out.len - user.conns[0]->out_done;
}

/* With an open stream on a socket that takes little. */
static int slow_client(void)
{
        static const int small = 4096;
        int fd = client_tcp();
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
        client_send(fd, SPAN(GET));
        settle();
        assert_int_equal(setsockopt(user.conns[0]->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
        buf_clear(&user.said);
        return fd;
}

/* ---- framing --------------------------------------------------------------------- */

static void test_chunks(void **state UNUSED)
{
        Span parts[] = {SPAN("data: "), SPAN(""), SPAN("0123456789"), SPAN("\n\n")};
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_events;
        client_send(fd, SPAN(GET));
        client_expect(fd, CHUNKED);
        assert_int_equal(http_stream_write(user.conns[0], parts, 4), 0);
        client_expect(fd, "12\r\ndata: 0123456789\n\n\r\n");
        assert_int_equal(http_stream_write(user.conns[0], parts, 0), 0); /* would be the end */
        assert_int_equal(write_one(SPAN("")), 0);
        assert_int_equal(write_one(SPAN("x")), 0);
        assert_int_equal(give(user.conns[0], 200, SPAN("no")), HTTP_E_GONE);
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        client_expect(fd, "1\r\nx\r\n0\r\n\r\n");
        assert_int_equal(http_stream_close(user.conns[0]), HTTP_E_GONE);
        assert_int_equal(write_one(SPAN("x")), HTTP_E_GONE);
        user.on_request = answer_ok;
        client_send(fd, SPAN(GET));
        client_expect(fd, OK_ANSWER);
}

static void test_old_client(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_events;
        client_send(fd, SPAN("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        client_expect(fd, EVENTS_HEAD "Connection: close\r\n\r\n");
        assert_int_equal(write_one(SPAN("data: x\n\n")), 0);
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        client_expect(fd, "data: x\n\n");
        assert_int_equal(client_expect_end(fd), 0);
}

static void test_head_of_stream(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_events;
        client_send(fd, SPAN("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
        client_expect(fd, CHUNKED);
        assert_int_equal(write_one(SPAN("data: x\n\n")), 0);
        pass(user.limits.sse_keepalive); /* no comment either */
        pass(user.limits.sse_keepalive);
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        user.on_request = answer_ok;
        client_send(fd, SPAN(GET));
        client_expect(fd, OK_ANSWER);
}

/* Before the body has come: the rest of it is not looked at, and the connection ends with the stream. */
static int open_early(HttpConn *c, const HttpRequest *r UNUSED)
{
        return open_events(c, NULL);
}

static void test_early_stream(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_head = open_early;
        client_send(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
        client_expect(fd, EVENTS_HEAD "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        client_send(fd, SPAN("defghij"));
        settle();
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        client_expect(fd, "0\r\n\r\n");
        assert_int_equal(client_expect_end(fd), 0);
        expect_said("head");
}

/* ---- silence ----------------------------------------------------------------------- */

static void test_keepalive(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_events;
        client_send(fd, SPAN(GET));
        client_expect(fd, CHUNKED);
        pass(14 * NSEC_PER_SEC);
        assert_int_equal(write_one(SPAN("x")), 0);
        client_expect(fd, "1\r\nx\r\n");
        pass(14 * NSEC_PER_SEC);
        char c;
        assert_int_equal(recv(fd, &c, 1, 0), -1); /* counted from the last word */
        pass(NSEC_PER_SEC);
        client_expect(fd, "3\r\n:\n\n\r\n");
        pass(100 * NSEC_PER_SEC); /* one, however long the loop was away */
        client_expect(fd, "3\r\n:\n\n\r\n");
        assert_int_equal(recv(fd, &c, 1, 0), -1);
        pass(15 * NSEC_PER_SEC);
        client_expect(fd, "3\r\n:\n\n\r\n");
}

static void test_no_keepalive(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_plain;
        client_send(fd, SPAN(GET));
        expect_said("head request");
        pass(1000 * NSEC_PER_SEC);
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        client_expect(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "0\r\n\r\n");
}

/* ---- slow readers ------------------------------------------------------------------- */

/* What it does not take waits, and arrives in order. */
static void test_slow_reader(void **state UNUSED)
{
        enum { N = 5000 };
        user.on_request = open_plain;
        CLEANUP_FD int fd = slow_client();
        client_skip(
                fd,
                strlen("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"));
        unsigned written = 0;
        while (written < N && user.conns[0]->out.len < 100000) {
                char text[16];
                int n = snprintf(text, sizeof(text), "%09u\n", written++);
                assert_int_equal(write_one(span_from(text, (size_t)n)), 0);
        }
        assert_true(user.conns[0]->out.len > 0);
        assert_int_equal(http_stream_close(user.conns[0]), 0);
        for (unsigned i = 0; i < written; i++) {
                char want[32];
                (void)snprintf(want, sizeof(want), "a\r\n%09u\n\r\n", i);
                client_expect(fd, want);
        }
        client_expect(fd, "0\r\n\r\n");
        settle();
        assert_int_equal(user.conns[0]->state, HTTP_CONN_IDLE);
        assert_null(user.conns[0]->out.data);
}

/* One that takes nothing is cut off, whatever is given to it meanwhile; taking some is progress. */
static void test_write_timeout(void **state UNUSED)
{
        user.on_request = open_events;
        CLEANUP_FD int fd = slow_client();
        static char block[30000];
        while (queued() < 200000)
                assert_int_equal(write_one(span_from(block, sizeof(block))), 0);
        for (int i = 0; i < 5; i++) {
                pass(29 * NSEC_PER_SEC);
                for (size_t before = queued(); queued() == before; settle())
                        client_skip(fd, 1000);
                assert_int_equal(write_one(span_from(block, 100)), 0);
        }
        expect_said("");
        pass(15 * NSEC_PER_SEC);
        assert_int_equal(write_one(SPAN("x")), 0);
        pass(16 * NSEC_PER_SEC);
        expect_said("cut:timeout released");
}

/* One that has caught up is as any other: silence is filled, and waiting is no fault. */
static void test_caught_up(void **state UNUSED)
{
        static char block[30000];
        user.on_request = open_events;
        CLEANUP_FD int fd = slow_client();
        size_t all = strlen(CHUNKED);
        for (; queued() < 200000; all += strlen("7530\r\n\r\n") + sizeof(block))
                assert_int_equal(write_one(span_from(block, sizeof(block))), 0);
        client_skip(fd, all);
        settle();
        assert_null(user.conns[0]->out.data);
        pass(31 * NSEC_PER_SEC);
        client_expect(fd, "3\r\n:\n\n\r\n");
        expect_said("");
}

static void test_reset_while_queued(void **state UNUSED)
{
        static const struct linger hard = {.l_onoff = 1};
        static char block[30000];
        user.on_request = open_events;
        int fd = slow_client();
        while (queued() < 200000)
                assert_int_equal(write_one(span_from(block, sizeof(block))), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
        fd_close_p(&fd);
        expect_said("cut:closed released");
}

static void test_full_queue(void **state UNUSED)
{
        static char block[400 * 1024]; /* more than max_queue: one such message is taken */
        user.on_request = open_events;
        CLEANUP_FD UNUSED int fd = slow_client();
        int r = 0;
        unsigned n = 0;
        while (r == 0 && n++ < 100)
                r = write_one(span_from(block, sizeof(block)));
        assert_true(n > 1 && n < 100);
        assert_int_equal(r, HTTP_E_GONE);
        assert_int_equal(write_one(SPAN("x")), HTTP_E_GONE);
        assert_int_equal(http_stream_close(user.conns[0]), HTTP_E_GONE);
        assert_int_equal(user.server.hits.max_queue, 1);
        expect_said("released"); /* without cut(): it was told by the result */
}

/* A large answer at once is not bound by the cap for queues. */
static void test_large_answer(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_large;
        client_send(fd, SPAN(GET GET));
        for (int i = 0; i < 2; i++) {
                client_expect(
                        fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3145728\r\n\r\n");
                client_skip(fd, LARGE);
        }
        settle();
        assert_int_equal(user.conns[0]->state, HTTP_CONN_IDLE);
}

static void test_large_answer_timeout(void **state UNUSED)
{
        user.on_request = answer_later;
        CLEANUP_FD UNUSED int fd = slow_client();
        answer_large(user.conns[0], NULL);
        settle();
        assert_int_equal(user.conns[0]->state, HTTP_CONN_FLUSHING);
        assert_false(http_server_idle(&user.server));
        pass(31 * NSEC_PER_SEC);
        expect_said("released"); /* the answer was given: nobody is owed a word */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                USER_TEST(test_chunks),
                USER_TEST(test_old_client),
                USER_TEST(test_head_of_stream),
                USER_TEST(test_early_stream),
                USER_TEST(test_keepalive),
                USER_TEST(test_no_keepalive),
                USER_TEST(test_slow_reader),
                USER_TEST(test_write_timeout),
                USER_TEST(test_caught_up),
                USER_TEST(test_reset_while_queued),
                USER_TEST(test_full_queue),
                USER_TEST(test_large_answer),
                USER_TEST(test_large_answer_timeout),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
