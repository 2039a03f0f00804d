/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/redact.h"

static void add(RedactSet *set, const char *secret)
{
        assert_int_equal(redact_set_add(set, span_of(secret)), 0);
}

#define SET_OF(set, ...)                                                       \
        CLEANUP(redact_set_unref_p) RedactSet *set = NULL;                     \
        assert_int_equal(redact_set_new(&set), 0);                             \
        for (const char **s_ = (const char *[]){__VA_ARGS__, NULL}; *s_; s_++) \
        add(set, *s_)

static void check(const RedactSet *set, const char *in, const char *want)
{
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(redact(set, span_of(in), &out), 0);
        assert_string_equal(buf_text(&out), want);
}

static void test_set(void **state UNUSED)
{
        SET_OF(set, "secret-one", "secret-one", "secret-two");
        CLEANUP_FREE char *large = calloc(1, LIMIT_SECRET_LONGEST + 1);

        assert_non_null(large);
        assert_int_equal(redact_set_count(set), 2); /* the same one only once */
        assert_int_equal(redact_set_add(set, SPAN("")), REDACT_TOO_SHORT);
        assert_int_equal(redact_set_add(set, SPAN("12345")), REDACT_TOO_SHORT);
        assert_int_equal(redact_set_add(set, span_from(large, LIMIT_SECRET_LONGEST + 1)), REDACT_TOO_LONG);
        assert_int_equal(redact_set_add(set, span_from(large, LIMIT_SECRET_LONGEST)), 0);
        assert_int_equal(redact_set_count(set), 3);

        RedactSet *again = redact_set_ref(set);
        assert_ptr_equal(again, set);
        assert_null(redact_set_unref(again));
        check(set, "secret-one", "<secret>"); /* still there */
        assert_null(redact_set_unref(NULL));
        assert_null(redact_set_ref(NULL));
}

static void test_whole(void **state UNUSED)
{
        SET_OF(set, "hunter2", "key\nwith\nlines", "t\xff\x01okens");

        check(set, "", "");
        check(set, "nothing to hide", "nothing to hide");
        check(set, "hunter2", "<secret>");
        check(set, "a hunter2 b hunter2", "a <secret> b <secret>");
        check(set, "hunter2hunter2", "<secret><secret>");
        check(set, "hhunter2", "h<secret>");
        check(set, "hunter", "hunter"); /* the start of one is none */
        check(set, "hunter3 Hunter2", "hunter3 Hunter2");
        check(set, "a\nkey\nwith\nlines\nb", "a\n<secret>\nb");
        check(set, "t\xff\x01okens", "<secret>");
        check(NULL, "hunter2", "hunter2");

        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(redact(set, SPAN("\0hunter2\0"), &out), 0);
        assert_int_equal(out.len, 10);
        assert_memory_equal(out.data, "\0<secret>\0", 10);
}

static void test_overlap(void **state UNUSED)
{
        SET_OF(set, "abcdefgh", "efghijkl", "abcdef", "klmnop", "aaaaaa", "xx-abcdef-yy");

        check(set, "abcdefghijkl", "<secret>");       /* no tail of the second is left */
        check(set, "abcdefghijklmnop!", "<secret>!"); /* a chain of three */
        check(set, "abcdef", "<secret>");
        check(set, "abcdefg", "<secret>g"); /* the shorter of two */
        check(set, "abcdefgh", "<secret>");
        check(set, "xx-abcdef-yy", "<secret>"); /* nested */
        check(set, "xx-abcdef-zz", "xx-<secret>-zz");
        check(set, "aaaaaaa", "<secret>");
        check(set, "aaaaa", "aaaaa");
        check(set, "aaaaaaaaaaaaabcdefgh", "<secret>");
}

static void test_full(void **state UNUSED)
{
        SET_OF(set, "hunter2");
        CLEANUP(buf_done) Buf out = BUF_INIT(12);

        assert_int_equal(buf_append_str(&out, "x"), 0);
        assert_int_equal(redact(set, SPAN("hunter2 and more"), &out), -ENOBUFS);
        assert_string_equal(out.data, "x");
        assert_int_equal(redact(set, SPAN("abcd hunter2"), &out), -ENOBUFS);
        assert_string_equal(out.data, "x");
        CLEANUP(buf_done) Buf none = BUF_INIT(0);
        assert_int_equal(redact(set, SPAN("h"), &none), -ENOBUFS);
}

static void stream_check(RedactStream *s, const char *in, const char *want)
{
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(redact_stream_feed(s, span_of(in), &out), 0);
        assert_string_equal(buf_text(&out), want);
}

static void flush_check(RedactStream *s, const char *want)
{
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(redact_stream_flush(s, &out), 0);
        assert_string_equal(buf_text(&out), want);
        assert_int_equal(s->len, 0);
}

