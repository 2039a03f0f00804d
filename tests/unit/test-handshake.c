/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "gateway/handshake.h"

typedef struct Row {
        const char *line;
        int want;
        const char *text; /* the version, or a part of the reason */
} Row;

#define RESULT(v) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"" v "\"}}"

static const Row rows[] = {
        {RESULT("2025-11-25"), HANDSHAKE_E_DONE, "2025-11-25"},
        {" " RESULT("2025-06-18") "\r", HANDSHAKE_E_DONE, "2025-06-18"},
        {RESULT("2025-03-26"), HANDSHAKE_E_DONE, "2025-03-26"},
        {RESULT("2024-11-05"), HANDSHAKE_E_DONE, "2024-11-05"},
        {RESULT("2026-07-28"), HANDSHAKE_E_REFUSED, "version 2026-07-28"},
        {RESULT(""), HANDSHAKE_E_REFUSED, "version "},
        {"{\"id\":1,\"result\":{}}", HANDSHAKE_E_REFUSED, "(none)"},
        {"{\"id\":1,\"result\":5}", HANDSHAKE_E_REFUSED, "(none)"},
        {"{\"id\":1,\"result\":{\"protocolVersion\":5}}", HANDSHAKE_E_REFUSED, "(none)"},
        {"{\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no key\"}}", HANDSHAKE_E_REFUSED,
         "-32000: no key"},
        {"{\"id\":null,\"error\":{\"code\":-32700}}", HANDSHAKE_E_REFUSED, "-32700: (no message)"},
        {"{\"error\":7}", HANDSHAKE_E_REFUSED, "error 0"},
        {"{\"id\":9,\"error\":{\"code\":1}}", HANDSHAKE_E_OTHER, NULL},
        {"{\"id\":2,\"result\":{\"protocolVersion\":\"2025-11-25\"}}", HANDSHAKE_E_OTHER, NULL},
        {"{\"id\":\"1\",\"result\":{\"protocolVersion\":\"2025-11-25\"}}", HANDSHAKE_E_OTHER, NULL},
        {"{\"result\":{\"protocolVersion\":\"2025-11-25\"}}", HANDSHAKE_E_OTHER, NULL},
        {"{\"method\":\"notifications/message\"}", HANDSHAKE_E_OTHER, NULL},
        {"{}", HANDSHAKE_E_OTHER, NULL},
        {"", HANDSHAKE_E_STRAY, NULL},
        {"Server running on stdio", HANDSHAKE_E_STRAY, NULL},
        {"[" RESULT("2025-11-25") "]", HANDSHAKE_E_STRAY, NULL},
        {"{\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\"}", HANDSHAKE_E_STRAY, NULL},
        {RESULT("2025-11-25") "x", HANDSHAKE_E_STRAY, NULL},
        {"{\"id\":1,\"id\":1,\"result\":{}}", HANDSHAKE_E_STRAY, NULL},
        {"{\"id\":1,\"result\":\"\xff\"}", HANDSHAKE_E_STRAY, NULL},
};

static void test_answers(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const Row *row = &rows[i];
                CLEANUP(handshake_answer_done) HandshakeAnswer a = HANDSHAKE_ANSWER_INIT;
                int r = handshake_read(span_of(row->line), &a);
                assert_row(r == row->want, "%s gives %d", row->line, r);
                if (r == HANDSHAKE_E_DONE)
                        assert_string_equal(a.protocol, row->text);
                else
                        assert_string_equal(a.protocol, "");
                if (r == HANDSHAKE_E_REFUSED)
                        assert_row(strstr(buf_text(&a.why), row->text), "%s: %s", row->line,
                                   buf_text(&a.why));
        }
}

static void test_deep(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(handshake_answer_done) HandshakeAnswer a = HANDSHAKE_ANSWER_INIT;
        assert_int_equal(buf_append_str(&b, "{\"id\":1,\"result\":"), 0);
        for (int i = 0; i < 100000; i++)
                assert_int_equal(buf_append_char(&b, '['), 0);
        assert_int_equal(handshake_read(buf_span(&b), &a), HANDSHAKE_E_STRAY);
}

static void test_result_is_kept(void **state UNUSED)
{
        char version[HANDSHAKE_PROTOCOL] = "untouched";
        CLEANUP(handshake_answer_done) HandshakeAnswer a = HANDSHAKE_ANSWER_INIT;
        Span line = SPAN(
                "{\"result\":{\"serverInfo\":{\"name\":\"x\"},\"protocolVersion\":\"2025-06-18\"},\"id\":1}");
        assert_int_equal(handshake_read(line, &a), HANDSHAKE_E_DONE);
        assert_span_equal(buf_span(&a.result),
                          SPAN("{\"serverInfo\":{\"name\":\"x\"},\"protocolVersion\":\"2025-06-18\"}"));
        assert_false(handshake_protocol_of(SPAN("{\"a\":1}"), version));
        assert_false(handshake_protocol_of(SPAN("{\"protocolVersion\":\"1\"}"), version));
        assert_false(handshake_protocol_of(SPAN("rubbish"), version));
        assert_false(handshake_protocol_of(SPAN(""), version));
        assert_string_equal(version, "untouched");
        assert_true(handshake_protocol_of(buf_span(&a.result), version));
        assert_string_equal(version, "2025-06-18");
}

static void test_lines(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(handshake_request(&b), 0);
        assert_int_equal(span_find(buf_span(&b), '\n'), b.len - 1);
        assert_non_null(strstr(b.data, "\"method\":\"initialize\""));
        assert_non_null(strstr(b.data, "\"protocolVersion\":\"2025-11-25\""));
        buf_clear(&b);
        assert_int_equal(handshake_initialized(&b), 0);
        assert_span_equal(buf_span(&b),
                          SPAN("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_deep),
                cmocka_unit_test(test_result_is_kept),
                cmocka_unit_test(test_lines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
