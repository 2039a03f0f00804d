/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/wire.h"
#include "support/oom.h"

static int put_sample(Buf *b)
{
        int r = wire_put_u8(b, 0xab);
        r = r < 0 ? r : wire_put_u32(b, 0xdeadbeef);
        r = r < 0 ? r : wire_put_span(b, SPAN("a\0text"));
        r = r < 0 ? r : wire_put_u64(b, 0x0123456789abcdefULL);
        r = r < 0 ? r : wire_put_span(b, SPAN_NONE);
        return r < 0 ? r : wire_put_u8(b, 7);
}

enum { SAMPLE_SIZE = 1 + 4 + 4 + 6 + 8 + 4 + 1 };

static void test_round(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        assert_int_equal(put_sample(&b), 0);
        assert_int_equal(b.len, SAMPLE_SIZE);

        WireReader r = {.left = buf_span(&b)};
        assert_int_equal(wire_get_u8(&r), 0xab);
        assert_int_equal(wire_get_u32(&r), 0xdeadbeef);
        Span s = wire_get_span(&r);
        assert_span_equal(s, SPAN("a\0text"));
        assert_ptr_equal(s.ptr, b.data + 9); /* borrowed, not copied */
        assert_true(wire_get_u64(&r) == 0x0123456789abcdefULL);
        assert_int_equal(wire_get_span(&r).len, 0);
        assert_int_equal(wire_get_u8(&r), 7);
        assert_false(r.bad);
        assert_int_equal(r.left.len, 0);

        assert_int_equal(wire_get_u8(&r), 0);
        assert_true(r.bad);
}

/* Cut at every byte: what is whole reads well, then all is zero and bad stays. */
static void test_truncated(void **state UNUSED)
{
        static const size_t ends[] = {1, 5, 15, 23, 27, 28};
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        assert_int_equal(put_sample(&b), 0);
        for (size_t n = 0; n < b.len; n++) {
                char *cut = malloc(n ? n : 1); /* exact: a byte read past it is seen */
                assert_non_null(cut);
                memcpy(cut, b.data, n);
                WireReader r = {.left = span_from(cut, n)};
                assert_int_equal(wire_get_u8(&r), n >= ends[0] ? 0xab : 0);
                assert_int_equal(r.bad, n < ends[0]);
                assert_int_equal(wire_get_u32(&r), n >= ends[1] ? 0xdeadbeef : 0);
                assert_int_equal(r.bad, n < ends[1]);
                assert_span_equal(wire_get_span(&r), n >= ends[2] ? SPAN("a\0text") : SPAN_NONE);
                assert_int_equal(r.bad, n < ends[2]);
                assert_true(wire_get_u64(&r) == (n >= ends[3] ? 0x0123456789abcdefULL : 0));
                assert_int_equal(r.bad, n < ends[3]);
                assert_int_equal(wire_get_span(&r).len, 0);
                assert_int_equal(r.bad, n < ends[4]);
                assert_int_equal(wire_get_u8(&r), 0);
                assert_true(r.bad);
                free(cut);
        }
}

/* After a failure nothing is read, even what would fit. */
static void test_bad_sticks(void **state UNUSED)
{
        WireReader r = {.left = SPAN("\x01\x02\x03")};
        assert_int_equal(wire_get_u32(&r), 0);
        assert_true(r.bad);
        assert_int_equal(wire_get_u8(&r), 0);
        assert_int_equal(wire_get_span(&r).len, 0);
        assert_int_equal(r.left.len, 3);

        r = (WireReader){.left = SPAN("\x01"), .bad = true}; /* the caller's word */
        assert_int_equal(wire_get_u8(&r), 0);
}

static void test_lengths(void **state UNUSED)
{
        static const uint32_t lengths[] = {0, 3, 4, 5, 0x7fffffff, 0x80000000, UINT32_MAX};
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(100);
                assert_int_equal(wire_put_u32(&b, lengths[i]), 0);
                assert_int_equal(buf_append_str(&b, "1234"), 0);
                WireReader r = {.left = buf_span(&b)};
                Span s = wire_get_span(&r);
                assert_int_equal(r.bad, lengths[i] > 4);
                assert_int_equal(s.len, lengths[i] > 4 ? 0 : lengths[i]);
        }
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        Span huge = {"", (size_t)UINT32_MAX + 1}; /* never looked at */
        assert_int_equal(wire_put_span(&b, huge), -E2BIG);
        assert_int_equal(b.len, 0);
}

static int put_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        int r = 0;
        for (int i = 0; i < 8 && r == 0; i++)
                r = put_sample(&b);
        return r;
}

static void test_full(void **state UNUSED)
{
        assert_true(oom_each(put_all, NULL) >= 2);
        for (size_t cap = 0; cap < SAMPLE_SIZE; cap++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(put_sample(&b), -ENOBUFS);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round),      cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_bad_sticks), cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_full),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
