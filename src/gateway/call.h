#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request on its way to a server: a client's, or one of our own (the
 * handshake, a list, a ping). Embedded in what wants the answer, which is told
 * exactly once: answered or failed. It waits for an instance (waiting), for
 * its turn there (queued), or for the answer (sent); whatever it is in, the
 * server's Upstream has it in its clock and ends it when its time is over.
 */

#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "gateway/fault.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/pending.h"
#include "mcp/method.h"

typedef struct Call Call;
typedef struct Backend Backend;
typedef struct Lane Lane;
typedef struct Lease Lease;
typedef struct Session Session;
typedef struct Upstream Upstream;
typedef TAILQ_HEAD(CallQueue, Call) CallQueue;

typedef struct CallOps {
        /* The answer: a result or an error. The call is in no table any more and may be freed. */
        int (*answered)(Call *c, const Envelope *e);
        /* There will be none. The same holds. */
        int (*failed)(Call *c, Fault fault);
        /* notifications/progress about it; NULL: of no interest. */
        int (*progress)(Call *c, const Envelope *e);
        bool ours; /* no client's: counts in no figure of calls, and goes before the handshake is done */
} CallOps;

typedef enum CallState { CALL_IDLE, CALL_WAITING, CALL_QUEUED, CALL_SENT, _CALL_STATE_MAX } CallState;

struct Call {
        PendingNode node; /* CALL_SENT: in the instance's table */
        CallState state;
        const CallOps *ops; /* borrowed: a table */
        McpMethod method;
        Upstream *upstream;        /* borrowed, outlives it */
        Backend *backend;          /* CALL_QUEUED, CALL_SENT */
        Lane *lane;                /* its session's place there; NULL: ours */
        Session *session;          /* NULL: none, or gone */
        Lease *lease;              /* CALL_WAITING for an instance of its session's own */
        TAILQ_ENTRY(Call) link;    /* of what it waits in */
        TAILQ_ENTRY(Call) by_time; /* of the clock */
        TAILQ_ENTRY(Call) by_wait; /* of those whose message is kept */
        Buf line;                  /* owned; while it is not sent: the message, with room where our id goes */
        size_t id_at, token_at;    /* those places; token_at 0: none */
        Nsec started, stored;
        Nsec due;    /* when something is over: its wait, or its time */
        bool parked; /* its client was asked something: its time does not run */
        Nsec left;   /* of its time, from when it goes on */
};

enum { CALL_ID_ROOM = 16 }; /* digits of an id of ours: what waits has as many blanks for it */

/* The message as the client sent it, and what is to be changed in it. */
typedef struct CallText {
        Span text;
        Span id, token;         /* values of these members, to become ours; empty: not there */
        Span old_name, name;    /* a value to be replaced, and by what (with quotes); empty: as it is */
        Span insert_at, insert; /* an empty span in the text, and what goes there; ptr NULL: nothing */
} CallText;
