#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errors that mcpvisor itself answers: one row for each reason, and the
 * `data` member that tells a person and a program what happened. Pure.
 */

#include "base/buf.h"

/* clang-format off */
/*        id, name in data.reason, message: %s is the server's name */
#define FAULTS(F)                                                                                        \
        F(SERVER_DIED,       "server_died",       "the server %s ended before it answered")              \
        F(SERVER_BACKOFF,    "server_backoff",    "the server %s has ended and waits for its next start") \
        F(SERVER_DEGRADED,   "server_degraded",   "the server %s ended too often and is being left alone") \
        F(SERVER_STOPPED,    "server_stopped",    "the server %s is stopped")                            \
        F(SERVER_BUSY,       "server_busy",       "the server %s has no instance free")                  \
        F(START_FAILED,      "start_failed",      "the server %s could not be started")                  \
        F(START_TIMEOUT,     "start_timeout",     "the server %s was not ready in time")                 \
        F(REQUEST_TIMEOUT,   "request_timeout",   "the server %s did not answer in time")                \
        F(QUEUE_FULL,        "queue_full",        "too much waits for the server %s")                    \
        F(QUEUE_TIMEOUT,     "queue_timeout",     "the server %s did not take the call in time")         \
        F(PROTOCOL_ERROR,    "protocol_error",    "the server %s broke the protocol")                    \
        F(MESSAGE_TOO_LARGE, "message_too_large", "the answer of the server %s is longer than limits.max_line") \
        F(DRAINING,          "draining",          "mcpvisor is draining")                                \
        F(GATEWAY_RESTARTED, "gateway_restarted", "the gateway was restarted")                           \
        F(CANCELLED,         "cancelled",         "the call was cancelled")
/* clang-format on */

typedef enum Fault {
#define F(id, name, text) FAULT_##id,
        FAULTS(F)
#undef F
                _FAULT_MAX,
} Fault;

typedef struct FaultRow {
        const char *name, *text;
} FaultRow;

extern const FaultRow fault_table[_FAULT_MAX];

typedef struct FaultArgs {
        Fault fault;
        const char *server;      /* NULL: none */
        uint64_t retry_after_ms; /* UINT64_MAX: not known */
        int exit_class;          /* ExitClass of control/server-state.h; -1: none */
        int code, signal;        /* -1, 0: none */
        Span stderr_lines;       /* its last ones, as text */
        Span correlation_id;
} FaultArgs;

/* A whole JSON-RPC error: -32603, the row's message, CONTRACT's data; `id` as it stands in JSON. */
int fault_write(Buf *b, Span id, const FaultArgs *a) MUST_CHECK;
/* The data object alone. */
int fault_write_data(Buf *b, const FaultArgs *a) MUST_CHECK;
