#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows behind state_step(), for who walks them: a test, a writer of
 * documents. A row fits when the state, the event and all of its predicates
 * do; the first one that fits wins. What the predicates read are StateFacts.
 */

#include "supervisor/state.h"

/* clang-format off */
#define STATE_PREDICATES(P)                                                                         \
        P(SESSION,      "session",      "an instance of one session")                               \
        P(SESSIONS,     "sessions",     "the row of a share: session server, which has no process") \
        P(SECOND,       "second",       "the new one of an overlap")                                \
        P(OLD,          "old",          "the old one of an overlap")                                \
        P(OVERLAP,      "overlap",      "overlap is configured, and share is shared")               \
        P(PLANNED,      "planned",      "we asked for its end")                                     \
        P(UNPLANNED,    "unplanned",    "nobody asked for its end")                                 \
        P(EAGER,        "eager",        "start: eager")                                             \
        P(QUIET,        "quiet",        "nothing in flight")                                        \
        P(LOST,         "lost",         "share is session or exclusive, or initialized is not set") \
        P(BREAKER_OPEN, "breaker-open", "the breaker is open")                                      \
        P(WANTED,       "wanted",       "goal idle or up")                                          \
        P(NOT_GONE,     "not-gone",     "goal is not gone")                                         \
        P(GOAL_IDLE,    "goal-idle",    "goal idle")                                                \
        P(GOAL_DOWN,    "goal-down",    "goal down")                                                \
        P(GOAL_GONE,    "goal-gone",    "goal gone")                                                \
        P(RETRY,        "retry",        "decide() = retry")                                         \
        P(OPEN,         "open",         "decide() = open")
/* clang-format on */

typedef enum StatePredicate {
#define P(id, name, doc) STATE_IF_##id,
        STATE_PREDICATES(P)
#undef P
                _STATE_PREDICATE_MAX,
} StatePredicate;

enum { STATE_SAME = -1, GOAL_KEPT = -1 };

typedef struct StateRow {
        uint32_t states;  /* a bit for each ServerState */
        uint32_t events;  /* a bit for each StateEvent */
        uint32_t when;    /* a bit for each StatePredicate: all of them hold */
        int next;         /* ServerState, or STATE_SAME */
        int goal;         /* ServerGoal, or GOAL_KEPT */
        uint32_t actions; /* STATE_DO_ bits */
} StateRow;

extern const StateRow state_table[];
extern const size_t state_table_size;

const StateRow *state_table_rows(size_t *ret_n);
const char *state_predicate_name(StatePredicate p);
const char *state_predicate_doc(StatePredicate p);
