#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The root object of the role, for its files alone: it owns all others. */

#include "ipc/channel.h"
#include "proxy/resolver.h"

typedef struct Proxy Proxy;
typedef struct ProxyListener ProxyListener;

struct Proxy {
        Loop *loop;            /* owned */
        IpcChannel supervisor; /* owned */
        Resolver resolver;     /* owned */
        Timer due;             /* counts are to be told */
        Timer pause;           /* until it accepts again */
        char *room;            /* owned: LIMIT_LOOP_BYTES, for whoever reads, until it returns */
        TAILQ_HEAD(, ProxyListener) listeners; /* owned */
        unsigned n_listeners, n_conns;
        bool greeted;
};

/* Takes over both descriptors when it says 0: ipc, and the resolver's process. */
int proxy_init(Proxy *p, const Clock *clock, int ipc_fd, int resolver_fd) MUST_CHECK;
void proxy_done(Proxy *p);

/* A count of some listener has changed: the supervisor will be told. */
void proxy_count(Proxy *p, ProxyListener *l);
/* There is no descriptor or memory for one more: all that wait are looked at again later. */
void proxy_pause(Proxy *p);
