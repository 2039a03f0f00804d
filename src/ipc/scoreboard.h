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

enum {
        SCORE_EXIT_CLASSES = 12,
        SCORE_INSTANCES = 16, /* with cells of their own; more are summed into the last */
        SCORE_NAME = 72,
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
        ScoreCell memory, cpu_usec, pids;    /* as of the last time somebody asked */
} ScoreServerOurs;

/* Written by the gateway. */
typedef struct ScoreServerGateway {
        ScoreCell tools, calls, errors, in_flight, queue_depth, queue_since, late_answers, stray_lines;
        ScoreCell cache_hits, bytes_in, bytes_out;
        MetricHistogram duration;
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
        _Alignas(64) ScoreCell memory, cpu_usec, fds, lag_usec, events_dropped, limit_hits;
        MetricSet metrics;                    /* those without labels */
        ScoreCell reloads_ok, reloads_failed; /* the supervisor's */
} ScoreProcess;

typedef struct Scoreboard Scoreboard;

/* For the supervisor: makes it for so many servers; sealed against any change of size. */
int scoreboard_new(uint32_t max_servers, Scoreboard **ret) MUST_CHECK;
/* For the gateway: takes over `fd`. -EBADMSG: of another size or build, or not sealed. */
int scoreboard_map(int fd, uint32_t max_servers, Scoreboard **ret) MUST_CHECK;
Scoreboard *scoreboard_free(Scoreboard *s);
DEFINE_CLEANUP(Scoreboard, scoreboard_free)

int scoreboard_fd(const Scoreboard *s);
uint32_t scoreboard_rows(const Scoreboard *s);
/* NULL when there is no such row. */
ScoreServer *scoreboard_server(Scoreboard *s, uint32_t row);
ScoreProcess *scoreboard_process(Scoreboard *s, ScoreRole role);

/* Only the supervisor. A free row for this name, all cells 0; SCOREBOARD_E_FULL. */
enum { _SCOREBOARD_E_SUCCESS, SCOREBOARD_E_FULL };
int scoreboard_take(Scoreboard *s, const char *name, uint32_t *ret_row, uint64_t *ret_generation) MUST_CHECK;
void scoreboard_give(Scoreboard *s, uint32_t row);

/* A consistent copy of name and generation; false when the row is free. */
bool scoreboard_name(Scoreboard *s, uint32_t row, char ret_name[static SCORE_NAME], uint64_t *ret_generation);

/* Memory, CPU time and descriptors of this process, into its cells. */
void scoreboard_self(ScoreProcess *p, uint64_t lag_usec);

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
