/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of an endpoint: answered from what is known, after a short wait for what is about to be. */
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/here.h"
#include "gateway/stream.h"
#include "gateway/upstream-private.h"
#include "jsonrpc/json.h"

int here_refresh(Gateway *g, Endpoint *ep)
{
        unsigned changed = 0;
        if (!ep->stale)
                return 0;
        int r = endpoint_refresh(&g->endpoints, ep, &changed);
        ep->untold |= changed;
        return r;
}

/* ---- answering --------------------------------------------------------------------------- */

static int answer_page(Exchange *x, McpList list, uint32_t offset)
{
        CLEANUP(buf_done) Buf tail = BUF_INIT(BUF_CAP_NONE);
        Gateway *g = x->gateway;
        const Listing *l = &x->session->endpoint->lists[list];
        uint32_t next;
        char cursor[CURSOR_SIZE];
        Span items = listing_page(l, offset, LIMIT_PAGE_ITEMS, LIMIT_PAGE_BYTES, &next);
        int r = buf_append_char(&tail, ']');
        if (r == 0 && next) {
                cursor_write(g->cursor_key, &(Cursor){.list = list, .offset = next, .edition = l->edition},
                             cursor);
                r = buf_appendf(&tail, ",\"nextCursor\":\"%s\"", cursor);
        }
        if (r < 0)
                return r;
        const Span parts[] = {SPAN("{\"jsonrpc\":\"2.0\",\"id\":"),
                              exchange_id(x),
                              SPAN(",\"result\":{\""),
                              span_of(mcp_list_table[list].member),
                              SPAN("\":["),
                              items,
                              buf_span(&tail),
                              SPAN("}}")};
        return exchange_answer(x, parts, ARRAY_SIZE(parts), SCORE_STATUS_OK);
}

/* Nothing is known of any server, and none is about to tell: that is not the same as an empty list. */
static bool nobody_knows(const Endpoint *ep)
{
        for (uint32_t i = 0; i < ep->n; i++)
                if (ep->members[i]->catalogue || upstream_may_tell(ep->members[i]))
                        return false;
        return ep->n > 0;
}

static McpList list_of(McpMethod m)
{
        for (McpList l = 0; l < _MCP_LIST_MAX; l++)
                if (mcp_list_table[l].method == m)
                        return l;
        return MCP_LIST_TOOLS;
}

static int answer_list(Exchange *x)
{
        Endpoint *ep = x->session->endpoint;
        int r = here_refresh(x->gateway, ep);
        if (r < 0)
                return r;
        if (nobody_knows(ep)) {
                x->call.upstream = ep->members[0]; /* for want of a better one */
                return exchange_fault(x, upstream_why_not(ep->members[0]));
        }
        return answer_page(x, list_of(x->method), 0);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static bool worth_waiting(const Endpoint *ep)
{
        for (uint32_t i = 0; i < ep->n; i++)
                if (upstream_may_tell(ep->members[i]))
                        return true;
        return false;
}

static int wait_for_lists(Exchange *x)
{
        Gateway *g = x->gateway;
        x->list_due = nsec_add(loop_now(g->loop), LIMIT_LIST_WAIT * NSEC_PER_MSEC);
        x->listed = true;
        TAILQ_INSERT_TAIL(&g->listing, x, link);
        if (!timer_is_armed(&g->list_due))
                timer_arm(&g->list_due, x->list_due);
        return 0;
}

static int stop_waiting(Exchange *x)
{
        TAILQ_REMOVE(&x->gateway->listing, x, link);
        x->listed = false;
        int r = answer_list(x);
        return r < 0 ? exchange_error(x, RPC_ERROR_INTERNAL, strerror(-r)) : r;
}

int gateway_lists_again(Gateway *g)
{
        Exchange *x, *next;
        int r = 0;
        for (x = TAILQ_FIRST(&g->listing); r == 0 && x; x = next) {
                next = TAILQ_NEXT(x, link);
                if (!x->session || !worth_waiting(x->session->endpoint))
                        r = stop_waiting(x);
        }
        return r;
}

static int list_due_fired(Timer *timer, Nsec now)
{
        Gateway *g = CONTAINER_OF(timer, Gateway, list_due);
        Exchange *x;
        int r = 0;
        while (r == 0 && (x = TAILQ_FIRST(&g->listing)) && x->list_due <= now)
                r = stop_waiting(x);
        if (r == 0 && x)
                timer_arm(timer, x->list_due);
        return r;
}

const TimerOps gateway_list_due_ops = {.fired = list_due_fired};

int here_list(Exchange *x, const Envelope *e, McpList list)
{
        Gateway *g = x->gateway;
        Endpoint *ep = x->session->endpoint;
        Span value = envelope_member(e, MEMBER_CURSOR), text;
        char room[CURSOR_SIZE];
        Cursor at;
        if (jspan_type(value) == JSPAN_NONE || jspan_type(value) == JSPAN_NULL)
                return worth_waiting(ep) ? wait_for_lists(x) : answer_list(x);
        int r = here_refresh(g, ep);
        if (r < 0)
                return r;
        if (!jspan_text(value, room, sizeof(room), &text) || !cursor_read(g->cursor_key, text, &at) ||
            at.list != list || at.edition != ep->lists[list].edition)
                return exchange_error(
                        x, RPC_ERROR_INVALID_PARAMS,
                        "params.cursor is none of this list, which may have changed: begin again");
        return answer_page(x, list, at.offset);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void tell_sessions(Gateway *g, Endpoint *ep, unsigned lists)
{
        Session *s;
        TAILQ_FOREACH(s, &g->sessions.by_use, by_use)
        if (s->endpoint == ep)
                session_tell_changed(s, lists);
}

int here_tell_changes(Gateway *g, Endpoint *ep)
{
        int r = here_refresh(g, ep);
        unsigned lists = ep->untold;
        ep->untold = 0;
        if (lists && ep->sessions)
                tell_sessions(g, ep, lists);
        return r;
}

static int changed_fired(Timer *timer, Nsec now UNUSED)
{
        Gateway *g = CONTAINER_OF(timer, Gateway, changed);
        Endpoint *ep;
        int r = 0;
        TAILQ_FOREACH(ep, &g->endpoints.list, link)
        {
                int q = here_tell_changes(g, ep);
                r = q < 0 ? q : r;
        }
        if (r < 0) { /* no memory for a list: later, perhaps */
                log_error("a list of several servers: %s", strerror(-r));
                timer_arm(timer, nsec_add(loop_now(g->loop), NSEC_PER_SEC));
        }
        return 0;
}

const TimerOps gateway_changed_ops = {.fired = changed_fired};

int gateway_catalogue_changed(Gateway *g, Upstream *u)
{
        endpoint_set_touch(&g->endpoints, u);
        if (!timer_is_armed(&g->changed))
                timer_arm(&g->changed, nsec_add(loop_now(g->loop), LIMIT_LIST_DEBOUNCE * NSEC_PER_MSEC));
        return gateway_lists_again(g);
}
