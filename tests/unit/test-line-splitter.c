/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/buf.h"
#include "base/line-splitter.h"
#include "base/random.h"

/* Each line as its text, '|' when it is partial, and a newline. */
static void note(Buf *out, const Line *line)
{
        assert_int_equal(buf_append_span(out, line->text), 0);
        assert_int_equal(buf_append_str(out, line->partial ? "|\n" : "\n"), 0);
}

static void feed(LineSplitter *l, Span bytes, Nsec now, Buf *out)
{
        Line line;
        while (line_splitter_next(l, &bytes, now, &line))
                note(out, &line);
        assert_int_equal(bytes.len, 0);
}

static void finish(LineSplitter *l, Buf *out)
{
        Line line;
        while (line_splitter_flush(l, &line))
                note(out, &line);
}

static void check(Span in, const char *want)
{
        CLEANUP(line_splitter_done) LineSplitter l;
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);

        line_splitter_init(&l);
        feed(&l, in, 0, &out);
        finish(&l, &out);
        assert_string_equal(buf_text(&out), want);
}

static void test_lines(void **state UNUSED)
{
        check(SPAN(""), "");
        check(SPAN("a\nb\n"), "a\nb\n");
        check(SPAN("a\nb"), "a\nb|\n");
        check(SPAN("\n\na\n"), "\n\na\n");
        check(SPAN("a\r\n\r\nb\rc\r\n"), "a\n\nb\rc\n");
}

/* A line of `n` bytes. */
static char *make_line(size_t n, const char *end)
{
        char *text = malloc(n + strlen(end) + 1);
        assert_non_null(text);
        memset(text, 'x', n);
        memcpy(text + n, end, strlen(end) + 1);
        return text;
}

static void test_cap(void **state UNUSED)
{
        static const struct {
                size_t n;
                const char *end;
                size_t lens[3];
                bool partial[3];
                size_t lines;
        } rows[] = {
                {LIMIT_LOG_LINE, "\n", {LIMIT_LOG_LINE}, {false}, 1},
                {LIMIT_LOG_LINE + 1, "\n", {LIMIT_LOG_LINE, 1}, {true, false}, 2},
                {2 * LIMIT_LOG_LINE, "\n", {LIMIT_LOG_LINE, LIMIT_LOG_LINE}, {true, false}, 2},
                {LIMIT_LOG_LINE, "", {LIMIT_LOG_LINE}, {true}, 1},
                {LIMIT_LOG_LINE, "\r\n", {LIMIT_LOG_LINE}, {true}, 1},
                {LIMIT_LOG_LINE, "\r\n\n", {LIMIT_LOG_LINE, 0}, {true, false}, 2},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_FREE char *text = make_line(rows[i].n, rows[i].end);
                CLEANUP(line_splitter_done) LineSplitter l;
                Span in = span_of(text);
                Line line;
                size_t n = 0;

                line_splitter_init(&l);
                while (line_splitter_next(&l, &in, 0, &line) || line_splitter_flush(&l, &line)) {
                        assert_true(n < rows[i].lines);
                        assert_int_equal(line.text.len, rows[i].lens[n]);
                        assert_int_equal(line.partial, rows[i].partial[n]);
                        n++;
                }
                assert_int_equal(n, rows[i].lines);
        }
}

static void test_deadline(void **state UNUSED)
{
        CLEANUP(line_splitter_done) LineSplitter l;
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);

        line_splitter_init(&l);
        assert_true(line_splitter_deadline(&l) == NSEC_NEVER);
        feed(&l, SPAN("Name"), 10 * NSEC_PER_SEC, &out);
        feed(&l, SPAN(": "), 11 * NSEC_PER_SEC, &out);
        assert_true(line_splitter_deadline(&l) == 12 * NSEC_PER_SEC); /* from its first byte */
        finish(&l, &out);
        assert_true(line_splitter_deadline(&l) == NSEC_NEVER);
        feed(&l, SPAN("\n"), 13 * NSEC_PER_SEC, &out); /* the end of what was given: no empty line */
        feed(&l, SPAN("\nmore"), 13 * NSEC_PER_SEC, &out);
        finish(&l, &out);
        feed(&l, SPAN("over\n"), 14 * NSEC_PER_SEC, &out);
        assert_string_equal(buf_text(&out), "Name: |\n\nmore|\nover\n");
}

