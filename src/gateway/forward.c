/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that go to a server: which one, and under which of its own names. */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "gateway/figures.h"
#include "gateway/here.h"
#include "gateway/payload.h"
#include "gateway/upstream-private.h"
#include "jsonrpc/error-code.h"
#include "jsonrpc/json.h"

enum { NAME_ROOM = 512, QUOTED_ROOM = NAME_ROOM + 2 };

static CallText text_of(const Envelope *e)
{
        return (CallText){.text = e->text,
                          .id = envelope_member(e, MEMBER_ID),
                          .token = envelope_member(e, MEMBER_META_PROGRESS_TOKEN)};
}

static int send(Exchange *x, Upstream *u, const CallText *t)
{
        x->call.method = x->method;
        x->call.session = x->session;
        payload_asked(x, u, t->text);
        return upstream_call(u, &x->call, t);
}

/* ---- names ----------------------------------------------------------------------------- */

/* As for a list that is known: by the server's filter and, for tools, by the view's. */
static bool is_let_through(const ListingSource *s, McpList list, Span own)
{
        char both[NAME_ROOM];
        int n = snprintf(both, sizeof(both), "%.*s__%.*s", (int)MIN(s->server.len, sizeof(both)),
                         s->server.ptr, (int)MIN(own.len, sizeof(both)), own.ptr);
        bool any = list == MCP_LIST_TOOLS && (s->view.allow || s->view.n_deny);
        return mcp_filter(&s->filter, own) &&
               (!any ||
                ((size_t)n < sizeof(both) && mcp_filter_either(&s->view, span_from(both, (size_t)n), own)));
}

/* A server whose lists are not known may have it: the one whose prefix it bears, if its filter lets it. */
static bool guess(const Endpoint *ep, McpList list, Span name, EndpointTarget *ret)
{
        size_t best = 0;
        bool found = false;
        for (uint32_t i = 0; i < ep->n; i++) {
                const ListingSource *s = &ep->sources[list][i];
                if (ep->members[i]->catalogue || !span_starts(name, s->prefix) || s->prefix.len < best)
                        continue;
                Span own = span_skip(name, s->prefix.len);
                if (own.len == 0 || s->n_rename || !is_let_through(s, list, own))
                        continue;
                *ret = (EndpointTarget){.upstream = ep->members[i], .own = own};
                best = s->prefix.len;
                found = true;
        }
        return found;
}

static bool is_plain(Span s)
{
        for (size_t i = 0; i < s.len; i++)
                if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == '"' || s.ptr[i] == '\\')
                        return false;
        return true;
}

/* The server's own name takes the place of the one in the message. */
static int send_named(Exchange *x, const EndpointTarget *to, CallText *t, Span value, Span exposed)
{
        CLEANUP(buf_done) Buf quoted = BUF_INIT(BUF_CAP_NONE);
        char room[QUOTED_ROOM];
        if (span_equal(to->own, exposed))
                return send(x, to->upstream, t);
        t->old_name = value;
        if (to->own.len + 2 <= sizeof(room) && is_plain(to->own)) {
                room[0] = room[to->own.len + 1] = '"';
                memcpy(room + 1, to->own.ptr, to->own.len);
                t->name = span_from(room, to->own.len + 2);
        } else {
                int r = json_quote(&quoted, to->own);
                if (r < 0)
                        return r;
                t->name = buf_span(&quoted);
        }
        return send(x, to->upstream, t);
}

static int find_named(Exchange *x, McpList list, Span name, EndpointTarget *ret, bool *ret_found)
{
        Endpoint *ep = x->session->endpoint;
        int r = here_refresh(x->gateway, ep);
        if (r < 0)
                return r;
        *ret_found = endpoint_by_name(ep, list, name, ret) || guess(ep, list, name, ret);
        return 0;
}

static int forward_named(Exchange *x, const Envelope *e, McpList list, CallText *t, const char *unknown)
{
        Span value = envelope_member(e, MEMBER_NAME), name;
        char room[NAME_ROOM];
        EndpointTarget to;
        bool found;
        if (!jspan_text(value, room, sizeof(room), &name))
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "params.name must be a string");
        int r = find_named(x, list, name, &to, &found);
        if (r < 0)
                return r;
        if (!found)
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, unknown);
        if (list == MCP_LIST_TOOLS)
                figures_take_tool(x, to.upstream, to.own);
        return send_named(x, &to, t, value, name);
}

/* Servers made with the older kits take a call without arguments for an error. */
int forward_tool(Exchange *x, const Envelope *e)
{
        CallText t = text_of(e);
        Span name = envelope_member(e, MEMBER_NAME);
        if (!envelope_has(e, MEMBER_ARGUMENTS) && name.ptr) {
                t.insert_at = span_from(name.ptr + name.len, 0);
                t.insert = SPAN(",\"arguments\":{}");
        }
        return forward_named(x, e, MCP_LIST_TOOLS, &t, "there is no tool of that name here");
}

int forward_prompt(Exchange *x, const Envelope *e)
{
        CallText t = text_of(e);
        return forward_named(x, e, MCP_LIST_PROMPTS, &t, "there is no prompt of that name here");
}

/* ---- URIs --------------------------------------------------------------------------------- */

/* -EINVAL: it is no string. -ENOBUFS: a long one with escapes. */
static int plain_uri(Span value, char room[static NAME_ROOM], Buf *b, Span *ret)
{
        if (jspan_text(value, room, NAME_ROOM, ret))
                return 0;
        int r = jspan_text_append(value, b);
        if (r == 0)
                *ret = buf_span(b);
        return r;
}

