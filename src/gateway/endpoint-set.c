/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "gateway/endpoint-private.h"

/* ---- by name: at most half full ---- */

struct EndpointIndex {
        size_t n_slots;
        Endpoint *slots[];
};

typedef struct EndpointIndex EndpointIndex;

static int index_new(size_t n, EndpointIndex **ret)
{
        size_t n_slots = 16;
        while (n_slots < 2 * n)
                n_slots *= 2;
        EndpointIndex *index = calloc(1, sizeof(*index) + n_slots * sizeof(Endpoint *));
        if (!index)
                return -ENOMEM;
        index->n_slots = n_slots;
        *ret = index;
        return 0;
}

/* Where the endpoint of that name stands, or would. */
static Endpoint **index_slot(EndpointIndex *index, Span name, uint64_t seed)
{
        for (uint64_t at = hash_span(name, seed);; at++) {
                Endpoint **slot = &index->slots[at & (index->n_slots - 1)];
                if (!*slot || span_equal(span_of((*slot)->name), name))
                        return slot;
        }
}

Endpoint *endpoint_find(const EndpointSet *s, Span name)
{
        return *index_slot(s->index, name, s->seed);
}

/* ---- the set ---- */

static void free_list(EndpointList *list)
{
        Endpoint *e;
        while ((e = TAILQ_FIRST(list))) {
                TAILQ_REMOVE(list, e, link);
                endpoint_free(e);
        }
}

/* Two lists of one edition would take each other's cursors for their own. */
static void begin_editions(EndpointSet *s, Endpoint *e)
{
        for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                s->made++;
                e->lists[list].edition = MAX(
                        hash_span(span_from((const char *)&s->made, sizeof(s->made)), ~s->seed), (uint64_t)1);
        }
}

int endpoint_set_init(EndpointSet *s, uint64_t seed)
{
        CLEANUP(endpoint_free_p) Endpoint *all = NULL;
        CLEANUP_FREE EndpointIndex *index = NULL;
        int r = endpoint_new(ENDPOINT_ALL, "", 0, &all);
        if (r >= 0)
                r = index_new(1, &index);
        if (r < 0)
                return r;
        *s = (EndpointSet){.all = all, .index = index, .seed = seed};
        TAILQ_INIT(&s->list);
        TAILQ_INSERT_TAIL(&s->list, all, link);
        begin_editions(s, all);
        *index_slot(index, SPAN(""), seed) = TAKE_PTR(all);
        index = NULL; /* consumed */
        return 0;
}

void endpoint_set_done(EndpointSet *s)
{
        if (s->index)
                free_list(&s->list);
        free(s->index);
        config_unref(s->config);
        *s = (EndpointSet){0};
}

void endpoint_set_touch(EndpointSet *s, const Upstream *u)
{
        Endpoint *e;
        TAILQ_FOREACH(e, &s->list, link)
        for (uint32_t i = 0; i < e->n && !e->stale; i++)
                e->stale = e->members[i] == u;
}

/* ---- a configuration: made apart, so that it can fail ---- */

typedef struct Making {
        const Config *config;
        uint64_t seed;
        Upstream **upstreams;  /* owned array, by the order of the servers */
        Endpoint **of_servers; /* owned array: each server's own, in `list` */
        EndpointList list;     /* owned endpoints */
        EndpointIndex *index;  /* owned */
} Making;

static void making_done(Making *m)
{
        free_list(&m->list);
        free(m->upstreams);
        free(m->of_servers);
        free(m->index);
}

/* Each of the servers once, in their order. */
static int find_upstreams(Making *m, const Snapshot *snapshot, const EndpointOps *ops, void *user)
{
        size_t n = m->config->servers.n;
        m->upstreams = calloc(MAX(n, (size_t)1), sizeof(Upstream *));
        m->of_servers = calloc(MAX(n, (size_t)1), sizeof(Endpoint *));
        if (!m->upstreams || !m->of_servers)
                return -ENOMEM;
        for (size_t i = 0; i < snapshot->n; i++)
                if (snapshot->rows[i].index < n)
                        m->upstreams[snapshot->rows[i].index] = ops->upstream(user, snapshot->rows[i].row);
        for (size_t i = 0; i < n; i++)
                if (!m->upstreams[i])
                        return -EBADMSG;
        return 0;
}

static int make(Making *m, EndpointKind kind, const char *name, size_t n, Endpoint **ret)
{
        Endpoint *e;
        int r = endpoint_new(kind, name, (uint32_t)n, &e);
        if (r < 0)
                return r;
        TAILQ_INSERT_TAIL(&m->list, e, link);
        *index_slot(m->index, span_of(e->name), m->seed) = e;
        *ret = e;
        return 0;
}

