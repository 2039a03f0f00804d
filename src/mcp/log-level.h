#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of notifications/message, the most verbose first. */

#include "base/span.h"

/* clang-format off */
#define MCP_LEVELS(L) \
        L(DEBUG, "debug") L(INFO, "info") L(NOTICE, "notice") L(WARNING, "warning") \
        L(ERROR, "error") L(CRITICAL, "critical") L(ALERT, "alert") L(EMERGENCY, "emergency")
/* clang-format on */

typedef enum McpLevel {
#define L(id, name) MCP_LEVEL_##id,
        MCP_LEVELS(L)
#undef L
                _MCP_LEVEL_MAX,
        _MCP_LEVEL_INVALID = -EINVAL,
} McpLevel;

/* By a value with its quotes. */
McpLevel mcp_level_of(Span value);
const char *mcp_level_name(McpLevel l);
