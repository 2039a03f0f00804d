#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every method and notification of the protocol, one row each: its name, who
 * sends it, in which eras it exists, which capability it needs, and how a
 * client's request is routed. What has no row is unknown.
 */

#include "mcp/version.h"

typedef enum McpSender {
        MCP_FROM_CLIENT = 1,
        MCP_FROM_SERVER = 2,
        MCP_FROM_BOTH = 3,
} McpSender;

typedef enum McpRoute {
        MCP_ROUTE_HERE, /* answered by whoever stands between, or told to it */
        MCP_ROUTE_TOOL, /* to the server that has params.name as a tool */
        MCP_ROUTE_PROMPT,
        MCP_ROUTE_URI,  /* to the server that has params.uri */
        MCP_ROUTE_REF,  /* to the server of params.ref */
        MCP_ROUTE_NONE, /* known, and refused as unknown */
} McpRoute;

typedef enum McpCapability {
        MCP_CAN_NOTHING, /* none is needed */
        MCP_CAN_TOOLS,
        MCP_CAN_PROMPTS,
        MCP_CAN_RESOURCES,
        MCP_CAN_SUBSCRIBE, /* resources.subscribe */
        MCP_CAN_COMPLETIONS,
        MCP_CAN_LOGGING,
        MCP_CAN_TASKS,
        /* of clients */
        MCP_CAN_SAMPLING,
        MCP_CAN_ELICITATION,
        MCP_CAN_ROOTS,
        _MCP_CAPABILITY_MAX,
} McpCapability;

enum { MCP_L = 1, MCP_M = 2, MCP_LM = 3 }; /* eras in which it exists */

/* clang-format off */
/*        id, name, request?, sender, eras, capability, route */
#define MCP_METHODS(M)                                                                                   \
        M(INITIALIZE,            "initialize",                true,  CLIENT, MCP_L,  NOTHING,     HERE)   \
        M(DISCOVER,              "server/discover",           true,  CLIENT, MCP_M,  NOTHING,     HERE)   \
        M(PING,                  "ping",                      true,  BOTH,   MCP_L,  NOTHING,     HERE)   \
        M(TOOLS_LIST,            "tools/list",                true,  CLIENT, MCP_LM, TOOLS,       HERE)   \
        M(TOOLS_CALL,            "tools/call",                true,  CLIENT, MCP_LM, TOOLS,       TOOL)   \
        M(PROMPTS_LIST,          "prompts/list",              true,  CLIENT, MCP_LM, PROMPTS,     HERE)   \
        M(PROMPTS_GET,           "prompts/get",               true,  CLIENT, MCP_LM, PROMPTS,     PROMPT) \
        M(RESOURCES_LIST,        "resources/list",            true,  CLIENT, MCP_LM, RESOURCES,   HERE)   \
        M(TEMPLATES_LIST,        "resources/templates/list",  true,  CLIENT, MCP_LM, RESOURCES,   HERE)   \
        M(RESOURCES_READ,        "resources/read",            true,  CLIENT, MCP_LM, RESOURCES,   URI)    \
        M(RESOURCES_SUBSCRIBE,   "resources/subscribe",       true,  CLIENT, MCP_L,  SUBSCRIBE,   HERE)   \
        M(RESOURCES_UNSUBSCRIBE, "resources/unsubscribe",     true,  CLIENT, MCP_L,  SUBSCRIBE,   HERE)   \
        M(COMPLETE,              "completion/complete",       true,  CLIENT, MCP_LM, COMPLETIONS, REF)    \
        M(SET_LEVEL,             "logging/setLevel",          true,  CLIENT, MCP_L,  LOGGING,     HERE)   \
        M(LISTEN,                "subscriptions/listen",      true,  CLIENT, MCP_M,  NOTHING,     HERE)   \
        M(TASKS_GET,             "tasks/get",                 true,  BOTH,   MCP_LM, TASKS,       NONE)   \
        M(TASKS_LIST,            "tasks/list",                true,  BOTH,   MCP_L,  TASKS,       NONE)   \
        M(TASKS_RESULT,          "tasks/result",              true,  BOTH,   MCP_L,  TASKS,       NONE)   \
        M(TASKS_CANCEL,          "tasks/cancel",              true,  BOTH,   MCP_LM, TASKS,       NONE)   \
        M(TASKS_UPDATE,          "tasks/update",              true,  CLIENT, MCP_M,  TASKS,       NONE)   \
        M(CREATE_MESSAGE,        "sampling/createMessage",    true,  SERVER, MCP_L,  SAMPLING,    HERE)   \
        M(ELICIT,                "elicitation/create",        true,  SERVER, MCP_L,  ELICITATION, HERE)   \
        M(ROOTS_LIST,            "roots/list",                true,  SERVER, MCP_L,  ROOTS,       HERE)   \
        M(INITIALIZED,           "notifications/initialized", false, CLIENT, MCP_L,  NOTHING,     HERE)   \
        M(CANCELLED,             "notifications/cancelled",   false, BOTH,   MCP_LM, NOTHING,     HERE)   \
        M(PROGRESS,              "notifications/progress",    false, BOTH,   MCP_LM, NOTHING,     HERE)   \
        M(ROOTS_CHANGED,         "notifications/roots/list_changed",     false, CLIENT, MCP_L,  ROOTS,     HERE) \
        M(MESSAGE,               "notifications/message",     false, SERVER, MCP_LM, LOGGING,     HERE)   \
        M(TOOLS_CHANGED,         "notifications/tools/list_changed",     false, SERVER, MCP_LM, TOOLS,     HERE) \
        M(PROMPTS_CHANGED,       "notifications/prompts/list_changed",   false, SERVER, MCP_LM, PROMPTS,   HERE) \
        M(RESOURCES_CHANGED,     "notifications/resources/list_changed", false, SERVER, MCP_LM, RESOURCES, HERE) \
        M(RESOURCE_UPDATED,      "notifications/resources/updated",      false, SERVER, MCP_LM, SUBSCRIBE, HERE) \
        M(ELICIT_COMPLETE,       "notifications/elicitation/complete",   false, SERVER, MCP_L,  ELICITATION, HERE) \
        M(TASK_STATUS,           "notifications/tasks/status",           false, BOTH,   MCP_L,  TASKS,     NONE) \
        M(ACKNOWLEDGED,          "notifications/subscriptions/acknowledged", false, SERVER, MCP_M, NOTHING, HERE)
/* clang-format on */

typedef enum McpMethod {
#define M(id, name, request, sender, eras, capability, route) MCP_METHOD_##id,
        MCP_METHODS(M)
#undef M
                _MCP_METHOD_MAX,
        MCP_METHOD_OTHER = _MCP_METHOD_MAX, /* as a label */
} McpMethod;

typedef struct McpMethodRow {
        const char *name;
        bool request;
        McpSender sender;
        unsigned eras;
        McpCapability capability;
        McpRoute route;
} McpMethodRow;

extern const McpMethodRow mcp_method_table[_MCP_METHOD_MAX];

/* By the value of a method member (with its quotes; escapes are understood). MCP_METHOD_OTHER: unknown. */
McpMethod mcp_method_of(Span value);
/* "other" for MCP_METHOD_OTHER. */
const char *mcp_method_name(McpMethod m);
