/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/h1-response.h"
#include "support/oom.h"

#define OK "HTTP/1.1 200 OK\r\n"

enum { MAX_HEADER = 300, MAX_BODY = 50 };

typedef struct Row {
        const char *text; /* then the connection ends */
        H1ResponseState state, last;
        int status;
        const char *body;
        size_t left;
        bool keeps;
} Row;

static const Row rows[] = {
        {OK "Content-Length: 2\r\n\r\nhi", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 200, "hi", 0, true},
        {OK "Content-Length: 2\r\n\r\nhiHTTP", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 200, "hi", 4, true},
        {OK "Content-Length: 0\r\nConnection: close\r\n\r\n", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 200, "", 0,
         false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 200, "x", 0,
         false},
        {OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;e=1\r\nbc\r\n0\r\nT: 1\r\n\r\n", H1_RESPONSE_DONE,
         H1_RESPONSE_DONE, 200, "abc", 0, true},
        {"HTTP/1.1 503 No\r\n\r\nall the rest", H1_RESPONSE_BODY, H1_RESPONSE_DONE, 503, "all the rest", 0,
         false},
        {"HTTP/1.1 204 No Content\r\n\r\n", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 204, "", 0, true},
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", H1_RESPONSE_DONE, H1_RESPONSE_DONE, 202, "", 0,
         true},
        {"HTTP/1.1 100 Continue\r\nMcp-Session-Id: no\r\n\r\n" OK "Content-Length: 1\r\n\r\ny",
         H1_RESPONSE_DONE, H1_RESPONSE_DONE, 200, "y", 0, true},
        {OK "Content-Length: 9\r\n\r\nhi", H1_RESPONSE_BODY, H1_RESPONSE_BROKEN, 200, "hi", 0, false},
        {OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhi", H1_RESPONSE_BODY, H1_RESPONSE_BROKEN, 200, "hi", 0,
         false},
        {OK "Content-Le", H1_RESPONSE_HEAD, H1_RESPONSE_BROKEN, 0, NULL, 0, false},
        {"", H1_RESPONSE_HEAD, H1_RESPONSE_BROKEN, 0, NULL, 0, false},
        {"SSH-2.0-x\r\n", H1_RESPONSE_BROKEN, H1_RESPONSE_BROKEN, 0, NULL, 0, false},
        {"GET / HTTP/1.1\r\n\r\n", H1_RESPONSE_BROKEN, H1_RESPONSE_BROKEN, 0, NULL, 0, false},
        {"HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", H1_RESPONSE_BROKEN,
         H1_RESPONSE_BROKEN, 0, NULL, 0, false},
        {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", H1_RESPONSE_BROKEN, H1_RESPONSE_BROKEN, 0,
         NULL, 0, false},
        {OK "Transfer-Encoding: chunked\r\n\r\nq\r\n", H1_RESPONSE_BROKEN, H1_RESPONSE_BROKEN, 0, NULL, 0,
         false},
        {OK "Content-Length: 51\r\n\r\n012345678901234567890123456789012345678901234567890",
         H1_RESPONSE_BROKEN, H1_RESPONSE_BROKEN, 0, NULL, 0, false},
};

static H1Response *response(void)
{
        static const H1ResponseLimits limits = {.max_header = MAX_HEADER, .max_body = MAX_BODY};
        H1Response *r;
        assert_int_equal(h1_response_new(&limits, &r), 0);
        return r;
}

/* In pieces of `step` bytes; how much it took. */
static size_t feed(H1Response *r, Span text, size_t step, H1ResponseState *ret_state)
{
        size_t at = 0, used;
        *ret_state = H1_RESPONSE_HEAD;
        while (at < text.len && *ret_state < H1_RESPONSE_DONE) {
                assert_int_equal(h1_response_feed(r, span_first(span_skip(text, at), step), &used, ret_state),
                                 0);
                at += used;
        }
        return at;
}

static void test_answers(void **state UNUSED)
{
        static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 7};
        H1Response *r = response();
        for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(steps); i++) {
                const Row *row = &rows[i / ARRAY_SIZE(steps)];
                H1ResponseState s;
                h1_response_reset(r, false);
                size_t used = feed(r, span_of(row->text), steps[i % ARRAY_SIZE(steps)], &s);
                assert_row(s == row->state, "%zu: %s", i, row->text);
                assert_int_equal(h1_response_begun(r), *row->text != '\0');
                if (row->body) {
                        assert_int_equal(strlen(row->text) - used, row->left);
                        assert_int_equal(h1_response_status(r), row->status);
                        assert_span_equal(buf_span(h1_response_body(r)), span_of(row->body));
                }
                assert_row(h1_response_eof(r) == row->last, "%zu: %s", i, row->text);
                assert_int_equal(h1_response_keeps_alive(r), row->keeps);
                assert_int_equal(*h1_response_why(r) != '\0', row->last == H1_RESPONSE_BROKEN);
        }
        h1_response_free(r);
}

