#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names under which tools and prompts of many servers are shown at one place:
 * [A-Za-z0-9_-], 64 bytes at most. What has to be changed or cut to fit gets a
 * hash of the whole, so that it is the same name in every life of ours. Pure.
 */

#include "base/span.h"

enum { MCP_NAME_MAX = 64, MCP_NAME_SIZE = MCP_NAME_MAX + 1 };

/* prefix + name. True when it had to be changed. */
bool mcp_name_exposed(Span prefix, Span name, char ret[static MCP_NAME_SIZE]);

/* '*' any run, '?' one byte, anything else itself; whole text, case matters. At worst as many steps as the
 * product of both lengths. */
bool mcp_glob(Span pattern, Span text) PURE;

typedef struct McpFilter {
        const Span *allow, *deny; /* borrowed patterns; allow NULL: there is no such list */
        size_t n_allow, n_deny;
} McpFilter;

/* deny wins. Without a list of what is allowed all is; an empty one allows nothing. */
bool mcp_filter(const McpFilter *f, Span name) PURE;
/* The same for what is known under two names: one that matches is enough, for deny too. */
bool mcp_filter_either(const McpFilter *f, Span a, Span b) PURE;