static int make_all(Making *m)
{
        size_t n = m->config->servers.n;
        Endpoint *e = NULL;
        int r = make(m, ENDPOINT_ALL, "", n, &e);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = endpoint_add(e, m->upstreams[i], config_server(m->config, i), NULL);
        return r;
}

static int make_servers(Making *m)
{
        int r = 0;
        for (size_t i = 0; i < m->config->servers.n && r >= 0; i++) {
                const ServerConfig *server = config_server(m->config, i);
                r = make(m, ENDPOINT_SERVER, server->head.name, 1, &m->of_servers[i]);
                if (r >= 0)
                        r = endpoint_add(m->of_servers[i], m->upstreams[i], server, NULL);
        }
        return r;
}

/* The servers that it names are marked, then taken in the order of all servers. */
static int make_view(Making *m, const ViewConfig *view)
{
        Endpoint *e = NULL;
        for (size_t i = 0; i < view->servers.n; i++) {
                Endpoint *named = *index_slot(m->index, span_of(view->servers.items[i].value), m->seed);
                if (named && named->kind == ENDPOINT_SERVER)
                        named->kept = true;
        }
        int r = make(m, ENDPOINT_VIEW, view->head.name, view->servers.n, &e);
        for (size_t i = 0; i < m->config->servers.n; i++) {
                Endpoint *own = m->of_servers[i];
                if (r >= 0 && own->kept)
                        r = endpoint_add(e, m->upstreams[i], config_server(m->config, i), view);
                own->kept = false;
        }
        return r;
}

static int make_views(Making *m)
{
        int r = 0;
        for (size_t i = 0; i < m->config->views.n && r >= 0; i++)
                r = make_view(m, config_view(m->config, i));
        return r;
}

static int make_set(Making *m, const Snapshot *snapshot, const EndpointOps *ops, void *user)
{
        int r = index_new(1 + m->config->servers.n + m->config->views.n, &m->index);
        if (r >= 0)
                r = find_upstreams(m, snapshot, ops, user);
        if (r >= 0)
                r = make_all(m);
        if (r >= 0)
                r = make_servers(m);
        return r < 0 ? r : make_views(m);
}

/* ---- and then put in place, which cannot ---- */

#define SWAP(a, b)                         \
        do {                               \
                __typeof__(a) _kept = (a); \
                (a) = (b);                 \
                (b) = _kept;               \
        } while (0)

/* `e` stays, with its lists and sessions; what it consists of is that of `fresh`. */
static void renew(Endpoint *e, Endpoint *fresh)
{
        SWAP(e->members, fresh->members);
        SWAP(e->n, fresh->n);
        SWAP(e->memory, fresh->memory);
        for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                SWAP(e->sources[list], fresh->sources[list]);
                e->lists[list].n = 0; /* entries lead to members that may be gone */
        }
        e->stale = true;
}

static void put(EndpointSet *s, EndpointList *old, EndpointIndex *index, Endpoint *fresh)
{
        Endpoint *e = endpoint_find(s, span_of(fresh->name));
        if (e && e->kind == fresh->kind) {
                renew(e, fresh);
                *index_slot(index, span_of(e->name), s->seed) = e;
                TAILQ_REMOVE(old, e, link);
                endpoint_free(fresh);
        } else {
                e = fresh;
                begin_editions(s, e);
        }
        TAILQ_INSERT_TAIL(&s->list, e, link);
}

int endpoint_set_take(EndpointSet *s, const Snapshot *snapshot, const EndpointOps *ops, void *user)
{
        CLEANUP(making_done) Making m = {.config = snapshot->config, .seed = s->seed};
        EndpointList old = TAILQ_HEAD_INITIALIZER(old);
        Endpoint *e;
        TAILQ_INIT(&m.list);
        int r = make_set(&m, snapshot, ops, user);
        if (r < 0)
                return r;
        TAILQ_CONCAT(&old, &s->list, link);
        while ((e = TAILQ_FIRST(&m.list))) {
                TAILQ_REMOVE(&m.list, e, link);
                put(s, &old, m.index, e);
        }
        SWAP(s->index, m.index);
        Config *config = config_ref(snapshot->config);
        SWAP(s->config, config);
        while ((e = TAILQ_FIRST(&old))) {
                ops->gone(user, e);
                TAILQ_REMOVE(&old, e, link);
                endpoint_free(e);
        }
        config_unref(config);
        return 0;
}
