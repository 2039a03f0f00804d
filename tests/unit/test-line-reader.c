/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/line-reader.h"
#include "support/oom.h"

enum { SHORT = 8 };

/* What a line is, as text: its bytes and `;`, or `!` for one that is too long. */
static void note(Buf *out, int what, const char *line, size_t n)
{
        assert_true(what == LINE_READER_LINE || what == LINE_READER_TOO_LONG);
        assert_int_equal(buf_append(out, line, n), 0);
        assert_int_equal(buf_append_char(out, what == LINE_READER_LINE ? ';' : '!'), 0);
}

static void drain(LineReader *r, Buf *out)
{
        char *line;
        size_t n;
        for (int what; (what = line_reader_next(r, &line, &n)) != LINE_READER_NONE;)
                note(out, what, line, n);
}

/* Feeds in pieces of at most `step` bytes. */
static void feed(LineReader *r, Span bytes, size_t step, Buf *out)
{
        while (bytes.len) {
                char *room;
                size_t size;
                assert_int_equal(line_reader_room(r, &room, &size), 0);
                assert_true(size > 0);
                size = MIN(MIN(size, step), bytes.len);
                memcpy(room, bytes.ptr, size);
                line_reader_filled(r, size);
                bytes = span_skip(bytes, size);
                drain(r, out);
        }
}

static void finish(LineReader *r, Buf *out)
{
        char *line;
        size_t n;
        for (int what; (what = line_reader_last(r, &line, &n)) != LINE_READER_NONE;)
                note(out, what, line, n);
}

static const struct {
        const char *in, *want;
} rows[] = {
        {"", ""},
        {"a\nbc\n", "a;bc;"},
        {"\n\n", ";;"},
        {"a\r\nb\r\r\n\r\n\rc\n", "a;b\r;;\rc;"},
        {"rest", "rest;"},
        {"a\nrest\r", "a;rest;"},
        {"\r", ";"},
        {"12345678\n", "12345678;"},
        {"12345678\r\n", "12345678;"},
        {"12345678", "12345678;"},
        {"12345678\r", "12345678;"},
        {"123456789\n", "12345678!"},
        {"123456789\r\n", "12345678!"},
        {"12345678\r\r\n", "12345678!"},
        {"12345678\rx\n", "12345678!"},
        {"123456789", "12345678!"},
        {"123456789 and so on and on\nb\n", "12345678!b;"},
        {"a\n1234567890\r\nb\n123456789 to the end", "a;12345678!b;12345678!"},
        {"1234567890\n\n1234567890\nx", "12345678!;12345678!x;"},
};

/* However the bytes are cut, the lines are the same. */
static void test_lines(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                for (size_t step = 1; step < 40; step++) {
                        CLEANUP(line_reader_done) LineReader r;
                        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
                        line_reader_init(&r, SHORT);
                        feed(&r, span_of(rows[i].in), step, &out);
                        finish(&r, &out);
                        assert_row(strcmp(buf_text(&out), rows[i].want) == 0, "%zu by %zu: %s", i, step,
                                   buf_text(&out));
                        assert_true(r.size <= SHORT + 2);
                }
}

/* Random lengths around every bound, cut at random. */
static void test_random(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 100; round++) {
                size_t max = 1 + random_below(&random.random, 3) * LINE_READER_ROOM;
                CLEANUP(line_reader_done) LineReader r;
                CLEANUP(buf_done)
                Buf in = BUF_INIT(BUF_CAP_NONE), want = BUF_INIT(BUF_CAP_NONE), out = BUF_INIT(BUF_CAP_NONE);
                line_reader_init(&r, max);
                for (int lines = 0; lines < 20; lines++) {
                        size_t near = random_below(&random.random, 3) * LINE_READER_ROOM;
                        size_t n = near + random_below(&random.random, 6);
                        char *room;
                        assert_int_equal(buf_reserve(&in, n, &room), 0);
                        memset(room, 'a' + lines, n);
                        buf_commit(&in, n);
                        assert_int_equal(buf_append_str(&in, lines % 2 ? "\n" : "\r\n"), 0);
                        note(&want, n > max ? LINE_READER_TOO_LONG : LINE_READER_LINE,
                             in.data + in.len - n - 1 - !(lines % 2), MIN(n, max));
                }
                for (Span rest = buf_span(&in); rest.len;) {
                        size_t n = 1 +
                                   random_below(&random.random, random_below(&random.random, 2) ? 3 : 30000);
                        feed(&r, span_first(rest, n), n, &out);
                        rest = span_skip(rest, n);
                        if (random_below(&random.random, 4) == 0)
                                line_reader_shrink(&r);
                        assert_true(r.size <= max + 2);
                }
                finish(&r, &out);
                assert_int_equal(out.len, want.len);
                assert_memory_equal(out.data, want.data, out.len);
        }
}

