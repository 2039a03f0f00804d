/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of an MCP server (2025-11-25, stdio) as a supervisor can see: it
 * answers initialize, ping, tools/list and tools/call of `echo` and `pid`, and
 * refuses the rest. Lines are looked at, not validated.
 */
#include <fcntl.h>

#include "support/child.h"
#include "support/lookup.h"

static void answer(Text id, const char *member_name, const char *value, Text tail)
{
        char *line = NULL;
        if (fcntl(STDOUT_FILENO, F_GETFL) < 0) /* it is part of the play that nobody can be told */
                return;
        int n = asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"%s\":%s%.*s}\n", (int)id.n, id.at,
                         member_name, value, (int)tail.n, tail.at);
        if (n < 0)
                broken("answer");
        write_all(STDOUT_FILENO, line, (size_t)n);
        free(line);
}

static void call_tool(Text id, Text params)
{
        char *result = NULL;
        int n;
        if (is(member(params, "name"), "pid"))
                n = asprintf(&result, "{\"content\":[{\"type\":\"text\",\"text\":\"%d\"}]}", (int)getpid());
        else
                n = asprintf(&result, "{\"content\":[],\"structuredContent\":%.*s}",
                             (int)member(params, "arguments").n, member(params, "arguments").at);
        if (n < 0)
                broken("call_tool");
        answer(id, "result", result, (Text){"", 0});
        free(result);
}

#define TOOL(name) "{\"name\":\"" name "\",\"inputSchema\":{\"type\":\"object\"}}"

static const struct {
        const char *method, *result;
} fixed[] = {
        {"initialize", "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                       "\"serverInfo\":{\"name\":\"child\",\"version\":\"1\"}}"},
        {"ping", "{}"},
        {"tools/list", "{\"tools\":[" TOOL("echo") "," TOOL("pid") "]}"},
};

/* True after the message that ends the handshake. */
static bool take(Text line)
{
        const Text none = {"", 0};
        Text method = member(line, "method"), id = member(line, "id");
        if (id.n == 0 || method.n == 0)
                return is(method, "notifications/initialized");
        if (is(method, "initialize"))
                note_pid("initialize");
        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                if (is(method, fixed[i].method)) {
                        answer(id, "result", fixed[i].result, none);
                        return false;
                }
        if (is(method, "tools/call"))
                call_tool(id, member(line, "params"));
        else
                answer(id, "error", "{\"code\":-32601,\"message\":\"Method not found\"}", none);
        return false;
}

static void serve(bool handshake_only)
{
        static char *line;
        static size_t size;
        ssize_t n;
        while ((n = getline(&line, &size, stdin)) > 0)
                if (take((Text){line, (size_t)n}) && handshake_only)
                        return;
        if (!child_ignores_eof && feof(stdin))
                _exit(0);
        wait_for_ever();
}

void act_mcp(const char **args UNUSED)
{
        child_serves = true;
        serve(true);
}

void mcp_serve(void)
{
        serve(false);
}
