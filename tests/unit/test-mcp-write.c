/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "support/test.h"

#include "jsonrpc/envelope.h"
#include "mcp/write.h"
#include "support/oom.h"

#define US "{\"name\":\"mcpvisor\",\"title\":\"mcpvisor\",\"version\":\"" PACKAGE_VERSION "\"}"

#define WRITTEN(b) CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE)

static void assert_text(Buf *b, int r, const char *want)
{
        assert_int_equal(r, 0);
        assert_string_equal(buf_text(b), want);
        buf_clear(b);
}

static void test_error(void **state UNUSED)
{
        WRITTEN(b);
        assert_text(&b, mcp_write_error(&b, &(McpErrorArgs){.id = SPAN("7"), .error = RPC_ERROR_PARSE}),
                    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32700,\"message\":\"Parse error\"}}");
        assert_text(&b, mcp_write_error(&b, &(McpErrorArgs){.error = RPC_ERROR_INVALID_REQUEST}),
                    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"Invalid Request\"}}");
        assert_text(&b, mcp_write_error(&b, &(McpErrorArgs){.null_id = true, .error = RPC_ERROR_INTERNAL}),
                    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"Internal "
                    "error\"}}");
        assert_text(&b,
                    mcp_write_error(&b, &(McpErrorArgs){.id = SPAN("\"\\u0041\""),
                                                        .null_id = true,
                                                        .error = RPC_ERROR_UNSUPPORTED_VERSION,
                                                        .message = "no \"such\"\n",
                                                        .data = SPAN("{\"supported\":[]}")}),
                    "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"error\":{\"code\":-32022,\"message\":\"no "
                    "\\\"such\\\"\\n\","
                    "\"data\":{\"supported\":[]}}}");
}

static void test_messages(void **state UNUSED)
{
        WRITTEN(b);
        assert_text(&b, mcp_write_result(&b, SPAN("-1"), SPAN("{}")),
                    "{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":{}}");
        assert_text(&b, mcp_write_request(&b, 9007199254740991, MCP_METHOD_PING, SPAN_NONE),
                    "{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,\"method\":\"ping\"}");
        assert_text(&b, mcp_write_request(&b, 1, MCP_METHOD_TOOLS_LIST, SPAN("{\"cursor\":\"\"}")),
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"\"}}");
        assert_text(&b, mcp_write_notification(&b, MCP_METHOD_INITIALIZED, SPAN_NONE),
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
        assert_text(
                &b, mcp_write_notification(&b, MCP_METHOD_CANCELLED, SPAN("{\"requestId\":3}")),
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":3}}");
}

static void test_greetings(void **state UNUSED)
{
        WRITTEN(b);
        assert_text(&b, mcp_write_initialize(&b, 1, MCP_LEGACY_NEWEST, SPAN("{\"roots\":{}}")),
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                    "\"2025-11-25\",\"capabilities\":{\"roots\":{}},\"clientInfo\":" US "}}");
        assert_text(&b, mcp_write_discover(&b, 2),
                    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server/discover\",\"params\":{\"_meta\":{"
                    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                    "\"io.modelcontextprotocol/clientCapabilities\":{},"
                    "\"io.modelcontextprotocol/clientInfo\":" US "}}}");
        assert_text(&b, mcp_write_welcome(&b, &(McpWelcome){.version = MCP_2024_11_05}),
                    "{\"protocolVersion\":\"2024-11-05\",\"capabilities\":{},\"serverInfo\":" US "}");
        assert_text(
                &b,
                mcp_write_welcome(&b, &(McpWelcome){.version = MCP_2025_11_25,
                                                    .can = MCP_CAN(TOOLS),
                                                    .server_info = SPAN("{\"name\":\"x\",\"version\":\"1\"}"),
                                                    .instructions = SPAN("\"do\"")}),
                "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{\"listChanged\":true}},"
                "\"serverInfo\":{\"name\":\"x\",\"version\":\"1\"},\"instructions\":\"do\"}");
}

/* All that we write is what our own scanner takes. */
static void test_scanned(void **state UNUSED)
{
        WRITTEN(b);
        const EnvelopeLimits limits = {64, 64};
        Envelope e;
        for (RpcError error = 0; error < _RPC_ERROR_MAX; error++) {
                assert_int_equal(mcp_write_error(&b, &(McpErrorArgs){.id = SPAN("1"), .error = error}), 0);
                assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
                assert_int_equal(e.kind, ENVELOPE_ERROR);
                buf_clear(&b);
        }
        for (McpMethod m = 0; m < _MCP_METHOD_MAX; m++) {
                bool request = mcp_method_table[m].request;
                int r = request ? mcp_write_request(&b, 1, m, SPAN_NONE)
                                : mcp_write_notification(&b, m, SPAN_NONE);
                assert_int_equal(r, 0);
                assert_int_equal(envelope_scan(b.data, b.len, &limits, &e), 0);
                assert_int_equal(e.kind, request ? ENVELOPE_REQUEST : ENVELOPE_NOTIFICATION);
                assert_int_equal(mcp_method_of(envelope_member(&e, MEMBER_METHOD)), m);
                buf_clear(&b);
        }
}

/* Without room: what stood there before, and nothing of the message. */
static void test_full(void **state UNUSED)
{
        WRITTEN(b);
        assert_int_equal(mcp_write_discover(&b, 1), 0);
        size_t n = b.len;
        for (size_t cap = 0; cap < n; cap++) {
                CLEANUP(buf_done) Buf small = BUF_INIT(cap + 1);
                assert_int_equal(buf_append_char(&small, '<'), 0);
                assert_int_equal(mcp_write_discover(&small, 1), -ENOBUFS);
                assert_string_equal(buf_text(&small), "<");
                assert_int_equal(small.len, 1);
        }
}

static int write_each(void *arg UNUSED)
{
        WRITTEN(b);
        const McpWelcome welcome = {.version = MCP_2025_11_25, .can = MCP_CAN(TOOLS)};
        int r = mcp_write_welcome(&b, &welcome);
        if (r < 0)
                assert_int_equal(b.len, 0);
        return r;
}

static void test_oom(void **state UNUSED)
{
        (void)oom_each(write_each, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_error),     cmocka_unit_test(test_messages),
                cmocka_unit_test(test_greetings), cmocka_unit_test(test_scanned),
                cmocka_unit_test(test_full),      cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
