/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of a server: to whom they go. */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "gateway/ask.h"
#include "gateway/root.h"
#include "gateway/stream.h"
#include "gateway/upstream-private.h"
#include "jsonrpc/json.h"
#include "jsonrpc/splice.h"

/* ---- log messages -------------------------------------------------------------------- */

static bool wants_level(const Session *s, McpLevel level)
{
        return s->level < 0 || level >= s->level;
}

/* Where several servers speak, each says which one it is. */
static int prefix_logger(const Upstream *u, const Envelope *e, Splice *s, Buf *room)
{
        Span logger = envelope_member(e, MEMBER_LOGGER);
        if (jspan_type(logger) != JSPAN_STRING)
                return 0;
        int r = buf_appendf(room, "\"%s/", u->name);
        if (r == 0)
                r = buf_append(room, logger.ptr + 1, logger.len - 1);
        if (r == 0)
                splice_replace(s, logger, buf_span(room));
        return r;
}

static int push_log(Backend *b, Session *s, Exchange *x, const Envelope *e)
{
        CLEANUP(buf_done) Buf room = BUF_INIT(BUF_CAP_NONE);
        Span parts[SPLICE_PARTS];
        Splice splice;
        bool taken;
        splice_init(&splice, e->text);
        int r = s->endpoint->kind != ENDPOINT_SERVER ? prefix_logger(b->upstream, e, &splice, &room) : 0;
        if (r < 0)
                return r;
        unsigned n = splice_parts(&splice, parts);
        r = x ? exchange_push(x, parts, n) : EXCHANGE_E_NO_STREAM;
        if (r == EXCHANGE_E_NO_STREAM)
                r = session_push(s, parts, n, &taken);
        return MIN(r, 0);
}

static bool has_member(const Endpoint *ep, const Upstream *u)
{
        for (uint32_t i = 0; i < ep->n; i++)
                if (ep->members[i] == u)
                        return true;
        return false;
}

/* A message says not which call it is about. The stream of a call is its place only if that call is the only
 * one in flight, and its client wants logs. */
static int take_log(Backend *b, const Envelope *e)
{
        Gateway *g = b->upstream->gateway;
        Call *only = backend_only_call(b);
        Exchange *x = only ? CONTAINER_OF(only, Exchange, call) : NULL;
        Session *s = b->lease ? b->lease->session : NULL, *next;
        McpLevel level = mcp_level_of(envelope_member(e, MEMBER_LEVEL));
        int r = 0;
        if (level < 0)
                return 0;
        if (s)
                return wants_level(s, level) ? push_log(b, s, x, e) : 0;
        if (x && x->session && x->session->level >= 0 && wants_level(x->session, level))
                return push_log(b, x->session, x, e);
        for (s = LIST_FIRST(&g->loggers); r == 0 && s; s = next) {
                next = LIST_NEXT(s, in_loggers);
                if (wants_level(s, level) && has_member(s->endpoint, b->upstream))
                        r = push_log(b, s, NULL, e);
        }
        return r;
}

/* ---- resources -------------------------------------------------------------------------- */

static int take_updated(Backend *b, const Envelope *e)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        Upstream *u = b->upstream;
        uint32_t at = 0;
        uint64_t who;
        bool taken;
        int r = jspan_text_append(envelope_member(e, MEMBER_URI), &uri);
        if (r == -EINVAL || r == -ENOBUFS)
                return 0;
        while (r == 0 && subscription_each(u->subscriptions, buf_span(&uri), &at, &who)) {
                Session *s = session_by_number(&u->gateway->sessions, who);
                if (s && (!b->lease || b->lease->session == s))
                        r = session_push(s, &e->text, 1, &taken);
        }
        return r;
}

static int pass_to_owner(Backend *b, const Envelope *e)
{
        bool taken;
        Session *s = b->lease ? b->lease->session : NULL;
        return s ? session_push(s, &e->text, 1, &taken) : 0;
}

int upstream_notified(Backend *b, const Envelope *e)
{
        McpMethod m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
        for (McpList l = 0; l < _MCP_LIST_MAX; l++)
                if (mcp_list_table[l].changed == m)
                        upstream_lists_changed(b->upstream, 1u << l);
        switch (m) {
        case MCP_METHOD_MESSAGE:
                return take_log(b, e);
        case MCP_METHOD_RESOURCE_UPDATED:
                return take_updated(b, e);
        case MCP_METHOD_CANCELLED:
                return ask_cancelled(b, e);
        case MCP_METHOD_ELICIT_COMPLETE:
                return pass_to_owner(b, e);
        default:
                return 0;
        }
}
