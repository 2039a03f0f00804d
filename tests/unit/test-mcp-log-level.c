/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/log-level.h"

static void test_rows(void **state UNUSED)
{
        static const char *const verbose_first[] = {"debug", "info",     "notice", "warning",
                                                    "error", "critical", "alert",  "emergency"};
        assert_int_equal(ARRAY_SIZE(verbose_first), _MCP_LEVEL_MAX);
        for (int l = 0; l < _MCP_LEVEL_MAX; l++) {
                char quoted[16];
                assert_string_equal(mcp_level_name((McpLevel)l), verbose_first[l]);
                int n = snprintf(quoted, sizeof(quoted), "\"%s\"", verbose_first[l]);
                assert_int_equal(mcp_level_of(span_from(quoted, (size_t)n)), l);
        }
}

static void test_odd(void **state UNUSED)
{
        assert_int_equal(mcp_level_of(SPAN("\"\\u0069nfo\"")), MCP_LEVEL_INFO);
        assert_int_equal(mcp_level_of(SPAN("info")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN("\"INFO\"")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN("\"inf\"")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN("\"infos\"")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN("\"\"")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN("1")), _MCP_LEVEL_INVALID);
        assert_int_equal(mcp_level_of(SPAN_NONE), _MCP_LEVEL_INVALID);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_odd),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