/* Once it is large enough for what comes, reading allocates no more, and shrinking gives all back. */
static void test_memory(void **state UNUSED)
{
        CLEANUP(line_reader_done) LineReader r;
        CLEANUP(buf_done) Buf in = BUF_INIT(BUF_CAP_NONE), out = BUF_INIT(BUF_CAP_NONE);
        char *room;
        line_reader_init(&r, 1024 * 1024);
        assert_null(r.data);
        feed(&r, SPAN("a\n"), 10, &out);
        assert_int_equal(r.size, LINE_READER_ROOM);
        assert_int_equal(buf_reserve(&in, 100001, &room), 0);
        memset(room, 'x', 100000);
        room[100000] = '\n';
        buf_commit(&in, 100001);
        feed(&r, buf_span(&in), 4096, &out);
        size_t size = r.size;
        assert_true(size > 100000 && size < 400000);
        assert_int_equal(buf_reserve(&out, 1100000, &room), 0);
        oom_arm(1);
        for (int i = 0; i < 10; i++)
                feed(&r, buf_span(&in), 5000, &out);
        assert_false(oom_disarm());
        assert_int_equal(r.size, size);
        feed(&r, SPAN("begun"), 10, &out);
        line_reader_shrink(&r);
        assert_int_equal(r.size, LINE_READER_ROOM);
        buf_clear(&out);
        feed(&r, SPAN(" and ended\n"), 20, &out);
        assert_string_equal(buf_text(&out), "begun and ended;");
        line_reader_shrink(&r);
        assert_true(!r.data && r.size == 0);
        line_reader_shrink(&r);
        feed(&r, SPAN("again\n"), 20, &out);
        assert_string_equal(buf_text(&out), "begun and ended;again;");
}

static void test_no_memory(void **state UNUSED)
{
        CLEANUP(line_reader_done) LineReader r;
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        char *room;
        size_t size;
        line_reader_init(&r, 1024 * 1024);
        oom_arm(1);
        assert_int_equal(line_reader_room(&r, &room, &size), -ENOMEM);
        assert_true(oom_disarm());
        assert_int_equal(line_reader_room(&r, &room, &size), 0);
        memset(room, 'x', size - 1);
        line_reader_filled(&r, size - 1);
        drain(&r, &out);
        oom_arm(1); /* it cannot grow, but one byte is there */
        assert_int_equal(line_reader_room(&r, &room, &size), 0);
        assert_true(oom_disarm());
        assert_int_equal(size, 1);
        *room = 'y';
        line_reader_filled(&r, 1);
        drain(&r, &out);
        oom_arm(1);
        assert_int_equal(line_reader_room(&r, &room, &size), -ENOMEM);
        assert_true(oom_disarm());
        feed(&r, SPAN("z\n"), 10, &out); /* nothing was lost */
        assert_int_equal(out.len, LINE_READER_ROOM + 2);
        assert_string_equal(out.data + out.len - 4, "xyz;");
        feed(&r, SPAN("a start"), 10, &out);
        oom_arm(1);
        line_reader_shrink(&r); /* without memory for less it stays */
        assert_true(oom_disarm());
        feed(&r, SPAN("\n"), 10, &out);
        assert_string_equal(out.data + out.len - 8, "a start;");
}

/* The lines are the caller's to change, NULs are bytes like others. */
static void test_bytes(void **state UNUSED)
{
        CLEANUP(line_reader_done) LineReader r;
        char *room, *line;
        size_t n;
        line_reader_init(&r, 100);
        assert_int_equal(line_reader_room(&r, &room, &n), 0);
        memcpy(room, "a\0b\nc\n", 6);
        line_reader_filled(&r, 6);
        assert_int_equal(line_reader_next(&r, &line, &n), LINE_READER_LINE);
        assert_span_equal(span_from(line, n), SPAN("a\0b"));
        memset(line, '\n', n);
        assert_int_equal(line_reader_last(&r, &line, &n), LINE_READER_LINE); /* whole lines come first */
        assert_span_equal(span_from(line, n), SPAN("c"));
        assert_int_equal(line_reader_last(&r, &line, &n), LINE_READER_NONE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),  cmocka_unit_test(test_random),
                cmocka_unit_test(test_memory), cmocka_unit_test(test_no_memory),
                cmocka_unit_test(test_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
