/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/ask.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/root.h"
#include "gateway/stream.h"
#include "jsonrpc/json.h"
#include "jsonrpc/splice.h"
#include "mcp/write.h"

struct Ask {
        PendingNode node; /* in the session's table */
        LIST_ENTRY(Ask) in_backend, in_exchange;
        Session *session;   /* borrowed */
        Backend *backend;   /* borrowed */
        Exchange *exchange; /* borrowed; NULL: it belongs to none, or that is over */
        Timer patience;
        size_t id_len;
        char id[EXCHANGE_TEXT]; /* the server's, as it wrote it */
};

static int tell_server(Backend *b, const Span *parts, unsigned n)
{
        return b->state == BACKEND_ENDED ? 0 : backend_write(b, parts, n);
}

static int refuse(Backend *b, Span id, RpcError error, const char *message)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_error(&line, &(McpErrorArgs){.id = id, .error = error, .message = message});
        const Span text = buf_span(&line);
        return r < 0 ? r : tell_server(b, &text, 1);
}

static void ask_cut(Ask *a)
{
        if (a->exchange)
                LIST_REMOVE(a, in_exchange);
        a->exchange = NULL;
}

static void ask_free(Ask *a)
{
        Exchange *x = a->exchange;
        ask_cut(a);
        if (x && LIST_EMPTY(&x->asks))
                call_unpark(&x->call);
        pending_remove(&a->session->asks, &a->node);
        LIST_REMOVE(a, in_backend);
        a->backend->n_asks--;
        a->backend->upstream->gateway->asks--;
        timer_done(&a->patience);
        free(a);
}

/* Whoever has it before them may put it away. */
static int tell_client(Ask *a, const char *reason)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        bool taken;
        int r = buf_appendf(&params, "{\"requestId\":%llu,\"reason\":\"%s\"}", (unsigned long long)a->node.id,
                            reason);
        if (r == 0)
                r = mcp_write_notification(&line, MCP_METHOD_CANCELLED, buf_span(&params));
        if (r < 0)
                return r;
        const Span text = buf_span(&line);
        r = a->exchange ? exchange_push(a->exchange, &text, 1) : EXCHANGE_E_NO_STREAM;
        return r == EXCHANGE_E_NO_STREAM ? session_push(a->session, &text, 1, &taken) : r;
}

static int patience_fired(Timer *timer, Nsec now UNUSED)
{
        Ask *a = CONTAINER_OF(timer, Ask, patience);
        Backend *b = a->backend;
        if (tell_client(a, "it was not answered in time") < 0)
                log_error("a client could not be told that a question is over");
        int r = refuse(b, span_from(a->id, a->id_len), RPC_ERROR_INTERNAL,
                       "the client did not answer within limits.park_time");
        ask_free(a);
        return backend_survive(b, r);
}

static const TimerOps patience_ops = {.fired = patience_fired};

/* ---- from the server ---------------------------------------------------------------- */

/* Roots that the configuration names. */
static int answer_roots(Backend *b, Span id, const ConfigList *roots)
{
        CLEANUP(buf_done) Buf result = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        JsonWriter w = JSON_WRITER(&result);
        json_write_object(&w);
        json_write_key(&w, "roots");
        json_write_array(&w);
        for (size_t i = 0; i < roots->n; i++) {
                json_write_object(&w);
                json_write_key(&w, "uri");
                json_write_str(&w, roots->items[i].value);
                json_write_object_end(&w);
        }
        json_write_array_end(&w);
        json_write_object_end(&w);
        int r = json_write_done(&w);
        if (r == 0)
                r = mcp_write_result(&line, id, buf_span(&result));
        const Span text = buf_span(&line);
        return r < 0 ? r : tell_server(b, &text, 1);
}

static bool is_granted(const ServerConfig *c, McpCapability what)
{
        return (what == MCP_CAN_ELICITATION && c->client.elicitation) ||
               (what == MCP_CAN_SAMPLING && c->client.sampling);
}

/* Whom a question is for: the session whose own the instance is, or that of the only call in flight. */
static Session *addressee(Backend *b, Exchange **ret_exchange)
{
        Call *only = backend_only_call(b);
        Exchange *x = only ? CONTAINER_OF(only, Exchange, call) : NULL;
        Session *s = b->lease ? b->lease->session : x ? x->session : NULL;
        if (!x && s) /* of several calls of its own, any that can be told something */
                LIST_FOREACH(x, &s->exchanges, in_session)
        if (x->call.backend == b && x->call.state == CALL_SENT && exchange_has_stream(x))
                break;
        *ret_exchange = x;
        return s;
}

static void ask_link(Ask *a, Backend *b, Exchange *x)
{
        Gateway *g = b->upstream->gateway;
        LIST_INSERT_HEAD(&b->asks, a, in_backend);
        b->n_asks++;
        g->asks++;
        timer_arm(&a->patience, nsec_add(loop_now(g->loop), gateway_config(g)->limits.park_time));
        a->exchange = x;
        if (!x)
                return;
        LIST_INSERT_HEAD(&x->asks, a, in_exchange);
        call_park(&x->call);
}

static int ask_new(Backend *b, Session *s, Exchange *x, Span id, Ask **ret)
{
        const Gateway *g = b->upstream->gateway;
        if (id.len > EXCHANGE_TEXT || b->n_asks >= LIMIT_ASKS ||
            g->asks >= gateway_config(g)->limits.max_parked)
                return -ENOBUFS;
        Ask *a = malloc(sizeof(*a));
        if (!a)
                return -ENOMEM;
        *a = (Ask){.session = s, .backend = b, .id_len = id.len};
        memcpy(a->id, id.ptr, a->id_len);
        int r = timer_init(&a->patience, loop_timers(g->loop), &patience_ops);
        if (r == 0)
                r = pending_add(&s->asks, &a->node);
        if (r < 0) {
                timer_done(&a->patience);
                free(a);
                return r;
        }
        ask_link(a, b, x);
        *ret = a;
        return 0;
}

