#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening sockets, and the connections accepted on them up to a cap.
 * Owned by the gateway. What to do with a request it asks its HttpOps; limits
 * may be changed at any time and hold from the next request on.
 */

#include "base/metric.h"
#include "http/conn.h"

typedef struct HttpLimits {
        H1Limits h1;
        uint64_t max_connections;
        size_t max_queue; /* bytes that wait for one client */
        Nsec header_timeout, body_timeout, idle_timeout, write_timeout, sse_keepalive;
} HttpLimits;

/* How often a limit refused something, those that refused() does not tell. */
typedef struct HttpHits {
        uint64_t max_connections, max_queue;
} HttpHits;

typedef enum HttpListenerKind { HTTP_LISTENER_TCP, HTTP_LISTENER_UNIX } HttpListenerKind;

struct HttpListener {
        TAILQ_ENTRY(HttpListener) link;
        HttpServer *server; /* borrowed */
        LoopSource source;
        uint32_t index; /* the user's number */
        uint32_t tags;  /* the user's */
        HttpListenerKind kind;
        int fd;          /* owned */
        TlsContext *tls; /* a reference; NULL: plain */
};

struct HttpServer {
        Loop *loop;         /* borrowed */
        const HttpOps *ops; /* borrowed: a table */
        MetricSet *metrics; /* borrowed: CONNECTIONS; NULL: none */
        HttpHits hits;
        HttpLimits limits;
        TAILQ_HEAD(, HttpListener) listeners;
        TAILQ_HEAD(HttpConns, HttpConn) conns;
        struct HttpConns idle; /* those between requests; the one that waits longest first */
        uint64_t n_conns;
        bool paused, draining;
        Timer pause;
        struct H1Pool *pool; /* owned */
        char *scratch;       /* owned: what is read before it is known whose it is */
        Buf head;            /* of the answer that is being given */
};

typedef struct HttpListenerArgs {
        uint32_t index, tags;
        HttpListenerKind kind;
        int fd;          /* taken over on success */
        TlsContext *tls; /* NULL: plain; a reference is taken */
} HttpListenerArgs;

int http_server_init(HttpServer *s, Loop *loop, const HttpOps *ops, const HttpLimits *limits) MUST_CHECK;
/* Closes everything; cut() and released() are called. Does nothing to one that is all zero. */
void http_server_done(HttpServer *s);

/* Replaces the one of that index (its connections stay). */
int http_server_listen(HttpServer *s, const HttpListenerArgs *args) MUST_CHECK;
void http_server_unlisten(HttpServer *s, uint32_t index);
void http_server_set_limits(HttpServer *s, const HttpLimits *limits);
/* Every answer from now on closes its connection, idle ones are closed; listeners stay. */
void http_server_drain(HttpServer *s);
bool http_server_idle(const HttpServer *s); /* no answer is due or going out */
