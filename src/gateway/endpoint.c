/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/endpoint.h"
#include "gateway/upstream.h"

/* ---- its lists ---- */

static int build(const EndpointSet *s, Endpoint *e, McpList list)
{
        bool changed = false;
        ListingSource *sources = e->sources[list];
        for (uint32_t i = 0; i < e->n; i++)
                sources[i].catalogue = e->members[i]->catalogue;
        int r = listing_build(&e->lists[list], list, sources, e->n, s->seed, &changed);
        for (uint32_t i = 0; i < e->n; i++)
                sources[i].catalogue = NULL;
        if (changed)
                e->changed |= 1u << list;
        return r;
}

int endpoint_refresh(EndpointSet *s, Endpoint *e, unsigned *ret_changed)
{
        if (e->stale) {
                for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                        int r = build(s, e, list);
                        if (r < 0)
                                return r;
                }
                e->stale = false;
        }
        *ret_changed = e->changed;
        e->changed = 0;
        return 0;
}

/* ---- the way to a server ---- */

static EndpointTarget target_of(const Endpoint *e, const ListingEntry *entry)
{
        return (EndpointTarget){.upstream = e->members[entry->source], .own = entry->own};
}

bool endpoint_by_name(const Endpoint *e, McpList list, Span name, EndpointTarget *ret)
{
        const ListingEntry *entry = listing_find(&e->lists[list], name);
        if (!entry)
                return false;
        *ret = target_of(e, entry);
        return true;
}

bool endpoint_by_template(const Endpoint *e, Span uri_template, EndpointTarget *ret)
{
        return endpoint_by_name(e, MCP_LIST_TEMPLATES, uri_template, ret);
}

typedef struct Choice {
        Upstream **servers;
        unsigned n, max;
} Choice;

static void choose(Choice *c, Upstream *u)
{
        for (unsigned i = 0; i < c->n; i++)
                if (c->servers[i] == u)
                        return;
        if (c->n < c->max)
                c->servers[c->n++] = u;
}

static bool is_denied(const McpFilter *f, Span uri)
{
        return !mcp_filter(&(McpFilter){.deny = f->deny, .n_deny = f->n_deny}, uri);
}

/* What a server's filter keeps from clients cannot be had by guessing: a listed URI has passed it, a template
 * was allowed as a template, and anything else must pass by itself. */
unsigned endpoint_by_uri(const Endpoint *e, Span uri, Upstream **ret, unsigned max)
{
        Choice c = {.servers = ret, .max = max};
        const ListingSource *sources = e->sources[MCP_LIST_RESOURCES];
        const ListingEntry *entry = listing_find(&e->lists[MCP_LIST_RESOURCES], uri);
        if (entry)
                choose(&c, e->members[entry->source]);
        for (uint32_t at = 0; (entry = listing_match(&e->lists[MCP_LIST_TEMPLATES], uri, &at));)
                if (!is_denied(&sources[entry->source].filter, uri))
                        choose(&c, e->members[entry->source]);
        for (uint32_t i = 0; i < e->n && c.n < max; i++) {
                const McpCatalogue *catalogue = e->members[i]->catalogue;
                if ((!catalogue || (catalogue->can & MCP_CAN(RESOURCES))) &&
                    mcp_filter(&sources[i].filter, uri))
                        choose(&c, e->members[i]);
        }
        return c.n;
}

/* ---- what is offered ---- */

McpCapabilities endpoint_can(const Endpoint *e)
{
        const McpCapabilities lists = MCP_CAN(TOOLS) | MCP_CAN(PROMPTS) | MCP_CAN(RESOURCES),
                              others = MCP_CAN(SUBSCRIBE) | MCP_CAN(COMPLETIONS) | MCP_CAN(LOGGING);
        bool known = e->kind == ENDPOINT_SERVER && e->n && e->members[0]->catalogue;
        McpCapabilities can = known ? 0 : lists;
        for (uint32_t i = 0; i < e->n; i++)
                if (e->members[i]->catalogue)
                        can |= e->members[i]->catalogue->can & (known ? lists | others : others);
        return can;
}
