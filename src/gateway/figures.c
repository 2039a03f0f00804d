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

void figures_limit(Gateway *g, ScoreLimit l)
{
        if (g->scoreboard)
                score_add(&scoreboard_process(g->scoreboard, SCORE_GATEWAY)->limit_hits[l], 1);
}

/* The longest name: there is max_header, and max_headers. */
void figures_limit_in(Gateway *g, Span text)
{
        const Span prefix = SPAN("limits.");
        size_t at = span_find_span(text, prefix), best = 0;
        ScoreLimit found = _SCORE_LIMIT_MAX;
        for (ScoreLimit l = 0; at < text.len && l < _SCORE_LIMIT_MAX; l++) {
                Span name = span_of(score_limit_name(l));
                if (name.len > best && span_starts(span_skip(text, at + prefix.len), name)) {
                        best = name.len;
                        found = l;
                }
        }
        if (found < _SCORE_LIMIT_MAX)
                figures_limit(g, found);
}

void figures_take_http(Gateway *g)
{
        HttpHits *seen = &g->http_hits;
        const HttpHits *now = &g->http.hits;
        for (; seen->max_connections < now->max_connections; seen->max_connections++)
                figures_limit(g, SCORE_LIMIT_MAX_CONNECTIONS);
        for (; seen->max_queue < now->max_queue; seen->max_queue++)
                figures_limit(g, SCORE_LIMIT_MAX_QUEUE);
}

void figures_http(const Client *c, int status)
{
        Gateway *g = c->gateway;
        if (g->scoreboard)
                score_add(&scoreboard_process(g->scoreboard, SCORE_GATEWAY)
                                   ->http_requests[c->score_route][score_code_of((unsigned)status)],
                          1);
}
