/* SPDX-License-Identifier: Apache-2.0 */
#include "docs.h"
#include "jsonrpc/error-code.h"
#include "mcp/method.h"

static const char *const senders[] = {
        [MCP_FROM_CLIENT] = "client",
        [MCP_FROM_SERVER] = "server",
        [MCP_FROM_BOTH] = "both",
};

static const char *const eras[] = {
        [MCP_L] = "legacy",
        [MCP_M] = "modern",
        [MCP_LM] = "both",
};

static const char *const capabilities[_MCP_CAPABILITY_MAX] = {
        [MCP_CAN_TOOLS] = "`tools`",
        [MCP_CAN_PROMPTS] = "`prompts`",
        [MCP_CAN_RESOURCES] = "`resources`",
        [MCP_CAN_SUBSCRIBE] = "`resources.subscribe`",
        [MCP_CAN_COMPLETIONS] = "`completions`",
        [MCP_CAN_LOGGING] = "`logging`",
        [MCP_CAN_TASKS] = "`tasks`",
        [MCP_CAN_SAMPLING] = "`sampling`",
        [MCP_CAN_ELICITATION] = "`elicitation`",
        [MCP_CAN_ROOTS] = "`roots`",
};

static const char *const routes[] = {
        [MCP_ROUTE_HERE] = "",
        [MCP_ROUTE_TOOL] = "the server that has the tool",
        [MCP_ROUTE_PROMPT] = "the server that has the prompt",
        [MCP_ROUTE_URI] = "the server that has the URI",
        [MCP_ROUTE_REF] = "the server of the reference",
        [MCP_ROUTE_NONE] = "nobody: it is refused",
};

static void write_revisions(FILE *f)
{
        fputs("## Revisions\n\n"
              "| Revision | Era |\n"
              "|---|---|\n",
              f);
        for (int v = 0; v < _MCP_VERSION_MAX; v++)
                fprintf(f, "| `%s` | %s |\n", mcp_version_table[v].text,
                        mcp_version_table[v].era == MCP_MODERN ? "modern" : "legacy");
}

static void write_methods(FILE *f, bool requests)
{
        fprintf(f,
                "\n## %s\n\n"
                "| Name | From | Era | Capability | Goes to |\n"
                "|---|---|---|---|---|\n",
                requests ? "Requests" : "Notifications");
        for (int m = 0; m < _MCP_METHOD_MAX; m++) {
                const McpMethodRow *row = &mcp_method_table[m];
                const char *capability = capabilities[row->capability];
                if (row->request == requests)
                        fprintf(f, "| `%s` | %s | %s | %s | %s |\n", row->name, senders[row->sender],
                                eras[row->eras], capability ? capability : "", routes[row->route]);
        }
}

static void write_errors(FILE *f)
{
        fputs("\n## Errors\n\n"
              "The HTTP status of an error of ours where nothing else decides. A message that is refused "
              "before "
              "it is\n"
              "routed, for what it is or for its headers, is answered 400 with any of them.\n\n"
              "| Code | Text | HTTP status |\n"
              "|---|---|---|\n",
              f);
        for (int e = 0; e < _RPC_ERROR_MAX; e++)
                fprintf(f, "| %d | %s | %d |\n", rpc_error_table[e].code, rpc_error_table[e].text,
                        rpc_error_table[e].http);
}

void docs_methods(FILE *f)
{
        fputs("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
              "<!-- Written by `make docs` from src/mcp/method.h, src/mcp/version.h and "
              "src/jsonrpc/error-code.h; do not edit. -->\n\n"
              "# Methods of the protocol\n\n"
              "What mcpvisor knows of the Model Context Protocol. The legacy era begins with `initialize` "
              "and "
              "has\n"
              "sessions; in the modern one each request stands for itself. What is in no row is unknown, and "
              "answered\n"
              "so. What goes to nobody in particular mcpvisor answers itself, or it is told to mcpvisor.\n\n",
              f);
        write_revisions(f);
        write_methods(f, true);
        write_methods(f, false);
        write_errors(f);
}
