/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ask.h"

static Span version_header(McpVersion v)
{
        bool sent = v != _MCP_VERSION_INVALID && mcp_has(v, MCP_HAS_VERSION_HEADER);
        return sent ? span_of(mcp_version_table[v].text) : SPAN_NONE;
}

int client_ask(ClientConn *c, const ClientPlace *to, const ClientAsk *a, Nsec deadline)
{
        CLEANUP(buf_done) Buf bearer = BUF_INIT(CLIENT_HEADER_MAX);
        int r = a->token ? buf_appendf(&bearer, "Bearer %s", a->token) : 0;
        if (r < 0)
                return r;
        bool post = strcmp(a->method, "POST") == 0, get = strcmp(a->method, "GET") == 0;
        const ClientHeader headers[] = {
                {"Accept", get    ? SPAN("text/event-stream")
                           : post ? SPAN("application/json, text/event-stream")
                                  : SPAN("*/*")},
                {"Content-Type", post ? SPAN("application/json") : SPAN_NONE},
                {"Authorization", buf_span(&bearer)},
                {"Mcp-Session-Id", a->session},
                {"MCP-Protocol-Version", version_header(a->version)},
                {"Last-Event-ID", a->last_event},
        };
        const ClientRequest request = {.method = a->method,
                                       .headers = headers,
                                       .n_headers = ARRAY_SIZE(headers),
                                       .body = post ? a->body : SPAN_NONE,
                                       .has_body = post};
        return client_conn_request(c, to, &request, deadline);
}
