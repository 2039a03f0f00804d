#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the shim share: shim.c polls and moves lines, shim-send.c
 * brings each message to the server and its answer back, shim-session.c keeps
 * the session, shim-replay.c says again to a new one what lasts, shim-batch.c
 * knows lines of several messages.
 */

#include <sys/queue.h>

#include "client/conn.h"
#include "client/shim.h"
#include "client/sse-reader.h"
#include "client/wish.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/line-reader.h"
#include "mcp/write.h"

typedef struct Shim Shim;

typedef enum ShimKind {
        SHIM_INITIALIZE, /* the host's own */
        SHIM_REPEAT,     /* it once more, for a server that has started anew */
        SHIM_REQUEST,
        SHIM_BATCH,  /* several messages, of which one at least is a request */
        SHIM_REPLAY, /* a request of ours: what the host has asked of an earlier session */
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
        Buf id;              /* of a request, as written; of a batch, an array of them, or empty */
        SseReader sse;       /* of an answer that is a stream */
        unsigned generation; /* of the session with which it was sent */
        Nsec due;            /* to be sent then; NSEC_NEVER: it was sent, or waits for the session */
        Nsec give_up;        /* a server that is not there until then counts as none */
        Nsec late;           /* an answer is not waited for any longer; NSEC_NEVER: it is */
        unsigned tries;      /* in vain, of those that reached a server */
        bool harmless;       /* may be sent twice */
        bool lasts;          /* asks for something that the session goes on with */
        bool repeated;       /* by us, of what the host said once: every new session hears it anyway */
        bool resumed;        /* its stream is asked for again by GET */
        bool answered;       /* the message with its id has come */
        bool opens;          /* when it is over, the session is a step nearer to being open */
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
        WishList wishes;
        unsigned replays;        /* counts them: their ids */
        bool impatient;          /* a replay has failed: the host waits for no further ones */
        unsigned lost;           /* sessions since the last one that was open */
        const ShimTurn *barrier; /* borrowed: no line is taken before it is over */
        McpCapabilities can;     /* what the server offers */
        bool ended, not_here;
};

extern const EnvelopeLimits shim_limits;

/* ---- shim.c ---- */

/* A line for the host. */
int shim_say(Shim *s, Span message) MUST_CHECK;
/* An error as the answer to a request; to nobody when `id` is empty. */
int shim_say_error(Shim *s, Span id, RpcError error, const char *why) MUST_CHECK;

/* ---- shim-send.c ---- */

/* A turn that is due at once. `e` NULL: it has no message. */
int shim_turn_new(Shim *s, ShimKind kind, Span body, const Envelope *e, ShimTurn **ret) MUST_CHECK;
void shim_turn_free(Shim *s, ShimTurn *t);
/* Whether a request may be sent twice. */
bool shim_is_harmless(McpMethod m);
/* Sends what is due. */
int shim_turn_start(Shim *s, ShimTurn *t) MUST_CHECK;
/* After its descriptor had something to say. */
int shim_turn_step(Shim *s, ShimTurn *t) MUST_CHECK;
/* It waited too long for what does not come. */
int shim_turn_fail(Shim *s, ShimTurn *t, const char *why) MUST_CHECK;

/* ---- shim-session.c ---- */

/* The answer to an initialize is there. */
int shim_session_opened(Shim *s, const ShimTurn *t, const Envelope *answer) MUST_CHECK;
/* A turn that `opens` is over. */
int shim_session_ready(Shim *s) MUST_CHECK;
/* The server does not know the session of this turn, which waits for a new one. */
int shim_session_lost(Shim *s, ShimTurn *t) MUST_CHECK;
/* A repeated initialize came to nothing: what waits for it does so in vain. */
int shim_session_failed(Shim *s, const char *why) MUST_CHECK;
/* Tells the server that it is over. */
void shim_session_end(Shim *s);

/* ---- shim-replay.c ---- */

/* The next thing that lasts and that this session has not heard. False in `ret_said`: there is none. */
int shim_replay_next(Shim *s, bool *ret_said) MUST_CHECK;
/* A request of the host has got its result in the session of that number. */
int shim_replay_granted(Shim *s, Span request, unsigned generation) MUST_CHECK;
void shim_replay_refused(Shim *s, const ShimTurn *t);
/* Lists have changed: what was refused is said again. */
int shim_replay_again(Shim *s) MUST_CHECK;

/* ---- shim-batch.c ---- */

/* A line that is an array. */
int shim_batch_new(Shim *s, Span array) MUST_CHECK;
int shim_batch_answered(Shim *s, ShimTurn *t, Span answers) MUST_CHECK;
/* An error to each of its requests. */
int shim_batch_fail(Shim *s, const ShimTurn *t, RpcError error, const char *why) MUST_CHECK;
