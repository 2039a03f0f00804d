/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/capability.h"
#include "support/oom.h"

static void test_server(void **state UNUSED)
{
        static const struct {
                const char *text;
                McpCapabilities want;
        } rows[] = {
                {"{}", 0},
                {"{\"tools\":{}}", MCP_CAN(TOOLS)},
                {"{\"tools\":null,\"prompts\":true,\"logging\":[]}", 0},
                {"{\"prompts\":{\"listChanged\":true},\"logging\":{}}", MCP_CAN(PROMPTS) | MCP_CAN(LOGGING)},
                {"{\"resources\":{}}", MCP_CAN(RESOURCES)},
                {"{\"resources\":{\"subscribe\":false}}", MCP_CAN(RESOURCES)},
                {"{\"resources\":{\"subscribe\":\"true\"}}", MCP_CAN(RESOURCES)},
                {"{\"resources\":{\"subscribe\":true}}", MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE)},
                {"{ \"completions\" : { } , \"tasks\" : {\"list\":{}} }",
                 MCP_CAN(COMPLETIONS) | MCP_CAN(TASKS)},
                {"{\"sampling\":{},\"roots\":{}}", 0},
                {"[]", 0},
                {"\"tools\"", 0},
                {"null", 0},
                {"", 0},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(mcp_server_can(span_of(rows[i].text)) == rows[i].want, "%s", rows[i].text);
        assert_int_equal(mcp_server_can(SPAN_NONE), 0);
}

static void test_client(void **state UNUSED)
{
        assert_int_equal(mcp_client_can(SPAN("{\"sampling\":{},\"elicitation\":{\"url\":{}},\"tools\":{}}")),
                         MCP_CAN(SAMPLING) | MCP_CAN(ELICITATION));
        assert_int_equal(mcp_client_can(SPAN("{\"roots\":{\"listChanged\":true},\"tasks\":{}}")),
                         MCP_CAN(ROOTS) | MCP_CAN(TASKS));
        assert_int_equal(mcp_client_can(SPAN("{}")), 0);
        assert_int_equal(mcp_client_can(SPAN_NONE), 0);
}

static void assert_writes(McpCapabilities can, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(mcp_write_server_can(&b, can), 0);
        assert_string_equal(buf_text(&b), want);
}

static void test_write(void **state UNUSED)
{
        assert_writes(0, "{}");
        assert_writes(MCP_CAN(TOOLS), "{\"tools\":{\"listChanged\":true}}");
        assert_writes(MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE),
                      "{\"resources\":{\"listChanged\":true,\"subscribe\":true}}");
        assert_writes(MCP_CAN(SUBSCRIBE), "{}");
        assert_writes(MCP_CAN(TASKS) | MCP_CAN(ROOTS) | MCP_CAN(LOGGING), "{\"logging\":{}}");
        assert_writes(UINT32_MAX, "{\"tools\":{\"listChanged\":true},\"prompts\":{\"listChanged\":true},"
                                  "\"resources\":{\"listChanged\":true,\"subscribe\":true},"
                                  "\"completions\":{},\"logging\":{}}");
}

/* What is written reads back, but for tasks. */
static void test_round(void **state UNUSED)
{
        McpCapabilities all = MCP_CAN(TOOLS) | MCP_CAN(PROMPTS) | MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE) |
                              MCP_CAN(COMPLETIONS) | MCP_CAN(LOGGING);
        for (McpCapabilities can = 0; can <= all; can++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                if ((can & ~all) || ((can & MCP_CAN(SUBSCRIBE)) && !(can & MCP_CAN(RESOURCES))))
                        continue;
                assert_int_equal(mcp_write_server_can(&b, can), 0);
                assert_row(mcp_server_can(buf_span(&b)) == can, "%s", buf_text(&b));
        }
}

static int write_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return mcp_write_server_can(&b, UINT32_MAX);
}

static void test_oom(void **state UNUSED)
{
        (void)oom_each(write_all, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_server), cmocka_unit_test(test_client), cmocka_unit_test(test_write),
                cmocka_unit_test(test_round),  cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