/* Nothing of what is fed after the end or a fault is taken. */
static void test_over(void **state UNUSED)
{
        static const char *const texts[] = {"HTTP/1.1 204 x\r\n\r\n", "nonsense"};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                H1Response *r = response();
                H1ResponseState s, again;
                size_t used;
                (void)feed(r, span_of(texts[i]), SIZE_MAX / 2, &s);
                assert_int_equal(h1_response_feed(r, SPAN("HTTP/1.1 200 OK\r\n"), &used, &again), 0);
                assert_int_equal(used, 0);
                assert_int_equal(again, s);
                h1_response_free(r);
        }
}

static void test_headers(void **state UNUSED)
{
        H1Response *r = response();
        H1ResponseState s;
        (void)feed(
                r,
                SPAN(OK
                     "CONTENT-TYPE:  text/Event-Stream ; charset=utf-8\r\nMcp-Session-Id: a b \r\n"
                     "mcp-session-id: second\r\nX-Mcp-Session-Id: third\r\nMcp-Session-I: fourth\r\n"
                     "Retry-After:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nWWW-Authenticate: late\r\n\r\n"),
                3, &s);
        assert_int_equal(s, H1_RESPONSE_DONE);
        assert_true(h1_response_is(r, "text/event-stream"));
        assert_false(h1_response_is(r, "text/event"));
        assert_span_equal(h1_response_header(r, H1_RESPONSE_MCP_SESSION), SPAN("a b"));
        assert_non_null(h1_response_header(r, H1_RESPONSE_RETRY_AFTER).ptr);
        assert_int_equal(h1_response_header(r, H1_RESPONSE_RETRY_AFTER).len, 0);
        assert_null(h1_response_header(r, H1_RESPONSE_WWW_AUTHENTICATE).ptr);
        h1_response_reset(r, false);
        assert_null(h1_response_header(r, H1_RESPONSE_MCP_SESSION).ptr);
        h1_response_free(r);
        assert_null(h1_response_free(NULL));
}

static void test_head_request(void **state UNUSED)
{
        H1Response *r = response();
        H1ResponseState s;
        h1_response_reset(r, true);
        (void)feed(r, SPAN(OK "Content-Length: 5\r\n\r\n"), SIZE_MAX / 2, &s);
        assert_int_equal(s, H1_RESPONSE_DONE);
        assert_true(h1_response_keeps_alive(r));
        h1_response_free(r);
}

/* A head of just the longest length passes, with one byte more it does not, in whatever pieces. */
static void test_head_limit(void **state UNUSED)
{
        for (int more = 0; more < 2; more++)
                for (size_t step = 1; step < 1000; step += 499) {
                        char text[2 * MAX_HEADER];
                        int n = snprintf(text, sizeof(text), OK "Content-Length: 1\r\nX: ");
                        int pad = MAX_HEADER + more - n - 4;
                        memset(text + n, 'x', (size_t)pad);
                        (void)snprintf(text + n + pad, 8, "\r\n\r\ny");
                        H1Response *r = response();
                        H1ResponseState s;
                        (void)feed(r, span_of(text), step, &s);
                        assert_int_equal(s, more ? H1_RESPONSE_BROKEN : H1_RESPONSE_DONE);
                        h1_response_free(r);
                }
}

/* What is consumed counts no more: a stream may go on for ever. */
static void test_consumed(void **state UNUSED)
{
        H1Response *r = response();
        H1ResponseState s;
        (void)feed(r, SPAN(OK "Transfer-Encoding: chunked\r\n\r\n"), SIZE_MAX / 2, &s);
        for (int i = 0; i < 100; i++) {
                (void)feed(r, SPAN("a\r\n0123456789\r\n"), SIZE_MAX / 2, &s);
                assert_int_equal(s, H1_RESPONSE_BODY);
                buf_consume(h1_response_body(r), 10);
        }
        h1_response_free(r);
}

static int all_of_it(void *unused UNUSED)
{
        static const H1ResponseLimits limits = {.max_header = MAX_HEADER, .max_body = MAX_BODY};
        CLEANUP(h1_response_free_p) H1Response *r = NULL;
        H1ResponseState s;
        size_t used;
        int e = h1_response_new(&limits, &r);
        return e < 0 ? e
                     : h1_response_feed(r, SPAN(OK "Content-Type: a/b\r\nContent-Length: 2\r\n\r\nhi"), &used,
                                        &s);
}

static void test_no_memory(void **state UNUSED)
{
        (void)oom_each(all_of_it, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),    cmocka_unit_test(test_over),
                cmocka_unit_test(test_headers),    cmocka_unit_test(test_head_request),
                cmocka_unit_test(test_head_limit), cmocka_unit_test(test_consumed),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
