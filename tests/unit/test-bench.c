/* SPDX-License-Identifier: Apache-2.0 */
/* What the benches of the gateway rely on: a measuring that does not see a wrong answer is worth nothing. */
#include "support/test.h"

#include "base/buf.h"
#include "bench/answer.h"
#include "bench/histogram.h"
#include "bench/member.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define RESULT                                                                                          \
        "{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"00000007abc\"}]},\"jsonrpc\":\"2.0\"," \
        "\"id\":12}"

static const Expected expected = {.id = 12, .tag = {"00000007", 8}, .payload = {"abc", 3}};

/* ---- an answer -------------------------------------------------------------------- */

/* Given more and more of the bytes, it is whole with the last one and not before. */
static void check_whole(const char *text, Answer *ret, char *bytes)
{
        size_t all = strlen(text), total = 0;
        for (size_t n = 0; n < all; n++) {
                memcpy(bytes, text, n);
                assert_int_equal(answer_parse(bytes, n, ret, &total), ANSWER_E_MORE);
                assert_true(total == 0 || total == all);
        }
        memcpy(bytes, text, all);
        assert_int_equal(answer_parse(bytes, all, ret, &total), 0);
        assert_int_equal(ret->total, all);
}

static void test_length(void **state UNUSED)
{
        char bytes[512];
        Answer a;
        check_whole(HEAD "Mcp-Session-Id: s1\r\ncontent-length: 5\r\n\r\nhello", &a, bytes);
        assert_int_equal(a.status, 200);
        assert_true(span_equal(a.body, SPAN("hello")) && span_equal(a.session, SPAN("s1")));
        assert_true(!a.sse && !a.close);
}

static void test_chunks(void **state UNUSED)
{
        char bytes[512];
        Answer a;
        check_whole(HEAD "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\nA\r\n, my "
                         "world\r\n0\r\n\r\n",
                    &a, bytes);
        assert_true(span_equal(a.body, SPAN("hello, my world")) && a.close);
}

static void test_no_body(void **state UNUSED)
{
        char bytes[512];
        Answer a;
        check_whole("HTTP/1.1 202 Accepted\r\n\r\n", &a, bytes);
        assert_int_equal(a.status, 202);
        assert_int_equal(a.body.len, 0);
}

static void test_broken(void **state UNUSED)
{
        static const char *const broken[] = {
                "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        };
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                char bytes[128];
                size_t total;
                Answer a;
                memcpy(bytes, broken[i], strlen(broken[i]));
                assert_int_equal(answer_parse(bytes, strlen(broken[i]), &a, &total), ANSWER_E_BROKEN);
        }
}

static int check_body(const char *body, bool sse)
{
        return answer_check(&(Answer){.status = 200, .sse = sse, .body = span_of(body)}, &expected);
}

