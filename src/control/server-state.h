#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that people, scripts and dashboards read: the states of a server, of
 * its breaker and of the daemon, and the classes of an exit. One row each;
 * log, status, metrics and the command line take the names from here.
 */

#include "base/span.h"

/* clang-format off */
#define SERVER_STATES(S)                                                                       \
        S(IDLE,     "idle",     "not started; the first call starts it")                       \
        S(STARTING, "starting", "its process runs, or waits for its turn; not ready yet")      \
        S(READY,    "ready",    "answers calls")                                               \
        S(DRAINING, "draining", "takes no new calls; those in flight go on")                   \
        S(STOPPING, "stopping", "told to end, or being ended")                                 \
        S(BACKOFF,  "backoff",  "ended unasked; the next start waits")                         \
        S(DEGRADED, "degraded", "ended too often; calls fail at once until a probe works")     \
        S(PROBING,  "probing",  "a single start after degraded; no calls yet")                 \
        S(STOPPED,  "stopped",  "stopped by hand, or its restart policy says no")              \
        S(STUCK,    "stuck",    "cannot be ended: a process of it hangs in the kernel")

#define BREAKER_STATES(B)                                                                      \
        B(CLOSED,    "closed")                                                                 \
        B(OPEN,      "open")                                                                   \
        B(HALF_OPEN, "half-open")

#define DAEMON_STATES(D)                                                                       \
        D(STARTING, "starting")                                                                \
        D(RUNNING,  "running")                                                                 \
        D(DRAINING, "draining")                                                                \
        D(STOPPING, "stopping")

#define EXIT_CLASSES(C)                                                                        \
        C(PLANNED,        "planned",        "we asked for it")                                 \
        C(CLEAN,          "clean",          "exit status 0, unasked")                          \
        C(ERROR,          "error",          "another exit status")                             \
        C(SIGNAL,         "signal",         "ended by a signal")                               \
        C(OOM,            "oom",            "ended by the kernel for want of memory")          \
        C(EXEC_PERMANENT, "exec-permanent", "could not be executed, and will not be")          \
        C(HOST_TRANSIENT, "host-transient", "could not be started now, but perhaps later")     \
        C(START_TIMEOUT,  "start-timeout",  "was not ready in time")                           \
        C(PROTOCOL,       "protocol",       "does not speak the protocol")                     \
        C(UNRESPONSIVE,   "unresponsive",   "does not answer any more")
/* clang-format on */

typedef enum ServerState {
#define S(id, name, doc) SERVER_STATE_##id,
        SERVER_STATES(S)
#undef S
                SERVER_STATE_FREED, /* of an instance: there is none any more; never shown */
        _SERVER_STATE_MAX,
        _SERVER_STATE_INVALID = -EINVAL,
} ServerState;

typedef enum BreakerState {
#define B(id, name) BREAKER_##id,
        BREAKER_STATES(B)
#undef B
                _BREAKER_MAX,
} BreakerState;

typedef enum DaemonState {
#define D(id, name) DAEMON_STATE_##id,
        DAEMON_STATES(D)
#undef D
                _DAEMON_STATE_MAX,
} DaemonState;

typedef enum ExitClass {
#define C(id, name, doc) EXIT_CLASS_##id,
        EXIT_CLASSES(C)
#undef C
                _EXIT_CLASS_MAX,
} ExitClass;

const char *server_state_name(ServerState s);
const char *server_state_doc(ServerState s);
/* _SERVER_STATE_INVALID when it is none. */
ServerState server_state_from_name(Span name);
const char *breaker_name(BreakerState b);
const char *daemon_state_name(DaemonState d);
const char *exit_class_name(ExitClass c);
const char *exit_class_doc(ExitClass c);