static void test_stream(void **state UNUSED)
{
        SET_OF(set, "hunter2", "hunter2-and-a-long-rest");
        CLEANUP(redact_stream_done) RedactStream s;

        redact_stream_init(&s, set);
        stream_check(&s, "a line\n", "a line\n"); /* not kept back without need */
        stream_check(&s, "pass hun", "pass ");
        stream_check(&s, "", "");
        stream_check(&s, "ter2", ""); /* a longer one may come */
        stream_check(&s, "\n", "<secret>\n");
        stream_check(&s, "hunt", "");
        stream_check(&s, "ing\n", "hunting\n");
        stream_check(&s, "hunter2-and-a-long", "");
        stream_check(&s, "-rest!", "<secret>!");
        stream_check(&s, "hunter2-and-a-long-lie!", "<secret>-and-a-long-lie!");

        stream_check(&s, "hunte", "");
        flush_check(&s, "hunte"); /* too short to tell anything */
        stream_check(&s, "hunter", "");
        flush_check(&s, "<secret>"); /* nearly all of it */
        stream_check(&s, "hunter2-and", "");
        flush_check(&s, "<secret>");
        flush_check(&s, "");
        stream_check(&s, "end", "end");
}

static void test_stream_swap(void **state UNUSED)
{
        SET_OF(one, "hunter2");
        SET_OF(two, "hunter22");
        CLEANUP(redact_stream_done) RedactStream s;

        redact_stream_init(&s, NULL);
        stream_check(&s, "hunter2", "hunter2"); /* no set hides nothing */
        redact_stream_swap(&s, one);
        stream_check(&s, "hunter", "");
        redact_stream_swap(&s, two);
        stream_check(&s, "2", "");
        stream_check(&s, "2", "<secret>");
        stream_check(&s, "hunter", "");
        redact_stream_swap(&s, NULL);
        stream_check(&s, "3", "hunter3");
}

static void test_stream_full(void **state UNUSED)
{
        SET_OF(set, "hunter2");
        CLEANUP(redact_stream_done) RedactStream s;
        CLEANUP(buf_done) Buf small = BUF_INIT(4);

        redact_stream_init(&s, set);
        stream_check(&s, "hunt", "");
        assert_int_equal(redact_stream_feed(&s, SPAN("er2"), &small), -ENOBUFS);
        assert_int_equal(small.len, 0);
        stream_check(&s, "er2", "<secret>"); /* nothing was taken before */
}

/* The plain definition: every byte of every occurrence is hidden, and a mark
 * stands for each stretch that overlapping occurrences make. */
static void naive(const char *const *secrets, Span in, Buf *out)
{
        size_t end = 0;
        for (size_t i = 0; i < in.len; i++) {
                size_t n = 0;
                for (const char *const *s = secrets; *s; s++)
                        if (span_starts(span_skip(in, i), span_of(*s)))
                                n = MAX(n, strlen(*s));
                if (n && i >= end)
                        assert_int_equal(buf_append_str(out, REDACT_MARK), 0);
                else if (!n && i >= end)
                        assert_int_equal(buf_append_char(out, in.ptr[i]), 0);
                end = MAX(end, i + n);
        }
}

static void test_random(void **state UNUSED)
{
        static const char *const secrets[] = {"aaaaaa",    "abaaba",     "aabbaabb", "b\nabab",
                                              "abaabaaba", "bbbbbbbbbb", NULL};
        SET_OF(set, "aaaaaa", "abaaba", "aabbaabb", "b\nabab", "abaabaaba", "bbbbbbbbbb");
        SeededRandom random;

        random_init_seed(&random, 3);
        for (int round = 0; round < 3000; round++) {
                CLEANUP(buf_done)
                Buf in = BUF_INIT(BUF_CAP_NONE), want = BUF_INIT(BUF_CAP_NONE), got = BUF_INIT(BUF_CAP_NONE),
                    cut = BUF_INIT(BUF_CAP_NONE);
                CLEANUP(redact_stream_done) RedactStream s;

                for (size_t n = random_below(&random.random, 200); n > 0; n--)
                        assert_int_equal(
                                buf_append_char(&in, "aaaaabbbbb\n"[random_below(&random.random, 11)]), 0);
                assert_int_equal(buf_append_char(&in, '.'), 0);
                naive(secrets, buf_span(&in), &want);
                assert_int_equal(redact(set, buf_span(&in), &got), 0);
                assert_string_equal(got.data, want.data);

                redact_stream_init(&s, set);
                for (Span rest = buf_span(&in); rest.len;) {
                        size_t n = 1 + random_below(&random.random, 7);
                        assert_int_equal(redact_stream_feed(&s, span_first(rest, n), &cut), 0);
                        assert_true(s.len < 10); /* under the longest */
                        rest = span_skip(rest, n);
                }
                assert_int_equal(s.len, 0); /* no secret begins with '.' */
                assert_string_equal(cut.data, want.data);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_set),         cmocka_unit_test(test_whole),
                cmocka_unit_test(test_overlap),     cmocka_unit_test(test_full),
                cmocka_unit_test(test_stream),      cmocka_unit_test(test_stream_swap),
                cmocka_unit_test(test_stream_full), cmocka_unit_test(test_random),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
