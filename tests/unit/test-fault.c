/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/utf8.h"
#include "control/server-state.h"
#include "gateway/fault.h"
#include "jsonrpc/envelope.h"

static const FaultArgs nothing = {
        .fault = FAULT_DRAINING, .retry_after_ms = UINT64_MAX, .exit_class = -1, .code = -1};

static const FaultArgs everything = {
        .fault = FAULT_SERVER_DIED,
        .server = "fs",
        .retry_after_ms = 1200,
        .exit_class = EXIT_CLASS_SIGNAL,
        .code = -1,
        .signal = 9,
        .stderr_lines = {"last \"lines\"\n\nof it\r\n", 20},
        .correlation_id = {"r-1", 3},
};

/* CONTRACT, member by member, in its order. */
static void test_shape(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(fault_write(&b, SPAN("\"a\\u0041\""), &everything), 0);
        assert_string_equal(buf_text(&b),
                            "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\",\"error\":{\"code\":-32603,"
                            "\"message\":\"the server fs ended before it answered\",\"data\":{"
                            "\"source\":\"mcpvisor\",\"server\":\"fs\",\"reason\":\"server_died\","
                            "\"retry_after_ms\":1200,"
                            "\"exit\":{\"class\":\"signal\",\"code\":null,\"signal\":9},"
                            "\"stderr\":[\"last \\\"lines\\\"\",\"\",\"of it\\r\"],"
                            "\"correlation_id\":\"r-1\"}}}");
}

static void test_nothing_known(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(fault_write_data(&b, &nothing), 0);
        assert_string_equal(buf_text(&b), "{\"source\":\"mcpvisor\",\"server\":null,\"reason\":\"draining\","
                                          "\"retry_after_ms\":null,\"exit\":null,\"stderr\":null,"
                                          "\"correlation_id\":null}");
}

static void test_exit(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        FaultArgs a = everything;
        a.exit_class = EXIT_CLASS_CLEAN;
        a.code = 0;
        a.signal = 0;
        a.retry_after_ms = 0;
        a.stderr_lines = SPAN("no end");
        assert_int_equal(fault_write_data(&b, &a), 0);
        assert_non_null(strstr(buf_text(&b), "\"retry_after_ms\":0,"
                                             "\"exit\":{\"class\":\"clean\",\"code\":0,\"signal\":null},"
                                             "\"stderr\":[\"no end\"],"));
}

/* Every reason: a name of its own, and a message with and without a server in it. */
static void test_rows(void **state UNUSED)
{
        for (Fault f = 0; f < _FAULT_MAX; f++) {
                const char *name = fault_table[f].name;
                for (Fault g = 0; g < f; g++)
                        assert_string_not_equal(name, fault_table[g].name);
                for (int with = 0; with < 2; with++) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                        FaultArgs a = nothing;
                        Envelope e;
                        a.fault = f;
                        a.server = with ? "some-server" : NULL;
                        assert_int_equal(fault_write(&b, SPAN("7"), &a), 0);
                        const EnvelopeLimits limits = {.depth = 8, .id = 8};
                        assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
                        assert_int_equal(e.kind, ENVELOPE_ERROR);
                        assert_span_equal(envelope_member(&e, MEMBER_ERROR_CODE), SPAN("-32603"));
                        Span message = envelope_member(&e, MEMBER_ERROR_MESSAGE);
                        bool speaks = strstr(fault_table[f].text, "%s") != NULL;
                        assert_int_equal(span_find_span(message, SPAN("the server some-server")) <
                                                 message.len,
                                         with && speaks);
                        assert_row(span_find(message, '%') == message.len &&
                                           span_find_span(message, SPAN("  ")) == message.len,
                                   "%s: %.*s", name, (int)message.len, message.ptr);
                        assert_non_null(strstr(buf_text(&b), name));
                }
        }
}

/* What a server says on stderr may be any bytes. */
static void test_any_stderr(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (unsigned i = 0; i < 300; i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                char bytes[80];
                Envelope e;
                FaultArgs a = everything;
                size_t n = random_below(&random.random, sizeof(bytes));
                test_random_bytes(&random.random, bytes, n);
                a.stderr_lines = span_from(bytes, n);
                assert_int_equal(fault_write(&b, SPAN("7"), &a), 0);
                assert_int_equal(envelope_scan(b.data, b.len, &(EnvelopeLimits){.depth = 8, .id = 8}, &e), 0);
        }
}

static int write_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return fault_write(&b, SPAN("1"), &everything);
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(write_all, NULL) >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shape),      cmocka_unit_test(test_nothing_known),
                cmocka_unit_test(test_exit),       cmocka_unit_test(test_rows),
                cmocka_unit_test(test_any_stderr), cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