/* Who may have it, the likeliest first; what one lists is its own, and nobody else is asked. */
static int find_readers(Exchange *x, Span uri, Upstream *ret[static LIMIT_READ_TRIES], unsigned *ret_n)
{
        Endpoint *ep = x->session->endpoint;
        int r = here_refresh(x->gateway, ep);
        if (r < 0)
                return r;
        *ret_n = endpoint_by_uri(ep, uri, ret, LIMIT_READ_TRIES);
        if (*ret_n > 1 &&
            (x->method != MCP_METHOD_RESOURCES_READ || listing_find(&ep->lists[MCP_LIST_RESOURCES], uri)))
                *ret_n = 1;
        return 0;
}

int forward_uri(Exchange *x, const Envelope *e)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        CallText t = text_of(e);
        Span plain = SPAN_NONE;
        char room[NAME_ROOM];
        Upstream *servers[LIMIT_READ_TRIES];
        unsigned n = 0;
        int r = plain_uri(envelope_member(e, MEMBER_URI), room, &uri, &plain);
        if (r == -EINVAL || r == -ENOBUFS)
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "params.uri must be a string");
        if (r == 0)
                r = find_readers(x, plain, servers, &n);
        if (r < 0)
                return r;
        if (n == 0)
                return exchange_error(x, RPC_ERROR_RESOURCE_NOT_FOUND, "no server here has this resource");
        if (n > 1 || x->method == MCP_METHOD_RESOURCES_SUBSCRIBE) {
                x->kept = BUF_INIT(BUF_CAP_NONE);
                r = buf_append_span(&x->kept, e->text);
        }
        return r < 0 ? r : send(x, servers[0], &t);
}

/* ---- what a server says no to --------------------------------------------------------------- */

static bool is_not_found(const Envelope *error)
{
        int64_t code;
        return jspan_int(envelope_member(error, MEMBER_ERROR_CODE), &code) &&
               (code == rpc_error_table[RPC_ERROR_RESOURCE_NOT_FOUND].code ||
                code == rpc_error_table[RPC_ERROR_INVALID_PARAMS].code);
}

/* The next one that may have the resource; none is asked twice unless the lists have changed meanwhile. */
static bool read_elsewhere(Exchange *x, const Envelope *e, Span uri)
{
        CallText t = text_of(e);
        Upstream *servers[LIMIT_READ_TRIES];
        unsigned n = 0;
        if (find_readers(x, uri, servers, &n) < 0)
                return false;
        while (++x->tried < n)
                if (upstream_why_not(servers[x->tried]) == FAULT_START_TIMEOUT) /* it runs, or will */
                        return send(x, servers[x->tried], &t) == 0;
        return false;
}

bool forward_again(Exchange *x, const Envelope *error)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        const Config *c = gateway_config(x->gateway);
        const EnvelopeLimits limits = {.depth = (uint32_t)c->limits.max_depth,
                                       .id = (uint32_t)c->limits.max_id};
        char room[NAME_ROOM];
        bool last;
        Envelope e;
        Span plain = SPAN_NONE;
        if (!x->session || envelope_scan(x->kept.data, x->kept.len, &limits, &e) != 0 ||
            plain_uri(envelope_member(&e, MEMBER_URI), room, &uri, &plain) < 0)
                return false;
        if (x->method == MCP_METHOD_RESOURCES_SUBSCRIBE)
                (void)subscription_remove(x->call.upstream->subscriptions, x->session->number, plain, &last);
        return x->method == MCP_METHOD_RESOURCES_READ && is_not_found(error) && read_elsewhere(x, &e, plain);
}

enum { REF_MEMBERS = 16 };

/* What we take for its name is what the server takes: none of its few members comes twice, or with an escape.
 */
static bool names_are_plain(Span ref)
{
        JspanWalk w = jspan_walk(ref);
        Span names[REF_MEMBERS], value;
        unsigned n = 0;
        while (n < REF_MEMBERS && jspan_next(&w, &names[n], &value)) {
                if (memchr(names[n].ptr, '\\', names[n].len))
                        return false;
                for (unsigned i = 0; i < n; i++)
                        if (span_equal(names[i], names[n]))
                                return false;
                n++;
        }
        return n < REF_MEMBERS;
}

int forward_ref(Exchange *x, const Envelope *e)
{
        CallText t = text_of(e);
        Span ref = envelope_member(e, MEMBER_REF), value, name;
        char room[NAME_ROOM];
        EndpointTarget to;
        bool found;
        bool prompt = jspan_is(jspan_member(ref, "type"), "ref/prompt");
        value = jspan_member(ref, prompt ? "name" : "uri");
        if (!names_are_plain(ref) || !jspan_text(value, room, sizeof(room), &name))
                return exchange_error(
                        x, RPC_ERROR_INVALID_PARAMS,
                        "params.ref must be a ref/prompt with a name or a ref/resource with a uri");
        int r = prompt ? find_named(x, MCP_LIST_PROMPTS, name, &to, &found)
                       : here_refresh(x->gateway, x->session->endpoint);
        if (r < 0)
                return r;
        if (!prompt)
                found = endpoint_by_template(x->session->endpoint, name, &to);
        if (!found)
                return exchange_error(x, RPC_ERROR_INVALID_PARAMS,
                                      "there is nothing of that name to be completed here");
        return prompt ? send_named(x, &to, &t, value, name) : send(x, to.upstream, &t);
}
