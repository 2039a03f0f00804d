/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/h1.h"
#include "support/oom.h"

static const H1Limits limits = {.max_header = 1024, .max_headers = 8, .max_body = 64};

#define HOST  "Host: a\r\n"
#define CHUNK "Transfer-Encoding: chunked\r\n"
#define POST  "POST /p HTTP/1.1\r\n" HOST

/* ---- feeding ---------------------------------------------------------------- */

typedef struct Fed {
        H1State state;
        size_t used;
        bool head_told; /* H1_BODY was given */
} Fed;

/* In pieces of `step` bytes (0: all at once), each in memory that is overwritten afterwards. */
static int feed(H1 *h, Span text, size_t step, Fed *ret)
{
        Fed f = {.state = H1_HEAD};
        int r = 0;
        while (r == 0 && f.used < text.len && f.state != H1_DONE && f.state != H1_REFUSED) {
                size_t n = step ? MIN(step, text.len - f.used) : text.len - f.used, used = 0;
                char *piece = test_malloc(n);
                memcpy(piece, text.ptr + f.used, n);
                for (size_t at = 0; r == 0 && at < n && f.state != H1_DONE && f.state != H1_REFUSED;) {
                        r = h1_feed(h, piece + at, n - at, &used, &f.state);
                        if (r < 0)
                                break;
                        f.head_told |= f.state == H1_BODY;
                        at += used;
                        f.used += used;
                }
                if (r == 0)
                        r = h1_keep(h);
                memset(piece, '#', n);
                test_free(piece);
        }
        *ret = f;
        return r;
}

static Fed fed(H1 *h, Span text, size_t step)
{
        Fed f;
        h1_reset(h, &limits, SIZE_MAX);
        assert_int_equal(feed(h, text, step, &f), 0);
        return f;
}

static H1 *new_h1(void)
{
        H1 *h;
        assert_int_equal(h1_new(&h), 0);
        return h;
}

/* ---- requests that are in order ---------------------------------------------- */

static void check_whole(H1 *h, size_t step)
{
        Span text = SPAN("PUT /a/b?c=d?e HTTP/1.1\r\nhost:\t example.com:80 \r\nX-Empty:\r\nACCEPT: a\r\n"
                         "Accept: b\r\nContent-Length: 5\r\n\r\nhelloGET");
        Fed f = fed(h, text, step);
        assert_int_equal(f.state, H1_DONE);
        assert_int_equal(f.used, text.len - 3);
        assert_true(f.head_told);
        const HttpRequest *r = h1_request(h);
        assert_int_equal(r->method, HTTP_OTHER);
        assert_int_equal(r->minor, 1);
        assert_true(r->keep_alive && r->has_body);
        assert_span_equal(r->target, SPAN("/a/b?c=d?e"));
        assert_span_equal(r->path, SPAN("/a/b"));
        assert_span_equal(r->query, SPAN("c=d?e"));
        assert_span_equal(http_header(r, HTTP_HEADER_HOST), SPAN("example.com:80"));
        assert_span_equal(http_header(r, HTTP_HEADER_ACCEPT), SPAN("a"));
        assert_null(http_header(r, HTTP_HEADER_ORIGIN).ptr);
        assert_int_equal(r->n_all, 5);
        assert_span_equal(r->all[1].name, SPAN("X-Empty"));
        assert_non_null(r->all[1].value.ptr);
        assert_int_equal(r->all[1].value.len, 0);
        assert_span_equal(r->all[3].value, SPAN("b"));
        assert_span_equal(span_from(r->body, r->body_len), SPAN("hello"));
}

static void test_whole(void **state UNUSED)
{
        H1 *h = new_h1();
        for (size_t step = 0; step < 130; step++)
                check_whole(h, step);
        h1_free(h);
}

/* The body of a request that comes in one piece is where it was fed, not a copy. */
static void test_borrowed(void **state UNUSED)
{
        char text[] = POST "Content-Length: 3\r\n\r\nabc";
        H1 *h = new_h1();
        size_t used;
        H1State s;
        h1_reset(h, &limits, 0);
        assert_false(h1_begun(h));
        assert_int_equal(h1_feed(h, text, sizeof(text) - 1, &used, &s), 0);
        assert_int_equal(s, H1_BODY);
        assert_true(h1_begun(h));
        size_t head = used;
        assert_int_equal(h1_feed(h, text + head, sizeof(text) - 1 - head, &used, &s), 0);
        assert_int_equal(s, H1_DONE);
        assert_ptr_equal(h1_request(h)->body, text + head);
        assert_ptr_equal(h1_request(h)->target.ptr, text + 5);
        h1_free(h);
}

