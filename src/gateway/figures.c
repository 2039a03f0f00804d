/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/figures.h"
#include "gateway/root.h"

static ScoreMethod method_of(McpMethod m)
{
        switch (m) {
        case MCP_METHOD_TOOLS_CALL:
                return SCORE_METHOD_TOOLS_CALL;
        case MCP_METHOD_PROMPTS_GET:
                return SCORE_METHOD_PROMPTS_GET;
        case MCP_METHOD_RESOURCES_READ:
                return SCORE_METHOD_RESOURCES_READ;
        case MCP_METHOD_COMPLETE:
                return SCORE_METHOD_COMPLETION;
        default:
                return SCORE_METHOD_OTHER;
        }
}

void figures_take_tool(Exchange *x, Upstream *u, Span name)
{
        Gateway *g = x->gateway;
        x->tool = g->tools ? score_tools_find(g->tools, u->row, u->row_generation, name) : NULL;
}

Span figures_tool(const Exchange *x)
{
        return x->tool ? span_from(x->tool->name, x->tool->name_len) : SPAN_NONE;
}

/* What we answer ourselves belongs to no server. */
void figures_request(const Exchange *x, ScoreStatus how, uint64_t usec)
{
        const Upstream *u = x->call.upstream;
        score_request(u ? u->score : &x->gateway->nowhere, method_of(x->method), how, usec);
        if (x->tool)
                score_tool_call(x->tool, how, usec);
}

void figures_http(const Client *c, int status)
{
        Gateway *g = c->gateway;
        if (g->scoreboard)
                score_add(&scoreboard_process(g->scoreboard, SCORE_GATEWAY)
                                   ->http_requests[c->score_route][score_code_of((unsigned)status)],
                          1);
}
