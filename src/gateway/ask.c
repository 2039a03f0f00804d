/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/ask.h"
#include "base/json-writer.h"
#include "base/log.h"
#include "gateway/root.h"
#include "gateway/stream.h"
#include "jsonrpc/json.h"
#include "jsonrpc/splice.h"
#include "mcp/write.h"

struct Ask {
        PendingNode node; /* in the session's table */
        LIST_ENTRY(Ask) in_backend;
        Session *session;   /* borrowed */
        Backend *backend;   /* borrowed */
        Exchange *exchange; /* borrowed, or NULL: only to be compared */
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

static void ask_free(Ask *a)
{
        pending_remove(&a->session->asks, &a->node);
        LIST_REMOVE(a, in_backend);
        free(a);
}

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
        *ret_exchange = only ? CONTAINER_OF(only, Exchange, call) : NULL;
        if (b->lease)
                return b->lease->session;
        return *ret_exchange ? (*ret_exchange)->session : NULL;
}

static int ask_new(Backend *b, Session *s, Span id, Ask **ret)
{
        if (id.len > EXCHANGE_TEXT)
                return -ENOBUFS;
        Ask *a = malloc(sizeof(*a));
        if (!a)
                return -ENOMEM;
        *a = (Ask){.session = s, .backend = b, .id_len = id.len};
        memcpy(a->id, id.ptr, a->id_len);
        int r = pending_add(&s->asks, &a->node);
        if (r < 0) {
                free(a);
                return r;
        }
        LIST_INSERT_HEAD(&b->asks, a, in_backend);
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
        int r = ask_new(b, s, id, &a);
        if (r == -ENOBUFS)
                return refuse(b, id, RPC_ERROR_INTERNAL,
                              "too many questions wait for the client, or the id of this one is too long");
        if (r < 0)
                return r;
        a->exchange = x;
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
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)a->node.id);
        ask_free(a);
        splice_init(&splice, e->text);
        splice_replace(&splice, id, span_of(number));
        return session_push(s, parts, splice_parts(&splice, parts), &taken);
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

void ask_backend_ended(Backend *b)
{
        Ask *a;
        while ((a = LIST_FIRST(&b->asks)))
                ask_free(a);
}
