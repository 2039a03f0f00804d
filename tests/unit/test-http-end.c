/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"

#define POST "POST /p HTTP/1.1\r\nHost: a\r\n"

static int open_stream(HttpConn *c, HttpRequest *r UNUSED)
{
        HttpAnswer a = {.status = 200, .type = SPAN("text/event-stream")};
        assert_int_equal(http_stream_open(c, &a), 0);
        return 0;
}

static void half_close(int fd)
{
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static void reset(int *fd)
{
        static const struct linger hard = {.l_onoff = 1};
        assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
        fd_close_p(fd);
}

/* ---- the client ends ----------------------------------------------------------------- */

static void test_close_when_idle(void **state UNUSED)
{
        int fd = client_tcp(), fresh = client_tcp();
        client_send(fd, SPAN(GET));
        expect_said("head request");
        fd_close_p(&fd);
        expect_said("released");
        fd_close_p(&fresh);
        expect_said("released");
        assert_int_equal(user.server.n_conns, 0);
        assert_int_equal(metric_get(&user.metrics, METRIC_CONNECTIONS), 0);
}

static void test_close_in_request(void **state UNUSED)
{
        int fd = client_tcp(), other = client_tcp();
        client_send(fd, SPAN("GET / HT"));
        fd_close_p(&fd);
        expect_said("released");
        client_send(other, SPAN(POST "Content-Length: 3\r\n\r\nab"));
        expect_said("head");
        half_close(other);
        expect_said("cut:closed released");
        fd_close_p(&other);
}

/* It may still read: the user decides. */
static void check_half_close(int given)
{
        CLEANUP_FD int fd = given;
        user.on_request = answer_later;
        client_send(fd, SPAN(GET));
        half_close(fd);
        expect_said("head request half");
        uint64_t before = loop_stats(user.loop)->dispatched;
        settle();
        assert_int_equal(loop_stats(user.loop)->dispatched, before); /* told once */
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER);
        assert_int_equal(client_expect_end(fd), 0);
        expect_said("released");
        user.n_conns = 0;
}

static void test_half_close(void **state UNUSED)
{
        check_half_close(client_tcp());
        check_half_close(client_unix());
}

static void close_conn(HttpConn *c)
{
        http_conn_close(c);
        http_conn_close(c); /* does nothing */
        assert_int_equal(give(c, 200, SPAN("ok")), HTTP_E_GONE);
}

static void test_half_close_ends_it(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = open_stream;
        user.on_half = close_conn;
        client_send(fd, SPAN(GET));
        half_close(fd);
        expect_said("head request half released");
        (void)client_expect_end(fd);
}

/* Two requests and the end at once: told for each that waits. */
static void test_half_close_pipelined(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_later;
        client_send(fd, SPAN(GET GET));
        half_close(fd);
        expect_said("head request half");
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        expect_said("head request half");
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER OK_ANSWER);
        assert_int_equal(client_expect_end(fd), 0);
        expect_said("released");
}

static void test_reset(void **state UNUSED)
{
        int fd = client_tcp(), streaming = client_tcp(), half = client_tcp();
        user.on_request = answer_later;
        client_send(fd, SPAN(GET));
        expect_said("head request");
        reset(&fd);
        expect_said("cut:closed released");
        client_send(half, SPAN(GET));
        half_close(half);
        expect_said("head request half");
        reset(&half);
        expect_said("cut:closed released");
        user.on_request = open_stream;
        client_send(streaming, SPAN(GET));
        expect_said("head request");
        reset(&streaming);
        expect_said("cut:closed released");
}

/* On a unix socket a client that closes is gone at once, but what it sent was sent. */
static void test_unix_close(void **state UNUSED)
{
        int fd = client_unix(), waiting = client_unix();
        user.on_request = answer_later;
        client_send(fd, SPAN(POST "Content-Length: 3\r\n\r\nabc"));
        fd_close_p(&fd);
        expect_said("head request cut:closed released");
        client_send(waiting, SPAN(GET));
        expect_said("head request");
        fd_close_p(&waiting);
        expect_said("cut:closed released");
}

