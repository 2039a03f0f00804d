#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state table of an instance: (state, event, facts) -> (state, goal,
 * actions). The one place that says what follows from what. Pure: no
 * descriptor, no clock, no log; instance.c executes the actions, in the order
 * of their bits. The first row that fits wins; a pair without a row is a bug
 * of the caller's and said so.
 */

#include "control/server-state.h"

/* clang-format off */
#define STATE_EVENTS(E)                                                                                      \
        /* somebody or something wants it */                                                                 \
        E(START,          "start")                                                                           \
        E(STOP,           "stop")                                                                            \
        E(RESTART,        "restart")                                                                         \
        E(RESET,          "reset")                                                                           \
        E(WANT,           "want")                                                                            \
        E(CHANGED,        "changed")                                                                         \
        E(REMOVED,        "removed")                                                                         \
        E(REFUSED,        "refused")                                                                         \
        E(SHUTDOWN,       "shutdown")                                                                        \
        /* the gateway */                                                                                    \
        E(READY,          "ready")                                                                           \
        E(FAILED,         "failed")                                                                          \
        E(IDLE,           "idle")                                                                            \
        E(DRAINED,        "drained")                                                                         \
        E(GATEWAY_LOST,   "gateway-lost")                                                                    \
        /* the kernel */                                                                                     \
        E(EXEC_FAILED,    "exec-failed")                                                                     \
        E(LEADER_EXITED,  "leader-exited")                                                                   \
        E(EMPTY,          "empty")                                                                           \
        /* time */                                                                                           \
        E(TIMER,          "timer")          /* backoff, degraded */                                          \
        E(STABLE,         "stable")                                                                          \
        E(START_DEADLINE, "start-deadline")                                                                  \
        E(DRAIN_DEADLINE, "drain-deadline")                                                                  \
        E(TERM_AT,        "term-at")                                                                         \
        E(KILL_AT,        "kill-at")                                                                         \
        E(STUCK_AT,       "stuck-at")

/* In the order in which they are done. */
#define STATE_ACTIONS(A)                                                                                     \
        A(PLAN,            "plan")            /* from now on its end is one that we asked for */             \
        A(NOTE,            "note")            /* the event carries the class of its end */                   \
        A(ADOPT,           "adopt")           /* the new configuration is its own */                         \
        A(FORGET,          "forget")          /* history, windows, k; breaker closed */                      \
        A(CALM,            "calm")            /* stable: k = 0, breaker closed */                            \
        A(BREAKER_HALF,    "breaker-half")                                                                   \
        A(BREAKER_OPEN,    "breaker-open")                                                                   \
        A(CHARGE,          "charge")          /* decide()'s verdict goes into the history */                 \
        A(DETACH,          "detach")          /* the stuck tree stays on status by itself */                 \
        A(SECOND,          "second")          /* overlap: another instance beside it */                      \
        A(SPAWN,           "spawn")           /* may wait for the governor */                                \
        A(PROBE,           "probe")           /* the same, without clients until it is ready */              \
        A(ANNOUNCE,        "announce")                                                                       \
        A(ARM_STABLE,      "arm-stable")                                                                     \
        A(ARM_BACKOFF,     "arm-backoff")                                                                    \
        A(ARM_PROBE,       "arm-probe")                                                                      \
        A(DRAIN,           "drain")           /* no new calls; arm the drain deadline */                     \
        A(LADDER,          "ladder")          /* close stdin; arm TERM_AT and KILL_AT */                     \
        A(HURRY,           "hurry")           /* bring the deadlines forward to those of the shutdown */     \
        A(TERM,            "term")                                                                           \
        A(SWEEP,           "sweep")                                                                          \
        A(KILL,            "kill")            /* arm STUCK_AT */                                             \
        A(REPORT_STUCK,    "report-stuck")                                                                   \
        A(ANSWER_WAIT,     "answer-wait")     /* the call waits as for a start */                            \
        A(ANSWER_STOPPED,  "answer-stopped")                                                                 \
        A(ANSWER_DEGRADED, "answer-degraded")                                                                \
        A(RELEASE,         "release")         /* nothing of it is left */
/* clang-format on */

typedef enum StateEvent {
#define E(id, name) STATE_EVENT_##id,
        STATE_EVENTS(E)
#undef E
                _STATE_EVENT_MAX,
} StateEvent;

typedef enum StateActionBit {
#define A(id, name) STATE_ACTION_BIT_##id,
        STATE_ACTIONS(A)
#undef A
                _STATE_ACTION_MAX,
} StateActionBit;

enum {
#define A(id, name) STATE_DO_##id = 1 << STATE_ACTION_BIT_##id,
        STATE_ACTIONS(A)
#undef A
};

typedef enum ServerGoal { GOAL_UP, GOAL_IDLE, GOAL_DOWN, GOAL_GONE, _GOAL_MAX } ServerGoal;

/* What restart_decide() says. */
typedef enum RestartVerdict { VERDICT_RETRY, VERDICT_OPEN, VERDICT_REST, _VERDICT_MAX } RestartVerdict;

typedef struct StateFacts {
        ServerGoal goal;
        RestartVerdict verdict; /* EMPTY after an unplanned end; else not read */
        bool planned;           /* PLAN was done in this life */
        bool eager;             /* start: eager (as of the newest configuration) */
        bool session;           /* an instance of a share: session server, not the server itself */
        bool sessions;          /* the server itself, of share: session: it never has a process */
        bool exclusive;
        bool in_flight;   /* IDLE, GATEWAY_LOST: calls are being worked on */
        bool initialized; /* GATEWAY_LOST: the notebook says so */
        bool overlap;     /* CHANGED: overlap is configured and share is shared */
        bool second;      /* it is the new one of an overlap */
        bool old;         /* it is the old one of an overlap, and the second one is not ending */
        bool open;        /* the breaker is open: READY, STABLE */
} StateFacts;

typedef struct StateStep {
        ServerState next; /* SERVER_STATE_FREED: it is gone */
        ServerGoal goal;
        uint32_t actions; /* STATE_DO_ bits */
} StateStep;

enum { _STATE_E_SUCCESS, STATE_E_ILLEGAL };

int state_step(ServerState state, StateEvent event, const StateFacts *facts, StateStep *ret) MUST_CHECK;

const char *state_event_name(StateEvent e);
const char *state_action_name(StateActionBit a);
const char *goal_name(ServerGoal g);
