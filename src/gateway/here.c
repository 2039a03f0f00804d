/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/here.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/ask.h"
#include "gateway/stream.h"
#include "gateway/upstream-private.h"
#include "jsonrpc/json.h"
#include "mcp/write.h"

/* ---- initialize ---------------------------------------------------------------------- */

/* What each server says of itself, under its name. A JSON string without its quotes can be put together
 * with others. */
static int join_instructions(Buf *b, const Endpoint *ep)
{
        int r = buf_append_char(b, '"');
        for (uint32_t i = 0; r == 0 && i < ep->n; i++) {
                const Upstream *u = ep->members[i];
                Span text = u->catalogue ? u->catalogue->instructions : SPAN_NONE;
                if (text.len <= 2 || b->len + text.len > LIMIT_INSTRUCTIONS)
                        continue;
                r = buf_appendf(b, "%s# %s\\n\\n", b->len > 1 ? "\\n\\n" : "", u->name);
                if (r == 0)
                        r = buf_append(b, text.ptr + 1, text.len - 2);
        }
        return r < 0 ? r : buf_append_char(b, '"');
}

static int write_welcome(Buf *b, const Session *s)
{
        CLEANUP(buf_done) Buf instructions = BUF_INIT(BUF_CAP_NONE);
        const Endpoint *ep = s->endpoint;
        McpWelcome w = {.version = s->version, .can = endpoint_can(ep)};
        if (ep->kind == ENDPOINT_SERVER) {
                const McpCatalogue *c = ep->n ? ep->members[0]->catalogue : NULL;
                w.server_info = c ? c->server_info : SPAN_NONE;
                w.instructions = c ? c->instructions : SPAN_NONE;
        } else {
                int r = join_instructions(&instructions, ep);
                if (r < 0)
                        return r;
                w.instructions = instructions.len > 2 ? buf_span(&instructions) : SPAN_NONE;
        }
        return mcp_write_welcome(b, &w);
}

static int answer_welcome(Client *c, Session *s, Span id)
{
        CLEANUP(buf_done) Buf result = BUF_INIT(BUF_CAP_NONE);
        const ClientAnswer a = {.status = 200, .type = SPAN("application/json"), .session = s->id};
        bool taken;
        int r = write_welcome(&result, s);
        const Span parts[] = {SPAN("{\"jsonrpc\":\"2.0\",\"id\":"), id, SPAN(",\"result\":"),
                              buf_span(&result), SPAN("}")};
        if (r < 0 || c->accepts_json)
                return r < 0 ? r : client_answer(c, &a, parts, ARRAY_SIZE(parts));
        r = client_open_stream(c, &a, &taken);
        if (r == 0 && taken)
                r = client_event(c, SPAN_NONE, parts, ARRAY_SIZE(parts), &taken);
        return r < 0 ? r : client_end_stream(c);
}

/* What a server of its own may be told of it: what can be routed, and nothing else (tasks, extensions). */
static int keep_capabilities(Buf *b, Span can)
{
        static const char *const known[] = {"roots", "sampling", "elicitation"};
        int r = buf_append_char(b, '{');
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(known); i++) {
                Span value = jspan_member(can, known[i]);
                if (jspan_type(value) != JSPAN_OBJECT)
                        continue;
                r = buf_appendf(b, "%s\"%s\":", b->len > 1 ? "," : "", known[i]);
                if (r == 0)
                        r = buf_append_span(b, value);
        }
        return r < 0 ? r : buf_append_char(b, '}');
}

static int take_client(Session *s, Client *c, Endpoint *ep, const Envelope *e)
{
        Span can = envelope_member(e, MEMBER_CAPABILITIES);
        char room[16];
        Span version = SPAN_NONE;
        s->endpoint = ep;
        ep->sessions++;
        (void)snprintf(s->principal, sizeof(s->principal), "%s", c->principal);
        (void)jspan_text(envelope_member(e, MEMBER_PROTOCOL_VERSION), room, sizeof(room), &version);
        s->version = mcp_version_negotiate(version);
        s->client_can = mcp_client_can(can);
        int r = keep_capabilities(&s->client_capabilities, can);
        return r < 0 ? r : buf_append_span(&s->client_info, envelope_member(e, MEMBER_CLIENT_INFO));
}

