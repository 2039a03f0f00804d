/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "gateway/endpoint-private.h"

int endpoint_new(EndpointKind kind, const char *name, uint32_t n, Endpoint **ret)
{
        CLEANUP(endpoint_free_p) Endpoint *e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->kind = kind;
        e->stale = true;
        e->memory = ARENA_INIT(LIMIT_CONFIG_ARENA);
        (void)snprintf(e->name, sizeof(e->name), "%s", name);
        e->members = calloc(MAX(n, 1u), sizeof(Upstream *));
        if (!e->members)
                return -ENOMEM;
        for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                e->sources[list] = calloc(MAX(n, 1u), sizeof(ListingSource));
                if (!e->sources[list])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(e);
        return 0;
}

Endpoint *endpoint_free(Endpoint *e)
{
        if (!e)
                return NULL;
        for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                listing_done(&e->lists[list]);
                free(e->sources[list]);
        }
        free(e->members);
        arena_done(&e->memory);
        free(e);
        return NULL;
}

/* ---- what the configuration says, as spans ---- */

static int spans_of(Arena *memory, const ConfigList *list, const Span **ret, size_t *ret_n)
{
        Span *spans = ARENA_NEW_N(memory, Span, list->n);
        if (!spans)
                return -ENOMEM;
        for (size_t i = 0; i < list->n; i++)
                spans[i] = span_of(list->items[i].value);
        *ret = spans;
        *ret_n = list->n;
        return 0;
}

static int pairs_of(Arena *memory, const ConfigMap *map, const Span **ret, size_t *ret_n)
{
        Span *pairs = ARENA_NEW_N(memory, Span, 2 * map->n);
        if (!pairs)
                return -ENOMEM;
        for (size_t i = 0; i < map->n; i++) {
                pairs[2 * i] = span_of(map->items[i].name);
                pairs[2 * i + 1] = span_of(map->items[i].text.value);
        }
        *ret = pairs;
        *ret_n = map->n;
        return 0;
}

static int filter_of(Arena *memory, const ConfigList *allow, const ConfigList *deny, McpFilter *ret)
{
        int r = spans_of(memory, allow, &ret->allow, &ret->n_allow);
        return r < 0 ? r : spans_of(memory, deny, &ret->deny, &ret->n_deny);
}

/* Where a server's filter of that list stands. */
static const struct {
        size_t allow, deny;
} filters[_MCP_LIST_MAX] = {
        [MCP_LIST_TOOLS] = {offsetof(ServerConfig, tools.allow), offsetof(ServerConfig, tools.deny)},
        [MCP_LIST_PROMPTS] = {offsetof(ServerConfig, prompts.allow), offsetof(ServerConfig, prompts.deny)},
        [MCP_LIST_RESOURCES] = {offsetof(ServerConfig, resources.allow),
                                offsetof(ServerConfig, resources.deny)},
        [MCP_LIST_TEMPLATES] = {offsetof(ServerConfig, resources.allow),
                                offsetof(ServerConfig, resources.deny)},
};

static const ConfigList *list_at(const ServerConfig *server, size_t offset)
{
        return (const ConfigList *)(const void *)((const char *)server + offset);
}

/* Before its names. NULL in the configuration is NAME__. */
static int prefix_of(Endpoint *e, const ServerConfig *server, Span *ret)
{
        if (e->kind == ENDPOINT_SERVER) {
                *ret = SPAN("");
                return 0;
        }
        if (server->prefix.value) {
                *ret = span_of(server->prefix.value);
                return 0;
        }
        size_t len = strlen(server->head.name);
        char *text = arena_alloc(&e->memory, len + 3);
        if (!text)
                return -ENOMEM;
        (void)snprintf(text, len + 3, "%s__", server->head.name);
        *ret = span_of(text);
        return 0;
}

/* What is so of tools alone. */
static int tools_of(Arena *memory, const ServerConfig *server, const ViewConfig *view, ListingSource *ret)
{
        int r = pairs_of(memory, &server->tools.rename, &ret->rename, &ret->n_rename);
        if (r >= 0)
                r = pairs_of(memory, &server->tools.describe, &ret->describe, &ret->n_describe);
        if (r >= 0 && view)
                r = filter_of(memory, &view->tools.allow, &view->tools.deny, &ret->view);
        return r;
}

int endpoint_add(Endpoint *e, Upstream *u, const ServerConfig *server, const ViewConfig *view)
{
        Span prefix;
        int r = prefix_of(e, server, &prefix);
        for (McpList list = 0; list < _MCP_LIST_MAX && r >= 0; list++) {
                ListingSource *s = &e->sources[list][e->n];
                *s = (ListingSource){.prefix = prefix,
                                     .own_names = e->kind == ENDPOINT_SERVER,
                                     .server = span_of(server->head.name)};
                r = filter_of(&e->memory, list_at(server, filters[list].allow),
                              list_at(server, filters[list].deny), &s->filter);
                if (r >= 0 && list == MCP_LIST_TOOLS)
                        r = tools_of(&e->memory, server, view, s);
        }
        if (r < 0)
                return r;
        e->members[e->n++] = u;
        return 0;
}