static void test_chunks(void **state UNUSED)
{
        Span text = SPAN(POST CHUNK
                         "\r\n3;x=\"y z\"\r\nabc\r\n01\r\nd\r\n0\r\nHost: evil\r\nT: 1\r\n\r\nGET");
        H1 *h = new_h1();
        for (size_t step = 0; step < text.len; step++) {
                Fed f = fed(h, text, step);
                assert_int_equal(f.state, H1_DONE);
                assert_int_equal(f.used, text.len - 3);
                const HttpRequest *r = h1_request(h);
                assert_span_equal(span_from(r->body, r->body_len), SPAN("abcd"));
                assert_int_equal(r->n_all, 2); /* trailers are none of its headers */
                assert_span_equal(http_header(r, HTTP_HEADER_HOST), SPAN("a"));
        }
        h1_free(h);
}

static void test_targets(void **state UNUSED)
{
        static const struct {
                const char *request, *path, *query, *host;
        } rows[] = {
                {"GET / HTTP/1.1\r\n" HOST "\r\n", "/", "", "a"},
                {"GET /? HTTP/1.1\r\n" HOST "\r\n", "/", "", "a"},
                {"GET http://b:1/x?y HTTP/1.1\r\n" HOST "\r\n", "/x", "y", "b:1"},
                {"GET HTTPS://b HTTP/1.1\r\n" HOST "\r\n", "/", "", "b"},
                {"GET http://b?y HTTP/1.1\r\n" HOST "\r\n", "/", "y", "b"},
                {"GET http://b/ HTTP/1.0\r\n\r\n", "/", "", "b"},
                {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "/", "", "a"},
        };
        H1 *h = new_h1();
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t step = 0; step < 2; step++) {
                        Fed f = fed(h, span_of(rows[i].request), step);
                        const HttpRequest *r = h1_request(h);
                        assert_row(f.state == H1_DONE && !f.head_told, "%s", rows[i].request);
                        assert_span_equal(r->path, span_of(rows[i].path));
                        assert_span_equal(r->query, span_of(rows[i].query));
                        assert_span_equal(http_header(r, HTTP_HEADER_HOST), span_of(rows[i].host));
                }
        h1_free(h);
}

static void test_keep_alive(void **state UNUSED)
{
        static const struct {
                const char *request;
                bool keeps;
        } rows[] = {
                {"GET / HTTP/1.1\r\n" HOST "\r\n", true},
                {"GET / HTTP/1.1\r\n" HOST "Connection: x, CLOSE\r\n\r\n", false},
                {"GET / HTTP/1.0\r\n\r\n", false},
                {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
                /* Offers that are not taken: the request is one of HTTP/1.1. */
                {"GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", true},
                {POST "Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nab", true},
                {POST "Expect: 100-Continue\r\nContent-Length: 0\r\n\r\n", true},
        };
        static const struct {
                const char *name;
                HttpMethod method;
        } methods[] = {{"GET", HTTP_GET},       {"HEAD", HTTP_HEAD},       {"POST", HTTP_POST},
                       {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS}, {"PUT", HTTP_OTHER},
                       {"M-SEARCH", HTTP_OTHER}};
        H1 *h = new_h1();
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Fed f = fed(h, span_of(rows[i].request), 0);
                assert_row(f.state == H1_DONE && f.used == strlen(rows[i].request), "%s", rows[i].request);
                assert_row(h1_request(h)->keep_alive == rows[i].keeps, "%s", rows[i].request);
        }
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
                char text[64];
                int n = snprintf(text, sizeof(text), "%s / HTTP/1.1\r\n" HOST "\r\n", methods[i].name);
                assert_int_equal(fed(h, span_from(text, (size_t)n), 0).state, H1_DONE);
                assert_row(h1_request(h)->method == methods[i].method, "%s", methods[i].name);
        }
        h1_free(h);
}

