/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/exchange-private.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/ask.h"
#include "gateway/batch.h"
#include "gateway/figures.h"
#include "gateway/here.h"
#include "gateway/payload.h"
#include "gateway/root.h"
#include "jsonrpc/json.h"
#include "jsonrpc/splice.h"
#include "mcp/write.h"

/* ---- its life ----------------------------------------------------------------- */

static Exchange *pool_take(Gateway *g)
{
        Exchange *x = g->free_exchanges;
        if (!x)
                return malloc(sizeof(*x));
        g->free_exchanges = x->next_free;
        g->n_free_exchanges--;
        return x;
}

static void pool_give(Gateway *g, Exchange *x)
{
        if (g->n_free_exchanges >= LIMIT_GATEWAY_POOL) {
                free(x);
                return;
        }
        x->next_free = g->free_exchanges;
        g->free_exchanges = x;
        g->n_free_exchanges++;
}

void exchange_pool_done(Gateway *g)
{
        Exchange *x;
        while ((x = g->free_exchanges)) {
                g->free_exchanges = x->next_free;
                free(x);
        }
}

/* A token is a string or a whole number, and short: it is kept as it was written. */
static bool take_token(Exchange *x, const Envelope *e)
{
        Span token = envelope_member(e, MEMBER_META_PROGRESS_TOKEN);
        JspanType type = jspan_type(token);
        if (type == JSPAN_NONE)
                return true;
        if (token.len > sizeof(x->token) || (type != JSPAN_STRING && type != JSPAN_NUMBER))
                return false;
        memcpy(x->token, token.ptr, token.len);
        x->token_len = token.len;
        return true;
}

/* Without memory for it a log line is shorter. */
static ClientTrace *trace_of(const Client *c)
{
        ClientTrace *t = c->trace.parent[0] || c->trace.state[0] || c->trace.baggage[0] ? malloc(sizeof(*t))
                                                                                        : NULL;
        if (t)
                *t = c->trace;
        return t;
}

int exchange_new(Gateway *g, Client *c, Batch *batch, Session *s, const Envelope *e, Exchange **ret)
{
        Span id = envelope_member(e, MEMBER_ID);
        Exchange *x = pool_take(g);
        if (!x)
                return -ENOMEM;
        memset(x, 0, offsetof(Exchange, id));
        x->correlation[0] = 0;
        x->tool = NULL;
        x->trace = NULL;
        x->gateway = g;
        x->call.ops = &exchange_call_ops;
        x->session = s;
        x->call.session = s;
        x->version = s ? s->version : MCP_VERSION_ASSUMED;
        x->started = loop_now(g->loop);
        x->id_len = MIN(id.len, sizeof(x->id));
        memcpy(x->id, id.ptr, x->id_len);
        if (!take_token(x, e)) {
                pool_give(g, x);
                return EXCHANGE_E_TOKEN;
        }
        memcpy(x->correlation, c->correlation, sizeof(x->correlation));
        x->trace = trace_of(c);
        x->batch = batch;
        if (batch) {
                batch_expect(batch);
        } else {
                x->client = c;
                c->exchange = x;
        }
        if (s) {
                LIST_INSERT_HEAD(&s->exchanges, x, in_session);
                session_busy(s, true);
        }
        g->exchanges++;
        *ret = x;
        return 0;
}

/* What hangs on it has been cut; its answer is given, or nobody wants it. */
static void exchange_free(Exchange *x)
{
        Gateway *g = x->gateway;
        ask_exchange_ended(x);
        buf_done(&x->kept);
        free(TAKE_PTR(x->trace));
        if (x->listed)
                TAILQ_REMOVE(&g->listing, x, link);
        if (x->client)
                x->client->exchange = NULL;
        if (x->session) {
                LIST_REMOVE(x, in_session);
                session_busy(x->session, false);
        }
        g->exchanges--;
        pool_give(g, x);
        gateway_check_drained(g);
}

/* ---- its end -------------------------------------------------------------------- */

static bool worth_a_line(const Gateway *g, ScoreStatus how, Nsec took)
{
        const Config *c = gateway_config(g);
        bool bad = how != SCORE_STATUS_OK && how != SCORE_STATUS_TOOL_ERROR;
        switch ((LogRequests)c->log.requests) {
        case LOG_REQUESTS_ALL:
                return true;
        case LOG_REQUESTS_SLOW:
                return bad || took >= c->log.slow;
        case LOG_REQUESTS_ERRORS:
                return bad;
        default:
                return false;
        }
}

