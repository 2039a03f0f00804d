#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a server to the proxy, from what it asks for to the end
 * of both directions:
 *
 *   head -> lookup -> connect (one address after the other) -> tunnel
 *
 * and from each of the first three to `refused`, where the reason is told. A
 * literal address has no lookup. Each state has a deadline. Owned by its
 * listener. The decision is rule.h's: here it is carried out, counted, logged.
 */

#include "proxy/listener.h"
#include "proxy/pump.h"
#include "proxy/request.h"

typedef enum ProxyConnState {
        PROXY_CONN_HEAD,
        PROXY_CONN_LOOKUP,
        PROXY_CONN_CONNECT,
        PROXY_CONN_TUNNEL,
        PROXY_CONN_REFUSED,
        _PROXY_CONN_STATE_MAX,
} ProxyConnState;

struct ProxyConn {
        ProxyListener *listener; /* borrowed, outlives us */
        ProxyConnState state;
        LoopSource client, server;
        int client_fd, server_fd; /* owned */
        Timer timer;
        LoopGone gone;
        TAILQ_ENTRY(ProxyConn) link;

        H1 *h1; /* owned; NULL once the head is read */
        ProxyRequest request;
        Lookup lookup;
        ProxyAddress addresses[LIMIT_PROXY_ADDRESSES]; /* that may be connected to */
        unsigned n_addresses, next;
        int error; /* of the last that was tried */

        Pump up, down;
        Nsec moved; /* when a byte last went through */
};

/* Takes over `fd` when it says 0. */
int proxy_conn_open(ProxyListener *l, int fd) MUST_CHECK;
/* At once; the memory goes at the end of the turn. */
void proxy_conn_end(ProxyConn *c);

/* ---- between the files of a connection: conn.c and conn-reach.c ---- */

void proxy_conn_set_state(ProxyConn *c, ProxyConnState state);
/* Tells why, in one line, and ends when that is read. */
int proxy_conn_refuse(ProxyConn *c, int status, const char *why) MUST_CHECK;
/* The request is there: decides, and goes there. */
int proxy_conn_reach(ProxyConn *c) MUST_CHECK;
/* The address that was waited for took too long. */
int proxy_conn_next_address(ProxyConn *c, int error) MUST_CHECK;
/* The other socket of a tunnel has something, or takes something. */
int proxy_conn_server_moves(ProxyConn *c, uint32_t events) MUST_CHECK;
/* Somebody is there. */
int proxy_conn_begin_tunnel(ProxyConn *c) MUST_CHECK;

extern const LookupOps proxy_conn_lookup_ops;
