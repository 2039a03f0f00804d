/* SPDX-License-Identifier: Apache-2.0 */
/* From a POST to what it asks: one message or several, of a session or the first of one. */
#include "base/limit-table.h"
#include "gateway/ask.h"
#include "gateway/batch.h"
#include "gateway/figures.h"
#include "gateway/here.h"
#include "gateway/stream.h"
#include "jsonrpc/json.h"
#include "jsonrpc/scan.h"
#include "mcp/era.h"
#include "mcp/write.h"

static EnvelopeLimits limits_of(const Gateway *g)
{
        const Config *c = gateway_config(g);
        return (EnvelopeLimits){.depth = (uint32_t)c->limits.max_depth, .id = (uint32_t)c->limits.max_id};
}

/* ---- which session -------------------------------------------------------------------- */

/* A session belongs to its path and to who began it: it is nobody else's business that it exists. */
static Session *session_of(Client *c, const HttpRequest *r, const Endpoint *endpoint)
{
        Session *s = session_find(&c->gateway->sessions, http_header(r, HTTP_HEADER_MCP_SESSION));
        if (!s || s->endpoint != endpoint || strcmp(s->principal, c->principal) != 0)
                return NULL;
        return s;
}

static int refuse_session(Client *c, const HttpRequest *r, Span id)
{
        if (http_header(r, HTTP_HEADER_MCP_SESSION).ptr)
                return client_refuse_rpc(c, 404, RPC_ERROR_SESSION_NOT_FOUND, id, NULL);
        return client_refuse_rpc(
                c, 400, RPC_ERROR_INVALID_REQUEST, id,
                "no session: send initialize first, then its Mcp-Session-Id with every request");
}

/* The header is not needed; one that we do not know is an error. */
static bool version_is_fine(const HttpRequest *r)
{
        Span text = http_header(r, HTTP_HEADER_MCP_VERSION);
        McpVersion version = text.ptr ? mcp_version_of(text) : _MCP_VERSION_INVALID;
        return !text.ptr || (version >= 0 && mcp_version_table[version].era == MCP_LEGACY);
}

/* Its session is used by this request; c->status is set when the request had to be refused instead. */
static int use_session(Client *c, const HttpRequest *r, Span id, Session *s)
{
        if (!s)
                return refuse_session(c, r, id);
        if (!version_is_fine(r))
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_REQUEST, id,
                                         "MCP-Protocol-Version names no revision that is spoken here");
        session_touch(s, loop_now(c->gateway->loop));
        return 0;
}

/* ---- single messages --------------------------------------------------------------------- */

static int accepted(Client *c)
{
        return client_answer(c, &(ClientAnswer){.status = 202}, NULL, 0);
}

/* Notifications and answers: nothing comes back for them. */
static int take_silent(Session *s, const Envelope *e)
{
        bool known;
        if (e->kind == ENVELOPE_NOTIFICATION)
                return here_notified(s, e);
        return ask_answered(s, e, &known);
}

static int batch_refuse(Batch *b, Span id, RpcError error, const char *why)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_error(&text,
                                &(McpErrorArgs){.id = id, .null_id = true, .error = error, .message = why});
        const Span part = buf_span(&text);
        if (r < 0)
                return r;
        batch_expect(b);
        return batch_answer(b, &part, 1);
}

static const char bad_token[] = "progressToken must be a string or a number of at most 64 bytes";

static int post_request(Client *c, Batch *batch, Session *s, const Envelope *e)
{
        Exchange *x;
        int r = exchange_new(c->gateway, c, batch, s, e, &x);
        if (r == EXCHANGE_E_TOKEN && batch)
                return batch_refuse(batch, envelope_member(e, MEMBER_ID), RPC_ERROR_INVALID_PARAMS,
                                    bad_token);
        if (r == EXCHANGE_E_TOKEN)
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_PARAMS, envelope_member(e, MEMBER_ID),
                                         bad_token);
        return r < 0 ? r : gateway_request(x, e);
}

/* `s`: its session, NULL without */
static int post_message(Client *c, const HttpRequest *r, Session *s, const Envelope *e)
{
        Span id = envelope_member(e, MEMBER_ID);
        bool first = e->kind == ENVELOPE_REQUEST &&
                     mcp_method_of(envelope_member(e, MEMBER_METHOD)) == MCP_METHOD_INITIALIZE;
        if (first && !http_header(r, HTTP_HEADER_MCP_SESSION).ptr)
                return here_initialize(c, client_endpoint(c, r), e);
        int q = use_session(c, r, id, s);
        if (q < 0 || c->status)
                return q;
        if (first)
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_REQUEST, id,
                                         "this session is initialized already");
        if (e->kind == ENVELOPE_REQUEST)
                return post_request(c, NULL, s, e);
        q = take_silent(s, e);
        return q < 0 ? q : accepted(c);
}

/* ---- several at once ------------------------------------------------------------------------ */

static int batch_item(Client *c, Batch *b, Session *s, Span item)
{
        Envelope e;
        EnvelopeLimits limits = limits_of(c->gateway);
        int r = envelope_scan((char *)(uintptr_t)item.ptr, item.len, &limits, &e);
        Span id = envelope_member(&e, MEMBER_ID);
        if (r != 0)
                return batch_refuse(b, id, RPC_ERROR_INVALID_REQUEST, e.why ? e.why : "an array in an array");
        if (e.kind != ENVELOPE_REQUEST)
                return take_silent(s, &e);
        if (mcp_method_of(envelope_member(&e, MEMBER_METHOD)) == MCP_METHOD_INITIALIZE)
                return batch_refuse(b, id, RPC_ERROR_INVALID_REQUEST, "initialize stands alone");
        return post_request(c, b, s, &e);
}

