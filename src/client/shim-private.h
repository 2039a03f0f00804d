#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the shim share: shim.c polls and moves lines, shim-send.c
 * brings each message to the server and its answer back, shim-session.c keeps
 * the session.
 */

#include <sys/queue.h>

#include "client/conn.h"
#include "client/shim.h"
#include "client/sse-reader.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/line-reader.h"
#include "mcp/write.h"

typedef struct Shim Shim;

typedef enum ShimKind {
        SHIM_INITIALIZE, /* the host's own */
        SHIM_REPEAT,     /* it once more, for a server that has started anew */
        SHIM_REQUEST,
        SHIM_NOTE,   /* a notification, or the answer to a request of the server */
        SHIM_LISTEN, /* what the server says by itself */
        _SHIM_KIND_MAX,
} ShimKind;

/* One message on its way, and what comes back. */
typedef struct ShimTurn {
        TAILQ_ENTRY(ShimTurn) link;
        ShimKind kind;
        ClientConn conn;
        Buf body;            /* the message, until it is certain that it need not be sent again */
        Buf id;              /* of a request, as written */
        SseReader sse;       /* of an answer that is a stream */
        unsigned generation; /* of the session with which it was sent */
        Nsec due;            /* to be sent then; NSEC_NEVER: it was sent, or waits for the session */
        Nsec give_up;        /* a server that is not there until then counts as none */
        Nsec late;           /* an answer is not waited for any longer; NSEC_NEVER: it is */
        unsigned tries;      /* in vain, of those that reached a server */
        bool harmless;       /* may be sent twice */
        bool resumed;        /* its stream is asked for again by GET */
        bool answered;       /* the message with its id has come */
        bool opens;          /* it is notifications/initialized */
        bool over;           /* to be freed */
} ShimTurn;

typedef enum ShimSession {
        SHIM_NO_SESSION,
        SHIM_OPENING, /* an initialize is under way */
        SHIM_OPEN,
} ShimSession;

enum { SHIM_TURNS = 128, SHIM_IDLE = 4 };

struct Shim {
        const ClientShimArgs *args; /* borrowed */
        LineReader in;
        Buf out; /* what waits to be written, from `written` on */
        size_t written;
        TAILQ_HEAD(, ShimTurn) turns;
        unsigned n_turns;
        ClientConn idle[SHIM_IDLE]; /* connections that wait for the next message */
        unsigned n_idle;

        ShimSession session;
        unsigned generation;         /* counts sessions */
        Buf session_id;              /* "" for a server that gives none */
        McpVersion version;          /* _MCP_VERSION_INVALID: not known yet */
        Buf initialize, initialized; /* as the host said them; empty: not yet */
        const ShimTurn *barrier;     /* borrowed: no line is taken before it is over */
        McpCapabilities can;         /* what the server offers */
        bool ended, not_here;
};

/* ---- shim.c ---- */

/* A line for the host. */
int shim_say(Shim *s, Span message) MUST_CHECK;
/* An error as the answer to a request; to nobody when `id` is empty. */
int shim_say_error(Shim *s, Span id, RpcError error, const char *why) MUST_CHECK;

/* ---- shim-send.c ---- */

/* A turn that is due at once. `e` NULL: it has no message. */
int shim_turn_new(Shim *s, ShimKind kind, Span body, const Envelope *e, ShimTurn **ret) MUST_CHECK;
void shim_turn_free(Shim *s, ShimTurn *t);
/* Sends what is due. */
int shim_turn_start(Shim *s, ShimTurn *t) MUST_CHECK;
/* After its descriptor had something to say. */
int shim_turn_step(Shim *s, ShimTurn *t) MUST_CHECK;
/* It waited too long for what does not come. */
int shim_turn_fail(Shim *s, ShimTurn *t, const char *why) MUST_CHECK;

/* ---- shim-session.c ---- */

/* The answer to an initialize is there. */
int shim_session_opened(Shim *s, const ShimTurn *t, const Envelope *answer) MUST_CHECK;
/* The server has been told that the host is ready. */
int shim_session_ready(Shim *s) MUST_CHECK;
/* The server does not know the session of this turn, which waits for a new one. */
int shim_session_lost(Shim *s, ShimTurn *t) MUST_CHECK;
/* A repeated initialize came to nothing: what waits for it does so in vain. */
int shim_session_failed(Shim *s, const char *why) MUST_CHECK;
/* Tells the server that it is over. */
void shim_session_end(Shim *s);
