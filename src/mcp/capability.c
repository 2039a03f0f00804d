/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "jsonrpc/json.h"
#include "mcp/capability.h"

typedef struct Row {
        const char *name;
        McpCapability can;
        bool listens; /* it has lists, which may change */
} Row;

/* In the order in which they are written. */
static const Row of_server[] = {
        {"tools", MCP_CAN_TOOLS, true},         {"prompts", MCP_CAN_PROMPTS, true},
        {"resources", MCP_CAN_RESOURCES, true}, {"completions", MCP_CAN_COMPLETIONS, false},
        {"logging", MCP_CAN_LOGGING, false},    {"tasks", MCP_CAN_TASKS, false},
        {NULL, MCP_CAN_NOTHING, false},
};

static const Row of_client[] = {
        {"sampling", MCP_CAN_SAMPLING, false}, {"elicitation", MCP_CAN_ELICITATION, false},
        {"roots", MCP_CAN_ROOTS, false},       {"tasks", MCP_CAN_TASKS, false},
        {NULL, MCP_CAN_NOTHING, false},
};

static McpCapabilities can_of(const Row *rows, Span object)
{
        McpCapabilities can = 0;
        for (; rows->name; rows++)
                if (jspan_type(jspan_member(object, rows->name)) == JSPAN_OBJECT)
                        can |= 1U << rows->can;
        return can;
}

McpCapabilities mcp_server_can(Span object)
{
        McpCapabilities can = can_of(of_server, object);
        if (jspan_true(jspan_member(jspan_member(object, "resources"), "subscribe")))
                can |= MCP_CAN(SUBSCRIBE);
        return can;
}

McpCapabilities mcp_client_can(Span object)
{
        return can_of(of_client, object);
}

int mcp_write_server_can(Buf *b, McpCapabilities can)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        for (const Row *row = of_server; row->name; row++) {
                if (!(can & (1U << row->can)) || row->can == MCP_CAN_TASKS)
                        continue;
                json_write_key(&w, row->name);
                json_write_object(&w);
                if (row->listens) {
                        json_write_key(&w, "listChanged");
                        json_write_bool(&w, true);
                }
                if (row->can == MCP_CAN_RESOURCES && (can & MCP_CAN(SUBSCRIBE))) {
                        json_write_key(&w, "subscribe");
                        json_write_bool(&w, true);
                }
                json_write_object_end(&w);
        }
        json_write_object_end(&w);
        return json_write_done(&w);
}
