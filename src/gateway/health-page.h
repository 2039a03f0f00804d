#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /livez, /readyz and /health/detailed say, as JSON. Pure: whoever asks
 * brings the states of the servers, in the order of the configuration, and
 * what the configuration calls ready. /readyz needs no token and names nobody.
 */

#include "base/clock.h"
#include "config/config.h"
#include "control/server-state.h"
#include "ipc/scoreboard.h"

typedef struct HealthServer {
        const char *name; /* borrowed */
        ServerState state;
        BreakerState breaker;
        bool critical;
        const ScoreServerGateway *figures; /* borrowed; NULL: there are none */
} HealthServer;

typedef struct Health {
        const HealthServer *servers; /* borrowed */
        size_t n;
        ReadyMode mode;
        bool draining;
        Nsec uptime; /* of the gateway */
        uint64_t sessions, connections, streams;
} Health;

/* As the supervisor means it with READY=1: an idle server counts as ready. */
bool health_is_ready(const Health *h);

/* Append a body each. /readyz: 200 when health_is_ready(), else 503. */
int health_live_page(Buf *b) MUST_CHECK;
int health_ready_page(const Health *h, Buf *b) MUST_CHECK;
int health_detailed_page(const Health *h, Buf *b) MUST_CHECK;
