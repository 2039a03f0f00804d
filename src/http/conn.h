#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client connection: requests in, one after the other, and answers out.
 * Embedded in what its user keeps of a client; made by the server when it has
 * accepted one. Never reads the next request while an answer is due, never
 * waits for the client: what it does not take is queued, up to a cap, and one
 * that takes nothing for write_timeout is cut off. Knows no JSON and no child.
 *
 * An answer is either one http_answer(), or http_stream_open(), any number of
 * http_stream_write() and http_stream_close(). After head() or request() an
 * answer is due, now or later; cut() says that there is no one to give it to
 * any more, and is the last word about that request.
 */

#include "base/loop.h"
#include "http/h1-pattern.h"
#include "http/tls.h"

typedef struct HttpConn HttpConn;
typedef struct HttpServer HttpServer;
typedef struct HttpListener HttpListener;

typedef enum HttpCut {
        HTTP_CUT_CLOSED,  /* the client has gone */
        HTTP_CUT_TIMEOUT, /* it takes nothing */
        HTTP_CUT_FULL,    /* more waits for it than it may leave lying */
        HTTP_CUT_SERVER,  /* we close: http_conn_close, the end of the drain */
        _HTTP_CUT_MAX,
} HttpCut;

/* All from the loop, never from inside a call of the user's to this connection, but for cut() inside
 * http_stream_write() and http_answer() never: those return HTTP_E_GONE. 0, or -errno: out of loop_run(). */
typedef struct HttpOps {
        /* A connection was accepted on `l`: gives the HttpConn, all zero, in what the user keeps. NULL: no.
         */
        HttpConn *(*accepted)(HttpServer *s, const HttpListener *l);
        /* It is over and closed; the user frees what holds it. Nothing is said after that. */
        void (*released)(HttpConn *c);
        /* The head is whole and was in order. May answer at once: then a body is read and thrown away, or
         * the connection closed after the answer. */
        int (*head)(HttpConn *c, const HttpRequest *r);
        /* The request is whole. The request's bytes are valid until this returns. */
        int (*request)(HttpConn *c, HttpRequest *r);
        /* The answer that is due, or half given, has no taker any more. */
        void (*cut)(HttpConn *c, HttpCut why);
        /* The client has closed its sending side while an answer is due (it may still read). */
        void (*half_closed)(HttpConn *c);
        /* The connection itself answered with this status (400, 408, 413, 431, ...), for counters and logs.
         */
        void (*refused)(HttpConn *c, int status, const char *why);
} HttpOps;

typedef enum HttpConnState {
        HTTP_CONN_IDLE,      /* between requests */
        HTTP_CONN_READING,   /* a request is coming in */
        HTTP_CONN_DUE,       /* an answer is due */
        HTTP_CONN_STREAMING, /* a stream is open */
        HTTP_CONN_FLUSHING,  /* the answer is given and still going out */
        HTTP_CONN_CLOSING,   /* lingers for the client to read the last answer */
        HTTP_CONN_CLOSED,
} HttpConnState;

struct HttpConn {
        uint32_t magic;
        HttpConnState state;
        HttpServer *server;           /* borrowed */
        const HttpOps *ops;           /* borrowed: a table */
        const HttpListener *listener; /* borrowed; NULL when that has gone */
        TAILQ_ENTRY(HttpConn) link;
        LoopSource source;
        LoopGone gone;
        Timer timer;
        Nsec deadline; /* the timer is armed at or before it, and looks again */
        Nsec latest;   /* of a body: however much comes in between */
        Nsec idle_since;
        int fd;             /* owned */
        uint32_t tls_wants; /* events without which it cannot go on */
        Tls *tls;           /* owned; NULL: plain */
        H1 *h1;             /* borrowed from the server's pool while a request is in work */
        H1Pattern *pattern; /* owned; NULL: none yet */
        uint32_t requests;  /* so many heads were parsed; also the number of the newest pattern */
        Buf in;             /* what came behind the request in work */
        Buf out;            /* what waits to be written, behind its first `out_done` bytes */
        size_t out_done;
        size_t linger; /* bytes that may still be thrown away */
        bool close_after, half, chunked, head_only, continue_sent;
        bool told;     /* head() was called: an answer is due */
        bool whole;    /* the request is */
        bool answered; /* while the request was, or still is, coming in */
        bool old;      /* HTTP/1.0 */
        bool events;   /* the stream is one of text/event-stream */
        bool parked;   /* more has come while an answer was due, and is not read */
        bool feeding;  /* its bytes are being looked at further up the stack */
};

typedef struct HttpAnswer {
        int status;
        Span type;                 /* Content-Type; empty: none */
        const HttpHeader *headers; /* further ones */
        unsigned n_headers;
        const Span *body; /* in parts; a stream has none */
        unsigned n_body;
        bool close; /* the connection ends with it */
} HttpAnswer;

enum {
        _HTTP_E_SUCCESS,
        HTTP_E_GONE, /* nobody takes it any more; cut() is not called for it */
};

/* The whole answer. Content-Length, Date-less, Connection and framing are its own business; HEAD gets no
 * body. */
int http_answer(HttpConn *c, const HttpAnswer *a) MUST_CHECK;
/* Status and headers of a stream go out now. */
int http_stream_open(HttpConn *c, const HttpAnswer *a) MUST_CHECK;
/* HTTP_E_GONE also when its queue would be over the cap (the connection is cut off then). */
int http_stream_write(HttpConn *c, const Span *parts, unsigned n) MUST_CHECK;
int http_stream_close(HttpConn *c) MUST_CHECK;
/* Without a further word; cut() is not called. */
void http_conn_close(HttpConn *c);

/* Subject of a client certificate; "" without. */
const char *http_conn_peer(const HttpConn *c);
/* "192.0.2.7:5000", "[::1]:5000", "unix" for logs. */
const char *http_conn_address(const HttpConn *c, char room[static 64]);