/* However the bytes are cut on their way, the lines are the same. */
static void test_any_cut(void **state UNUSED)
{
        static const char alphabet[] = "ab\r\n";
        SeededRandom random;

        random_init_seed(&random, 42);
        for (int round = 0; round < 200; round++) {
                CLEANUP(buf_done)
                Buf in = BUF_INIT(BUF_CAP_NONE), want = BUF_INIT(BUF_CAP_NONE), got = BUF_INIT(BUF_CAP_NONE);
                CLEANUP(line_splitter_done) LineSplitter whole, cut;

                for (size_t n = random_below(&random.random, 30); n > 0; n--) {
                        CLEANUP_FREE char *text =
                                make_line(random_below(&random.random, 8)
                                                  ? random_below(&random.random, 9)
                                                  : LIMIT_LOG_LINE - 2 + random_below(&random.random, 5),
                                          "");
                        assert_int_equal(buf_append_str(&in, text), 0);
                        for (size_t k = random_below(&random.random, 4); k > 0; k--)
                                assert_int_equal(
                                        buf_append_char(&in, alphabet[random_below(&random.random, 4)]), 0);
                }
                line_splitter_init(&whole);
                line_splitter_init(&cut);
                feed(&whole, buf_span(&in), 0, &want);
                finish(&whole, &want);
                for (Span rest = buf_span(&in); rest.len;) {
                        size_t n = 1 +
                                   random_below(&random.random, random_below(&random.random, 2) ? 3 : 9000);
                        feed(&cut, span_first(rest, n), 0, &got);
                        rest = span_skip(rest, n);
                }
                finish(&cut, &got);
                assert_string_equal(buf_text(&got), buf_text(&want));
        }
}

static void test_memory(void **state UNUSED)
{
        CLEANUP(line_splitter_done) LineSplitter l = {0};
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);

        feed(&l, SPAN("whole lines\nneed none\n"), 0, &out);
        assert_null(l.part);
        feed(&l, SPAN("a start"), 0, &out);
        assert_true(l.size > 0 && l.size < LIMIT_LOG_LINE / 8);
        feed(&l, SPAN(" and its end\n"), 0, &out);
        assert_null(l.part);
        feed(&l, SPAN("flushed"), 0, &out);
        finish(&l, &out);
        assert_null(l.part);
}

/* What cannot be kept comes at once, as a piece, and no byte is lost. */
static void test_no_memory(void **state UNUSED)
{
        CLEANUP(line_splitter_done) LineSplitter l = {0};
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FREE char *text = make_line(2000, "");
        Span rest = span_of(text);
        Line line;

        oom_arm(1);
        assert_true(line_splitter_next(&l, &rest, 0, &line));
        assert_true(oom_disarm());
        assert_true(line.partial && line.text.len == 2000 && rest.len == 0);
        assert_false(line_splitter_next(&l, &rest, 0, &line));

        feed(&l, SPAN("a start"), 0, &out);
        for (int whole = 0; whole < 2; whole++) { /* the end comes, then more of it */
                CLEANUP_FREE char *more = make_line(2000, whole ? "" : "\n");
                rest = span_of(more);
                oom_arm(1);
                assert_true(line_splitter_next(&l, &rest, 0, &line));
                assert_true(oom_disarm());
                assert_true(line.partial);
                assert_span_equal(line.text, SPAN("a start"));
                feed(&l, rest, 0, &out);
                if (!whole)
                        feed(&l, SPAN("a start"), 0, &out);
        }
        finish(&l, &out);
        assert_int_equal(out.len, 2000 + 1 + 2000 + 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory),   cmocka_unit_test(test_no_memory),
                cmocka_unit_test(test_lines),    cmocka_unit_test(test_cap),
                cmocka_unit_test(test_deadline), cmocka_unit_test(test_any_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
