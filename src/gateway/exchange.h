#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of a client on its way to its answer, and the notifications
 * that belong to it. It decides late between one JSON object and a stream of
 * events: the status line waits for the first message. Outlives its
 * connection (a client of the session era that goes away has not cancelled)
 * and its server; answered exactly once. From a pool of the gateway's.
 */

#include "gateway/call.h"
#include "gateway/session.h"
#include "jsonrpc/error-code.h"
#include "ipc/score-table.h"

typedef struct Batch Batch;
typedef struct Client Client;
typedef struct Exchange Exchange;
typedef struct Gateway Gateway;

enum {
        EXCHANGE_ID = 256,
        EXCHANGE_TEXT = 64,
        EXCHANGE_CORRELATION = 129
}; /* limits.max_id is no more than the first */

/* What the client's tracing calls its request: shown in the log, told to no server. */
typedef struct ClientTrace {
        char parent[64], state[128], baggage[128]; /* "": none; longer ones are cut */
} ClientTrace;

struct Exchange {
        Call call;
        Gateway *gateway;
        Client *client;   /* NULL: nobody is there to take it now */
        Batch *batch;     /* NULL: an answer of its own */
        Session *session; /* NULL: none, or ended */
        LIST_ENTRY(Exchange) in_session;
        TAILQ_ENTRY(Exchange) link; /* of the lists that it waits for */
        McpMethod method;
        McpVersion version;
        bool listed;   /* in the gateway's list of those that wait for lists */
        bool open;     /* its stream is: the answer is an event */
        bool numbered; /* its events have ids and are kept */
        bool finished;
        uint32_t stream;
        Nsec started;
        Nsec list_due;
        LIST_HEAD(, Ask) asks; /* questions to the client that belong to it */
        Buf kept;              /* owned: the request, where its answer may not be the last word */
        unsigned tried;        /* servers that did not have what it asks for */
        size_t id_len, token_len;
        char id[EXCHANGE_ID], token[EXCHANGE_TEXT + 4]; /* as the client wrote them */
        char correlation[EXCHANGE_CORRELATION];
        ClientTrace *trace;     /* owned; NULL: none */
        struct ScoreTool *tool; /* borrowed: the scoreboard's; NULL: none */
        Exchange *next_free;
};

/* Of a scanned request; the client (or batch) waits for it from now on. EXCHANGE_E_TOKEN: its progress token
 * is none, or too long. */
enum { _EXCHANGE_E_SUCCESS, EXCHANGE_E_TOKEN };
int exchange_new(Gateway *g, Client *c, Batch *batch, Session *s, const Envelope *e,
                 Exchange **ret) MUST_CHECK;

static inline Span exchange_id(const Exchange *x)
{
        return span_from(x->id, x->id_len);
}

/* Each of these ends it, whatever they return: without memory for it the connection ends. A whole message, in
 * parts. */
int exchange_answer(Exchange *x, const Span *parts, unsigned n, ScoreStatus how) MUST_CHECK;
/* `result` as written. */
int exchange_result(Exchange *x, Span result) MUST_CHECK;
/* message NULL: the row's text. */
int exchange_error(Exchange *x, RpcError error, const char *message) MUST_CHECK;
int exchange_fault(Exchange *x, Fault fault) MUST_CHECK;
/* The client has cancelled it: a stream ends without an answer, else it gets the fault. */
int exchange_cancelled(Exchange *x) MUST_CHECK;

/* Whether it has a stream, or can have one. */
bool exchange_has_stream(const Exchange *x);
/* A message that belongs to it goes on its stream, which opens if it can. EXCHANGE_E_NO_STREAM: it cannot. */
enum { EXCHANGE_E_NO_STREAM = 1 };
int exchange_push(Exchange *x, const Span *parts, unsigned n) MUST_CHECK;

/* The connection has gone. `cancel`: and with it the wish for an answer. */
int exchange_cut(Exchange *x, bool cancel) MUST_CHECK;
/* Its client is back, on another connection, to hear the rest. */
int exchange_resume(Exchange *x, Client *c) MUST_CHECK;
/* The session ends. */
int exchange_session_ended(Exchange *x) MUST_CHECK;

extern const CallOps exchange_call_ops;
/* At the end of the gateway. */
void exchange_pool_done(Gateway *g);
