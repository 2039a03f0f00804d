/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "http/sse.h"

static void check_event(Span id, const Span *data, unsigned n, Span want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span parts[SSE_PARTS];
        unsigned k = sse_event(id, data, n, parts, SSE_PARTS);
        for (unsigned i = 0; i < k; i++)
                assert_int_equal(buf_append_span(&b, parts[i]), 0);
        assert_span_equal(buf_span(&b), want);
}

static void test_event(void **state UNUSED)
{
        Span data[] = {SPAN("{\"a\":"), SPAN("1"), SPAN(""), SPAN("}")};
        check_event(SPAN_NONE, data, 1, SPAN("data: {\"a\":\n\n"));
        check_event(SPAN_NONE, data, 4, SPAN("data: {\"a\":1}\n\n"));
        check_event(SPAN("7"), data, 4, SPAN("id: 7\ndata: {\"a\":1}\n\n"));
        check_event(SPAN("7"), NULL, 0, SPAN("id: 7\ndata: \n\n"));
        assert_span_equal(SSE_KEEPALIVE, SPAN(":\n\n"));
}

static void test_prime(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(sse_prime(&b, SPAN("s-1"), 1500), 0);
        assert_span_equal(buf_span(&b), SPAN("id: s-1\nretry: 1500\ndata: \n\n"));
        buf_clear(&b);
        assert_int_equal(sse_prime(&b, SPAN_NONE, 0), 0);
        assert_span_equal(buf_span(&b), SPAN("retry: 0\ndata: \n\n"));
}

/* All of it or nothing. */
static void test_no_room(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(20);
        assert_int_equal(buf_append_str(&b, "x"), 0);
        assert_int_equal(sse_prime(&b, SPAN("s-1"), 1500), -ENOBUFS);
        assert_span_equal(buf_span(&b), SPAN("x"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_event),
                cmocka_unit_test(test_prime),
                cmocka_unit_test(test_no_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
