#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway process consists of. One object, owned by gateway_main();
 * told.c changes it as the supervisor says, client.c as clients do.
 */

#include "base/random.h"
#include "gateway/client.h"
#include "gateway/endpoint.h"
#include "gateway/gateway.h"
#include "gateway/snapshot.h"
#include "gateway/upstream.h"
#include "http/access.h"
#include "ipc/channel.h"
#include "ipc/score-tools.h"
#include "mcp/cursor.h"

/* Addresses, names and tokens of a configuration, as the checks want them. */
typedef struct Admission {
        Arena memory;
        HttpAccess access;
        bool needs_token; /* on TCP */
        bool metrics_need_token;
} Admission;

struct Gateway {
        Loop *loop; /* owned */
        Nsec started;
        GatewayFence *fence;    /* borrowed; NULL: none */
        IpcChannel supervisor;  /* owned */
        Scoreboard *scoreboard; /* owned; NULL before hello */
        int control_fd;         /* owned: our end of the control connection */
        SeededRandom random;
        Snapshot next, current; /* prepared, committed */
        Admission admission;
        ScoreTools *tools; /* owned; NULL before hello */
        HttpServer http;
        SessionTable sessions;
        EndpointSet endpoints;
        Upstream **upstreams; /* owned: by row of the scoreboard */
        uint32_t max_servers;
        uint8_t cursor_key[CURSOR_KEY];
        uint64_t next_lease;
        PipeBudget pipes;
        HttpHits http_hits;             /* those that are counted already */
        uint64_t asks;                  /* questions that wait for clients */
        size_t queued_bytes;            /* of all calls that wait */
        LIST_HEAD(, Session) loggers;   /* sessions that have asked for a level of logs */
        TAILQ_HEAD(, Exchange) listing; /* wait for a list to become known */
        Timer list_due;
        Timer changed; /* catalogues have changed: tell it, once, in a moment */
        Work all_drained;
        bool no_first_look; /* for tests: see IpcHello */
        bool draining, draining_told;
        uint64_t exchanges; /* in work */
        uint64_t next_correlation;
        uint64_t correlation_base;
        Exchange *free_exchanges; /* pools */
        Client *free_clients;
        unsigned n_free_exchanges, n_free_clients;
        ScoreServerGateway nowhere; /* for the numbers of a row that there is not */
        MetricSet no_metrics;       /* for those before hello */
};

/* Messages from the supervisor. */
extern const IpcChannelOps gateway_told_ops;
extern const SessionOps gateway_session_ops;

static inline const Config *gateway_config(const Gateway *g)
{
        return g->current.config;
}

static inline Upstream *gateway_upstream(const Gateway *g, uint32_t row)
{
        return row < g->max_servers ? g->upstreams[row] : NULL;
}

MetricSet *gateway_metrics(Gateway *g);

/* ---- the configuration: configure.c ---- */

int gateway_configure(Gateway *g) MUST_CHECK;
/* Hosts and origins of a configuration, which outlives it. */
int admission_take(Admission *a, const Config *c) MUST_CHECK;
void admission_done(Admission *a);

/* ---- lists: lists.c ---- */

/* A catalogue has changed, or a server that might have told something cannot. */
int gateway_catalogue_changed(Gateway *g, Upstream *u) MUST_CHECK;
int gateway_lists_again(Gateway *g) MUST_CHECK;
extern const TimerOps gateway_list_due_ops, gateway_changed_ops;

/* ---- drain ---- */

/* Something has ended: is that all? */
void gateway_check_drained(Gateway *g);

/* ---- messages of clients: dispatch.c ---- */

/* A POST to an endpoint, whole. */
int gateway_post(Client *c, HttpRequest *r) MUST_CHECK;
int gateway_get(Client *c, HttpRequest *r) MUST_CHECK;
int gateway_delete(Client *c, HttpRequest *r) MUST_CHECK;
/* One request of a session's, already an exchange. */
int gateway_request(Exchange *x, const Envelope *e) MUST_CHECK;