static int answer_twice(HttpConn *c, HttpRequest *r UNUSED)
{
        assert_int_equal(shutdown(c->fd, SHUT_RDWR), 0); /* as if it had been reset meanwhile */
        assert_int_equal(give(c, 200, SPAN("ok")), HTTP_E_GONE);
        assert_int_equal(give(c, 200, SPAN("ok")), HTTP_E_GONE);
        return 0;
}

static void test_gone_while_answering(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_twice;
        client_send(fd, SPAN(GET GET));
        expect_said("head request released"); /* without cut() */
}

/* ---- we end --------------------------------------------------------------------------- */

static int close_in_head(HttpConn *c, const HttpRequest *r UNUSED)
{
        http_conn_close(c);
        return 0;
}

static int close_in_request(HttpConn *c, HttpRequest *r)
{
        http_conn_close(c);
        assert_span_equal(r->target, SPAN("/")); /* its bytes are still there */
        assert_span_equal(http_header(r, HTTP_HEADER_HOST), SPAN("a"));
        return 0;
}

static void test_user_closes(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp(), other = client_tcp();
        user.on_head = close_in_head;
        client_send(fd, SPAN(GET));
        expect_said("head released");
        user.on_head = NULL;
        user.on_request = close_in_request;
        client_send(other, SPAN("GET / HT"));
        settle();
        client_send(other, SPAN("TP/1.1\r\nHost: a\r\n\r\n" GET));
        expect_said("head request released");
}

/* In a request that came behind another: its bytes are those of the connection. */
static int close_after_answer(HttpConn *c, HttpRequest *r)
{
        Span body = SPAN("ok");
        HttpAnswer a = {.status = 200, .type = SPAN("text/plain"), .body = &body, .n_body = 1, .close = true};
        assert_int_equal(http_answer(c, &a), 0);
        assert_span_equal(http_header(r, HTTP_HEADER_HOST), SPAN("a"));
        return 0;
}

static void test_close_after_answer(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_later;
        client_send(fd, SPAN(GET GET GET));
        expect_said("head request");
        user.on_request = close_after_answer;
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER OK_CLOSE);
        assert_int_equal(client_expect_end(fd), 0); /* no reset, although there was input that nobody read */
        expect_said("head request");
        fd_close_p(&fd);
        expect_said("released");
}

/* ---- lingering -------------------------------------------------------------------------- */

/* A client that is still sending can read why it is refused. */
static void test_linger(void **state UNUSED)
{
        static char block[300 * 1024];
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(POST "Content-Length: 99999999\r\n\r\n"));
        for (int i = 0; i < 2; i++) {
                client_send(fd, span_from(block, sizeof(block)));
                settle();
        }
        client_expect(fd, refusal_text(413, "Content Too Large",
                                       "the body is longer than limits.max_body (1048576 bytes)"));
        assert_int_equal(client_expect_end(fd), 0);
        expect_said("refused:413");
        pass(LIMIT_HTTP_LINGER * NSEC_PER_SEC);
        expect_said("released");
}

static void test_linger_ends(void **state UNUSED)
{
        static char block[64 * 1024];
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(POST "Content-Length: 99999999\r\n\r\n"));
        expect_said("refused:413");
        ssize_t n = 1;
        size_t sent = 0;
        while (n > 0 && sent < (size_t)100 * 1024 * 1024) {
                settle();
                n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
                sent += n > 0 ? (size_t)n : 0;
        }
        assert_true(n < 0 && sent < (size_t)10 * 1024 * 1024);
        expect_said("released");
}

/* ---- deadlines --------------------------------------------------------------------------- */

