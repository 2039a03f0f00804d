/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the gateway as HTTP: the headers that ours have, and words for people. */
#include "base/json-writer.h"
#include "base/log.h"
#include "gateway/client.h"
#include "gateway/figures.h"
#include "gateway/root.h"
#include "gateway/route.h"
#include "http/sse.h"
#include "mcp/write.h"

enum { HEADERS_MAX = 16, EVENT_PARTS = 32 };

typedef struct Headers {
        HttpHeader list[HEADERS_MAX];
        unsigned n;
        char retry[16];
} Headers;

static void add(Headers *h, Span name, Span value)
{
        assert(h->n < HEADERS_MAX);
        h->list[h->n++] = (HttpHeader){name, value};
}

static void add_cors(Headers *h, const Client *c, const ClientAnswer *a)
{
        add(h, SPAN("Access-Control-Allow-Origin"), span_of(c->origin));
        add(h, SPAN("Vary"), SPAN("Origin"));
        add(h, SPAN("Access-Control-Expose-Headers"), SPAN("Mcp-Session-Id, X-Request-Id, Retry-After"));
        if (!a->preflight)
                return;
        add(h, SPAN("Access-Control-Allow-Methods"), span_of(c->route->methods));
        add(h, SPAN("Access-Control-Allow-Headers"),
            SPAN("Authorization, Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, "
                 "Mcp-Name, "
                 "Last-Event-ID, X-Request-Id, traceparent, tracestate, baggage"));
        add(h, SPAN("Access-Control-Max-Age"), SPAN("600"));
}

static HttpAnswer dress(Client *c, const ClientAnswer *a, Headers *h)
{
        h->n = 0;
        add(h, SPAN("X-Request-Id"), span_of(c->correlation));
        if (a->session)
                add(h, SPAN("Mcp-Session-Id"), span_of(a->session));
        if (a->allow)
                add(h, SPAN("Allow"), span_of(a->allow));
        if (a->challenge)
                add(h, SPAN("WWW-Authenticate"), SPAN("Bearer realm=\"mcpvisor\""));
        if (a->retry_after) {
                (void)snprintf(h->retry, sizeof(h->retry), "%u", a->retry_after);
                add(h, SPAN("Retry-After"), span_of(h->retry));
        }
        if (c->origin[0])
                add_cors(h, c, a);
        return (HttpAnswer){.status = a->status,
                            .type = a->type,
                            .headers = h->list,
                            .close = a->close || c->gateway->draining};
}

/* Without memory for an answer the connection ends: its client sees that there is none. */
static int client_survive(Client *c, int r)
{
        if (r < 0) {
                log_limited(LOG_LEVEL_ERROR, "no-answer", LOG_FIELDS(LOG_REQUEST(c->correlation)),
                            "a request could not be answered: %s", strerror(-r));
                http_conn_close(&c->http);
                c->status = 500; /* whoever asked for it goes no further */
        }
        return 0;
}

int client_answer(Client *c, const ClientAnswer *a, const Span *body, unsigned n)
{
        Headers h;
        HttpAnswer answer = dress(c, a, &h);
        answer.n_headers = h.n;
        answer.body = body;
        answer.n_body = n;
        c->status = a->status;
        figures_http(c, a->status);
        return client_survive(c, http_answer(&c->http, &answer));
}

int client_answer_text(Client *c, const ClientAnswer *a, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        ClientAnswer answer = *a;
        int r = buf_append_str(&b, "{\"error\":");
        if (r == 0)
                r = json_quote(&b, span_of(text));
        if (r == 0)
                r = buf_append_str(&b, "}\n");
        if (r < 0)
                return client_survive(c, r);
        const Span body = buf_span(&b);
        figures_limit_in(c->gateway, span_of(text));
        answer.type = SPAN("application/json");
        log_limited(LOG_LEVEL_INFO, "refused",
                    LOG_FIELDS(LOG_REQUEST(c->correlation), LOG_INT("status", a->status)), "/%s: %d, %s",
                    score_route_name(c->route->score), a->status, text);
        return client_answer(c, &answer, &body, 1);
}

int client_refuse(Client *c, int status, const char *text)
{
        return client_answer_text(c, &(ClientAnswer){.status = status}, text);
}

int client_refuse_rpc(Client *c, int status, RpcError error, Span id, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_error(
                &b, &(McpErrorArgs){.id = id, .null_id = c->null_id, .error = error, .message = text});
        if (r < 0)
                return client_survive(c, r);
        const Span body = buf_span(&b);
        log_limited(LOG_LEVEL_INFO, "refused",
                    LOG_FIELDS(LOG_REQUEST(c->correlation), LOG_INT("status", status)), "/%s: %d, %s",
                    score_route_name(c->route->score), status, text ? text : rpc_error_table[error].text);
        return client_answer(c, &(ClientAnswer){.status = status, .type = SPAN("application/json")}, &body,
                             1);
}

/* ---- streams ------------------------------------------------------------------------ */

int client_open_stream(Client *c, const ClientAnswer *a, bool *ret_open)
{
        Headers h;
        HttpAnswer answer = dress(c, a, &h);
        add(&h, SPAN("Cache-Control"), SPAN("no-cache"));
        add(&h, SPAN("X-Accel-Buffering"), SPAN("no"));
        answer.n_headers = h.n;
        answer.type = SPAN("text/event-stream");
        c->status = a->status;
        figures_http(c, a->status);
        int r = http_stream_open(&c->http, &answer);
        *ret_open = r == 0;
        return client_survive(c, r);
}

static int write_parts(Client *c, const Span *parts, unsigned n, bool *ret_taken)
{
        int r = http_stream_write(&c->http, parts, n);
        *ret_taken = r == 0;
        return MIN(r, 0);
}

int client_event(Client *c, Span id, const Span *data, unsigned n, bool *ret_taken)
{
        Span parts[EVENT_PARTS];
        return write_parts(c, parts, sse_event(id, data, n, parts, EVENT_PARTS), ret_taken);
}

int client_prime(Client *c, Span id)
{
        const Span parts[] = {SPAN("retry: 1000\nid: "), id, SPAN("\ndata: \n\n")};
        bool taken;
        return write_parts(c, parts, ARRAY_SIZE(parts), &taken);
}

int client_end_stream(Client *c)
{
        int r = http_stream_close(&c->http);
        return MIN(r, 0);
}
