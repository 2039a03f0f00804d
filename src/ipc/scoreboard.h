#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of truth in shared memory: what status, /metrics and the page read.
 * A sealed memfd that the supervisor makes at its start and each gateway gets.
 * Each cell has exactly one writer; relaxed atomics; the cells of the two
 * writers lie on different cache lines. The supervisor takes the gateway's
 * cells for numbers that somebody else made up.
 */

#include "base/metric.h"
#include "ipc/score-table.h"

enum {
        SCORE_EXIT_CLASSES = 12,
        SCORE_INSTANCES = 16, /* with cells of their own; more are summed into the last */
        SCORE_NAME = 72,
        SCORE_TOOL_NAME = 132, /* longer than a tool may be called, and the NUL */
};

typedef _Atomic uint64_t ScoreCell;

/* Written by the supervisor. */
typedef struct ScoreServerOurs {
        ScoreCell seq;        /* odd while name and generation change */
        ScoreCell generation; /* of the row; 0: free */
        char name[SCORE_NAME];
        ScoreCell state, breaker;
        ScoreCell starts, oom_kills, log_kept, log_suppressed, log_partial;
        ScoreCell restarts[SCORE_EXIT_CLASSES], exits[SCORE_EXIT_CLASSES];
        ScoreCell budget_short, budget_long; /* restarts left */
        ScoreCell next_start;                /* CLOCK_MONOTONIC ns; 0: none planned */
        ScoreCell memory, cpu_usec, pids;    /* a while ago; pids 0: not known */
} ScoreServerOurs;

/* What tools without a series of their own are called in dashboards. */
#define SCORE_TOOL_OTHER "other"

/* Calls of one tool; written by the gateway. */
typedef struct ScoreTool {
        ScoreCell used;       /* 1 since it was taken first */
        ScoreCell generation; /* of the server's row; 0: free */
        ScoreCell row;
        uint32_t name_len;
        char name[SCORE_TOOL_NAME];
        ScoreCell statuses[_SCORE_STATUS_MAX];
        MetricHistogram duration; /* METRIC_TOOL_DURATION */
} ScoreTool;

typedef enum ScoreToolsKnown {
        SCORE_TOOLS_UNKNOWN,
        SCORE_TOOLS_CACHED, /* as the server said in an earlier life */
        SCORE_TOOLS_LISTED,
} ScoreToolsKnown;

/* Written by the gateway. */
typedef struct ScoreServerGateway {
        ScoreCell tools, tools_known; /* their number; ScoreToolsKnown */
        ScoreCell calls, errors, in_flight, queue_depth, late_answers, stray_lines;
        ScoreCell queue_since; /* CLOCK_MONOTONIC ns of the oldest request that waits; 0: none does */
        ScoreCell cache_hits, bytes_in, bytes_out;
        ScoreCell requests[_SCORE_METHOD_MAX][_SCORE_STATUS_MAX];
        MetricHistogram duration; /* METRIC_REQUEST_DURATION */
        ScoreTool other;          /* of tools without a series of their own */
} ScoreServerGateway;

typedef struct ScoreInstance {
        ScoreCell generation, in_flight;
} ScoreInstance;

typedef struct ScoreServer {
        _Alignas(64) ScoreServerOurs ours;
        _Alignas(64) ScoreServerGateway gateway;
        _Alignas(64) ScoreInstance instances[SCORE_INSTANCES];
} ScoreServer;

typedef enum ScoreRole { SCORE_SUPERVISOR, SCORE_GATEWAY, _SCORE_ROLE_MAX } ScoreRole;

/* Of one of our own processes, written by itself. */
typedef struct ScoreProcess {
        _Alignas(64) ScoreCell memory, cpu_usec, fds, lag_usec, events_dropped;
        ScoreCell refused_call; /* 1 + the number of the system call that was its end; 0: none was */
        MetricSet metrics;      /* those without labels */
        ScoreCell reloads_ok, reloads_failed; /* the supervisor's */
        ScoreCell limit_hits[_SCORE_LIMIT_MAX];
        ScoreCell http_requests[_SCORE_ROUTE_MAX][_SCORE_CODE_MAX]; /* the gateway's */
} ScoreProcess;

typedef struct Scoreboard Scoreboard;

/* For the supervisor: makes it for so many servers and series of tools; sealed against any change of size. */
int scoreboard_new(uint32_t max_servers, uint32_t max_tools, Scoreboard **ret) MUST_CHECK;
/* For the gateway: takes over `fd`. -EBADMSG: of another size or build, or not sealed. What an earlier
 * gateway had in hand (connections, requests in flight) is 0 then; what it has counted stays. */
int scoreboard_map(int fd, uint32_t max_servers, Scoreboard **ret) MUST_CHECK;
Scoreboard *scoreboard_free(Scoreboard *s);
DEFINE_CLEANUP(Scoreboard, scoreboard_free)

int scoreboard_fd(const Scoreboard *s);
uint32_t scoreboard_rows(const Scoreboard *s);
/* No row from here on was ever taken: to look at them would cost memory. */
uint32_t scoreboard_used(const Scoreboard *s);
uint32_t scoreboard_tools(const Scoreboard *s);
/* NULL when there is no such row. */
ScoreServer *scoreboard_server(Scoreboard *s, uint32_t row);
/* By number; which tool has which, knows score-tools.h. */
ScoreTool *scoreboard_tool(Scoreboard *s, uint32_t i);
ScoreProcess *scoreboard_process(Scoreboard *s, ScoreRole role);

/* Only the supervisor. A free row for this name, all cells 0; SCOREBOARD_E_FULL. */
enum { _SCOREBOARD_E_SUCCESS, SCOREBOARD_E_FULL };
int scoreboard_take(Scoreboard *s, const char *name, uint32_t *ret_row, uint64_t *ret_generation) MUST_CHECK;
void scoreboard_give(Scoreboard *s, uint32_t row);

/* A consistent copy of name and generation; false when the row is free. */
bool scoreboard_name(Scoreboard *s, uint32_t row, char ret_name[static SCORE_NAME], uint64_t *ret_generation);

/* Memory, CPU time and descriptors of this process, into its cells. Opens nothing. */
void scoreboard_self(Scoreboard *s, ScoreRole role, uint64_t lag_usec);

static inline void score_set(ScoreCell *c, uint64_t v)
{
        atomic_store_explicit(c, v, memory_order_relaxed);
}

static inline uint64_t score_get(const ScoreCell *c)
{
        return atomic_load_explicit(c, memory_order_relaxed);
}

static inline void score_add(ScoreCell *c, uint64_t n)
{
        score_set(c, score_get(c) + n); /* one writer */
}

/* For the gateway: a request of a server, and a call of a tool, have ended so, after so long. */
void score_request(ScoreServerGateway *g, ScoreMethod m, ScoreStatus s, uint64_t usec);
void score_tool_call(ScoreTool *t, ScoreStatus s, uint64_t usec);
