#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's side of control connections: the listening socket, who may
 * connect, requests in, JSON lines out through a queue with a cap. What a
 * command does is the owner's; a request that takes time keeps its
 * connection and writes to it later.
 */

#include <sys/types.h>

#include "base/json-writer.h"
#include "base/loop.h"
#include "control/command-table.h"

typedef struct ControlServer ControlServer;
typedef struct ControlConn ControlConn;

typedef struct ControlServerOps {
        /* May the process at the other end ask? (Not one of an instance.) `pidfd` is -1 where the kernel
         * gives none. */
        bool (*admits)(ControlServer *s, pid_t pid, int pidfd);
        /* A new request; `r` is borrowed until this returns. The owner answers with control_line() and
         * then, now or later, control_finish(). */
        void (*request)(ControlServer *s, ControlConn *c, const ControlRequest *r);
        /* The connection is gone while its request was not finished; `c` is not to be used after this. The
         * gateway's end tells it also when it is idle: its owner holds it. */
        void (*gone)(ControlServer *s, ControlConn *c);
        /* There is room in the queue again after control_is_full(). */
        void (*drained)(ControlServer *s, ControlConn *c);
} ControlServerOps;

struct ControlServer {
        Loop *loop;                  /* borrowed */
        const ControlServerOps *ops; /* borrowed: a table */
        LoopSource listener;
        int fd; /* owned */
        LIST_HEAD(, ControlConn) conns;
        size_t n_conns;
        Timer pause; /* armed: no descriptor was free, so the listener waits */
};

/* `fd`: a listening unix stream socket, taken over; -1: none (the gateway's end can still be added). */
int control_server_init(ControlServer *s, Loop *loop, const ControlServerOps *ops, int fd) MUST_CHECK;
/* Tells nobody; closes all. */
void control_server_done(ControlServer *s);

/* A connection that exists already: the end that a gateway relays. Takes over `fd` on success. */
int control_server_add(ControlServer *s, int fd, bool gateway, ControlConn **ret) MUST_CHECK;
/* Writes what waits as far as it goes without waiting; before the process ends. */
void control_server_flush(ControlServer *s);

/* One line of JSON, without its end. Over the cap (LIMIT_CONTROL_QUEUE) the line is dropped and counted:
 * {"skipped":N} comes once there is room. An empty queue takes a line of any length. */
void control_line(ControlConn *c, Span json);
/* The queue is half full: a line of less than the other half still fits. */
bool control_is_full(const ControlConn *c);
/* The last line: {"ok":true}, or {"ok":false,"error":TEXT,"code":CODE}. */
void control_finish_ok(ControlConn *c);
void control_finish_error(ControlConn *c, const char *code, const char *fmt, ...) PRINTF(3, 4);
/* The last line, made by the caller; it holds "ok". */
void control_finish_raw(ControlConn *c, Span json);
/* Closes it, finished or not, without gone(). */
void control_conn_close(ControlConn *c);

void *control_conn_data(const ControlConn *c);
void control_conn_set_data(ControlConn *c, void *data);
