#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One life of one instance as the gateway has it: its pipes, its notebook,
 * what it owes answers to. Writes lines (queued, capped, flushed once a turn),
 * reads lines and hands each to what it belongs to. Never waits for the
 * server, and never stops reading it. Owned by its Upstream, to which it says
 * through its ops what becomes of it; knows nothing of HTTP.
 */

#include "base/loop.h"
#include "gateway/call.h"
#include "ipc/message.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"
#include "jsonrpc/line-reader.h"
#include "mcp/catalogue.h"
#include "mcp/log-level.h"

typedef TAILQ_HEAD(BackendList, Backend) BackendList;

typedef struct BackendOps {
        /* None may free it. 0, or -errno: comes out of loop_run(). */
        int (*ready)(Backend *b); /* the handshake is done: era, version, hello are known */
        int (*failed)(Backend *b, IpcFailure failure, const char *text);
        int (*notified)(Backend *b, const Envelope *e); /* but progress, which calls get themselves */
        int (*asked)(Backend *b, const Envelope *e);    /* a request of the server's own */
        void (*over)(Call *c);                          /* it has left the instance: for the accounts */
        int (*has_room)(Backend *b);                    /* something in flight has ended */
        void (*stray)(Backend *b, Span line);           /* a line that is no message: counted already */
} BackendOps;

typedef enum BackendState {
        BACKEND_HANDSHAKE,
        BACKEND_READY,
        BACKEND_DRAINING, /* no new calls */
        BACKEND_ENDED,    /* failed, or stdout has ended: nothing is read or written any more */
} BackendState;

/* Bytes of all pipes that were made larger, and what they may be. */
typedef struct PipeBudget {
        size_t used, max;
        Nsec quiet; /* so long after its last long line one is made small again */
} PipeBudget;

typedef struct BackendArgs {
        Loop *loop;
        const BackendOps *ops; /* borrowed: a table */
        Upstream *upstream;    /* borrowed, outlives it */
        const IpcInstanceUp *up;
        ScoreServerGateway *score; /* borrowed: the scoreboard's */
        EnvelopeLimits limits;
        size_t max_line;
        size_t max_out;          /* bytes that may wait for its stdin */
        PipeBudget *pipes;       /* borrowed, outlives it */
        uint64_t random;         /* where ids begin for one that an earlier gateway had */
        uint64_t max_stray;      /* lines a minute */
        Span capabilities;       /* what the server is told of its client: an object; read by backend_start */
        int stdin_fd, stdout_fd; /* taken over on success */
        int notebook_fd;         /* stays the caller's */
} BackendArgs;

struct Backend {
        uint32_t magic;
        TAILQ_ENTRY(Backend) link;
        IpcInstance id;   /* header unused */
        uint64_t session; /* of the WANT that it answers */
        uint64_t launch;  /* which program it is */
        BackendState state;
        Loop *loop;
        const BackendOps *ops;
        Upstream *upstream;
        ScoreServerGateway *score;
        LoopSource input, output; /* its stdin, its stdout */
        int stdin_fd, stdout_fd;  /* owned */
        Notebook *notebook;       /* owned */
        PipeBudget *pipes;
        size_t pipe_size; /* of stdout, when it was made larger */
        Nsec long_at;     /* its last long line */
        Timer quiet;      /* is it time to make it small again? */
        LineReader reader;
        EnvelopeLimits limits;
        Buf out;        /* what waits for its stdin */
        size_t written; /* of that: gone already */
        size_t max_out;
        uint64_t random;
        const char *stuck; /* why nothing more can be written; it fails for that at the end of the turn */
        bool closing;      /* its stdin, once that is written */
        Work flush;
        Timer gone; /* stdout has ended: is the process about to be gone, too? */
        Pending pending;
        unsigned in_flight; /* calls of clients among them */
        unsigned parked;    /* of these: their client was asked something */
        unsigned n_asks, n_told;
        TAILQ_HEAD(, Told) told; /* requests whose answers are of no interest, the oldest first */
        TAILQ_HEAD(, Lane) turn; /* lanes with queued calls, next first */
        LIST_HEAD(, Lane) lanes;
        LIST_HEAD(, Ask) asks; /* what it wants to know of clients */
        uint64_t max_stray, stray;
        Nsec stray_since;
        McpEra era;
        McpVersion version;
        Buf hello; /* the result of initialize, as written */
        Buf capabilities;
        Lane *common; /* of calls without a session */
        Nsec used;    /* the last call of a client */
        Lease *lease; /* whose own it is; NULL: nobody's */
        bool probe, draining, told_ready, greeted;
        bool again;                /* an earlier gateway had it: its first line may be a torn one */
        struct Greeting *greeting; /* owned: while the handshake is under way */
        struct Fetch *fetch;       /* owned: while its lists are being fetched */
        struct Warmup *warmup;     /* owned */
        struct Pinger *pinger;     /* owned: pings */
        McpLevel level;            /* that it was told last */
};

/* -EBADMSG: that is no notebook; -EPERM: a descriptor that is no pipe. */
int backend_new(const BackendArgs *args, Backend **ret) MUST_CHECK;
/* Its calls have been ended by backend_end. */
Backend *backend_free(Backend *b);
DEFINE_CLEANUP(Backend, backend_free)

/* Begins the handshake; calls ready() at once when an earlier gateway has done it. */
int backend_start(Backend *b, uint32_t flags) MUST_CHECK;
/* The server is gone, or as good as: every call in flight fails with `fault`. */
int backend_end(Backend *b, Fault fault) MUST_CHECK;
int backend_fail(Backend *b, IpcFailure failure, const char *text) MUST_CHECK;
/* What could not be done for this instance alone (-errno) is its end, and not ours. */
int backend_survive(Backend *b, int r) MUST_CHECK;
/* It has ended: what it has written before stands in the pipe still, and counts. */
int backend_read_last(Backend *b) MUST_CHECK;
/* No more calls, ever: closes its stdin once what waits for it is written. */
void backend_close_stdin(Backend *b);

/* Bytes that wait for its stdin. */
static inline size_t backend_waiting(const Backend *b)
{
        return b->out.len - b->written;
}

/* One line, without its end, in parts: everything is written or queued, or (-ENOMEM) nothing. A server that
 * does not read, so that too much waits for it, is failed at the end of the turn; until then lines for it are
 * dropped. */
int backend_write(Backend *b, const Span *parts, unsigned n) MUST_CHECK;
/* Puts it under an id of ours and writes it. */
int backend_send(Backend *b, Call *c, const CallText *t) MUST_CHECK;
/* The same for one that has waited, from its own line. */
int backend_send_waited(Backend *b, Call *c) MUST_CHECK;
/* Gives it an id of ours; whoever asks for that writes the line with it. */
int backend_expect(Backend *b, Call *c) MUST_CHECK;
/* One of our own: a method and params as written (or empty). */
int backend_ask(Backend *b, Call *c, McpMethod m, Span params) MUST_CHECK;
/* Nobody wants its answer any more: takes it out of the table; `cancelled` tells the server. */
int backend_forget(Backend *b, Call *c, bool cancelled, const char *reason) MUST_CHECK;
/* The only call of a client in flight, or NULL when there is none or more than one. One whose client was
 * asked something does not count, but when there is no other. */
Call *backend_only_call(const Backend *b);
