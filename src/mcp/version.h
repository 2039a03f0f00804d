#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The revisions of the protocol, one row each, the oldest first, and what each one brings. */

#include "base/span.h"

typedef enum McpEra {
        MCP_LEGACY, /* initialize, sessions: to 2025-11-25 */
        MCP_MODERN, /* stateless: from 2026-07-28 */
        _MCP_ERA_MAX,
} McpEra;

enum {
        MCP_HAS_BATCH = 1,          /* arrays of messages may be received */
        MCP_HAS_VERSION_HEADER = 2, /* MCP-Protocol-Version after initialize */
        MCP_HAS_PRIMING = 4,        /* an event without data may open a stream */
        MCP_HAS_TITLE = 8,          /* title, structuredContent, elicitation, resource_link */
        MCP_HAS_ICONS = 16,
        MCP_ERROR_NEEDS_ID = 32, /* "id": null stands in an error to nobody */
};

/* clang-format off */
#define MCP_VERSIONS(V)                                                                            \
        V(2024_11_05, "2024-11-05", LEGACY, MCP_ERROR_NEEDS_ID)                                    \
        V(2025_03_26, "2025-03-26", LEGACY, MCP_HAS_BATCH | MCP_ERROR_NEEDS_ID)                    \
        V(2025_06_18, "2025-06-18", LEGACY, MCP_HAS_VERSION_HEADER | MCP_HAS_TITLE | MCP_ERROR_NEEDS_ID) \
        V(2025_11_25, "2025-11-25", LEGACY, MCP_HAS_VERSION_HEADER | MCP_HAS_PRIMING | MCP_HAS_TITLE | MCP_HAS_ICONS) \
        V(2026_07_28, "2026-07-28", MODERN, MCP_HAS_VERSION_HEADER | MCP_HAS_TITLE | MCP_HAS_ICONS)
/* clang-format on */

typedef enum McpVersion {
#define V(id, text, era, has) MCP_##id,
        MCP_VERSIONS(V)
#undef V
                _MCP_VERSION_MAX,
        _MCP_VERSION_INVALID = -EINVAL,
        MCP_LEGACY_NEWEST = MCP_2025_11_25,
        MCP_MODERN_NEWEST = MCP_2026_07_28,
        MCP_VERSION_ASSUMED = MCP_2025_03_26, /* of a client that names none */
} McpVersion;

typedef struct McpVersionRow {
        const char *text;
        McpEra era;
        unsigned has;
} McpVersionRow;

extern const McpVersionRow mcp_version_table[_MCP_VERSION_MAX];

/* The text without quotes. */
McpVersion mcp_version_of(Span text) PURE;
/* What `initialize` that asks for `text` is answered with: that one if it is legacy, else MCP_LEGACY_NEWEST.
 */
McpVersion mcp_version_negotiate(Span text) PURE;

static inline bool mcp_has(McpVersion v, unsigned what)
{
        return (mcp_version_table[v].has & what) != 0;
}
