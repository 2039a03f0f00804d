/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/h1-pattern.h"
#include "support/oom.h"

static const H1Limits limits = {.max_header = 600, .max_headers = 12, .max_body = 64};

#define LINE "POST /mcp?x=1 HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define AUTH "Authorization: Bearer secret\r\n"
#define HEAD LINE HOST AUTH

/* ---- a pattern and what is matched with it -------------------------------------- */

typedef struct World {
        H1 *h;
        H1Pattern *pattern;
} World;

static World world(void)
{
        World w = {0};
        assert_int_equal(h1_new(&w.h), 0);
        return w;
}

static void end(World *w)
{
        h1_free(w->h);
        w->pattern = h1_pattern_free(w->pattern);
}

/* The text's head becomes the pattern, if it may. */
static void keep(World *w, const char *text, uint32_t number)
{
        char room[2048];
        size_t used, n = strlen(text);
        H1State state;
        memcpy(room, text, n);
        h1_reset(w->h, &limits, SIZE_MAX);
        assert_int_equal(h1_feed(w->h, room, n, &used, &state), 0);
        assert_int_not_equal(state, H1_REFUSED);
        h1_pattern_keep(&w->pattern, w->h, number);
}

/* How much was taken; 0: it does not fit. Exactly the text's bytes may be looked at. */
static size_t match(World *w, const char *text, const H1Limits *l)
{
        size_t used = 0, n = strlen(text);
        char *room = test_malloc(n);
        memcpy(room, text, n);
        h1_reset(w->h, l, SIZE_MAX);
        if (!h1_pattern_match(w->pattern, w->h, room, n, &used))
                used = 0;
        else
                assert_true(h1_keep(w->h) == 0);
        test_free(room);
        return used;
}

/* ---- what fits ------------------------------------------------------------------- */

static void check_request(World *w, const char *session, const char *id, const char *body)
{
        const HttpRequest *r = h1_request(w->h);
        assert_int_equal(r->method, HTTP_POST);
        assert_true(r->keep_alive && r->has_body && r->minor == 1);
        assert_span_equal(r->target, SPAN("/mcp?x=1"));
        assert_span_equal(r->path, SPAN("/mcp"));
        assert_span_equal(r->query, SPAN("x=1"));
        assert_span_equal(http_header(r, HTTP_HEADER_AUTHORIZATION), SPAN("Bearer secret"));
        assert_span_equal(http_header(r, HTTP_HEADER_MCP_SESSION), span_of(session));
        assert_span_equal(http_header(r, HTTP_HEADER_REQUEST_ID), span_of(id));
        assert_span_equal(http_header(r, HTTP_HEADER_ACCEPT), SPAN("x"));
        assert_int_equal(r->n_all, 6);
        assert_span_equal(r->all[5].name, SPAN("accept"));
        assert_span_equal(span_from(r->body, r->body_len), span_of(body));
}

#define REQUEST(session, length, id, body)                                                     \
        HEAD "Mcp-Session-Id:  " session "\r\nContent-Length: " length "\r\nX-Request-Id: " id \
             "\r\naccept: x\r\n\r\n" body

static void test_values_that_vary(void **state UNUSED)
{
        World w = world();
        keep(&w, REQUEST("s-1", "3", "r-1", "abc"), 5);
        assert_int_equal(h1_request(w.h)->pattern, 5);
        assert_int_equal(match(&w, REQUEST("s-1", "3", "r-1", "abc"), &limits),
                         strlen(REQUEST("s-1", "3", "r-1", "abc")));
        check_request(&w, "s-1", "r-1", "abc");
        assert_int_equal(h1_request(w.h)->pattern, 5);
        assert_true(match(&w, REQUEST("another-one", "12", "x", "abcdefghijklPOST /"), &limits) > 0);
        check_request(&w, "another-one", "x", "abcdefghijkl");
        assert_true(match(&w, REQUEST("s", "1", "a-longer-name", "a"), &limits) > 0);
        check_request(&w, "s", "a-longer-name", "a");
        end(&w);
}

/* The parser takes what does not fit, so whatever is in doubt must not. */
static void test_what_does_not_fit(void **state UNUSED)
{
        static const char *const texts[] = {
                "",
                "\r\n" REQUEST("s", "3", "r", "abc"),
                REQUEST("s", "3", "r", "ab"),
                REQUEST("s", "3", "r", ""),
                REQUEST("s", "", "r", "abc"),
                REQUEST("s", "0", "r", ""),
                REQUEST("s", "+3", "r", "abc"),
                REQUEST("s", "3 ", "r", "abc"),
                REQUEST("s", "0x3", "r", "abc"),
                REQUEST("s", "3,3", "r", "abc"),
                REQUEST("s", "0000000003", "r", "abc"),
                REQUEST("s", "99999999999999999999", "r", "abc"),
                REQUEST("s t", "3", "r", "abc"),
                REQUEST("s\t", "3", "r", "abc"),
                REQUEST("s\x80", "3", "r", "abc"),
                REQUEST("s\x7f", "3", "r", "abc"),
                REQUEST("", "3", "r", "abc"),
                REQUEST("s", "3", "", "abc"),
                REQUEST("s", "3", "r\r\nX: y", "abc"),
                REQUEST("s", "3", "r\r\n x", "abc"),
                REQUEST("s", "3", "r\n", "abc"),
                LINE HOST AUTH
                "Mcp-Session-Id:  s\r\nContent-Length: 3\r\nX-Request-Id: r\r\naccept: y\r\n\r\nabc",
        };
        World w = world();
        assert_int_equal(match(&w, REQUEST("s", "3", "r", "abc"), &limits), 0);
        keep(&w, REQUEST("s", "3", "r", "abc"), 1);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (match(&w, texts[i], &limits) != 0)
                        fail_msg("row %zu fits", i);
        assert_true(match(&w, REQUEST("s", "3", "r", "abc"), &limits) > 0);
        end(&w);
}

