/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "gateway/head-memo.h"

static HttpRequest request(const char *token)
{
        HttpRequest r = {.method = HTTP_POST};
        r.headers[HTTP_HEADER_HOST] = SPAN("localhost:7780");
        r.headers[HTTP_HEADER_ACCEPT] = SPAN("application/json, text/event-stream");
        r.headers[HTTP_HEADER_CONTENT_TYPE] = SPAN("application/json");
        if (token)
                r.headers[HTTP_HEADER_AUTHORIZATION] = span_of(token);
        return r;
}

static void test_the_same(void **state UNUSED)
{
        HeadMemo m = {0};
        HttpRequest a = request("Bearer x"), b = request("Bearer x");
        assert_false(head_memo_knows(&m, &a, 0));
        assert_false(head_memo_knows(&m, &a, 1));
        head_memo_take(&m, &a, 1);
        assert_true(head_memo_knows(&m, &b, 1));
        head_memo_clear(&m);
        assert_false(head_memo_knows(&m, &b, 1));
}

/* A reload may have taken the token away. */
static void test_another_configuration(void **state UNUSED)
{
        HeadMemo m = {0};
        HttpRequest r = request("Bearer x");
        head_memo_take(&m, &r, 7);
        assert_false(head_memo_knows(&m, &r, 8));
        assert_true(head_memo_knows(&m, &r, 7));
}

static void test_each_header_counts(void **state UNUSED)
{
        static const HttpHeaderId ids[] = {HTTP_HEADER_HOST,          HTTP_HEADER_ORIGIN,
                                           HTTP_HEADER_AUTHORIZATION, HTTP_HEADER_ACCEPT,
                                           HTTP_HEADER_CONTENT_TYPE,  HTTP_HEADER_CONTENT_ENCODING};
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                HeadMemo m = {0};
                HttpRequest r = request("Bearer x");
                head_memo_take(&m, &r, 1);
                r.headers[ids[i]] = SPAN("other");
                assert_false(head_memo_knows(&m, &r, 1));
                r = request("Bearer x");
                r.headers[ids[i]] = SPAN_NONE;
                assert_int_equal(head_memo_knows(&m, &r, 1), !request("Bearer x").headers[ids[i]].ptr);
                r = request("Bearer x");
                r.more = 1u << ids[i];
                assert_false(head_memo_knows(&m, &r, 1));
        }
}

/* The bytes of two headers may be those of two others. */
static void test_where_one_ends(void **state UNUSED)
{
        HeadMemo m = {0};
        HttpRequest a = request(NULL), b = request(NULL);
        a.headers[HTTP_HEADER_ORIGIN] = SPAN("ab");
        a.headers[HTTP_HEADER_AUTHORIZATION] = SPAN("c");
        b.headers[HTTP_HEADER_ORIGIN] = SPAN("a");
        b.headers[HTTP_HEADER_AUTHORIZATION] = SPAN("bc");
        head_memo_take(&m, &a, 1);
        assert_true(head_memo_knows(&m, &a, 1));
        assert_false(head_memo_knows(&m, &b, 1));
}

static void test_empty_is_not_absent(void **state UNUSED)
{
        HeadMemo m = {0};
        HttpRequest a = request(""), b = request(NULL);
        head_memo_take(&m, &a, 1);
        assert_true(head_memo_knows(&m, &a, 1));
        assert_false(head_memo_knows(&m, &b, 1));
}

static void test_what_is_not_kept(void **state UNUSED)
{
        static char longest[HEAD_MEMO_ROOM + 1];
        HeadMemo m = {0};
        memset(longest, 'x', HEAD_MEMO_ROOM);
        HttpRequest r = request(longest);
        head_memo_take(&m, &r, 1);
        assert_false(head_memo_knows(&m, &r, 1));
        r = request("Bearer x");
        r.more = 1u << HTTP_HEADER_ACCEPT;
        head_memo_take(&m, &r, 1);
        assert_false(head_memo_knows(&m, &r, 1));
        r.more = 0;
        assert_false(head_memo_knows(&m, &r, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_same),
                cmocka_unit_test(test_another_configuration),
                cmocka_unit_test(test_each_header_counts),
                cmocka_unit_test(test_where_one_ends),
                cmocka_unit_test(test_empty_is_not_absent),
                cmocka_unit_test(test_what_is_not_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
