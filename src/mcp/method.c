/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/json.h"
#include "mcp/method.h"

enum { SLOTS = 128, SHORTEST = 4, LONGEST = 40 };

const McpMethodRow mcp_method_table[_MCP_METHOD_MAX] = {
#define M(id, name, request, sender, eras, capability, route) \
        {(name), (request), MCP_FROM_##sender, (eras), MCP_CAN_##capability, MCP_ROUTE_##route},
        MCP_METHODS(M)
#undef M
};

static const uint8_t lengths[_MCP_METHOD_MAX] = {
#define M(id, name, request, sender, eras, capability, route) sizeof(name) - 1,
        MCP_METHODS(M)
#undef M
};

/* Each name has a slot of its own: what stands in it is one more than the method. A compiler cannot work
 * out slot_of() of a name for an initializer; `test-mcp-method --print` does, and says when two names meet.
 */
#define S(slot, id) [slot] = MCP_METHOD_##id + 1
static const uint8_t slots[SLOTS] = {
        S(2, RESOURCES_LIST),
        S(3, INITIALIZED),
        S(8, ELICIT_COMPLETE),
        S(9, RESOURCE_UPDATED),
        S(11, TASKS_GET),
        S(14, TASKS_RESULT),
        S(23, RESOURCES_SUBSCRIBE),
        S(26, ROOTS_LIST),
        S(28, TASKS_LIST),
        S(34, RESOURCES_READ),
        S(40, TEMPLATES_LIST),
        S(42, TOOLS_LIST),
        S(45, CANCELLED),
        S(48, TASK_STATUS),
        S(52, ROOTS_CHANGED),
        S(54, PROMPTS_CHANGED),
        S(55, DISCOVER),
        S(57, PROMPTS_GET),
        S(58, SET_LEVEL),
        S(64, LISTEN),
        S(70, RESOURCES_CHANGED),
        S(79, COMPLETE),
        S(80, TOOLS_CHANGED),
        S(84, TASKS_UPDATE),
        S(93, RESOURCES_UNSUBSCRIBE),
        S(94, TASKS_CANCEL),
        S(96, INITIALIZE),
        S(100, PROMPTS_LIST),
        S(102, PROGRESS),
        S(104, ELICIT),
        S(106, ACKNOWLEDGED),
        S(107, MESSAGE),
        S(110, PING),
        S(122, TOOLS_CALL),
        S(126, CREATE_MESSAGE),
};
#undef S

static unsigned slot_of(Span name)
{
        unsigned middle = (uint8_t)name.ptr[name.len / 2 - 2], last = (uint8_t)name.ptr[name.len - 1];
        return ((unsigned)name.len + 14 * middle + 38 * last) % SLOTS;
}

McpMethod mcp_method_of(Span value)
{
        char room[LONGEST + 1];
        Span name;
        if (!jspan_text(value, room, sizeof(room), &name) || name.len < SHORTEST || name.len > LONGEST)
                return MCP_METHOD_OTHER;
        unsigned taken = slots[slot_of(name)];
        if (taken == 0 || lengths[taken - 1] != name.len ||
            memcmp(mcp_method_table[taken - 1].name, name.ptr, name.len) != 0)
                return MCP_METHOD_OTHER;
        return (McpMethod)(taken - 1);
}

const char *mcp_method_name(McpMethod m)
{
        assert(m >= 0 && m <= MCP_METHOD_OTHER);
        return m == MCP_METHOD_OTHER ? "other" : mcp_method_table[m].name;
}
