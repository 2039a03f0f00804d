#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a client, as the gateway has it: what the head of its
 * request said (route, who, what it accepts), and what its answer is due to:
 * an exchange, a batch or a stream. Neither side keeps the other alive: who
 * ends first cuts the link. From the HttpServer's accept to its release.
 */

#include "gateway/exchange.h"
#include "http/server.h"

typedef struct Stream Stream;
typedef struct Endpoint Endpoint;
typedef struct RouteRow RouteRow;

/* What was decided about a head, for the next ones of its pattern; holds for one configuration. */
typedef struct ClientMemo {
        uint32_t pattern;    /* as in HttpRequest; 0: nothing is known */
        uint64_t generation; /* of the configuration */
        const RouteRow *route;
        Endpoint *endpoint; /* borrowed; of that configuration */
        bool accepts_json, accepts_sse;
} ClientMemo;

struct Client {
        HttpConn http; /* embedded: the server's */
        Gateway *gateway;
        const RouteRow *route;
        ScoreRoute score_route; /* as what it is counted */
        Exchange *exchange;     /* at most one of these is set, while an answer is due */
        Batch *batch;
        Stream *stream;
        Nsec started;
        bool accepts_json, accepts_sse, old_http;
        bool null_id; /* of a revision in which an error has an id, if only null */
        bool modern;  /* the request in work: a lost connection cancels it */
        int status;
        ClientMemo memo;
        char correlation[EXCHANGE_CORRELATION];
        ClientTrace trace;
        char principal[SESSION_PRINCIPAL];
        char origin[256]; /* to be told that it may read; "" none */
        HttpMethod method;
        Client *next_free;
};

extern const HttpOps client_http_ops;

/* Where the request in work is for; NULL: a name that there is not, or not any more. */
Endpoint *client_endpoint(const Client *c, const HttpRequest *r);

enum {
        CLIENT_FREE_LISTENER = 1, /* tags of listeners: neither token nor Host are looked at */
        CLIENT_METRICS_LISTENER = 2,
};

/* Headers that the answer has beside those that all have. */
typedef struct ClientAnswer {
        int status;
        Span type;
        const char *session; /* Mcp-Session-Id; NULL: none */
        const char *allow;
        unsigned retry_after; /* seconds; 0: none */
        bool challenge;       /* WWW-Authenticate */
        bool preflight;       /* what a browser may send */
        bool close;
} ClientAnswer;

/* The whole answer, in parts. That nobody takes it any more is no error, and neither is it that there is no
 * memory for it: then the connection ends. */
int client_answer(Client *c, const ClientAnswer *a, const Span *body, unsigned n) MUST_CHECK;
/* A stream of events begins. False in `ret_open`: nobody takes it. */
int client_open_stream(Client *c, const ClientAnswer *a, bool *ret_open) MUST_CHECK;
/* One event. False in `ret_taken`: nobody takes it any more. */
int client_event(Client *c, Span id, const Span *data, unsigned n, bool *ret_taken) MUST_CHECK;
/* An event without data, whose id the client can come back with. */
int client_prime(Client *c, Span id) MUST_CHECK;
int client_end_stream(Client *c) MUST_CHECK;
/* A refusal in words: {"error": TEXT} */
int client_answer_text(Client *c, const ClientAnswer *a, const char *text) MUST_CHECK;
/* A refusal in words: {"error": TEXT} for people, or a JSON-RPC error where one speaks it. */
int client_refuse(Client *c, int status, const char *text) MUST_CHECK;
int client_refuse_rpc(Client *c, int status, RpcError error, Span id, const char *text) MUST_CHECK;

void client_pool_done(Gateway *g);