int here_initialize(Client *c, Endpoint *ep, const Envelope *e)
{
        Gateway *g = c->gateway;
        Span id = envelope_member(e, MEMBER_ID);
        Session *s;
        if (jspan_type(envelope_member(e, MEMBER_PROTOCOL_VERSION)) != JSPAN_STRING)
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_PARAMS, id,
                                         "params.protocolVersion must be a string");
        int r = here_tell_changes(g, ep);
        if (r == 0)
                r = session_new(&g->sessions, loop_now(g->loop), &s);
        if (r == SESSION_E_FULL)
                return client_answer_text(c, &(ClientAnswer){.status = 503, .retry_after = 10},
                                          "more sessions at work than limits.max_sessions");
        if (r < 0)
                return r;
        r = take_client(s, c, ep, e);
        metric_set(gateway_metrics(g), METRIC_SESSIONS, g->sessions.n);
        if (r < 0)
                session_end(s);
        if (r == -ENOBUFS)
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_PARAMS, id,
                                         "capabilities or clientInfo are longer than may be");
        if (r < 0)
                return r;
        log_debug_with(LOG_FIELDS(LOG_REQUEST(c->correlation)), "session of %s begins at /mcp%s%s",
                       mcp_version_table[s->version].text, ep->name[0] ? "/" : "", ep->name);
        return answer_welcome(c, s, id);
}

/* ---- small ones ------------------------------------------------------------------------- */

static int answer_ping(Exchange *x, const Envelope *e UNUSED)
{
        return exchange_result(x, SPAN("{}"));
}

/* To every instance that may speak to this session. */
static int apply_level(Upstream *u, const Session *s)
{
        Backend *b;
        int r = 0;
        if (!upstream_leases(u) && (u->level < 0 || s->level < u->level))
                u->level = s->level;
        upstream_calm_later(u);
        TAILQ_FOREACH(b, &u->backends, link)
        {
                bool mine = b->lease ? b->lease->session == s : !upstream_leases(u);
                if (r == 0 && mine && b->state == BACKEND_READY)
                        r = backend_set_level(b, b->lease ? s->level : u->level);
        }
        return r;
}

static int set_level(Exchange *x, const Envelope *e)
{
        Session *s = x->session;
        McpLevel level = mcp_level_of(envelope_member(e, MEMBER_LEVEL));
        int r = 0;
        if (level < 0)
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS,
                                      "params.level is no level of the protocol");
        if (s->level < 0)
                LIST_INSERT_HEAD(&x->gateway->loggers, s, in_loggers);
        s->level = level;
        for (uint32_t i = 0; r == 0 && i < s->endpoint->n; i++)
                r = apply_level(s->endpoint->members[i], s);
        return r < 0 ? r : exchange_result(x, SPAN("{}"));
}

static int list_tools(Exchange *x, const Envelope *e)
{
        return here_list(x, e, MCP_LIST_TOOLS);
}

static int list_prompts(Exchange *x, const Envelope *e)
{
        return here_list(x, e, MCP_LIST_PROMPTS);
}

static int list_resources(Exchange *x, const Envelope *e)
{
        return here_list(x, e, MCP_LIST_RESOURCES);
}

static int list_templates(Exchange *x, const Envelope *e)
{
        return here_list(x, e, MCP_LIST_TEMPLATES);
}

/* ---- subscriptions -------------------------------------------------------------------------- */

static int read_uri(Exchange *x, const Envelope *e, Buf *uri, Upstream **ret)
{
        int r = jspan_text_append(envelope_member(e, MEMBER_URI), uri);
        if (r == -EINVAL || uri->len == 0) {
                *ret = NULL;
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "params.uri must be a string");
        }
        if (r == 0)
                r = here_refresh(x->gateway, x->session->endpoint);
        if (r < 0)
                return r;
        if (endpoint_by_uri(x->session->endpoint, buf_span(uri), ret, 1) == 0) {
                *ret = NULL;
                return exchange_error(x, RPC_ERROR_RESOURCE_NOT_FOUND, "no server here has this resource");
        }
        return 0;
}

/* The server hears of each; that more than one session wants the same does it no harm. */
static int subscribe(Exchange *x, const Envelope *e)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        Session *s = x->session;
        Upstream *u;
        bool first;
        int r = read_uri(x, e, &uri, &u);
        if (r < 0 || !u)
                return r;
        r = subscription_add(u->subscriptions, s->number, buf_span(&uri), LIMIT_SUBSCRIPTIONS, &first);
        if (r == -ENOBUFS)
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "this session has too many subscriptions");
        if (r < 0)
                return r;
        s->subscriptions++;
        return first || upstream_leases(u) ? forward_uri(x, e) : exchange_result(x, SPAN("{}"));
}

static int unsubscribe(Exchange *x, const Envelope *e)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        Upstream *u;
        bool last = false;
        int r = read_uri(x, e, &uri, &u);
        if (r < 0 || !u)
                return r;
        if (!subscription_remove(u->subscriptions, x->session->number, buf_span(&uri), &last))
                return exchange_result(x, SPAN("{}"));
        return last || upstream_leases(u) ? forward_uri(x, e) : exchange_result(x, SPAN("{}"));
}

/* ---- which one ----------------------------------------------------------------------------- */

typedef int Here(Exchange *x, const Envelope *e);