/* NULL is left out of a log line. */
static const char *shown(const ClientTrace *t, size_t member)
{
        const char *text = t ? (const char *)t + member : "";
        return *text ? text : NULL;
}

static void exchange_account(Exchange *x, ScoreStatus how)
{
        Nsec took = nsec_sub(loop_now(x->gateway->loop), x->started);
        const char *server = x->call.upstream ? x->call.upstream->name : NULL;
        figures_request(x, how, took / NSEC_PER_USEC);
        if (worth_a_line(x->gateway, how, took))
                log_limited(LOG_LEVEL_INFO, how == SCORE_STATUS_OK ? NULL : "request",
                            LOG_FIELDS(LOG_SERVER(server), LOG_REQUEST(x->correlation),
                                       LOG_STR("method", mcp_method_name(x->method)),
                                       LOG_SPAN("tool", figures_tool(x)),
                                       LOG_STR("status", score_status_name(how)),
                                       LOG_INT("usec", took / NSEC_PER_USEC),
                                       LOG_STR("traceparent", shown(x->trace, offsetof(ClientTrace, parent))),
                                       LOG_STR("tracestate", shown(x->trace, offsetof(ClientTrace, state))),
                                       LOG_STR("baggage", shown(x->trace, offsetof(ClientTrace, baggage)))),
                            "%s: %s after %.1f ms", mcp_method_name(x->method), score_status_name(how),
                            (double)took / (double)NSEC_PER_MSEC);
}

/* There is no memory to say it in: the connection ends, which says something, too. */
static int exchange_drop(Exchange *x)
{
        Client *c = TAKE_PTR(x->client);
        int r = x->batch ? batch_skip(TAKE_PTR(x->batch)) : 0;
        x->finished = true;
        exchange_account(x, SCORE_STATUS_ERROR);
        if (c) {
                c->exchange = NULL;
                http_conn_close(&c->http);
        }
        exchange_free(x);
        return r;
}

int exchange_answer(Exchange *x, const Span *parts, unsigned n, ScoreStatus how)
{
        assert(!x->finished);
        x->finished = true;
        exchange_account(x, how);
        int r = exchange_give(x, parts, n);
        exchange_free(x);
        return r;
}

int exchange_result(Exchange *x, Span result)
{
        const Span parts[] = {SPAN("{\"jsonrpc\":\"2.0\",\"id\":"), exchange_id(x), SPAN(",\"result\":"),
                              result, SPAN("}")};
        return exchange_answer(x, parts, ARRAY_SIZE(parts), SCORE_STATUS_OK);
}

int exchange_error(Exchange *x, RpcError error, const char *message)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const McpErrorArgs a = {.id = exchange_id(x), .error = error, .message = message};
        int r = mcp_write_error(&b, &a);
        const Span text = buf_span(&b);
        return r < 0 ? exchange_drop(x) : exchange_answer(x, &text, 1, SCORE_STATUS_ERROR);
}

static ScoreStatus outcome_of(Fault fault)
{
        switch (fault) {
        case FAULT_REQUEST_TIMEOUT:
        case FAULT_QUEUE_TIMEOUT:
        case FAULT_START_TIMEOUT:
                return SCORE_STATUS_TIMEOUT;
        case FAULT_CANCELLED:
                return SCORE_STATUS_CANCELLED;
        case FAULT_QUEUE_FULL:
        case FAULT_SERVER_BUSY:
        case FAULT_DRAINING:
                return SCORE_STATUS_REFUSED;
        default:
                return SCORE_STATUS_ERROR;
        }
}

static void count_limit(Gateway *g, Fault fault)
{
        static const struct {
                Fault fault;
                ScoreLimit limit;
        } rows[] = {{FAULT_QUEUE_FULL, SCORE_LIMIT_MAX_QUEUE},
                    {FAULT_QUEUE_TIMEOUT, SCORE_LIMIT_QUEUE_TIMEOUT},
                    {FAULT_REQUEST_TIMEOUT, SCORE_LIMIT_REQUEST_TIMEOUT},
                    {FAULT_MESSAGE_TOO_LARGE, SCORE_LIMIT_MAX_LINE}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].fault == fault)
                        figures_limit(g, rows[i].limit);
}

