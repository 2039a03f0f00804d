/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of our own: whether we live, whether we are ready, and the figures. */
#include "base/limit-table.h"
#include "gateway/health-page.h"
#include "gateway/figures.h"
#include "gateway/metrics-page.h"
#include "gateway/root.h"
#include "gateway/route.h"

static int answer_body(Client *c, int status, Span type, const Buf *b)
{
        const Span body = buf_span(b);
        return client_answer(c, &(ClientAnswer){.status = status, .type = type}, &body, 1);
}

/* ---- health ----------------------------------------------------------------------- */

static void take_servers(const Gateway *g, Health *h, HealthServer *servers)
{
        for (size_t i = 0; i < g->current.n; i++) {
                const SnapshotRow *row = &g->current.rows[i];
                const Upstream *u = gateway_upstream(g, row->row);
                if (!u)
                        continue;
                servers[h->n++] = (HealthServer){.name = u->name,
                                                 .state = (ServerState)u->told.state,
                                                 .breaker = (BreakerState)u->told.breaker,
                                                 .critical = u->config->critical,
                                                 .figures = u->score};
        }
}

static int answer_health(Client *c, RouteId id)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Gateway *g = c->gateway;
        MetricSet *metrics = gateway_metrics(g);
        CLEANUP_FREE HealthServer *servers = calloc(g->current.n + 1, sizeof(*servers));
        if (!servers)
                return -ENOMEM;
        Health h = {.servers = servers,
                    .mode = (ReadyMode)gateway_config(g)->ready,
                    .draining = g->draining,
                    .uptime = nsec_sub(loop_now(g->loop), g->started),
                    .sessions = g->sessions.n,
                    .connections = metric_get(metrics, METRIC_CONNECTIONS),
                    .streams = metric_get(metrics, METRIC_STREAMS)};
        take_servers(g, &h, servers);
        bool fine = id != ROUTE_READYZ && id != ROUTE_READY ? true : health_is_ready(&h);
        int r = id == ROUTE_DETAILED ? health_detailed_page(&h, &b) : health_ready_page(&h, &b);
        return r < 0 ? r : answer_body(c, fine ? 200 : 503, SPAN("application/json"), &b);
}

static int answer_live(Client *c)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = health_live_page(&b);
        return r < 0 ? r : answer_body(c, 200, SPAN("application/json"), &b);
}

/* ---- figures ------------------------------------------------------------------------ */

static int answer_metrics(Client *c)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_METRICS_PAGE);
        Gateway *g = c->gateway;
        if (!g->scoreboard)
                return client_refuse(c, 503, "there are no figures yet");
        scoreboard_self(g->scoreboard, SCORE_GATEWAY, loop_stats(g->loop)->lag_max / NSEC_PER_USEC);
        figures_take_http(g);
        int r = metrics_page(g->scoreboard, loop_now(g->loop), &b);
        if (r == -ENOBUFS)
                return client_refuse(c, 500, "the page of metrics would be longer than it may be");
        return r < 0 ? r : answer_body(c, 200, SPAN("text/plain; version=0.0.4; charset=utf-8"), &b);
}

int page_answer(Client *c, const RouteRow *row)
{
        switch (row->id) {
        case ROUTE_METRICS:
                return answer_metrics(c);
        case ROUTE_READYZ:
        case ROUTE_READY:
        case ROUTE_DETAILED:
                return answer_health(c, row->id);
        default:
                return answer_live(c);
        }
}
