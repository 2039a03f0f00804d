/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <wchar.h>

#include "base/buf.h"
#include "support/oom.h"

static void test_append(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_string_equal(buf_text(&b), "");
        assert_span_equal(buf_span(&b), SPAN_NONE);
        assert_int_equal(buf_append(&b, NULL, 0), 0);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(buf_append(&b, "ab\0", 3), 0);
        assert_int_equal(buf_append_span(&b, SPAN("cd")), 0);
        assert_int_equal(buf_append_span(&b, SPAN_NONE), 0);
        assert_int_equal(buf_append_str(&b, "ef"), 0);
        assert_int_equal(buf_append_char(&b, '\0'), 0);
        assert_int_equal(buf_appendf(&b, "<%d %s>", -7, "x"), 0);
        assert_int_equal(buf_appendf(&b, "%s", ""), 0);
        assert_span_equal(buf_span(&b), SPAN("ab\0cdef\0<-7 x>"));
        assert_int_equal(b.data[b.len], '\0');
}

static void test_random_pieces(void **state UNUSED)
{
        static char model[1 << 18];
        size_t len = 0;
        SeededRandom random;
        test_random_init(&random);
        CLEANUP(buf_done) Buf b = BUF_INIT(sizeof(model));
        for (int i = 0; i < 20000; i++) {
                char piece[300];
                size_t n = random_below(&random.random, sizeof(piece));
                test_random_bytes(&random.random, piece, n);
                bool drop = random_below(&random.random, 3) == 0;
                if (drop) {
                        n = random_below(&random.random, len + 1);
                        buf_consume(&b, n);
                        memmove(model, model + n, len - n);
                        len -= n;
                } else {
                        bool fits = n <= sizeof(model) - len;
                        assert_int_equal(buf_append(&b, piece, n), fits ? 0 : -ENOBUFS);
                        if (fits) {
                                memcpy(model + len, piece, n);
                                len += n;
                        }
                }
                assert_int_equal(b.len, len);
                assert_true(len == 0 || memcmp(b.data, model, len) == 0);
                assert_true(!b.data || b.data[len] == '\0');
        }
}

/* Up to the cap and not one more; a refusal leaves all as it was. */
static void test_cap(void **state UNUSED)
{
        for (size_t cap = 0; cap < 200; cap++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                for (size_t i = 0; i < cap; i++)
                        assert_int_equal(buf_append_char(&b, 'x'), 0);
                Buf before = b;
                char *room = NULL;
                assert_int_equal(buf_append_char(&b, 'y'), -ENOBUFS);
                assert_int_equal(buf_append(&b, "yy", 2), -ENOBUFS);
                assert_int_equal(buf_appendf(&b, "%d", 5), -ENOBUFS);
                assert_int_equal(buf_reserve(&b, 1, &room), -ENOBUFS);
                assert_int_equal(buf_append(&b, "", SIZE_MAX), -ENOBUFS);
                assert_null(room);
                assert_memory_equal(&b, &before, sizeof(b));
                assert_true(b.size <= cap + 1);
                assert_int_equal(buf_append(&b, "", 0), 0);
                assert_int_equal(b.len, cap);
        }
        CLEANUP(buf_done) Buf b = BUF_INIT(5);
        assert_int_equal(buf_appendf(&b, "%s", "123456"), -ENOBUFS);
        assert_int_equal(b.len, 0);
        assert_int_equal(buf_appendf(&b, "%s", "12345"), 0);
        assert_string_equal(buf_text(&b), "12345");
}

/* Lengths that would wrap around are refused even without a cap to speak of. */
static void test_overflow(void **state UNUSED)
{
        char *room = NULL;
        CLEANUP(buf_done) Buf b = BUF_INIT(SIZE_MAX);
        assert_int_equal(buf_reserve(&b, SIZE_MAX, &room), -ENOBUFS);
        assert_int_equal(buf_append_str(&b, "abc"), 0);
        assert_int_equal(buf_reserve(&b, SIZE_MAX - 3, &room), -ENOBUFS);
        assert_int_equal(buf_reserve(&b, SIZE_MAX - 2, &room), -ENOBUFS);
        assert_int_equal(buf_reserve(&b, SIZE_MAX, &room), -ENOBUFS);
        assert_null(room);
        assert_string_equal(buf_text(&b), "abc");
}

