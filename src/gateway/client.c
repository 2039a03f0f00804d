/* SPDX-License-Identifier: Apache-2.0 */
/* What a request's head says, and who gets the rest of it. */
#include "gateway/client.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/batch.h"
#include "gateway/figures.h"
#include "gateway/root.h"
#include "gateway/route.h"
#include "gateway/stream.h"

static Client *client_of(HttpConn *c)
{
        return CONTAINER_OF(c, Client, http);
}

/* ---- its life ------------------------------------------------------------------- */

static HttpConn *client_accepted(HttpServer *s, const HttpListener *l UNUSED)
{
        Gateway *g = CONTAINER_OF(s, Gateway, http);
        Client *c = g->free_clients;
        if (c) {
                g->free_clients = c->next_free;
                g->n_free_clients--;
        } else {
                c = malloc(sizeof(*c));
                if (!c)
                        return NULL;
        }
        memset(c, 0, sizeof(*c)); /* no word of an earlier connection is left */
        c->gateway = g;
        return &c->http;
}

static void client_released(HttpConn *conn)
{
        Client *c = client_of(conn);
        Gateway *g = c->gateway;
        if (g->n_free_clients >= LIMIT_GATEWAY_POOL) {
                free(c);
                return;
        }
        c->next_free = g->free_clients;
        g->free_clients = c;
        g->n_free_clients++;
}

void client_pool_done(Gateway *g)
{
        Client *c;
        while ((c = g->free_clients)) {
                g->free_clients = c->next_free;
                free(c);
        }
}

/* ---- what the head says ----------------------------------------------------------- */

static bool is_word(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
               c == '_' || c == ':' || c == '-';
}

/* What the client calls its request, or a name of ours: it stands in the answer and in every log line. */
static void take_correlation(Client *c, Span given)
{
        Gateway *g = c->gateway;
        bool good = given.len > 0 && given.len < sizeof(c->correlation);
        for (size_t i = 0; good && i < given.len; i++)
                good = is_word(given.ptr[i]);
        if (good) {
                memcpy(c->correlation, given.ptr, given.len);
                c->correlation[given.len] = 0;
                return;
        }
        uint64_t n = g->correlation_base + g->next_correlation++;
        for (unsigned i = 0; i < 16; i++, n >>= 4)
                c->correlation[15 - i] = "0123456789abcdef"[n & 15];
        c->correlation[16] = 0;
}

/* The listener may have gone meanwhile: then nothing is free. */
static bool has_tag(const Client *c, uint32_t tag)
{
        return c->http.listener && (c->http.listener->tags & tag);
}

static void take_principal(Client *c, const char *name, size_t n)
{
        n = MIN(n, sizeof(c->principal) - 1);
        memcpy(c->principal, name, n);
        c->principal[n] = 0;
}

/* Without one where one is needed, or with a wrong one: false. */
static bool take_token(Client *c, const HttpRequest *r)
{
        const Admission *a = &c->gateway->admission;
        const char *peer = http_conn_peer(&c->http);
        take_principal(c, peer, strlen(peer));
        if (!a->needs_token || has_tag(c, CLIENT_FREE_LISTENER))
                return true;
        const Snapshot *now = &c->gateway->current;
        const IpcToken *t = ipc_token_find(now->tokens, now->n_tokens, http_bearer(r));
        if (t && !*peer)
                take_principal(c, t->name, strlen(t->name));
        return t != NULL;
}

static void take_origin(Client *c, Span origin)
{
        c->origin[0] = 0;
        if (origin.len && origin.len < sizeof(c->origin) &&
            http_origin_listed(&c->gateway->admission.access, origin)) {
                memcpy(c->origin, origin.ptr, origin.len);
                c->origin[origin.len] = 0;
        }
}

/* A browser asks first; only origins that are listed get a yes. */
static int answer_preflight(Client *c, const HttpRequest *r)
{
        if (!c->origin[0] || !http_header(r, HTTP_HEADER_ACR_METHOD).len)
                return client_answer(c, &(ClientAnswer){.status = 204, .allow = c->route->methods}, NULL, 0);
        return client_answer(c, &(ClientAnswer){.status = 204, .preflight = true}, NULL, 0);
}

static int refuse_route(Client *c)
{
        if (has_tag(c, CLIENT_METRICS_LISTENER) && c->route->id == ROUTE_OTHER)
                return client_refuse(c, 404, "there is nothing at this address but /metrics");
        if (c->route->id == ROUTE_OTHER)
                return client_refuse(c, 404,
                                     "there is nothing under this path; MCP is at /mcp and /mcp/NAME");
        return client_answer_text(c, &(ClientAnswer){.status = 405, .allow = c->route->methods},
                                  "this path does not take that method");
}