int exchange_fault(Exchange *x, Fault fault)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        FaultArgs a = {.fault = fault, .retry_after_ms = UINT64_MAX, .exit_class = -1, .code = -1};
        if (x->call.upstream)
                upstream_fault(x->call.upstream, fault, &a);
        count_limit(x->gateway, fault);
        a.correlation_id = span_of(x->correlation);
        int r = fault_write(&b, exchange_id(x), &a);
        const Span text = buf_span(&b);
        return r < 0 ? exchange_drop(x) : exchange_answer(x, &text, 1, outcome_of(fault));
}

int exchange_cancelled(Exchange *x)
{
        int r = x->call.state != CALL_IDLE ? upstream_cancel(&x->call, "cancelled by the client") : 0;
        if (r < 0)
                log_error("a call could not be cancelled: %s", strerror(-r));
        if (!x->open)
                return exchange_fault(x, FAULT_CANCELLED);
        x->finished = true;
        exchange_account(x, SCORE_STATUS_CANCELLED);
        Client *c = TAKE_PTR(x->client);
        if (c)
                c->exchange = NULL;
        exchange_free(x);
        return c ? client_end_stream(c) : 0;
}

/* ---- its client and its session ----------------------------------------------------- */

/* Without a session there is no way to come back. */
int exchange_cut(Exchange *x, bool cancel)
{
        x->client = NULL;
        if (!cancel && x->session)
                return 0;
        int r = x->call.state != CALL_IDLE ? upstream_cancel(&x->call, "the client has gone") : 0;
        x->finished = true;
        exchange_account(x, SCORE_STATUS_CANCELLED);
        exchange_free(x);
        return r;
}

int exchange_resume(Exchange *x, Client *c)
{
        if (x->client) { /* the older connection has lost it */
                Client *old = x->client;
                old->exchange = NULL;
                x->client = NULL;
                int r = client_end_stream(old);
                if (r < 0)
                        return r;
        }
        x->client = c;
        c->exchange = x;
        return 0;
}

int exchange_session_ended(Exchange *x)
{
        Session *s = TAKE_PTR(x->session);
        LIST_REMOVE(x, in_session);
        session_busy(s, false);
        x->call.session = NULL;
        x->numbered = false;
        return exchange_cancelled(x);
}

/* ---- as a call ---------------------------------------------------------------------- */

/* The server's message as it is, but for the id. */
static int call_answered(Call *c, const Envelope *e)
{
        Exchange *x = CONTAINER_OF(c, Exchange, call);
        ScoreStatus how = SCORE_STATUS_OK;
        Span parts[SPLICE_PARTS];
        Splice s;
        payload_answered(x, e);
        if (e->kind == ENVELOPE_ERROR && x->kept.len && forward_again(x, e))
                return 0;
        if (e->kind == ENVELOPE_ERROR)
                how = SCORE_STATUS_ERROR;
        else if (jspan_true(envelope_member(e, MEMBER_RESULT_IS_ERROR)))
                how = SCORE_STATUS_TOOL_ERROR;
        splice_init(&s, e->text);
        splice_replace(&s, envelope_member(e, MEMBER_ID), exchange_id(x));
        return exchange_answer(x, parts, splice_parts(&s, parts), how);
}

static int call_failed(Call *c, Fault fault)
{
        return exchange_fault(CONTAINER_OF(c, Exchange, call), fault);
}

static int call_progress(Call *c, const Envelope *e)
{
        Exchange *x = CONTAINER_OF(c, Exchange, call);
        Span parts[SPLICE_PARTS];
        Splice s;
        if (x->token_len == 0)
                return 0;
        splice_init(&s, e->text);
        splice_replace(&s, envelope_member(e, MEMBER_PROGRESS_TOKEN), span_from(x->token, x->token_len));
        int r = exchange_push(x, parts, splice_parts(&s, parts));
        return MIN(r, 0);
}

const CallOps exchange_call_ops = {
        .answered = call_answered, .failed = call_failed, .progress = call_progress};
