/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "support/oom.h"

#define POST          "POST /p HTTP/1.1\r\nHost: a\r\n"
#define ECHO(n, text) "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " #n "\r\n\r\n" text

/* ---- one after the other ---------------------------------------------------------- */

static void test_keep_alive(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        for (int i = 0; i < 3; i++) {
                client_send(fd, SPAN(POST "Content-Length: 3\r\n\r\nabc"));
                client_expect(fd, ECHO(13, "POST /p [abc]"));
        }
        assert_int_equal(user.server.n_conns, 1);
        assert_int_equal(metric_get(&user.metrics, METRIC_CONNECTIONS), 1);
        expect_said("head request head request head request");
        assert_int_equal(user.conns[0]->state, HTTP_CONN_IDLE);
        assert_null(user.conns[0]->h1);
        assert_null(user.conns[0]->in.data);
        assert_null(user.conns[0]->out.data);
}

static void test_byte_by_byte(void **state UNUSED)
{
        static const char text[] = POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
        CLEANUP_FD int fd = client_tcp();
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
                client_send(fd, span_from(text + i, 1));
                settle();
        }
        client_expect(fd, ECHO(13, "POST /p [abc]"));
        expect_said("head request");
}

static void test_old_clients(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp(), keeps = client_tcp(), closes = client_tcp();
        user.on_request = answer_ok;
        client_send(fd, SPAN("GET / HTTP/1.0\r\n\r\n"));
        client_expect(fd, OK_CLOSE);
        assert_int_equal(client_expect_end(fd), 0);
        client_send(keeps, SPAN("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        client_expect(keeps, OK_HEAD "Connection: keep-alive\r\n\r\nok");
        client_send(keeps, SPAN(GET));
        client_expect(keeps, OK_ANSWER);
        client_send(closes, SPAN("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        client_expect(closes, OK_CLOSE);
        assert_int_equal(client_expect_end(closes), 0);
}

static void test_head_has_no_body(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" GET));
        client_expect(fd, ECHO(10, ""));
        client_expect(fd, ECHO(8, "GET / []"));
}

static int answer_204(HttpConn *c, HttpRequest *r UNUSED)
{
        HttpHeader h[] = {{SPAN("X-A"), SPAN("b")}, {SPAN("X-C"), SPAN("")}};
        HttpAnswer a = {.status = 204, .headers = h, .n_headers = 2};
        assert_int_equal(http_answer(c, &a), 0);
        assert_int_equal(http_answer(c, &a), HTTP_E_GONE); /* once only */
        return 0;
}

static void test_no_content(void **state UNUSED)
{
        CLEANUP_FD int fd = client_unix();
        user.on_request = answer_204;
        client_send(fd, SPAN(GET));
        client_expect(fd, "HTTP/1.1 204 No Content\r\nX-A: b\r\nX-C: \r\n\r\n");
        user.on_request = answer_ok;
        client_send(fd, SPAN(GET));
        client_expect(fd, OK_ANSWER);
        char room[64];
        assert_string_equal(http_conn_address(user.conns[0], room), "unix");
        assert_string_equal(http_conn_peer(user.conns[0]), "");
}

/* A header with a line end in it would be two; then nothing was said, and another answer is possible. */
static int answer_unclean(HttpConn *c, HttpRequest *r UNUSED)
{
        HttpHeader h = {SPAN("X"), SPAN("a\r\nSet-Cookie: b")};
        HttpAnswer a = {.status = 200, .headers = &h, .n_headers = 1};
        assert_int_equal(http_answer(c, &a), -EINVAL);
        h = (HttpHeader){SPAN("X\n"), SPAN("a")};
        assert_int_equal(http_answer(c, &a), -EINVAL);
        a = (HttpAnswer){.status = 299};
        assert_int_equal(http_answer(c, &a), -EINVAL);
        return answer_ok(c, r);
}

static void test_unclean_header(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_unclean;
        client_send(fd, SPAN(GET));
        client_expect(fd, OK_ANSWER);
}

/* In many parts, more than go into one call of the kernel. */
static int answer_parts(HttpConn *c, HttpRequest *r UNUSED)
{
        Span parts[100];
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                parts[i] = i % 3 ? SPAN("ab") : SPAN("");
        HttpAnswer a = {.status = 200, .body = parts, .n_body = ARRAY_SIZE(parts)};
        assert_int_equal(http_answer(c, &a), 0);
        return 0;
}

static void test_parts(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        char body[133] = "";
        user.on_request = answer_parts;
        client_send(fd, SPAN(GET));
        client_expect(fd, "HTTP/1.1 200 OK\r\nContent-Length: 132\r\n\r\n");
        for (size_t i = 0; i < 132; i++)
                body[i] = i % 2 ? 'b' : 'a';
        client_expect(fd, body);
}

/* ---- pipelines ----------------------------------------------------------------------- */

static void test_pipeline(void **state UNUSED)
{
        enum { N = 1000 };
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FD int fd = client_tcp();
        for (unsigned i = 0; i < N; i++)
                assert_int_equal(buf_appendf(&text, "GET /%03u HTTP/1.1\r\nHost: a\r\n\r\n", i), 0);
        client_send(fd, buf_span(&text));
        for (unsigned i = 0; i < N; i++) {
                char want[128];
                (void)snprintf(want, sizeof(want), ECHO(11, "GET /%03u []"), i);
                client_expect(fd, want);
        }
}

static void test_waiting_pipeline(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_request = answer_later;
        client_send(fd, SPAN(GET GET "GET / HT"));
        for (int i = 0; i < 2; i++) {
                expect_said("head request"); /* and not the next */
                assert_int_equal(user.conns[0]->state, HTTP_CONN_DUE);
                assert_null(user.conns[0]->h1);
                assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
                client_expect(fd, OK_ANSWER);
        }
        settle();
        assert_int_equal(user.conns[0]->state, HTTP_CONN_READING);
        client_send(fd, SPAN("TP/1.1\r\nHost: a\r\n\r\n"));
        expect_said("head request");
        /* What comes now is not read, and the kernel does not tell of it again and again. */
        client_send(fd, SPAN(GET));
        settle();
        uint64_t before = loop_stats(user.loop)->dispatched;
        settle();
        assert_int_equal(loop_stats(user.loop)->dispatched, before);
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER);
        expect_said("head request");
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
}

/* ---- bodies --------------------------------------------------------------------------- */

static int check_large(HttpConn *c, HttpRequest *r)
{
        assert_int_equal(r->body_len, 1000000);
        for (size_t i = 0; i < r->body_len; i++)
                assert_int_equal(r->body[i], 'a' + (int)(i % 26));
        r->body[0] = 'X'; /* may be written to */
        return answer_ok(c, r);
}

static void test_large_body(void **state UNUSED)
{
        CLEANUP_FREE char *body = malloc(1000000);
        CLEANUP_FD int fd = client_tcp();
        assert_non_null(body);
        for (size_t i = 0; i < 1000000; i++)
                body[i] = (char)('a' + i % 26);
        user.on_request = check_large;
        client_send(fd, SPAN(POST "Content-Length: 1000000\r\n\r\n"));
        client_send(fd, span_from(body, 1000000));
        client_expect(fd, OK_ANSWER);
        settle();
        client_send(fd, SPAN(POST "Transfer-Encoding: chunked\r\n\r\n"));
        for (size_t at = 0; at < 1000000; at += 1000) {
                client_send(fd, SPAN("3e8\r\n"));
                client_send(fd, span_from(body + at, 1000));
                client_send(fd, SPAN("\r\n"));
        }
        client_send(fd, SPAN("0\r\n\r\n"));
        client_expect(fd, OK_ANSWER);
}

static void test_continue(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
        client_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
        client_send(fd, SPAN("ab"));
        settle();
        client_send(fd, SPAN("c"));
        client_expect(fd, ECHO(13, "POST /p [abc]"));
        /* Not to one that did not wait for it. */
        client_send(fd, SPAN(POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"));
        client_expect(fd, ECHO(13, "POST /p [abc]"));
        expect_said("head request head request");
}

/* Answered by its head: the rest of it is not another request. */
static void test_early_answer(void **state UNUSED)
{
        static const char no[] =
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n";
        char closes[256];
        (void)snprintf(closes, sizeof(closes), "%sConnection: close\r\n\r\nno", no);
        CLEANUP_FD int fd = client_tcp(), expects = client_tcp();
        user.on_head = head_401;
        client_send(fd, SPAN(POST "Content-Length: 10\r\n\r\nGET / "));
        client_expect(fd, no);
        client_expect(fd, "\r\nno");
        client_send(fd, SPAN("HTTP"));
        client_send(fd, SPAN(POST "Content-Length: 3\r\n\r\nabc" POST "\r\n"));
        for (int i = 0; i < 2; i++) {
                client_expect(fd, no);
                client_expect(fd, "\r\nno");
        }
        expect_said("head head head");
        client_send(fd, SPAN(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"));
        client_expect(fd, no);
        client_expect(fd, "\r\nno");
        settle();
        client_send(fd, SPAN("llo\r\n0\r\n\r\n"));
        settle();
        assert_int_equal(user.conns[0]->state, HTTP_CONN_IDLE);
        /* One that waits to be told to go on may never send its body. */
        client_send(expects, SPAN(POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
        client_expect(expects, closes);
        assert_int_equal(client_expect_end(expects), 0);
}

/* What is wrong with the rest of it is told to nobody any more. */
static void test_early_answer_and_garbage(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        user.on_head = head_401;
        client_send(fd, SPAN(POST "Transfer-Encoding: chunked\r\n\r\n"));
        expect_said("head");
        client_send(fd, SPAN("x\r\n"));
        client_expect(fd,
                      "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno");
        assert_int_equal(client_expect_end(fd), 0);
        expect_said("");
        fd_close_p(&fd);
        expect_said("released");
}

/* Between head and body, from elsewhere. */
static void test_answer_between(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        client_send(fd, SPAN(POST "Content-Length: 3\r\n\r\na"));
        expect_said("head");
        assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
        client_expect(fd, OK_ANSWER);
        client_send(fd, SPAN("bc" GET));
        client_expect(fd, ECHO(8, "GET / []"));
        expect_said("head request");
}

/* ---- refusals ---------------------------------------------------------------------------- */

static void test_refusals(void **state UNUSED)
{
        static const struct {
                const char *request, *said;
                int status;
                const char *phrase, *why;
        } rows[] = {
                {"GET / HTTP/1.1\r\n\r\n", "refused:400", 400, "Bad Request", "no Host header"},
                {"\x16\x03\x01", "refused:400", 400, "Bad Request", "no HTTP request"},
                {POST "Content-Length: 1048577\r\n\r\n", "refused:413", 413, "Content Too Large",
                 "the body is longer than limits.max_body (1048576 bytes)"},
                {POST "Expect: x\r\n\r\n", "refused:417", 417, "Expectation Failed",
                 "an Expect other than 100-continue"},
                {"GET / HTTP/3.0\r\n\r\n", "refused:505", 505, "HTTP Version Not Supported",
                 "a version that is neither HTTP/1.1 nor HTTP/1.0"},
                /* Its head was fine, so somebody works for it. */
                {POST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "head cut:server refused:400", 400,
                 "Bad Request", "a chunk whose size is no number"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_FD int fd = client_tcp();
                client_send(fd, span_of(rows[i].request));
                client_expect(fd, refusal_text(rows[i].status, rows[i].phrase, rows[i].why));
                assert_int_equal(client_expect_end(fd), 0);
                expect_said(rows[i].said);
                fd_close_p(&fd);
                expect_said("released");
        }
}

static int end_loop(HttpConn *c UNUSED, HttpRequest *r UNUSED)
{
        return -EUCLEAN;
}

static void test_user_error(void **state UNUSED)
{
        CLEANUP_FD int fd = client_tcp();
        int r = 0;
        user.on_request = end_loop;
        client_send(fd, SPAN(GET GET));
        for (int i = 0; i < 1000 && r == 0; i++)
                r = loop_run_once(user.loop, NSEC_PER_MSEC);
        assert_int_equal(r, -EUCLEAN);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A connection that asks again and again costs no allocation. */
static void test_no_allocation(void **state UNUSED)
{
        static const char text[] = POST "Authorization: Bearer 0123456789abcdef\r\nAccept: application/json, "
                                        "text/event-stream\r\nContent-Type: application/json\r\n"
                                        "Content-Length: 3\r\n\r\nabc";
        CLEANUP_FD int fd = client_tcp();
        for (int i = 0; i < 1000; i++) {
                if (i == 2) /* with the second request it keeps the pattern of its head */
                        oom_arm(UINT_MAX);
                buf_clear(&user.said);
                client_send(fd, span_of(text));
                client_expect(fd, ECHO(13, "POST /p [abc]"));
        }
        assert_int_equal(oom_allocations(), 0);
        assert_false(oom_disarm());
}

/* Want of memory costs the connection that wants it, and nobody else. */
static void test_oom(void **state UNUSED)
{
        CLEANUP_FD int other = client_tcp();
        unsigned failed = 0;
        client_send(other, SPAN(GET));
        client_expect(other, ECHO(8, "GET / []"));
        for (unsigned n = 1; n < 40; n++) {
                char room[256];
                CLEANUP_FD int fd = client_tcp();
                buf_clear(&user.said);
                oom_arm(n);
                client_send(fd, SPAN(POST "Content-Length: 3\r\n\r\na"));
                settle();
                (void)send(fd, "bc", 2, MSG_NOSIGNAL);
                settle();
                failed += oom_disarm();
                ssize_t k = recv(fd, room, sizeof(room), 0);
                assert_true(k <= 0 || span_ends(span_from(room, (size_t)k), SPAN("POST /p [abc]")));
        }
        assert_true(failed > 2 && failed < 39);
        client_send(other, SPAN(GET));
        client_expect(other, ECHO(8, "GET / []"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                USER_TEST(test_keep_alive),
                USER_TEST(test_byte_by_byte),
                USER_TEST(test_old_clients),
                USER_TEST(test_head_has_no_body),
                USER_TEST(test_no_content),
                USER_TEST(test_unclean_header),
                USER_TEST(test_parts),
                USER_TEST(test_pipeline),
                USER_TEST(test_waiting_pipeline),
                USER_TEST(test_large_body),
                USER_TEST(test_continue),
                USER_TEST(test_early_answer),
                USER_TEST(test_early_answer_and_garbage),
                USER_TEST(test_answer_between),
                USER_TEST(test_refusals),
                USER_TEST(test_user_error),
                USER_TEST(test_no_allocation),
                USER_TEST(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