static void test_reserve(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        char *room = NULL;
        assert_int_equal(buf_reserve(&b, 500, &room), 0);
        assert_non_null(room);
        assert_string_equal(buf_text(&b), ""); /* a text at every moment */
        memset(room, 'a', 500);
        buf_commit(&b, 500);
        assert_int_equal(b.len, 500);
        assert_int_equal(b.data[500], '\0');
        assert_int_equal(buf_reserve(&b, 500, &room), 0);
        assert_ptr_equal(room, b.data + 500);
        buf_commit(&b, 0);
        memset(room, 'b', 500);
        buf_commit(&b, 500);
        assert_int_equal(strlen(buf_text(&b)), 1000);
        assert_int_equal(b.data[499], 'a');
        assert_int_equal(b.data[500], 'b');
}

/* What printf itself refuses: a wide character that the locale has not. */
static void test_bad_format(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        assert_int_equal(buf_append_str(&b, "abc"), 0);
        assert_int_equal(buf_appendf(&b, "x%lc", (wint_t)0x20ac), -EINVAL);
        assert_string_equal(buf_text(&b), "abc");
}

/* One byte at a time does not mean one allocation at a time. */
static void test_growth(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        oom_arm(0);
        for (int i = 0; i < 100000; i++)
                assert_int_equal(buf_append_char(&b, 'x'), 0);
        assert_in_range(oom_allocations(), 2, 25);
}

static void test_consume_clear(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        buf_consume(&b, 0); /* nothing was ever in it */
        buf_clear(&b);
        assert_int_equal(buf_append_str(&b, "hello world"), 0);
        buf_consume(&b, 6);
        assert_string_equal(buf_text(&b), "world");
        buf_consume(&b, 5);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(b.len, 0);
        assert_int_equal(buf_append_str(&b, "again"), 0);
        buf_clear(&b);
        assert_int_equal(b.len, 0);
        assert_string_equal(buf_text(&b), "");
        assert_true(b.size > 0);
}

static void test_steal(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(10);
        CLEANUP_FREE char *text = NULL, *empty = NULL;
        assert_int_equal(buf_append_str(&b, "abc"), 0);
        assert_int_equal(buf_steal(&b, &text), 0);
        assert_string_equal(text, "abc");
        assert_null(b.data);
        assert_int_equal(b.len + b.size, 0);
        assert_int_equal(b.cap, 10);
        assert_int_equal(buf_steal(&b, &empty), 0);
        assert_string_equal(empty, "");

        CLEANUP(buf_done) Buf none = BUF_INIT(0);
        CLEANUP_FREE char *nothing = NULL;
        assert_int_equal(buf_steal(&none, &nothing), 0);
        assert_string_equal(nothing, "");

        assert_int_equal(buf_append_str(&b, "x"), 0);
        buf_done(&b);
        assert_null(b.data);
        assert_int_equal(b.cap, 10);
}

static int use_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FREE char *text = NULL;
        char *room = NULL;
        Buf before = b;
        int r = buf_append_str(&b, "0123456789");
        if (r == 0) {
                before = b;
                r = buf_appendf(&b, "%0200d", 1);
        }
        if (r == 0) {
                before = b;
                r = buf_reserve(&b, 5000, &room);
                if (r < 0)
                        assert_null(room);
        }
        if (r == 0) {
                before = b;
                r = buf_append_span(&b, span_from(b.data, 0));
        }
        if (r < 0) {
                assert_memory_equal(&b, &before, sizeof(b));
                assert_true(!b.data || strlen(b.data) == b.len);
                return r;
        }
        buf_done(&b);
        r = buf_steal(&b, &text);
        if (r < 0)
                assert_null(text);
        return r;
}

static void test_oom(void **state UNUSED)
{
        assert_int_equal(oom_each(use_all, NULL), 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_append),  cmocka_unit_test(test_random_pieces),
                cmocka_unit_test(test_cap),     cmocka_unit_test(test_overflow),
                cmocka_unit_test(test_reserve), cmocka_unit_test(test_bad_format),
                cmocka_unit_test(test_growth),  cmocka_unit_test(test_consume_clear),
                cmocka_unit_test(test_steal),   cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