static Here *const handlers[_MCP_METHOD_MAX] = {
        [MCP_METHOD_PING] = answer_ping,
        [MCP_METHOD_SET_LEVEL] = set_level,
        [MCP_METHOD_TOOLS_LIST] = list_tools,
        [MCP_METHOD_PROMPTS_LIST] = list_prompts,
        [MCP_METHOD_RESOURCES_LIST] = list_resources,
        [MCP_METHOD_TEMPLATES_LIST] = list_templates,
        [MCP_METHOD_RESOURCES_SUBSCRIBE] = subscribe,
        [MCP_METHOD_RESOURCES_UNSUBSCRIBE] = unsubscribe,
        [MCP_METHOD_TOOLS_CALL] = forward_tool,
        [MCP_METHOD_PROMPTS_GET] = forward_prompt,
        [MCP_METHOD_RESOURCES_READ] = forward_uri,
        [MCP_METHOD_COMPLETE] = forward_ref,
};

/* An error (-errno) leaves the exchange as it was: it has not been answered. */
static int handle(Exchange *x, const Envelope *e)
{
        McpMethod m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
        const McpMethodRow *row = m < _MCP_METHOD_MAX ? &mcp_method_table[m] : NULL;
        x->method = x->call.method = m;
        if (!row || !handlers[m] || !(row->sender & MCP_FROM_CLIENT) || !(row->eras & MCP_L))
                return exchange_error(x, RPC_ERROR_METHOD_NOT_FOUND, NULL);
        if (row->capability != MCP_CAN_NOTHING &&
            !(endpoint_can(x->session->endpoint) & (1u << row->capability)))
                return exchange_error(x, RPC_ERROR_METHOD_NOT_FOUND, "no server here offers this");
        if (envelope_has(e, MEMBER_TASK))
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "tasks are not offered here");
        return handlers[m](x, e);
}

int gateway_request(Exchange *x, const Envelope *e)
{
        int r = handle(x, e);
        return r < 0 ? exchange_error(x, RPC_ERROR_INTERNAL, strerror(-r)) : r;
}

/* ---- notifications ------------------------------------------------------------------------------ */

/* An id that is not the only one of its kind means all of its kind. */
static int take_cancelled(Session *s, Span id)
{
        Exchange *x;
        int r = 0;
        do {
                LIST_FOREACH(x, &s->exchanges, in_session)
                if (span_equal(exchange_id(x), id))
                        break;
                if (x) /* and whatever ends by it: begin again */
                        r = exchange_cancelled(x);
        } while (x && r == 0);
        return r;
}

/* Roots of a client concern the instances that are its own. */
static int pass_to_own(Session *s, Span text)
{
        Lease *l;
        int r = 0;
        LIST_FOREACH(l, &s->leases, in_session)
        if (r == 0 && l->backend && l->backend->state == BACKEND_READY)
                r = backend_survive(l->backend, backend_write(l->backend, &text, 1));
        return r;
}

int here_notified(Session *s, const Envelope *e)
{
        switch (mcp_method_of(envelope_member(e, MEMBER_METHOD))) {
        case MCP_METHOD_INITIALIZED:
                s->initialized = true;
                return 0;
        case MCP_METHOD_CANCELLED:
                return take_cancelled(s, envelope_member(e, MEMBER_REQUEST_ID));
        case MCP_METHOD_ROOTS_CHANGED:
                return pass_to_own(s, e->text);
        default:
                return 0; /* of no meaning here */
        }
}

/* ---- the end of a session ------------------------------------------------------------------------- */

static void drop_subscriptions(Gateway *g, Session *s)
{
        Span uri;
        bool last;
        for (uint32_t row = 0; s->subscriptions && row < g->max_servers; row++) {
                Upstream *u = g->upstreams[row];
                while (u && subscription_take(u->subscriptions, s->number, &uri, &last)) {
                        Backend *b;
                        TAILQ_FOREACH(b, &u->backends, link)
                        if (last && b->state == BACKEND_READY && !b->lease &&
                            backend_subscribe(b, uri, false) < 0)
                                log_error("a subscription could not be ended");
                }
        }
}

/* All of it ends, whatever happens on the way. */
static void note_error(int r)
{
        if (r < 0)
                log_error("the end of a session: %s", strerror(-r));
}

static void session_has_ended(Session *s)
{
        Gateway *g = CONTAINER_OF(s->table, Gateway, sessions);
        Exchange *x;
        Stream *st;
        while ((x = LIST_FIRST(&s->exchanges)))
                note_error(exchange_session_ended(x));
        while ((st = TAILQ_FIRST(&s->streams)))
                note_error(stream_end(st));
        ask_session_ended(s);
        drop_subscriptions(g, s);
        if (s->level >= 0) {
                LIST_REMOVE(s, in_loggers);
                for (uint32_t i = 0; s->endpoint && i < s->endpoint->n; i++)
                        upstream_calm_later(s->endpoint->members[i]);
        }
        upstream_session_ended(s);
        if (s->endpoint)
                s->endpoint->sessions--;
        metric_set(gateway_metrics(g), METRIC_SESSIONS, g->sessions.n);
}

const SessionOps gateway_session_ops = {.ended = session_has_ended};