/* 0: it goes on; 1: it was answered. */
static int check_who(Client *c, const HttpRequest *r)
{
        const Admission *a = &c->gateway->admission;
        Span host = http_header(r, HTTP_HEADER_HOST), origin = http_header(r, HTTP_HEADER_ORIGIN);
        if (has_tag(c, CLIENT_METRICS_LISTENER) && c->route->id == ROUTE_OTHER)
                return refuse_route(c); /* whoever asks: a token would open nothing */
        bool is_free = c->route->is_free && !(c->route->id == ROUTE_METRICS && a->metrics_need_token);
        if (!c->route->is_free && !has_tag(c, CLIENT_FREE_LISTENER) && !http_host_allowed(&a->access, host))
                return client_refuse(c, 403, "this Host is not allowed here; see allowed_hosts");
        if (origin.len && !http_origin_allowed(&a->access, origin, host))
                return client_refuse(c, 403, "this Origin is not allowed here; see allowed_origins");
        take_origin(c, origin);
        if (c->method == HTTP_OPTIONS)
                return answer_preflight(c, r);
        if (!take_token(c, r) && !is_free)
                return client_answer_text(c, &(ClientAnswer){.status = 401, .challenge = true},
                                          "a token is needed: Authorization: Bearer TOKEN");
        return 0;
}

static int refuse_draining(Client *c)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const FaultArgs a = {.fault = FAULT_DRAINING,
                             .retry_after_ms = UINT64_MAX,
                             .exit_class = -1,
                             .code = -1,
                             .correlation_id = span_of(c->correlation)};
        int r = fault_write(&b, SPAN("null"), &a);
        const Span body = buf_span(&b);
        return r < 0 ? r
                     : client_answer(c,
                                     &(ClientAnswer){.status = 503,
                                                     .type = SPAN("application/json"),
                                                     .retry_after = 5},
                                     &body, 1);
}

static int check_form(Client *c, const HttpRequest *r)
{
        bool named;
        if (c->method == HTTP_POST && !http_content_is(r, "application/json"))
                return client_refuse(c, 415, "Content-Type must be application/json");
        if (http_header(r, HTTP_HEADER_CONTENT_ENCODING).len)
                return client_refuse(c, 415, "no Content-Encoding is understood");
        c->accepts_json = http_accepts(r, "application/json", &named);
        c->accepts_sse = http_accepts(r, "text/event-stream", &named) && named;
        if (!c->accepts_json && !c->accepts_sse)
                return client_refuse(c, 406, "Accept must take application/json or text/event-stream");
        if (c->method == HTTP_GET && !c->accepts_sse)
                return client_refuse(c, 406, "Accept must take text/event-stream");
        return 0;
}

static int check_load(Client *c)
{
        if (c->gateway->draining)
                return refuse_draining(c);
        if (c->gateway->queued_bytes > gateway_config(c->gateway)->limits.max_queued)
                return client_answer_text(c, &(ClientAnswer){.status = 503, .retry_after = 1},
                                          "more waits for servers than limits.max_queued");
        return 0;
}

static bool is_mcp(const Client *c)
{
        return c->route->id == ROUTE_MCP || c->route->id == ROUTE_MCP_NAME;
}

/* ---- what was decided before ---------------------------------------------------------- */

static bool is_known(const Client *c, const HttpRequest *r)
{
        return r->pattern && c->memo.pattern == r->pattern &&
               c->memo.generation == c->gateway->current.generation;
}

static void take_known(Client *c)
{
        c->route = c->memo.route;
        c->accepts_json = c->memo.accepts_json;
        c->accepts_sse = c->memo.accepts_sse;
}

static void note_known(Client *c, const HttpRequest *r, Endpoint *endpoint)
{
        c->memo = (ClientMemo){.pattern = r->pattern,
                               .generation = c->gateway->current.generation,
                               .route = c->route,
                               .endpoint = endpoint,
                               .accepts_json = c->accepts_json,
                               .accepts_sse = c->accepts_sse};
}

Endpoint *client_endpoint(const Client *c, const HttpRequest *r)
{
        return is_known(c, r)
                       ? c->memo.endpoint
                       : endpoint_find(&c->gateway->endpoints, span_skip(r->path, sizeof("/mcp/") - 1));
}

/* ---- the head ---------------------------------------------------------------------------- */

/* A request to an endpoint, from somebody who may. */
static int head_of_message(Client *c, const HttpRequest *r)
{
        bool known = is_known(c, r);
        Endpoint *ep = client_endpoint(c, r);
        if (!ep)
                return client_refuse(c, 404, "there is no server and no view of that name");
        if (ep->kind == ENDPOINT_VIEW)
                c->score_route = SCORE_ROUTE_VIEW;
        int q = known ? 0 : check_form(c, r);
        if (q < 0 || c->status)
                return q;
        if (!known)
                note_known(c, r, ep);
        return check_load(c);
}