/* ---- refusals ---------------------------------------------------------------- */

#define TEXT(lit)                      \
        {                              \
                (lit), sizeof(lit) - 1 \
        }

static const struct {
        Span request;
        int status;
        const char *why; /* a part of it */
} refusals[] = {
        /* Requests that two programs may read in two ways. */
        {TEXT(POST "Content-Length: 2\r\n" CHUNK "\r\n0\r\n\r\n"), 400, "Content-Length"},
        {TEXT(POST CHUNK "Content-Length: 2\r\n\r\n0\r\n\r\n"), 400, "Content-Length"},
        {TEXT(POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\nab"), 400, "Content-Length"},
        {TEXT(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"), 400, "Content-Length"},
        {TEXT(POST "Content-Length: 2, 2\r\n\r\nab"), 400, "Content-Length"},
        {TEXT(POST "Content-Length: +2\r\n\r\nab"), 400, ""},
        {TEXT(POST "Content-Length: -2\r\n\r\nab"), 400, ""},
        {TEXT(POST "Content-Length: 0x2\r\n\r\nab"), 400, ""},
        {TEXT(POST "Content-Length: 2 2\r\n\r\nab"), 400, ""},
        {TEXT(POST "Content-Length: 99999999999999999999999\r\n\r\nab"), 400, "Content-Length"},
        {TEXT(POST "X: b\r\n Content-Length: 2\r\n\r\nab"), 400, "folded"},
        {TEXT(POST "X: b\r\n\tContent-Length: 2\r\n\r\nab"), 400, "folded"},
        {TEXT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400, "folded"},
        {TEXT("GET / HTTP/1.1\nHost: a\n\n"), 400, ""},
        {TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400, ""},
        {TEXT("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400, ""},
        {TEXT(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501, "chunked"},
        {TEXT(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), 400, "chunked"},
        {TEXT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501, "chunked"},
        {TEXT(POST "Transfer-Encoding: gzip\r\n" CHUNK "\r\n0\r\n\r\n"), 501, "chunked"},
        {TEXT(POST CHUNK CHUNK "\r\n0\r\n\r\n"), 400, ""},
        {TEXT("POST / HTTP/1.0\r\n" CHUNK "\r\n0\r\n\r\n"), 400, "HTTP/1.0"},
        {TEXT(POST "Content-Length : 2\r\n\r\nab"), 400, ""},
        {TEXT(POST "Content-Length\r\n\r\n"), 400, ""},
        {TEXT(POST ": x\r\n\r\n"), 400, ""},
        {TEXT("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), 400, "header"},
        {TEXT("GET / HTTP/1.1\r\n" HOST "X\0: a\r\n\r\n"), 400, "header"},
        {TEXT("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n"), 400, "header"},
        {TEXT("GET /\x80 HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400, ""},
        {TEXT("GET /\x7f HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        /* Hosts. */
        {TEXT("GET / HTTP/1.1\r\n\r\n"), 400, "no Host"},
        {TEXT("GET http://b/ HTTP/1.1\r\n\r\n"), 400, "no Host"},
        {TEXT("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), 400, "a second host header"},
        {TEXT("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400, "a second host header"},
        {TEXT("GET http://u@b/ HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET http:///x HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET ftp://b/ HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT("GET * HTTP/1.1\r\n" HOST "\r\n"), 400, "target"},
        {TEXT(POST "Mcp-Session-Id: a\r\nMCP-SESSION-ID: a\r\n\r\n"), 400, "a second mcp-session-id header"},
        {TEXT(POST "Authorization: a\r\nAuthorization: b\r\n\r\n"), 400, "a second authorization header"},
        /* What we do not speak. */
        {TEXT("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n"), 501, "CONNECT"},
        {TEXT("BREW / HTTP/1.1\r\n" HOST "\r\n"), 501, "method"},
        {TEXT("get / HTTP/1.1\r\n" HOST "\r\n"), 400, "no HTTP"},
        {TEXT("\x16\x03\x01\x02\x00\x01\x00"), 400, "no HTTP"},
        {TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "version"},
        {TEXT("GET / HTTP/2.0\r\n" HOST "\r\n"), 505, "version"},
        {TEXT("GET / HTTP/1.2\r\n" HOST "\r\n"), 505, "version"},
        {TEXT("GET / HTTP/0.9\r\n" HOST "\r\n"), 505, "version"},
        {TEXT("GET /\r\n\r\n"), 505, "version"},
        {TEXT("GET / HTTQ/1.1\r\n" HOST "\r\n"), 400, ""},
        {TEXT(POST "Expect: wonders\r\n\r\n"), 417, "Expect"},
        {TEXT("\r\n\r\n\r\nGET / HTTP/1.1\r\n"), 400, "empty lines"},
        /* Limits, with the words of the configuration. */
        {TEXT(POST "Content-Length: 65\r\n\r\n"), 413, "limits.max_body (64 bytes)"},
        {TEXT(POST CHUNK "\r\n41\r\n"), 413, "limits.max_body (64 bytes)"},
        {TEXT(POST CHUNK
              "\r\n40\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n1\r\n"),
         413, "limits.max_body"},
        {TEXT(POST CHUNK "\r\nffffffffffffffff\r\n"), 413, "limits.max_body"},
        {TEXT(POST CHUNK "\r\nfffffffffffffffff\r\n"), 400, "chunk"},
        {TEXT(POST CHUNK "\r\n-1\r\n"), 400, "chunk"},
        {TEXT(POST CHUNK "\r\n5\nhello\r\n"), 400, ""},
        {TEXT(POST CHUNK "\r\n1\r\nab\r\n0\r\n\r\n"), 400, ""},
        {TEXT(POST "A:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\nF:1\r\nG:1\r\nH:1\r\n\r\n"), 431,
         "limits.max_headers (8)"},
};

static void test_refusals(void **state UNUSED)
{
        H1 *h = new_h1();
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                for (size_t step = 0; step < 7; step++) {
                        Fed f = fed(h, refusals[i].request, step);
                        const H1Refusal *r = h1_refusal(h);
                        assert_row(f.state == H1_REFUSED, "%zu by %zu: state %d: %s", i, step, f.state,
                                   refusals[i].request.ptr);
                        assert_row(r->status == refusals[i].status, "%zu by %zu: %d %s: %s", i, step,
                                   r->status, r->why, refusals[i].request.ptr);
                        assert_row(strstr(r->why, refusals[i].why), "%zu by %zu: %s", i, step, r->why);
                        assert_row(!strpbrk(r->why, "\"\\\n"), "%zu: no JSON: %s", i, r->why);
                }
        h1_free(h);
}

/* ---- limits that count bytes --------------------------------------------------- */

/* `before`, n times `filler`, `after`. */
static Span long_request(char *room, const char *before, char filler, size_t n, const char *after)
{
        size_t a = strlen(before), b = strlen(after);
        memcpy(room, before, a);
        memset(room + a, filler, n);
        memcpy(room + a + n, after, b);
        return span_from(room, a + n + b);
}

static void check_length(const char *before, char filler, const char *after, int status)
{
        static char room[8192];
        static const size_t steps[] = {0, 1, 100};
        H1 *h = new_h1();
        size_t most = limits.max_header - strlen(before) - strlen(after);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                Span s = long_request(room, before, filler, most, after);
                assert_row(fed(h, s, steps[i]).state == H1_DONE, "%s", before);
                s = long_request(room, before, filler, most + 1, after);
                assert_row(fed(h, s, steps[i]).state == H1_REFUSED, "%s", before);
                assert_int_equal(h1_refusal(h)->status, status);
                assert_non_null(strstr(h1_refusal(h)->why, "limits.max_header (1024 bytes)"));
                s = long_request(room, before, filler, 4000, after);
                assert_row(fed(h, s, steps[i]).state == H1_REFUSED, "%s", before);
                assert_int_equal(h1_refusal(h)->status, status);
        }
        h1_free(h);
}

static void test_head_length(void **state UNUSED)
{
        check_length("GET / HTTP/1.1\r\n" HOST "X: ", 'x', "\r\n\r\n", 431);
        check_length("GET / HTTP/1.1\r\n" HOST "X", 'x', ": 1\r\n\r\n", 431);
}

static void test_target_length(void **state UNUSED)
{
        static char room[8192];
        H1 *h = new_h1();
        for (size_t step = 0; step < 3; step++) {
                Span s = long_request(room, "GET /", 'x', 2000, " HTTP/1.1\r\n" HOST "\r\n");
                assert_int_equal(fed(h, s, step).state, H1_REFUSED);
                assert_int_equal(h1_refusal(h)->status, 414);
                assert_non_null(strstr(h1_refusal(h)->why, "limits.max_header (1024 bytes)"));
        }
        h1_free(h);
}

/* Extensions and trailers are read by nobody, and have an end. */
static void test_beside_the_body(void **state UNUSED)
{
        static char room[8192];
        static const struct {
                const char *before, *after;
        } rows[] = {
                {POST CHUNK "\r\n0;x=", "\r\n\r\n"},
                {POST CHUNK "\r\n0\r\nT: ", "\r\n\r\n"},
                {POST CHUNK "\r\n", "1\r\na\r\n0\r\n\r\n"},
        };
        H1 *h = new_h1();
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t step = 0; step < 3; step++) {
                        Span s = long_request(room, rows[i].before, '0', 500, rows[i].after);
                        assert_int_equal(fed(h, s, step).state, H1_DONE);
                        s = long_request(room, rows[i].before, '0', 2000, rows[i].after);
                        assert_row(fed(h, s, step).state == H1_REFUSED, "%zu by %zu", i, step);
                        assert_int_equal(h1_refusal(h)->status, 431);
                }
        h1_free(h);
}

/* A body in chunks of one byte is silly and legal. */
static void test_small_chunks(void **state UNUSED)
{
        static const H1Limits large = {.max_header = 1024, .max_headers = 8, .max_body = 100000};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_append_str(&b, POST CHUNK "\r\n"), 0);
        for (int i = 0; i < 20000; i++)
                assert_int_equal(buf_append_str(&b, "1;a\r\nx\r\n"), 0);
        assert_int_equal(buf_append_str(&b, "0\r\n\r\n"), 0);
        H1 *h = new_h1();
        for (size_t step = 0; step < 2; step++) {
                Fed f;
                h1_reset(h, &large, 0);
                assert_int_equal(feed(h, buf_span(&b), step ? 1000 : 0, &f), 0);
                assert_int_equal(f.state, H1_DONE);
                assert_int_equal(h1_request(h)->body_len, 20000);
                assert_int_equal(strspn(h1_request(h)->body, "x"), 20000);
        }
        h1_free(h);
}

/* ---- others ---------------------------------------------------------------------- */

static void test_blank_lines(void **state UNUSED)
{
        char text[] = "\r\n\r\n";
        H1 *h = new_h1();
        size_t used;
        H1State s;
        h1_reset(h, &limits, 0);
        assert_int_equal(h1_feed(h, text, 4, &used, &s), 0);
        assert_int_equal(used, 4);
        assert_int_equal(s, H1_HEAD);
        assert_false(h1_begun(h));
        assert_int_equal(fed(h, SPAN("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 1).state, H1_DONE);
        h1_free(h);
}

static void test_discard(void **state UNUSED)
{
        static const char *bodies[] = {"Content-Length: 9\r\n\r\n123456789",
                                       CHUNK "\r\n9\r\n123456789\r\n0\r\n\r\n"};
        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                char text[256];
                int n = snprintf(text, sizeof(text), POST "%s", bodies[i]);
                size_t used, at = 0;
                H1State s = H1_HEAD;
                H1 *h = new_h1();
                h1_reset(h, &limits, 0);
                while (at < (size_t)n) {
                        assert_int_equal(h1_feed(h, text + at, MIN((size_t)n - at, (size_t)70), &used, &s),
                                         0);
                        at += used;
                        if (s == H1_BODY)
                                h1_discard(h);
                        assert_int_equal(h1_keep(h), 0);
                }
                assert_int_equal(s, H1_DONE);
                assert_int_equal(h1_request(h)->body_len, 0);
                h1_free(h);
        }
}

/* A large body is announced: room for it is taken as it comes. */
static void test_announced(void **state UNUSED)
{
        static const H1Limits large = {.max_header = 1024, .max_headers = 8, .max_body = SIZE_MAX};
        char text[] = POST "Content-Length: 900000000000\r\n\r\nabc";
        H1 *h = new_h1();
        Fed f;
        h1_reset(h, &large, 0);
        assert_int_equal(feed(h, span_of(text), 0, &f), 0);
        assert_int_equal(f.state, H1_BODY);
        assert_int_equal(f.used, sizeof(text) - 1);
        h1_free(h);
}

static int once(void *arg)
{
        H1 *h;
        Fed f;
        int r = h1_new(&h);
        if (r < 0)
                return r;
        h1_reset(h, &(H1Limits){.max_header = 4096, .max_headers = 100, .max_body = 4096}, 0);
        oom_hold();
        Span text = *(Span *)arg;
        oom_release();
        r = feed(h, text, 40, &f);
        if (r == 0)
                assert_int_equal(f.state, H1_DONE);
        h1_free(h);
        return r;
}

static void test_oom(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_append_str(&b, POST), 0);
        for (int i = 0; i < 40; i++)
                assert_int_equal(buf_appendf(&b, "X-%d: y\r\n", i), 0);
        assert_int_equal(buf_append_str(&b, "Content-Length: 100\r\n\r\n"), 0);
        for (int i = 0; i < 100; i++)
                assert_int_equal(buf_append_char(&b, 'x'), 0);
        Span text = buf_span(&b);
        oom_each(once, &text);
}

/* From the second request on, there is nothing to allocate; and what was large is given back. */
static void test_memory(void **state UNUSED)
{
        char text[] = POST "Content-Length: 3\r\n\r\nabc";
        H1 *h = new_h1();
        size_t used;
        H1State s;
        for (int i = 0; i < 1000; i++) {
                if (i == 1)
                        oom_arm(1);
                h1_reset(h, &limits, 4096);
                size_t at = 0;
                do {
                        assert_int_equal(h1_feed(h, text + at, sizeof(text) - 1 - at, &used, &s), 0);
                        at += used;
                } while (s == H1_BODY);
                assert_int_equal(s, H1_DONE);
        }
        assert_false(oom_disarm());
        h1_reset(h, &limits, 0);
        oom_arm(1);
        assert_int_equal(h1_feed(h, text, sizeof(text) - 1, &used, &s), -ENOMEM);
        assert_true(oom_disarm());
        h1_free(h);
        assert_null(h1_free(NULL));
}

/* ---- for a proxy ---------------------------------------------------------------- */

static void test_proxy(void **state UNUSED)
{
        static const H1Limits proxy = {.max_header = 1024, .max_headers = 8, .max_body = 64, .proxy = true};
        static const struct {
                Span text, verb, target;
                size_t used;
        } rows[] = {
                {TEXT("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n\x16\x03\x01"), TEXT("CONNECT"),
                 TEXT("a.b:443"), 43},
                {TEXT("CONNECT [::1]:1 HTTP/1.0\r\n\r\n"), TEXT("CONNECT"), TEXT("[::1]:1"), 28},
                {TEXT("PATCH http://a/ HTTP/1.1\r\n\r\nGET"), TEXT("PATCH"), TEXT("http://a/"), 28},
        };
        H1 *h = new_h1();
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t step = 0; step < 50; step++) {
                        Fed f;
                        h1_reset(h, &proxy, SIZE_MAX);
                        assert_int_equal(feed(h, rows[i].text, step, &f), 0);
                        assert_int_equal(f.state, H1_DONE);
                        assert_int_equal(f.used, rows[i].used); /* what follows is not of HTTP */
                        assert_span_equal(h1_verb(h), rows[i].verb);
                        assert_span_equal(h1_request(h)->target, rows[i].target);
                }
        h1_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole),           cmocka_unit_test(test_borrowed),
                cmocka_unit_test(test_chunks),          cmocka_unit_test(test_targets),
                cmocka_unit_test(test_keep_alive),      cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_head_length),     cmocka_unit_test(test_target_length),
                cmocka_unit_test(test_beside_the_body), cmocka_unit_test(test_small_chunks),
                cmocka_unit_test(test_blank_lines),     cmocka_unit_test(test_discard),
                cmocka_unit_test(test_announced),       cmocka_unit_test(test_oom),
                cmocka_unit_test(test_memory),          cmocka_unit_test(test_proxy),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
