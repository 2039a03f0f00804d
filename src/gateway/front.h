#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of the gateway that clients see: the listening sockets that the
 * supervisor gave, and the connections accepted on them, up to a cap. Owned by
 * the gateway. Knows nothing of servers.
 */

#include "base/metric.h"
#include "gateway/refusal.h"

typedef struct Acceptor Acceptor;

typedef struct Front {
        Loop *loop;         /* borrowed */
        MetricSet *metrics; /* borrowed: the scoreboard's */
        Nsec wait;          /* for the first word of a client */
        TAILQ_HEAD(, Acceptor) acceptors;
        RefusalList refusals;
        unsigned n_refusals;
        bool parked; /* nothing is accepted now */
        Timer pause;
} Front;

int front_init(Front *f, Loop *loop, MetricSet *metrics, Nsec wait) MUST_CHECK;
/* Does nothing to one that is all zero. */
void front_done(Front *f);

/* Takes over `fd` on success. `closed`: what connects is closed at once, since it wants to speak TLS. */
int front_listen(Front *f, uint32_t index, int fd, bool closed) MUST_CHECK;
/* Connections that were accepted stay. */
void front_unlisten(Front *f, uint32_t index);
