/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table. Beside what its rows say on their own:
 *
 *   - What is started gets goal up; what is freed has goal gone.
 *   - RESET forgets everywhere, not only where it starts something, and so does
 *     CHANGED wherever the server takes over the new configuration: both clear
 *     what went wrong before. ADOPT with nothing new does nothing.
 *   - A `share: session` server itself (sessions) has no process: what would
 *     start one leaves it idle. Its instances (session) have rows of their own.
 */
#include "supervisor/state-table.h"

#define S(id)  (1U << SERVER_STATE_##id)
#define E(id)  (1U << STATE_EVENT_##id)
#define IF(id) (1U << STATE_IF_##id)
#define DO(id) STATE_DO_##id
#define TO(id) SERVER_STATE_##id
#define SAME   STATE_SAME
#define UP     GOAL_UP
#define IDLE   GOAL_IDLE
#define DOWN   GOAL_DOWN
#define GONE   GOAL_GONE
#define KEPT   GOAL_KEPT
#define ANY    0
#define NONE   0

/* clang-format off */
const StateRow state_table[] = {
        /* states, events, guard, next, goal, actions */

        /* START of a session server means: the next WANT of a session may make an instance. That WANT goes to
         * the instance, which begins as idle. */
        {S(IDLE),                             E(RESET),                               IF(SESSIONS),        SAME,         IDLE, DO(FORGET)},
        {S(IDLE),                             E(START) | E(RESTART) | E(WANT),        IF(SESSIONS),        SAME,         IDLE, NONE},
        {S(IDLE),                             E(RESET),                               ANY,                 TO(STARTING), UP,   DO(FORGET) | DO(SPAWN)},
        {S(IDLE),                             E(START) | E(RESTART) | E(WANT),        ANY,                 TO(STARTING), UP,   DO(SPAWN)},

        /* All of them are by hand here, and forget as they do in backoff and degraded: STOP and START there is
         * the same as START. Otherwise the windows would hold a start that was planned for later and never
         * was, and the breaker would be open beside a server that calls wait for. */
        {S(STOPPED),                          E(START) | E(RESTART) | E(RESET),       IF(SESSIONS),        TO(IDLE),     IDLE, DO(FORGET)},
        {S(STOPPED),                          E(START) | E(RESTART) | E(RESET),       ANY,                 TO(STARTING), UP,   DO(FORGET) | DO(SPAWN)},
        {S(STOPPED),                          E(WANT),                                ANY,                 SAME,         KEPT, DO(ANSWER_STOPPED)},

        {S(BACKOFF),                          E(WANT),                                ANY,                 SAME,         KEPT, DO(ANSWER_WAIT)},
        {S(DEGRADED),                         E(WANT),                                ANY,                 SAME,         KEPT, DO(ANSWER_DEGRADED)},

        {S(IDLE),                             E(CHANGED),                             IF(SESSIONS),        SAME,         KEPT, DO(ADOPT) | DO(FORGET)},
        {S(IDLE),                             E(CHANGED),                             IF(EAGER),           TO(STARTING), UP,   DO(ADOPT) | DO(FORGET) | DO(SPAWN)},
        {S(IDLE) | S(STOPPED),                E(CHANGED),                             ANY,                 SAME,         KEPT, DO(ADOPT) | DO(FORGET)},

        /* Degraded is an open breaker, whatever led there. */
        {S(IDLE) | S(STOPPED),                E(REFUSED),                             ANY,                 TO(DEGRADED), KEPT, DO(ADOPT) | DO(BREAKER_OPEN) | DO(ARM_PROBE)},

        {S(STARTING) | S(READY),              E(START) | E(WANT),                     ANY,                 SAME,         KEPT, NONE},
        {S(STARTING) | S(READY),              E(RESET),                               ANY,                 SAME,         KEPT, DO(FORGET)},
        {S(PROBING),                          E(WANT),                                ANY,                 SAME,         KEPT, DO(ANSWER_DEGRADED)},
        /* The start deadline goes on: it is the same process. */
        {S(PROBING),                          E(START) | E(RESET),                    ANY,                 TO(STARTING), KEPT, DO(FORGET)},

        /* Overlap: the second one never came to be ready. Not charged; the old one stays. */
        {S(STARTING),                         E(EXEC_FAILED) | E(START_DEADLINE) | E(FAILED) | E(LEADER_EXITED),
                                                                                      IF(SECOND),          TO(STOPPING), GONE, DO(NOTE) | DO(SWEEP)},
        {S(STARTING) | S(PROBING) | S(DRAINING),
                                              E(EXEC_FAILED),                         ANY,                 TO(STOPPING), KEPT, DO(NOTE) | DO(SWEEP)},
        /* Told to stop before the helper's report was read: with nothing in flight draining takes no time, and
         * a lost gateway goes to stopping at once. */
        {S(STOPPING),                         E(EXEC_FAILED),                         ANY,                 SAME,         KEPT, DO(NOTE) | DO(SWEEP)},
        {S(STARTING) | S(PROBING),            E(START_DEADLINE) | E(FAILED),          ANY,                 TO(STOPPING), KEPT, DO(NOTE) | DO(SWEEP)},

        /* Overlap: from here on it is the server; the old one gets REMOVED. */
        {S(STARTING),                         E(READY),                               IF(SECOND),          TO(READY),    KEPT, DO(ADOPT) | DO(FORGET) | DO(ANNOUNCE) | DO(ARM_STABLE)},
        /* A probe that was restarted, or lost its gateway, on its way to ready. */
        {S(STARTING),                         E(READY),                               IF(BREAKER_OPEN),    TO(READY),    KEPT, DO(BREAKER_HALF) | DO(ANNOUNCE) | DO(ARM_STABLE)},
        {S(STARTING),                         E(READY),                               ANY,                 TO(READY),    KEPT, DO(ANNOUNCE) | DO(ARM_STABLE)},
        {S(PROBING),                          E(READY),                               ANY,                 TO(READY),    KEPT, DO(BREAKER_HALF) | DO(ANNOUNCE) | DO(ARM_STABLE)},
        /* The instance that probed is ready. */
        {S(DEGRADED),                         E(READY),                               IF(SESSIONS),        TO(IDLE),     IDLE, NONE},
        /* An instance from before the breaker opened on account of others proves nothing. */
        {S(READY),                            E(STABLE),                              IF(BREAKER_OPEN),    SAME,         KEPT, NONE},
        {S(READY),                            E(STABLE),                              ANY,                 SAME,         KEPT, DO(CALM)},

        {S(STARTING) | S(READY) | S(PROBING) | S(DRAINING),
                                              E(LEADER_EXITED),                       ANY,                 TO(STOPPING), KEPT, DO(NOTE) | DO(SWEEP)},
        {S(STOPPING),                         E(LEADER_EXITED),                       ANY,                 SAME,         KEPT, DO(NOTE) | DO(SWEEP)},
        {S(STUCK),                            E(LEADER_EXITED),                       ANY,                 SAME,         KEPT, DO(NOTE)},

        {S(READY) | S(DRAINING),              E(FAILED),                              ANY,                 TO(STOPPING), KEPT, DO(NOTE) | DO(LADDER)},

        {S(READY),                            E(IDLE),                                IF(QUIET),           TO(DRAINING), IDLE, DO(PLAN) | DO(DRAIN)},
        {S(READY),                            E(IDLE),                                ANY,                 SAME,         KEPT, NONE},

        {S(STARTING) | S(PROBING) | S(READY), E(GATEWAY_LOST),                        IF(SESSION),         TO(STOPPING), GONE, DO(PLAN) | DO(LADDER)},
        {S(STARTING) | S(PROBING) | S(READY), E(GATEWAY_LOST),                        IF(LOST),            TO(STOPPING), UP,   DO(PLAN) | DO(LADDER)},
        {S(STARTING) | S(PROBING) | S(READY) | S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(GATEWAY_LOST),                        ANY,                 SAME,         KEPT, NONE},

        /* Overlap: the old one keeps its configuration until the second one is ready. */
        {S(READY),                            E(CHANGED),                             IF(OVERLAP),         SAME,         KEPT, DO(SECOND)},
        /* Whatever is asked for during an overlap ends the second one first; then the old one is asked. */
        {S(STARTING),                         E(STOP) | E(RESTART) | E(CHANGED) | E(REMOVED),
                                                                                      IF(SECOND),          TO(DRAINING), GONE, DO(PLAN) | DO(DRAIN)},
        {S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(STOP) | E(RESTART) | E(CHANGED) | E(REMOVED),
                                                                                      IF(SECOND),          SAME,         GONE, NONE},
        {S(READY) | S(STARTING) | S(PROBING), E(STOP),                                ANY,                 TO(DRAINING), DOWN, DO(PLAN) | DO(DRAIN)},
        {S(READY) | S(STARTING) | S(PROBING), E(RESTART),                             ANY,                 TO(DRAINING), UP,   DO(PLAN) | DO(DRAIN)},
        {S(READY) | S(STARTING) | S(PROBING), E(CHANGED),                             ANY,                 TO(DRAINING), UP,   DO(PLAN) | DO(ADOPT) | DO(FORGET) | DO(DRAIN)},
        {S(READY) | S(STARTING) | S(PROBING), E(REMOVED),                             ANY,                 TO(DRAINING), GONE, DO(PLAN) | DO(DRAIN)},

        {S(DRAINING) | S(STOPPING),           E(STOP),                                IF(NOT_GONE),        SAME,         DOWN, NONE},
        {S(DRAINING) | S(STOPPING),           E(START) | E(RESTART),                  IF(NOT_GONE),        SAME,         UP,   NONE},
        {S(DRAINING) | S(STOPPING),           E(RESET),                               IF(NOT_GONE),        SAME,         UP,   DO(FORGET)},
        {S(DRAINING) | S(STOPPING),           E(CHANGED),                             IF(NOT_GONE),        SAME,         UP,   DO(ADOPT) | DO(FORGET)},
        {S(DRAINING) | S(STOPPING),           E(REMOVED),                             IF(NOT_GONE),        SAME,         GONE, NONE},

        {S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(WANT),                                IF(WANTED),          SAME,         UP,   DO(ANSWER_WAIT)},
        {S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(WANT),                                ANY,                 SAME,         KEPT, DO(ANSWER_STOPPED)},
        {S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(START) | E(STOP) | E(RESTART) | E(RESET) | E(CHANGED) | E(REMOVED),
                                                                                      IF(GOAL_GONE),       SAME,         KEPT, NONE},

        {S(DRAINING),                         E(DRAINED) | E(DRAIN_DEADLINE),         ANY,                 TO(STOPPING), KEPT, DO(LADDER)},
        {S(STOPPING),                         E(TERM_AT),                             ANY,                 SAME,         KEPT, DO(TERM)},
        {S(STOPPING),                         E(KILL_AT),                             ANY,                 SAME,         KEPT, DO(KILL)},
        {S(STOPPING),                         E(STUCK_AT),                            ANY,                 TO(STUCK),    KEPT, DO(REPORT_STUCK)},

        {S(STUCK),                            E(START) | E(RESTART) | E(RESET),       IF(SESSIONS),        TO(IDLE),     IDLE, DO(FORGET) | DO(DETACH)},
        {S(STUCK),                            E(CHANGED),                             IF(SESSIONS),        TO(IDLE),     IDLE, DO(ADOPT) | DO(FORGET) | DO(DETACH)},
        {S(STUCK),                            E(START) | E(RESTART),                  ANY,                 TO(STARTING), UP,   DO(DETACH) | DO(SPAWN)},
        {S(STUCK),                            E(RESET),                               ANY,                 TO(STARTING), UP,   DO(FORGET) | DO(DETACH) | DO(SPAWN)},
        {S(STUCK),                            E(CHANGED),                             ANY,                 TO(STARTING), UP,   DO(ADOPT) | DO(FORGET) | DO(DETACH) | DO(SPAWN)},
        {S(STUCK),                            E(STOP),                                ANY,                 SAME,         DOWN, NONE},
        {S(STUCK),                            E(REMOVED),                             ANY,                 SAME,         GONE, NONE},

        /* The charge goes to the server; then the server itself gets EMPTY, with the same verdict: see below. */
        {S(STOPPING) | S(STUCK),              E(EMPTY),             IF(SESSION) | IF(UNPLANNED),           TO(FREED),    GONE, DO(CHARGE) | DO(RELEASE)},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(SESSION),         TO(FREED),    GONE, DO(RELEASE)},
        /* Overlap: the second one goes on as the only one. Goal gone only now, and not when it began to end: if
         * the second one fails meanwhile, this one is the server again. */
        {S(STOPPING) | S(STUCK),              E(EMPTY),                   IF(OLD) | IF(WANTED),            TO(FREED),    GONE, DO(RELEASE)},
        /* Its share was changed while it had a process: from here on it has none. */
        {S(STOPPING) | S(STUCK),              E(EMPTY),             IF(SESSIONS) | IF(WANTED),             TO(IDLE),     IDLE, NONE},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(GOAL_DOWN),       TO(STOPPED),  KEPT, NONE},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(GOAL_IDLE),       TO(IDLE),     KEPT, NONE},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(GOAL_GONE),       TO(FREED),    KEPT, DO(RELEASE)},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(PLANNED),         TO(STARTING), KEPT, DO(SPAWN)},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(RETRY),           TO(BACKOFF),  KEPT, DO(CHARGE) | DO(ARM_BACKOFF)},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(OPEN),            TO(DEGRADED), KEPT, DO(BREAKER_OPEN) | DO(CHARGE) | DO(ARM_PROBE)},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               IF(EAGER),           TO(STOPPED),  DOWN, NONE},
        {S(STOPPING) | S(STUCK),              E(EMPTY),                               ANY,                 TO(IDLE),     IDLE, NONE},
        /* A session server, one of whose instances has ended unasked. */
        {S(IDLE) | S(BACKOFF) | S(DEGRADED),  E(EMPTY),                 IF(SESSIONS) | IF(RETRY),          TO(BACKOFF),  KEPT, DO(ARM_BACKOFF)},
        {S(IDLE) | S(BACKOFF) | S(DEGRADED),  E(EMPTY),                  IF(SESSIONS) | IF(OPEN),          TO(DEGRADED), KEPT, DO(BREAKER_OPEN) | DO(ARM_PROBE)},
        {S(IDLE) | S(BACKOFF) | S(DEGRADED) | S(STOPPED),
                                              E(EMPTY),                               IF(SESSIONS),        SAME,         KEPT, NONE},

        {S(BACKOFF),                          E(TIMER),                               IF(SESSIONS),        TO(IDLE),     IDLE, NONE},
        {S(BACKOFF),                          E(TIMER),                               ANY,                 TO(STARTING), UP,   DO(SPAWN)},
        /* The next WANT may probe: the instance made for it begins as degraded and gets TIMER itself. */
        {S(DEGRADED),                         E(TIMER),                               IF(SESSIONS),        SAME,         KEPT, DO(PROBE)},
        {S(DEGRADED),                         E(TIMER),                               ANY,                 TO(PROBING),  UP,   DO(PROBE)},
        {S(BACKOFF) | S(DEGRADED),            E(RESET) | E(START) | E(RESTART),       IF(SESSIONS),        TO(IDLE),     IDLE, DO(FORGET)},
        {S(BACKOFF) | S(DEGRADED),            E(CHANGED),                             IF(SESSIONS),        TO(IDLE),     IDLE, DO(ADOPT) | DO(FORGET)},
        {S(BACKOFF) | S(DEGRADED),            E(RESET) | E(START) | E(RESTART),       ANY,                 TO(STARTING), UP,   DO(FORGET) | DO(SPAWN)},
        {S(BACKOFF) | S(DEGRADED),            E(CHANGED),                             ANY,                 TO(STARTING), UP,   DO(ADOPT) | DO(FORGET) | DO(SPAWN)},

        {S(BACKOFF) | S(DEGRADED) | S(IDLE) | S(STOPPED),
                                              E(STOP),                                ANY,                 TO(STOPPED),  DOWN, NONE},
        {S(BACKOFF) | S(DEGRADED) | S(IDLE) | S(STOPPED),
                                              E(REMOVED) | E(SHUTDOWN),               ANY,                 TO(FREED),    GONE, DO(RELEASE)},

        {S(STARTING) | S(PROBING) | S(READY), E(SHUTDOWN),                            ANY,                 TO(DRAINING), GONE, DO(PLAN) | DO(DRAIN)},
        {S(DRAINING) | S(STOPPING) | S(STUCK),
                                              E(SHUTDOWN),                            ANY,                 SAME,         GONE, DO(HURRY)},
};
/* clang-format on */

const size_t state_table_size = ARRAY_SIZE(state_table);
