/* SPDX-License-Identifier: Apache-2.0 */
#include "mcp/version.h"

const McpVersionRow mcp_version_table[_MCP_VERSION_MAX] = {
#define V(id, text, era, has) {(text), MCP_##era, (has)},
        MCP_VERSIONS(V)
#undef V
};

McpVersion mcp_version_of(Span text)
{
        for (int v = 0; v < _MCP_VERSION_MAX; v++)
                if (span_equal(text, span_of(mcp_version_table[v].text)))
                        return (McpVersion)v;
        return _MCP_VERSION_INVALID;
}

McpVersion mcp_version_negotiate(Span text)
{
        McpVersion v = mcp_version_of(text);
        return v >= 0 && mcp_version_table[v].era == MCP_LEGACY ? v : MCP_LEGACY_NEWEST;
}
