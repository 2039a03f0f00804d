#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a connection, for the files conn*.c and server*.c alone:
 * conn.c has its life, its states and its deadlines, conn-read.c what comes
 * in, conn-write.c what goes out. None of these frees the connection: that
 * happens at the end of the turn.
 */

#include "http/pool.h"
#include "http/server.h"

/* ---- conn.c ---- */

/* `c` is all zero; takes `fd` over, also on failure. */
int conn_open(HttpConn *c, HttpServer *s, const HttpListener *l, int fd) MUST_CHECK;
/* Ends it; cut() when an answer was due. */
void conn_lost(HttpConn *c, HttpCut why);
/* Ends it without a word to anyone. */
void conn_drop(HttpConn *c);
/* Ends it so that the client can read what it was sent. */
void conn_finish(HttpConn *c);

void conn_set_state(HttpConn *c, HttpConnState state);
/* What epoll should tell from now on. */
void conn_watch(HttpConn *c);
void conn_set_deadline(HttpConn *c, Nsec at);
/* From now; NSEC_NEVER: none. */
void conn_set_timeout(HttpConn *c, Nsec timeout);

/* ---- conn-read.c ---- */

bool conn_wants_input(const HttpConn *c);
/* Input that was left over, or what the socket has. LOOP_E_MORE, or -errno from the user. */
int conn_input(HttpConn *c) MUST_CHECK;
/* Input that nobody will read. */
void conn_drain(HttpConn *c);
void conn_release_parser(HttpConn *c);
/* The client sends the body when it was told to, or when it has waited for long. */
bool conn_waits_for_continue(const HttpConn *c);

/* ---- conn-write.c ---- */

static inline size_t conn_queued(const HttpConn *c)
{
        return c->out.len - c->out_done;
}

/* The socket takes more. */
void conn_flush(HttpConn *c);
/* What was given is written: back to reading, or the end. */
void conn_answer_done(HttpConn *c);
/* The connection's own answer, and the last one. */
void conn_refuse(HttpConn *c, int status, const char *why);
/* "HTTP/1.1 100 Continue" */
void conn_send_continue(HttpConn *c);
/* A comment into a stream that was silent. */
void conn_send_keepalive(HttpConn *c);

/* ---- server-accept.c ---- */

/* A connection has ended, or the cap was raised. */
void server_has_room(HttpServer *s);
