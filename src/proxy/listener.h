#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of a server as the proxy sees it: the socket by which it asks,
 * what it may reach, its connections, and what became of them. Owned by the
 * root. At the cap of connections, its own or that of all, it accepts none:
 * they wait in the kernel.
 */

#include "ipc/message.h"
#include "proxy/root.h"
#include "proxy/rule.h"

typedef struct ProxyConn ProxyConn;

enum { PROXY_SERVER_NAME = 64 };

struct ProxyListener {
        Proxy *proxy; /* borrowed, outlives us */
        LoopSource source;
        int fd; /* owned */
        char name[PROXY_SERVER_NAME + 1];
        ProxyRules *rules;             /* owned */
        TAILQ_HEAD(, ProxyConn) conns; /* owned */
        IpcProxyCounts counts;         /* also which instance it is */
        bool parked, changed;          /* accepts none now; counts were not told yet */
        TAILQ_ENTRY(ProxyListener) link;
};

typedef struct ProxyListenerArgs {
        IpcInstance id;
        Span name;
        Span rules; /* one a line */
        int fd;     /* listening, non-blocking; taken over on success */
} ProxyListenerArgs;

/* -EINVAL: a rule that is none; -EMFILE: too many listeners. */
int proxy_listener_new(Proxy *p, const ProxyListenerArgs *args, ProxyListener **ret) MUST_CHECK;
/* With all its connections. */
ProxyListener *proxy_listener_free(ProxyListener *l);
ProxyListener *proxy_listener_find(const Proxy *p, uint32_t row, uint32_t instance);

/* A connection has gone, or a pause is over: whether one more may come. */
void proxy_listener_look(ProxyListener *l);