/* On the stream of the call that it is about, else on one of the session's. */
static int put_question(Session *s, Exchange *x, const Envelope *e, Ask *a, bool *ret_taken)
{
        char id[24];
        Span parts[SPLICE_PARTS];
        Splice splice;
        (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)a->node.id);
        splice_init(&splice, e->text);
        splice_replace(&splice, envelope_member(e, MEMBER_ID), span_of(id));
        unsigned n = splice_parts(&splice, parts);
        int r = x ? exchange_push(x, parts, n) : EXCHANGE_E_NO_STREAM;
        *ret_taken = r == 0;
        return r == EXCHANGE_E_NO_STREAM ? session_push(s, parts, n, ret_taken) : r;
}

static int forward(Backend *b, Session *s, Exchange *x, const Envelope *e)
{
        Span id = envelope_member(e, MEMBER_ID);
        bool taken;
        Ask *a;
        int r = ask_new(b, s, x, id, &a);
        if (r == -ENOBUFS)
                return refuse(b, id, RPC_ERROR_INTERNAL,
                              "too many questions wait for the client, or the id of this one is too long");
        if (r < 0)
                return r;
        r = put_question(s, x, e, a, &taken);
        if (r < 0 || taken)
                return r;
        ask_free(a);
        return refuse(b, id, RPC_ERROR_INTERNAL,
                      "the client listens to no stream on which it could be asked");
}

int ask_begin(Backend *b, const Envelope *e)
{
        Span id = envelope_member(e, MEMBER_ID);
        McpMethod m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
        const ServerConfig *config = b->upstream->config;
        Exchange *x;
        if (m >= _MCP_METHOD_MAX || !(mcp_method_table[m].sender & MCP_FROM_SERVER) ||
            mcp_method_table[m].route == MCP_ROUTE_NONE)
                return refuse(b, id, RPC_ERROR_METHOD_NOT_FOUND, NULL);
        McpCapability what = mcp_method_table[m].capability;
        Session *s = addressee(b, &x);
        bool own = b->lease != NULL;
        if (m == MCP_METHOD_ROOTS_LIST && !own && config->client.roots.n)
                return answer_roots(b, id, &config->client.roots);
        if (!own && !is_granted(config, what))
                return refuse(b, id, RPC_ERROR_METHOD_NOT_FOUND,
                              "its configuration grants it no question to clients");
        if (!s)
                return refuse(b, id, RPC_ERROR_INTERNAL, "there is no one client whom this question is for");
        if (!(s->client_can & (1u << what)))
                return refuse(b, id, RPC_ERROR_METHOD_NOT_FOUND, "the client cannot answer this");
        return forward(b, s, x, e);
}

int ask_cancelled(Backend *b, const Envelope *e)
{
        Span id = envelope_member(e, MEMBER_REQUEST_ID);
        Ask *a;
        char number[24];
        Span parts[SPLICE_PARTS];
        Splice splice;
        bool taken;
        LIST_FOREACH(a, &b->asks, in_backend)
        if (span_equal(span_from(a->id, a->id_len), id))
                break;
        if (!a)
                return 0;
        Session *s = a->session;
        Exchange *x = a->exchange;
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)a->node.id);
        ask_free(a);
        splice_init(&splice, e->text);
        splice_replace(&splice, id, span_of(number));
        unsigned n = splice_parts(&splice, parts);
        int r = x ? exchange_push(x, parts, n) : EXCHANGE_E_NO_STREAM;
        return r == EXCHANGE_E_NO_STREAM ? session_push(s, parts, n, &taken) : r;
}

/* ---- from the client --------------------------------------------------------------------- */

int ask_answered(Session *s, const Envelope *e, bool *ret_known)
{
        Span id = envelope_member(e, MEMBER_ID), parts[SPLICE_PARTS];
        uint64_t number;
        Splice splice;
        PendingNode *node = id.len && pending_parse(id.ptr, id.len, &number) ? pending_find(&s->asks, number)
                                                                             : NULL;
        *ret_known = node != NULL;
        if (!node)
                return 0;
        Ask *a = CONTAINER_OF(node, Ask, node);
        splice_init(&splice, e->text);
        splice_replace(&splice, id, span_from(a->id, a->id_len));
        Backend *b = a->backend;
        int r = tell_server(b, parts, splice_parts(&splice, parts));
        ask_free(a);
        return backend_survive(b, r);
}

/* A server that cannot be told is ended: it would wait for ever. */
void ask_session_ended(Session *s)
{
        PendingNode *node;
        uint32_t at = 0;
        while ((node = pending_each(&s->asks, &at))) {
                Ask *a = CONTAINER_OF(node, Ask, node);
                Backend *b = a->backend;
                int r = refuse(b, span_from(a->id, a->id_len), RPC_ERROR_INTERNAL, "the client has gone");
                ask_free(a);
                if (backend_survive(b, r) < 0)
                        log_error("the supervisor cannot be told of a server that has failed");
        }
}

void ask_exchange_ended(Exchange *x)
{
        Ask *a;
        while ((a = LIST_FIRST(&x->asks)))
                ask_cut(a);
}

void ask_backend_ended(Backend *b)
{
        Ask *a;
        while ((a = LIST_FIRST(&b->asks))) {
                if (tell_client(a, "the server has gone") < 0)
                        log_error("a client could not be told that a question is over");
                ask_free(a);
        }
}
