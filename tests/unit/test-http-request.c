/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/request.h"

enum { LINES = 4 };

/* A request with these Accept lines; NULL ends them. */
static HttpRequest with_accept(HttpHeader room[static LINES + 1], const char *const lines[static LINES])
{
        HttpRequest r = {.all = room};
        room[r.n_all++] = (HttpHeader){SPAN("X-Accept"), SPAN("text/event-stream")};
        for (size_t i = 0; i < LINES && lines[i]; i++) {
                room[r.n_all] = (HttpHeader){i % 2 ? SPAN("ACCEPT") : SPAN("Accept"), span_of(lines[i])};
                if (i == 0)
                        r.headers[HTTP_HEADER_ACCEPT] = room[r.n_all].value;
                r.n_all++;
        }
        return r;
}

static void test_accept(void **state UNUSED)
{
        static const struct {
                const char *lines[LINES];
                bool json, json_named, events, events_named;
        } rows[] = {
                {{NULL}, true, false, true, false},
                {{""}, true, false, true, false},
                {{" , ,"}, true, false, true, false},
                {{"application/json, text/event-stream"}, true, true, true, true},
                {{"application/json", "text/event-stream"}, true, true, true, true},
                {{"APPLICATION/JSON;q=0.5 , Text/Event-Stream ; q=1"}, true, true, true, true},
                {{"application/json"}, true, true, false, false},
                {{"*/*"}, true, false, true, false},
                {{"text/*"}, false, false, true, false},
                {{"*/*;q=0"}, false, false, false, false},
                {{"*/*, text/event-stream;q=0"}, true, false, false, false},
                {{"text/event-stream;q=0, */*"}, true, false, false, false},
                {{"text/event-stream;q=0.000;x=y", "text/*"}, false, false, false, false},
                {{"text/event-stream; q=0.001"}, false, false, true, true},
                {{"text/event-stream; Q=\"0\""}, false, false, false, false},
                {{"text/*;q=0, text/event-stream"}, false, false, true, true},
                {{"text/html;x=\"application/json, text/event-stream\""}, false, false, false, false},
                {{"text/html;x=\"a\\\", application/json, b\""}, false, false, false, false},
                {{"application/jsonp, tex/event-stream, text/event-streams"}, false, false, false, false},
                {{"text*, */"}, false, false, false, false},
                {{"text/event-stream;level=1"}, false, false, true, true},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                HttpHeader room[LINES + 1];
                HttpRequest r = with_accept(room, rows[i].lines);
                bool named = false;
                assert_row(http_accepts(&r, "application/json", &named) == rows[i].json, "%zu", i);
                assert_row(named == rows[i].json_named, "%zu", i);
                assert_row(http_accepts(&r, "text/event-stream", &named) == rows[i].events, "%zu", i);
                assert_row(named == rows[i].events_named, "%zu", i);
                assert_row(http_accepts(&r, "text/event-stream", NULL) == rows[i].events, "%zu", i);
        }
}

static void test_content_type(void **state UNUSED)
{
        static const struct {
                const char *value;
                bool is;
        } rows[] = {
                {"application/json", true},
                {"Application/JSON ; charset=UTF-8", true},
                {"application/json; charset=\"utf-8\"; x=y", true},
                {"application/json;", true},
                {"application/json; charset=latin1", false},
                {"application/json; x=y; charset = utf-16", false},
                {"application/jsonl", false},
                {"text/json", false},
                {"", false},
                {NULL, false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                HttpRequest r = {.headers = {[HTTP_HEADER_CONTENT_TYPE] = span_of(rows[i].value)}};
                assert_row(http_content_is(&r, "application/json") == rows[i].is, "%s", rows[i].value);
        }
}

static void test_bearer(void **state UNUSED)
{
        static const struct {
                const char *value, *token;
        } rows[] = {
                {"Bearer abc", "abc"}, {"bearer  abc ", "abc"}, {"BEARER a=b", "a=b"}, {"Bearer", NULL},
                {"Bearer ", NULL},     {"Basic abc", NULL},     {"Bearer a b", NULL},  {"", NULL},
                {NULL, NULL},          {"Bearerabc", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                HttpRequest r = {.headers = {[HTTP_HEADER_AUTHORIZATION] = span_of(rows[i].value)}};
                Span token = http_bearer(&r);
                assert_row(!token.ptr == !rows[i].token, "%s", rows[i].value);
                assert_span_equal(token, span_of(rows[i].token));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accept),
                cmocka_unit_test(test_content_type),
                cmocka_unit_test(test_bearer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
