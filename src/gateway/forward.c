/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that go to a server: which one, and under which of its own names. */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "gateway/candidates.h"
#include "gateway/figures.h"
#include "gateway/here.h"
#include "gateway/upstream-private.h"
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
        return upstream_call(u, &x->call, t);
}

/* ---- names ----------------------------------------------------------------------------- */

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
                if (own.len == 0 || !mcp_filter(&s->filter, own) || s->n_rename)
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
        if (!json_text(value, room, sizeof(room), &name))
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

/* A URI that nobody lists may be anybody's: who is asked first is a guess. */
static int send_to_likeliest(Exchange *x, const Envelope *e, Span uri)
{
        const Endpoint *ep = x->session->endpoint;
        const CallText t = text_of(e);
        Upstream *list[CANDIDATES_MAX];
        unsigned n = endpoint_by_uri(ep, uri, list, ARRAY_SIZE(list));
        if (n == 0)
                return exchange_error(x, RPC_ERROR_RESOURCE_NOT_FOUND, "no server here has this resource");
        if (n > 1 && x->method == MCP_METHOD_RESOURCES_READ &&
            !listing_find(&ep->lists[MCP_LIST_RESOURCES], uri)) {
                int r = candidates_new(e->text, list + 1, n - 1, &x->candidates);
                if (r < 0)
                        return r;
        }
        return send(x, list[0], &t);
}

int forward_uri(Exchange *x, const Envelope *e)
{
        CLEANUP(buf_done) Buf uri = BUF_INIT(LIMIT_URI);
        Span plain;
        char room[NAME_ROOM];
        Span value = envelope_member(e, MEMBER_URI);
        if (!json_text(value, room, sizeof(room), &plain)) {
                int r = json_text_append(value, &uri);
                if (r == -EINVAL || r == -ENOBUFS)
                        return exchange_error(x, RPC_ERROR_INVALID_PARAMS, "params.uri must be a string");
                if (r < 0)
                        return r;
                plain = buf_span(&uri);
        }
        int r = here_refresh(x->gateway, x->session->endpoint);
        return r < 0 ? r : send_to_likeliest(x, e, plain);
}

int forward_again(Exchange *x, bool *ret_asked)
{
        const Config *c = gateway_config(x->gateway);
        const EnvelopeLimits limits = {.depth = (uint32_t)c->limits.max_depth, .id = EXCHANGE_TEXT};
        Buf *text = candidates_text(x->candidates);
        Envelope e;
        Upstream *u = x->session ? candidates_next(x->candidates, x->gateway) : NULL;
        *ret_asked = u && envelope_scan(text->data, text->len, &limits, &e) == 0;
        if (!*ret_asked)
                return 0;
        const CallText t = text_of(&e);
        return send(x, u, &t);
}

int forward_ref(Exchange *x, const Envelope *e)
{
        CallText t = text_of(e);
        Span ref = envelope_member(e, MEMBER_REF), value, name;
        char room[NAME_ROOM];
        EndpointTarget to;
        bool found;
        bool prompt = json_is(json_member(ref, "type"), "ref/prompt");
        value = json_member(ref, prompt ? "name" : "uri");
        if (!json_text(value, room, sizeof(room), &name))
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
