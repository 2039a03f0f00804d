/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "client/sse-reader.h"
#include "support/oom.h"

enum { LONGEST = 100 };

/* Each event as "id|data;". */
static int read_events(SseReader *r, Span text, size_t step, Buf *b)
{
        while (text.len) {
                size_t used;
                bool event;
                int e = sse_reader_feed(r, span_first(text, step), &used, &event);
                if (e == 0 && event)
                        e = buf_appendf(b, "%s|%s;", buf_text(&r->id), buf_text(&r->data));
                if (e != 0)
                        return e;
                text = span_skip(text, used);
        }
        return 0;
}

static const struct {
        const char *text, *events;
        uint64_t retry;
} rows[] = {
        {"data: a\n\n", "|a;", 0},
        {"data:a\r\n\r\n", "|a;", 0},
        {"data: a\r\rdata: b\r\r", "|a;|b;", 0},
        {"data:  a\ndata\ndata: b\n\n", "| a\n\nb;", 0},
        {"data: a", "", 0},
        {"data: a\n", "", 0},
        {"\n\n\n", "", 0},
        {": comment\n\ndata: a\n\n", "|a;", 0},
        {"\xef\xbb\xbf"
         "data: a\n\n",
         "|a;", 0},
        {"data: a\n\n\xef\xbb\xbf"
         "data: b\n\n",
         "|a;", 0},
        {"id: 1\ndata:\n\ndata: a\n\n", "1|a;", 0},
        {"id: 1\ndata: a\n\nid: 2\n\ndata: b\n\nid\ndata: c\n\n", "1|a;2|b;|c;", 0},
        {"retry: 250\nretry: x\nretry\ndata: a\n\n", "|a;", 250},
        {"event: message\ndata: a\n\nevent: other\ndata: b\n\nevent:\ndata: c\n\n", "|a;|c;", 0},
        {"foo: bar\nDATA: b\ndata : c\ndata: a\n\n", "|a;", 0},
};

static void test_events(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t step = 1; step < 20; step++) {
                        CLEANUP(sse_reader_done) SseReader r;
                        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                        sse_reader_init(&r, LONGEST);
                        assert_int_equal(read_events(&r, span_of(rows[i].text), step, &b), 0);
                        assert_row(strcmp(buf_text(&b), rows[i].events) == 0, "%s: %s", rows[i].text,
                                   buf_text(&b));
                        assert_int_equal(r.retry_ms, rows[i].retry);
                }
}

/* The data of an event is there until the next call. */
static void test_stops_after_an_event(void **state UNUSED)
{
        CLEANUP(sse_reader_done) SseReader r;
        size_t used;
        bool event;
        sse_reader_init(&r, LONGEST);
        assert_int_equal(sse_reader_feed(&r, SPAN("data: a\n\ndata: b\n\n"), &used, &event), 0);
        assert_true(event);
        assert_int_equal(used, 9);
        assert_string_equal(buf_text(&r.data), "a");
}

static void test_too_long(void **state UNUSED)
{
        static const char *const begins[] = {"data: ", "foo: ", ":"};
        for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
                for (size_t step = 1; step < 1000; step += 333) {
                        CLEANUP(sse_reader_done) SseReader r;
                        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                        char text[2 * LONGEST];
                        (void)snprintf(text, sizeof(text), "%s%0*d\n\n", begins[i], LONGEST + 20, 0);
                        sse_reader_init(&r, LONGEST);
                        assert_int_equal(read_events(&r, span_of(text), step, &b), SSE_READER_E_TOO_LONG);
                }
        CLEANUP(sse_reader_done) SseReader r;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        sse_reader_init(&r, LONGEST);
        for (int i = 0; i < 3; i++)
                assert_int_equal(read_events(&r, SPAN("data: 012345678901234567890123456789\n"), 99, &b), 0);
        assert_int_equal(read_events(&r, SPAN("data: 012345678901234567890123456789\n"), 99, &b),
                         SSE_READER_E_TOO_LONG);
}

/* The id stays for the next stream, half an event does not. */
static void test_restart(void **state UNUSED)
{
        CLEANUP(sse_reader_done) SseReader r;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        sse_reader_init(&r, LONGEST);
        assert_int_equal(read_events(&r, SPAN("id: 7\ndata: lost\nda"), 5, &b), 0);
        sse_reader_restart(&r);
        assert_int_equal(read_events(&r, SPAN("data: a\n\n"), 5, &b), 0);
        assert_string_equal(buf_text(&b), "7|a;");
}

/* An id that cannot go into a header, or that is no id, changes nothing. */
static void test_ids(void **state UNUSED)
{
        CLEANUP(sse_reader_done) SseReader r;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        char text[2048];
        sse_reader_init(&r, sizeof(text));
        assert_int_equal(read_events(&r, SPAN("id: 7\nid: a\0b\ndata: a\n\n"), 99, &b), 0);
        (void)snprintf(text, sizeof(text), "id: %01500d\ndata: b\n\n", 0);
        assert_int_equal(read_events(&r, span_of(text), 99, &b), 0);
        assert_string_equal(buf_text(&b), "7|a;7|b;");
}

static int all_of_it(void *unused UNUSED)
{
        CLEANUP(sse_reader_done) SseReader r;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        sse_reader_init(&r, LONGEST);
        return read_events(&r, SPAN("id: 1\ndata: a\n\n"), 3, &b);
}

static void test_no_memory(void **state UNUSED)
{
        (void)oom_each(all_of_it, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_events),   cmocka_unit_test(test_stops_after_an_event),
                cmocka_unit_test(test_too_long), cmocka_unit_test(test_restart),
                cmocka_unit_test(test_ids),      cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
