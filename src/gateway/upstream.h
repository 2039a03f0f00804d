#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configured server as the gateway knows it: its instances, what it has to
 * offer, how the supervisor says it is, and the calls that wait for it. Takes
 * calls of clients and finds each an instance, a place in a queue, or the
 * reason why not. Owned by the gateway, one for each row of the scoreboard;
 * lives on over a change of configuration.
 */

#include "gateway/backend.h"
#include "gateway/snapshot.h"
#include "gateway/subscription.h"
#include "mcp/catalogue.h"

typedef struct Gateway Gateway;

/* A session's place in the queue of one instance: so that one that asks much leaves room for the others. */
struct Lane {
        LIST_ENTRY(Lane) in_session, in_backend;
        TAILQ_ENTRY(Lane) in_turn;
        Session *session; /* borrowed; NULL: gone, or calls without one */
        Backend *backend; /* borrowed */
        CallQueue queue;
        unsigned in_flight;
        bool turning; /* in the backend's turn list */
};

/* A session's claim to an instance of its own (`share: session`, `exclusive`). */
struct Lease {
        LIST_ENTRY(Lease) in_session;
        TAILQ_ENTRY(Lease) in_upstream;
        uint64_t number;  /* of the WANT */
        Session *session; /* borrowed; NULL: ours, to see what the server has to offer */
        Upstream *upstream;
        Backend *backend; /* borrowed; NULL: none yet, or not any more */
        unsigned calls;   /* that wait for it */
        bool wanted;      /* asked for, and not yet answered */
};

typedef TAILQ_HEAD(LeaseList, Lease) LeaseList;

struct Upstream {
        Gateway *gateway; /* borrowed: the parent */
        char name[72];
        uint32_t row;
        uint64_t row_generation;
        const ServerConfig *config; /* borrowed from `snapshot` */
        Config *snapshot;           /* owned: a reference */
        ScoreServerGateway *score;
        IpcServerState told; /* what the supervisor said last */
        struct {             /* how the last instance ended */
                int exit_class, code, signal;
                Buf lines;
        } last;
        McpCatalogue *catalogue; /* owned: a reference; NULL: nothing is known */
        uint64_t launch;         /* which program it is: as the supervisor says */
        int cache_fd;            /* owned */
        bool cached;             /* the catalogue is an earlier life's */
        BackendList backends;
        LeaseList leases;
        CallQueue waiting; /* for an instance */
        CallQueue stored;  /* those whose message is kept until they are sent, the oldest first */
        CallQueue clock;   /* all calls of clients, the first due first */
        Timer due;
        Timer idle;
        size_t queued_bytes; /* of what waits or is queued */
        unsigned in_flight;
        Lease *scout;                     /* ours: for the first look at a server that serves sessions */
        SubscriptionTable *subscriptions; /* owned */
        bool wanted;                      /* WANT was said, and the state is still what it was */
        bool scouted;                     /* it was started to see what it has to offer */
        bool kept;                        /* while a configuration is taken over */
        Nsec used;                        /* the last call */
        McpLevel level;                   /* the most verbose that sessions want, or wanted a moment ago */
        Timer calm;                       /* when it is looked whether they still do */
        unsigned stale;                   /* lists (1 << McpList) that it said have changed */
        Timer refetch;
        Nsec ended; /* when an instance has ended last, or was released */
        Timer room; /* for sessions that the supervisor had no instance for: ask again */
};

int upstream_new(Gateway *g, const SnapshotRow *row, Upstream **ret) MUST_CHECK;
/* Every call of it is failed. */
Upstream *upstream_free(Upstream *u);
DEFINE_CLEANUP(Upstream, upstream_free)
/* Another configuration of the same server. */
void upstream_configure(Upstream *u, Config *snapshot, const ServerConfig *config);
/* What of that concerns instances that run. */
int upstream_apply(Upstream *u) MUST_CHECK;

/* ---- calls of clients ---- */

/* Takes the call on its way; `c` has ops, method and session set. 0: it will be answered or failed, maybe
 * before this returns. -errno: nothing happened. */
int upstream_call(Upstream *u, Call *c, const CallText *t) MUST_CHECK;
/* Nobody waits for it any more; nothing is told. The server is told when it has it already. */
int upstream_cancel(Call *c, const char *reason) MUST_CHECK;
/* Fails it, wherever it is. */
int upstream_fail_call(Call *c, Fault fault) MUST_CHECK;
/* Its client was asked something: its time does not run until that is answered (limits.park_time bounds it).
 */
void call_park(Call *c);
void call_unpark(Call *c);
/* What an error about this server can tell. */
void upstream_fault(const Upstream *u, Fault fault, FaultArgs *ret);
/* Why it takes no call now. */
Fault upstream_why_not(const Upstream *u);
/* A session has ended: its lanes and leases go. */
void upstream_session_ended(Session *s);

/* ---- what the supervisor says ---- */

int upstream_told_state(Upstream *u, const IpcServerState *m) MUST_CHECK;
int upstream_told_refused(Upstream *u, const IpcWantRefused *m) MUST_CHECK;
/* `ret_taken`: its descriptors are the instance's now. */
int upstream_instance_up(Upstream *u, const BackendArgs *args, uint32_t flags, bool *ret_taken) MUST_CHECK;
int upstream_instance_down(Upstream *u, Backend *b, const IpcInstanceDown *m, Span lines) MUST_CHECK;
int upstream_instance_drain(Upstream *u, Backend *b) MUST_CHECK;
/* Which program it is, and the file of its lists (taken over; -EBADF: none). What another program has told is
 * forgotten. */
int upstream_take_cache(Upstream *u, uint64_t launch, int fd) MUST_CHECK;
Backend *upstream_backend(Upstream *u, uint32_t instance, uint64_t generation);

/* ---- what instances say ---- */

/* Something of the catalogue has been fetched. */
int upstream_take_catalogue(Upstream *u, Backend *b, McpCatalogue *c) MUST_CHECK;
/* Makes sure that its lists become known, if it can run: starts it where that is the only way. */
int upstream_want_catalogue(Upstream *u) MUST_CHECK;
/* Nothing of it is known, and it may still tell: worth a short wait. */
bool upstream_may_tell(const Upstream *u);
