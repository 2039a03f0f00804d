#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of clients of the legacy era: who it is, what was agreed, and what
 * hangs on it. Found by an id of 128 random bits; bounded in number (the least
 * recently used one that is quiet goes) and in time since the last request.
 * Owned by the table. What hangs on a session ends by ops->ended.
 */

#include <sys/queue.h>

#include "base/buf.h"
#include "base/timer.h"
#include "gateway/replay.h"
#include "jsonrpc/pending.h"
#include "mcp/capability.h"
#include "mcp/log-level.h"

typedef struct Session Session;
typedef struct SessionTable SessionTable;

enum { SESSION_ID = 32, SESSION_PRINCIPAL = 128 }; /* hex digits; bytes */

struct Session {
        uint64_t number; /* unique in this gateway's life; from 1 */
        char id[SESSION_ID + 1];
        char principal[SESSION_PRINCIPAL]; /* token's name, certificate's subject, "" */
        struct Endpoint *endpoint;         /* borrowed: its sessions end with it */
        McpVersion version;
        McpCapabilities client_can;
        Buf client_capabilities, client_info; /* owned: as the client wrote them */
        McpLevel level;                       /* _MCP_LEVEL_INVALID: it never said */
        bool initialized;                     /* notifications/initialized has come */
        uint32_t streams_begun[2];            /* by POST, by GET: see stream_number() */
        LIST_ENTRY(Session) in_loggers;       /* those that have asked for a level of logs */
        Replay events;
        Pending asks;                    /* what servers asked the client */
        LIST_HEAD(, Exchange) exchanges; /* requests of it in work */
        TAILQ_HEAD(, Stream) streams;    /* its GET streams */
        LIST_HEAD(, Lane) lanes;         /* its places in the queues of instances */
        LIST_HEAD(, Lease) leases;       /* instances of its own */
        unsigned subscriptions;
        unsigned missed; /* lists (1 << McpList) whose change it has not been told */
        /* the table's */
        SessionTable *table;
        Session *next_in_bucket, *next_in_number;
        TAILQ_ENTRY(Session) by_use, by_rest;
        Nsec used;
        unsigned busy; /* requests and streams that keep it from eviction */
        bool ended;
};

/* Streams begun by a GET have even numbers, answers to a POST odd ones. */
static inline uint32_t stream_number(Session *s, bool get)
{
        return 2 * s->streams_begun[get]++ + !get;
}

static inline bool stream_is_known(const Session *s, uint32_t number)
{
        return number / 2 < s->streams_begun[number % 2 == 0];
}

typedef struct SessionOps {
        /* It has ended (DELETE, TTL, eviction, its endpoint): cut all that hangs on it. It is freed after. */
        void (*ended)(Session *s);
} SessionOps;

struct SessionTable {
        const SessionOps *ops;
        TimerHeap *timers;
        Timer expiry;
        Session **buckets, **numbers; /* owned: by id, by number */
        size_t n_buckets, n;
        TAILQ_HEAD(, Session) by_use;  /* the least recently used first */
        TAILQ_HEAD(, Session) by_rest; /* those that are not busy, the longest so first */
        uint64_t next_number;
        uint64_t max;
        Nsec ttl;
        size_t replay;
        ReplayBudget kept; /* by all sessions above that; its max is whose the table is */
};

int session_table_init(SessionTable *t, TimerHeap *timers, const SessionOps *ops) MUST_CHECK;
void session_table_done(SessionTable *t);
/* limits.max_sessions, session_ttl, replay; may be changed at any time. Before the first time there is no
 * room for a session. What is over a smaller number goes, if it is not busy; `replay` is for new ones. */
int session_table_limit(SessionTable *t, uint64_t max, Nsec ttl, size_t replay) MUST_CHECK;

/* SESSION_E_FULL: all are busy. */
enum { _SESSION_E_SUCCESS, SESSION_E_FULL };
int session_new(SessionTable *t, Nsec now, Session **ret) MUST_CHECK;
/* NULL: no such (any more). */
Session *session_find(const SessionTable *t, Span id);
Session *session_by_number(const SessionTable *t, uint64_t number);
/* A request of it has come. */
void session_touch(Session *s, Nsec now);
void session_busy(Session *s, bool on); /* counted */
void session_end(Session *s);