/* Each byte of what does not vary counts: the token above all. */
static void test_each_byte(void **state UNUSED)
{
        static const char text[] = REQUEST("s", "3", "r", "abc");
        World w = world();
        keep(&w, text, 1);
        for (size_t i = 0; i < sizeof(text) - 4; i++) {
                char other[sizeof(text)];
                memcpy(other, text, sizeof(text));
                other[i] ^= 1;
                bool varies = strncmp(text + i, "s\r\nC", 4) == 0 || strncmp(text + i, "3\r\nX", 4) == 0 ||
                              strncmp(text + i, "r\r\na", 4) == 0;
                assert_int_equal(match(&w, other, &limits) > 0, varies);
        }
        end(&w);
}

static void test_cut_anywhere(void **state UNUSED)
{
        static const char text[] = REQUEST("s", "3", "r", "abc");
        World w = world();
        keep(&w, text, 1);
        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                char part[sizeof(text)] = {0};
                memcpy(part, text, n);
                assert_int_equal(match(&w, part, &limits), 0);
        }
        end(&w);
}

/* A reload may have made them less since. */
static void test_limits(void **state UNUSED)
{
        static const char text[] = REQUEST("s", "3", "r", "abc");
        size_t head = sizeof(text) - 1 - 3;
        World w = world();
        keep(&w, text, 1);
        H1Limits l = {.max_header = head, .max_headers = 6, .max_body = 3};
        assert_true(match(&w, text, &l) > 0);
        l.max_header--;
        assert_int_equal(match(&w, text, &l), 0);
        l = (H1Limits){.max_header = head, .max_headers = 5, .max_body = 3};
        assert_int_equal(match(&w, text, &l), 0);
        l = (H1Limits){.max_header = head, .max_headers = 6, .max_body = 2};
        assert_int_equal(match(&w, text, &l), 0);
        end(&w);
}

/* ---- what becomes one -------------------------------------------------------------- */

static void test_what_is_kept(void **state UNUSED)
{
        static const struct {
                const char *text;
                bool kept;
        } rows[] = {
                {HEAD "Content-Length: 1\r\n\r\na", true},
                {HEAD "Content-Length: 0\r\n\r\n", false},
                {HEAD "\r\n", false},
                {HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", false},
                {HEAD "Connection: close\r\nContent-Length: 1\r\n\r\na", false},
                {HEAD "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", false},
                {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", false},
                {HEAD "Baggage: a\r\nContent-Length: 1\r\n\r\na", true},
                {HEAD "Baggage: a\r\nBaggage: b\r\nContent-Length: 1\r\n\r\na", false},
                {HEAD "Accept: a\r\nAccept: b\r\nContent-Length: 1\r\n\r\na", true},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                World w = world();
                keep(&w, rows[i].text, 3);
                if ((h1_request(w.h)->pattern == 3) != rows[i].kept || (w.pattern != NULL) != rows[i].kept)
                        fail_msg("row %zu", i);
                assert_int_equal(match(&w, rows[i].text, &limits) > 0, rows[i].kept);
                end(&w);
        }
}

/* One that is longer takes the place, also a shorter one; one that may not be kept leaves it. */
static void test_the_newest(void **state UNUSED)
{
        static const char small[] = LINE HOST "Content-Length: 1\r\n\r\na";
        static const char large[] = HEAD
                "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nContent-Length: 1\r\n\r\na";
        World w = world();
        keep(&w, small, 1);
        keep(&w, large, 2);
        assert_int_equal(match(&w, small, &limits), 0);
        assert_true(match(&w, large, &limits) > 0);
        assert_int_equal(h1_request(w.h)->pattern, 2);
        keep(&w, small, 3);
        assert_int_equal(match(&w, large, &limits), 0);
        assert_true(match(&w, small, &limits) > 0);
        keep(&w, HEAD "\r\n", 4);
        assert_int_equal(h1_request(w.h)->pattern, 0);
        assert_true(match(&w, small, &limits) > 0);
        assert_int_equal(h1_request(w.h)->pattern, 3);
        end(&w);
}

/* As an empty value has no end that is its own, the line is compared as it is. */
static void test_empty_value(void **state UNUSED)
{
        World w = world();
        keep(&w, HEAD "X-Request-Id:\r\nContent-Length: 1\r\n\r\na", 1);
        assert_true(match(&w, HEAD "X-Request-Id:\r\nContent-Length: 1\r\n\r\nb", &limits) > 0);
        assert_int_equal(match(&w, HEAD "X-Request-Id: x\r\nContent-Length: 1\r\n\r\nb", &limits), 0);
        end(&w);
}

/* Without memory for it there is none, and the request says so. */
static void test_no_memory(void **state UNUSED)
{
        static const char text[] = HEAD "Content-Length: 1\r\n\r\na";
        World w = world();
        keep(&w, text, 1);
        h1_pattern_free(w.pattern);
        w.pattern = NULL;
        h1_request(w.h)->pattern = 0;
        oom_arm(1);
        h1_pattern_keep(&w.pattern, w.h, 1);
        assert_true(oom_disarm());
        assert_null(w.pattern);
        assert_int_equal(h1_request(w.h)->pattern, 0);
        end(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values_that_vary), cmocka_unit_test(test_what_does_not_fit),
                cmocka_unit_test(test_each_byte),        cmocka_unit_test(test_cut_anywhere),
                cmocka_unit_test(test_limits),           cmocka_unit_test(test_what_is_kept),
                cmocka_unit_test(test_the_newest),       cmocka_unit_test(test_empty_value),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