static unsigned count_items(Span array)
{
        JspanWalk walk = jspan_walk(array);
        Span item;
        unsigned n = 0;
        while (jspan_next(&walk, NULL, &item))
                n++;
        return n;
}

static int post_batch(Client *c, const HttpRequest *r, Session *s, Span array)
{
        unsigned n = count_items(array);
        Batch *b;
        Span item;
        int q = use_session(c, r, SPAN_NONE, s);
        if (q < 0 || c->status)
                return q;
        if (!mcp_has(s->version, MCP_HAS_BATCH))
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_REQUEST, SPAN_NONE,
                                         "this revision of the protocol has no batches");
        if (n > gateway_config(c->gateway)->limits.max_batch)
                figures_limit(c->gateway, SCORE_LIMIT_MAX_BATCH);
        if (n == 0 || n > gateway_config(c->gateway)->limits.max_batch)
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_REQUEST, SPAN_NONE,
                                         "an empty batch, or more messages than limits.max_batch");
        q = batch_new(c, gateway_config(c->gateway)->limits.max_line, &b);
        if (q < 0)
                return q;
        JspanWalk walk = jspan_walk(array);
        uint64_t number = s->number;
        while (q == 0 && jspan_next(&walk, NULL, &item)) {
                s = session_by_number(&c->gateway->sessions, number);
                if (s)
                        q = batch_item(c, b, s, item);
        }
        if (q < 0) { /* what is missing must not look like all there is */
                batch_cut(b);
                c->batch = NULL;
        }
        int last = batch_skip(b);
        return q < 0 ? q : last;
}

/* ---- by HTTP ------------------------------------------------------------------------------------ */

/* The stateless era has no door here yet: its clients are told what is spoken, as they expect to be. */
static int refuse_modern(Client *c, const Envelope *e)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const McpErrorArgs a = {
                .id = envelope_member(e, MEMBER_ID),
                .error = RPC_ERROR_METHOD_NOT_FOUND,
                .message = "the stateless revision is not spoken here: begin with initialize"};
        int r = mcp_write_error(&b, &a);
        const Span body = buf_span(&b);
        return r < 0 ? r
                     : client_answer(c, &(ClientAnswer){.status = 404, .type = SPAN("application/json")},
                                     &body, 1);
}

int gateway_post(Client *c, HttpRequest *r)
{
        EnvelopeLimits limits = limits_of(c->gateway);
        Envelope e;
        EraVerdict verdict;
        const Endpoint *endpoint = client_endpoint(c, r);
        if (!endpoint)
                return client_refuse(c, 404, "there is no server and no view of that name");
        Session *s = session_of(c, r, endpoint);
        c->null_id = s && mcp_has(s->version, MCP_ERROR_NEEDS_ID);
        switch (envelope_scan(r->body, r->body_len, &limits, &e)) {
        case 0:
                break;
        case ENVELOPE_E_BATCH:
                return post_batch(c, r, s, e.text);
        case ENVELOPE_E_SYNTAX:
                if (strcmp(e.why, SCAN_TOO_DEEP) == 0)
                        figures_limit(c->gateway, SCORE_LIMIT_MAX_DEPTH);
                return client_refuse_rpc(c, 400, RPC_ERROR_PARSE, SPAN_NONE, e.why);
        default:
                if (strcmp(e.why, ENVELOPE_ID_TOO_LONG) == 0)
                        figures_limit(c->gateway, SCORE_LIMIT_MAX_ID);
                return client_refuse_rpc(c, 400, RPC_ERROR_INVALID_REQUEST, envelope_member(&e, MEMBER_ID),
                                         e.why);
        }
        const EraHeaders h = {.version = http_header(r, HTTP_HEADER_MCP_VERSION),
                              .method = http_header(r, HTTP_HEADER_MCP_METHOD),
                              .name = http_header(r, HTTP_HEADER_MCP_NAME)};
        int q = era_of(&e, &h, &verdict);
        if (q == ERA_E_REFUSED)
                return client_refuse_rpc(c, 400, verdict.error, envelope_member(&e, MEMBER_ID), verdict.why);
        if (q < 0)
                return q;
        return verdict.era == MCP_MODERN ? refuse_modern(c, &e) : post_message(c, r, s, &e);
}

int gateway_get(Client *c, HttpRequest *r)
{
        Session *s = session_of(c, r, client_endpoint(c, r));
        int q = use_session(c, r, SPAN_NONE, s);
        if (q < 0 || c->status)
                return q;
        return stream_open(c, s, http_header(r, HTTP_HEADER_LAST_EVENT_ID));
}

int gateway_delete(Client *c, HttpRequest *r)
{
        Session *s = session_of(c, r, client_endpoint(c, r));
        int q = use_session(c, r, SPAN_NONE, s);
        if (q < 0 || c->status)
                return q;
        session_end(s);
        return client_answer(c, &(ClientAnswer){.status = 200}, NULL, 0);
}
