/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that has been committed: what changes by it, and what of it is kept. */
#include <sys/resource.h>

#include "base/log.h"
#include "config/descriptors.h"
#include "gateway/root.h"
#include "gateway/upstream-private.h"

/* ---- who may speak ----------------------------------------------------------------------- */

static Span *spans_of(Arena *memory, const ConfigList *list)
{
        Span *spans = ARENA_NEW_N(memory, Span, MAX(list->n, 1u));
        for (size_t i = 0; spans && i < list->n; i++) {
                char *copy = arena_strdup(memory, span_of(list->items[i].value));
                if (!copy)
                        return NULL;
                spans[i] = span_of(copy);
        }
        return spans;
}

int admission_take(Admission *a, const Config *c)
{
        Admission fresh = {.memory = ARENA_INIT(SIZE_MAX / 4),
                           .needs_token = c->auth.mode == AUTH_TOKEN,
                           .metrics_need_token = c->metrics.auth};
        fresh.access.hosts = spans_of(&fresh.memory, &c->allowed_hosts);
        fresh.access.n_hosts = c->allowed_hosts.n;
        fresh.access.origins = spans_of(&fresh.memory, &c->allowed_origins);
        fresh.access.n_origins = c->allowed_origins.n;
        if (!fresh.access.hosts || !fresh.access.origins) {
                admission_done(&fresh);
                return -ENOMEM;
        }
        admission_done(a);
        *a = fresh;
        return 0;
}

void admission_done(Admission *a)
{
        arena_done(&a->memory);
        *a = (Admission){0};
}

/* ---- limits -------------------------------------------------------------------------------- */

/* No client takes the descriptor that a server's pipe needs. */
static uint64_t connections_of(const Config *c)
{
        struct rlimit l;
        return getrlimit(RLIMIT_NOFILE, &l) < 0 ? c->limits.max_connections
                                                : config_connections(c, l.rlim_cur);
}

static HttpLimits http_limits(const Config *c)
{
        return (HttpLimits){.h1 = {.max_header = c->limits.max_header,
                                   .max_headers = (unsigned)c->limits.max_headers,
                                   .max_body = c->limits.max_body},
                            .max_connections = connections_of(c),
                            .max_queue = MAX(c->limits.max_line, (uint64_t)1024 * 1024),
                            .header_timeout = c->limits.header_timeout,
                            .body_timeout = c->limits.body_timeout,
                            .idle_timeout = c->limits.idle_timeout,
                            .write_timeout = c->limits.write_timeout,
                            .sse_keepalive = c->limits.sse_keepalive};
}

/* ---- servers ---------------------------------------------------------------------------------- */

static int take_server(Gateway *g, const SnapshotRow *row)
{
        Upstream **u = &g->upstreams[row->row];
        if (*u && (*u)->row_generation != row->generation)
                *u = upstream_free(*u);
        int r = *u ? 0 : upstream_new(g, row, u);
        if (r < 0)
                return r;
        upstream_configure(*u, g->current.config, config_server(g->current.config, row->index));
        (*u)->kept = true;
        return 0;
}

static Upstream *upstream_of_row(void *user, uint32_t row)
{
        return gateway_upstream(user, row);
}

static void endpoint_gone(void *user, Endpoint *ep)
{
        Gateway *g = user;
        Session *s, *next;
        for (s = TAILQ_FIRST(&g->sessions.by_use); s; s = next) {
                next = TAILQ_NEXT(s, by_use);
                if (s->endpoint == ep)
                        session_end(s);
        }
}

static const EndpointOps endpoint_ops = {.upstream = upstream_of_row, .gone = endpoint_gone};

static int drop_servers(Gateway *g)
{
        int r = 0;
        for (uint32_t i = 0; i < g->max_servers; i++) {
                Upstream *u = g->upstreams[i];
                if (u && !u->kept)
                        g->upstreams[i] = upstream_free(u);
                else if (u)
                        u->kept = false;
                if (g->upstreams[i] && r == 0)
                        r = upstream_apply(u);
        }
        return r;
}

int gateway_configure(Gateway *g)
{
        const Config *c = gateway_config(g);
        const HttpLimits limits = http_limits(c);
        int r = admission_take(&g->admission, c);
        log_default()->level = (LogLevel)c->log.level;
        http_server_set_limits(&g->http, &limits);
        metric_set(gateway_metrics(g), METRIC_CONNECTIONS_MAX, limits.max_connections);
        g->sessions.kept.max = MIN(c->limits.max_queued, (uint64_t)SIZE_MAX);
        g->pipes.max = MIN(c->limits.pipe_budget, (uint64_t)SIZE_MAX);
        if (r == 0)
                r = session_table_limit(&g->sessions, c->limits.max_sessions, c->limits.session_ttl,
                                        c->limits.replay);
        for (size_t i = 0; r == 0 && i < g->current.n; i++)
                if (g->current.rows[i].row < g->max_servers)
                        r = take_server(g, &g->current.rows[i]);
        if (r == 0)
                r = endpoint_set_take(&g->endpoints, &g->current, &endpoint_ops, g);
        if (r == 0)
                r = drop_servers(g);
        if (r == 0 && !timer_is_armed(&g->changed)) /* filters and names may be others now */
                timer_arm(&g->changed, loop_now(g->loop));
        return r;
}
