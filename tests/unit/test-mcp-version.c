/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "mcp/version.h"

static void test_rows(void **state UNUSED)
{
        for (int v = 0; v < _MCP_VERSION_MAX; v++) {
                const McpVersionRow *row = &mcp_version_table[v];
                assert_row(strlen(row->text) == 10 && row->text[4] == '-' && row->text[7] == '-', "%s",
                           row->text);
                assert_row(mcp_version_of(span_of(row->text)) == (McpVersion)v, "%s", row->text);
                if (v == 0)
                        continue;
                assert_row(strcmp(mcp_version_table[v - 1].text, row->text) < 0, "%s: order", row->text);
                assert_row(mcp_version_table[v - 1].era <= row->era, "%s: era", row->text);
        }
        assert_int_equal(mcp_version_table[MCP_LEGACY_NEWEST].era, MCP_LEGACY);
        assert_int_equal(mcp_version_table[MCP_LEGACY_NEWEST + 1].era, MCP_MODERN);
        assert_int_equal(MCP_MODERN_NEWEST, _MCP_VERSION_MAX - 1);
        assert_int_equal(mcp_version_table[MCP_MODERN_NEWEST].era, MCP_MODERN);
}

static void test_of(void **state UNUSED)
{
        static const Span unknown[] = {{NULL, 0},          {"", 0},
                                       {"2025-11-2", 9},   {"2025-11-255", 11},
                                       {"2024-10-07", 10}, {"\"2025-11-25\"", 12},
                                       {" 2025-11-25", 11}};
        assert_int_equal(mcp_version_of(SPAN("2025-11-25")), MCP_2025_11_25);
        assert_int_equal(mcp_version_of(SPAN("2026-07-28")), MCP_2026_07_28);
        for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
                assert_row(mcp_version_of(unknown[i]) == _MCP_VERSION_INVALID, "%zu", i);
}

static void test_negotiate(void **state UNUSED)
{
        assert_int_equal(mcp_version_negotiate(SPAN("2024-11-05")), MCP_2024_11_05);
        assert_int_equal(mcp_version_negotiate(SPAN("2025-03-26")), MCP_2025_03_26);
        assert_int_equal(mcp_version_negotiate(SPAN("2025-06-18")), MCP_2025_06_18);
        assert_int_equal(mcp_version_negotiate(SPAN("2025-11-25")), MCP_2025_11_25);
        assert_int_equal(mcp_version_negotiate(SPAN("2026-07-28")), MCP_2025_11_25);
        assert_int_equal(mcp_version_negotiate(SPAN("2024-10-07")), MCP_2025_11_25);
        assert_int_equal(mcp_version_negotiate(SPAN_NONE), MCP_2025_11_25);
}

/* What the revisions differ in, as the specification has it. */
static void test_has(void **state UNUSED)
{
        static const struct {
                McpVersion version;
                bool batch, header, priming, title, icons, null_id;
        } rows[] = {
                {MCP_2024_11_05, false, false, false, false, false, true},
                {MCP_2025_03_26, true, false, false, false, false, true},
                {MCP_2025_06_18, false, true, false, true, false, true},
                {MCP_2025_11_25, false, true, true, true, true, false},
                {MCP_2026_07_28, false, true, false, true, true, false},
        };
        assert_int_equal(ARRAY_SIZE(rows), _MCP_VERSION_MAX);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                McpVersion v = rows[i].version;
                const char *text = mcp_version_table[v].text;
                assert_row(mcp_has(v, MCP_HAS_BATCH) == rows[i].batch, "%s", text);
                assert_row(mcp_has(v, MCP_HAS_VERSION_HEADER) == rows[i].header, "%s", text);
                assert_row(mcp_has(v, MCP_HAS_PRIMING) == rows[i].priming, "%s", text);
                assert_row(mcp_has(v, MCP_HAS_TITLE) == rows[i].title, "%s", text);
                assert_row(mcp_has(v, MCP_HAS_ICONS) == rows[i].icons, "%s", text);
                assert_row(mcp_has(v, MCP_ERROR_NEEDS_ID) == rows[i].null_id, "%s", text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_of),
                cmocka_unit_test(test_negotiate),
                cmocka_unit_test(test_has),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