static void test_check(void **state UNUSED)
{
        static const char *const wrong[] = {
                "{\"result\":{\"content\":[{\"text\":\"00000007abc\"}]},\"id\":13}",
                "{\"result\":{\"content\":[{\"text\":\"00000007abc\"}]},\"id\":120}",
                "{\"result\":{\"content\":[{\"text\":\"00000008abc\"}]},\"id\":12}",
                "{\"result\":{\"content\":[{\"text\":\"00000007abd\"}]},\"id\":12}",
                "{\"result\":{\"content\":[{\"text\":\"00000007abcd\"}]},\"id\":12}",
                "{\"result\":{\"content\":[{\"text\":\"00000007ab\"}]},\"id\":12}",
                "{\"result\":{\"content\":[{\"text\":\"00000007abc\"}],\"isError\":true},\"id\":12}",
                "{\"error\":{\"code\":-32603,\"message\":\"no\"},\"id\":12}",
                "",
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(check_body(wrong[i], false), ANSWER_E_BROKEN);
        assert_int_equal(check_body(RESULT, false), 0);
        assert_int_equal(
                check_body("{\"id\":12,\"result\":{\"content\":[{\"text\":\"00000007abc\"}]}}", false), 0);
        assert_int_equal(answer_check(&(Answer){.status = 503, .body = span_of(RESULT)}, &expected),
                         ANSWER_E_BROKEN);
}

static void test_events(void **state UNUSED)
{
        assert_int_equal(check_body("event: message\ndata: " RESULT "\n\n", true), 0);
        assert_int_equal(check_body("id: 1\ndata: \n\nid: 2\ndata: "
                                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
                                    "\"params\":{}}\n\ndata: " RESULT "\n\n",
                                    true),
                         0);
        assert_int_equal(check_body(": nothing\n\n", true), ANSWER_E_BROKEN);
        assert_int_equal(check_body("data: {\"error\":{},\"id\":12}\n\ndata: " RESULT "\n\n", true),
                         ANSWER_E_BROKEN);
}

static void test_fixed(void **state UNUSED)
{
        const Expected fixed = {.whole = SPAN("abc")};
        assert_int_equal(answer_check(&(Answer){.status = 200, .body = SPAN("abc")}, &fixed), 0);
        assert_int_equal(answer_check(&(Answer){.status = 200, .body = SPAN("abd")}, &fixed),
                         ANSWER_E_BROKEN);
}

/* ---- a histogram ------------------------------------------------------------------- */

static void test_quantiles(void **state UNUSED)
{
        static Histogram h;
        histogram_clear(&h);
        assert_true(histogram_quantile(&h, 0.5) == 0);
        for (uint64_t i = 1; i <= 100000; i++)
                histogram_add(&h, i * 1000);
        static const double quantiles[] = {0.01, 0.5, 0.99, 0.999};
        for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
                double true_value = quantiles[i] * 1e8, got = histogram_quantile(&h, quantiles[i]);
                assert_true(got > true_value * 0.984 && got < true_value * 1.016);
        }
        assert_int_equal(h.max, 100000000);
}

/* Each value lies in a cell whose middle is near it, up to the largest one there is. */
static void test_cells(void **state UNUSED)
{
        static Histogram h;
        for (unsigned shift = 0; shift < 64; shift++)
                for (uint64_t value = (uint64_t)1 << shift, i = 0; i < 3; i++, value += value / 3) {
                        histogram_clear(&h);
                        histogram_add(&h, value);
                        double got = histogram_quantile(&h, 0.5);
                        assert_true(got <= (double)value && got >= (double)value * 0.984);
                        if (value > UINT64_MAX / 4 * 3)
                                break;
                }
}

/* ---- a member of an object ----------------------------------------------------------- */

static void check_member(const char *object, const char *name, const char *value)
{
        Span got = member_of(span_of(object), name);
        assert_true(value ? span_equal(got, span_of(value)) : got.ptr == NULL);
}

static void test_member(void **state UNUSED)
{
        check_member("{\"a\":1,\"id\":12}", "id", "12");
        check_member(" { \"id\" : \"x\" , \"b\":2}", "id", "\"x\"");
        check_member("{\"a\":{\"id\":1},\"b\":[{\"id\":2}],\"id\":3}", "id", "3");
        check_member("{\"a\":\"\\\\\\\"id\\\":1}\",\"id\":{\"x\":[1,\"]}\"]}}", "id", "{\"x\":[1,\"]}\"]}");
        check_member("{\"a\":\"ends in \\\\\",\"id\":true}", "id", "true");
        check_member("{\"idx\":1,\"i\":2}", "id", NULL);
        check_member("{}", "id", NULL);
        check_member("[1]", "id", NULL);
        check_member("", "id", NULL);
        check_member("{\"id", "id", NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_length),  cmocka_unit_test(test_chunks),
                cmocka_unit_test(test_no_body), cmocka_unit_test(test_broken),
                cmocka_unit_test(test_check),   cmocka_unit_test(test_events),
                cmocka_unit_test(test_fixed),   cmocka_unit_test(test_quantiles),
                cmocka_unit_test(test_cells),   cmocka_unit_test(test_member),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