static void take_text(char *room, size_t size, Span text)
{
        size_t n = MIN(text.len, size - 1);
        if (n)
                memcpy(room, text.ptr, n);
        room[n] = 0;
}

static void find_route(Client *c, const HttpRequest *r)
{
        Span name;
        c->route = route_find(r->path, &name);
        if (has_tag(c, CLIENT_METRICS_LISTENER) && c->route->id != ROUTE_METRICS)
                c->route = &route_table[ROUTE_OTHER];
}

static void begin_head(Client *c, const HttpRequest *r)
{
        c->started = loop_now(c->gateway->loop);
        c->score_route = c->route->score;
        c->method = r->method;
        c->status = 0;
        c->null_id = c->modern = false;
        take_correlation(c, http_header(r, HTTP_HEADER_REQUEST_ID));
        take_text(c->trace.parent, sizeof(c->trace.parent), http_header(r, HTTP_HEADER_TRACEPARENT));
        take_text(c->trace.state, sizeof(c->trace.state), http_header(r, HTTP_HEADER_TRACESTATE));
        take_text(c->trace.baggage, sizeof(c->trace.baggage), http_header(r, HTTP_HEADER_BAGGAGE));
}

static int take_head(Client *c, const HttpRequest *r)
{
        bool known = is_known(c, r);
        if (known)
                take_known(c);
        else
                find_route(c, r);
        begin_head(c, r);
        if (known)
                return head_of_message(c, r);
        c->memo.pattern = 0;
        int q = check_who(c, r);
        if (q < 0 || c->status)
                return q;
        if (c->route->id == ROUTE_OTHER || !route_takes(c->route, r->method))
                return refuse_route(c);
        return is_mcp(c) ? head_of_message(c, r) : 0;
}

static int take_request(Client *c, HttpRequest *r)
{
        if (!is_mcp(c))
                return page_answer(c, c->route);
        if (r->method == HTTP_POST)
                return gateway_post(c, r);
        return r->method == HTTP_DELETE ? gateway_delete(c, r) : gateway_get(c, r);
}

static void client_cut(HttpConn *conn, HttpCut why);

/* What cannot be done for one client is its loss alone. */
static int client_survive(Client *c, int r)
{
        if (r < 0) {
                log_limited(LOG_LEVEL_ERROR, "request-lost", LOG_FIELDS(LOG_REQUEST(c->correlation)),
                            "a request could not be taken: %s", strerror(-r));
                client_cut(&c->http, HTTP_CUT_SERVER);
                http_conn_close(&c->http);
        }
        return MAX(r, 0);
}

static int client_head(HttpConn *conn, const HttpRequest *r)
{
        Client *c = client_of(conn);
        return client_survive(c, take_head(c, r));
}

static int client_request(HttpConn *conn, HttpRequest *r)
{
        Client *c = client_of(conn);
        return client_survive(c, take_request(c, r));
}

/* ---- its going ------------------------------------------------------------------------- */

static void client_cut(HttpConn *conn, HttpCut why)
{
        Client *c = client_of(conn);
        if (why == HTTP_CUT_TIMEOUT)
                figures_limit(c->gateway, SCORE_LIMIT_WRITE_TIMEOUT);
        Exchange *x = TAKE_PTR(c->exchange);
        Batch *b = TAKE_PTR(c->batch);
        int r = 0;
        if (x)
                r = exchange_cut(x, c->modern);
        if (b)
                batch_cut(b);
        if (c->stream)
                stream_cut(c->stream);
        if (r < 0)
                log_error("a client that has gone: %s", strerror(-r));
}

/* A client of the stateless era says so that it wants nothing more; one of the other may well read on. */
static void client_half_closed(HttpConn *conn)
{
        Client *c = client_of(conn);
        if (!c->modern)
                return;
        client_cut(conn, HTTP_CUT_CLOSED);
        http_conn_close(conn);
}

static void client_was_refused(HttpConn *conn, int status, const char *why)
{
        Client *c = client_of(conn);
        char address[64];
        figures_http(c, status);
        figures_limit_in(c->gateway, span_of(why));
        log_limited(LOG_LEVEL_INFO, "http-refused", NULL, "%s: %d, %s", http_conn_address(conn, address),
                    status, why);
}

const HttpOps client_http_ops = {.accepted = client_accepted,
                                 .released = client_released,
                                 .head = client_head,
                                 .request = client_request,
                                 .cut = client_cut,
                                 .half_closed = client_half_closed,
                                 .refused = client_was_refused};
