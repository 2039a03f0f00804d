/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/json.h"
#include "mcp/log-level.h"

static const char *const names[_MCP_LEVEL_MAX] = {
#define L(id, name) name,
        MCP_LEVELS(L)
#undef L
};

McpLevel mcp_level_of(Span value)
{
        for (int l = 0; l < _MCP_LEVEL_MAX; l++)
                if (jspan_is(value, names[l]))
                        return (McpLevel)l;
        return _MCP_LEVEL_INVALID;
}

const char *mcp_level_name(McpLevel l)
{
        assert(l >= 0 && l < _MCP_LEVEL_MAX);
        return names[l];
}