static void test_idle_timeout(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp(), fresh = client_tcp();
        settle();
        pass(50 * NSEC_PER_SEC);
        client_send(fd, SPAN(GET));
        expect_said("head request");
        pass(26 * NSEC_PER_SEC);
        assert_int_equal(client_expect_end(fresh), 0); /* without a word */
        expect_said("released");
        pass(48 * NSEC_PER_SEC);
        assert_int_equal(user.server.n_conns, 1);
        pass(2 * NSEC_PER_SEC);
        expect_said("released");
}

static void test_header_timeout(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        pass(60 * NSEC_PER_SEC);
        client_send(fd, SPAN("G"));
        for (int i = 0; i < 9; i++) {
                settle();
                pass(NSEC_PER_SEC);
                client_send(fd, i == 0 ? SPAN("ET / HTTP/1.1\r\nX:") : SPAN("x"));
        }
        settle();
        expect_said("");
        pass(NSEC_PER_SEC + NSEC_PER_MSEC);
        client_expect(fd, refusal_text(408, "Request Timeout",
                                       "the headers did not come within limits.header_timeout"));
        expect_said("refused:408");
        assert_int_equal(client_expect_end(fd), 0);
}

static void test_body_timeout(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp(), slow = client_tcp();
        client_send(fd, SPAN(POST "Content-Length: 100\r\n\r\n"));
        client_send(slow, SPAN(POST "Content-Length: 100\r\n\r\n"));
        expect_said("head head");
        for (int i = 0; i < 3; i++) {
                pass(29 * NSEC_PER_SEC);
                client_send(fd, SPAN("x"));
                client_send(slow, SPAN("x"));
                settle();
        }
        pass(31 * NSEC_PER_SEC);
        const char *text = refusal_text(408, "Request Timeout",
                                        "the body did not come within limits.body_timeout");
        client_expect(fd, text);
        expect_said("cut:server refused:408 cut:server refused:408");
}

/* However steadily it comes. */
static void test_body_floor(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(POST "Content-Length: 100\r\n\r\n"));
        expect_said("head");
        int n = 0;
        while (user.said.len == 0 && n++ < 100) {
                pass(29 * NSEC_PER_SEC);
                (void)send(fd, "x", 1, MSG_NOSIGNAL);
                settle();
        }
        assert_int_equal(n, LIMIT_HTTP_BODY_TIMES * 30 / 29 + 1);
        expect_said("cut:server refused:408");
}

/* One that was answered already is closed without another word. */
static void test_early_answer_timeout(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_head = head_401;
        client_send(fd, SPAN(POST "Content-Length: 100\r\n\r\n"));
        expect_said("head");
        pass(31 * NSEC_PER_SEC);
        expect_said("released");
        assert_true(client_expect_end(fd) > 0);
}

static void test_no_deadline_for_the_user(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_later;
        client_send(fd, SPAN(GET));
        expect_said("head request");
        pass(100000 * NSEC_PER_SEC);
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER);
        pass(74 * NSEC_PER_SEC);
        assert_int_equal(user.server.n_conns, 1);
        pass(2 * NSEC_PER_SEC);
        expect_said("released");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                USER_TEST(test_close_when_idle),
                USER_TEST(test_close_in_request),
                USER_TEST(test_half_close),
                USER_TEST(test_half_close_ends_it),
                USER_TEST(test_half_close_pipelined),
                USER_TEST(test_reset),
                USER_TEST(test_unix_close),
                USER_TEST(test_gone_while_answering),
                USER_TEST(test_user_closes),
                USER_TEST(test_close_after_answer),
                USER_TEST(test_linger),
                USER_TEST(test_linger_ends),
                USER_TEST(test_idle_timeout),
                USER_TEST(test_header_timeout),
                USER_TEST(test_body_timeout),
                USER_TEST(test_body_floor),
                USER_TEST(test_early_answer_timeout),
                USER_TEST(test_no_deadline_for_the_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
