#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP connection of a client: a request goes out, its answer comes in,
 * and then, if both sides keep it alive, the next one. Never blocks but for
 * connecting; whoever owns it polls its descriptor, or calls
 * client_conn_wait(). Knows no JSON.
 */

#include "client/place.h"
#include "http/h1-response.h"

typedef enum ClientConnState {
        CLIENT_CONN_IDLE,   /* no request; may have no descriptor */
        CLIENT_CONN_SENT,   /* the head of the answer is to come */
        CLIENT_CONN_BODY,   /* the head is there */
        CLIENT_CONN_DONE,   /* the whole answer is there; client_conn_next() makes it idle */
        CLIENT_CONN_BROKEN, /* client_conn_why; the same */
} ClientConnState;

typedef struct ClientConn {
        ClientConnState state;
        int fd; /* owned; -EBADF: none */
        Buf out;
        H1Response *response; /* owned */
        const char *why;
        bool stale; /* the connection was used before, and no byte of this answer has come */
        bool used;
        bool cut; /* the server takes no more of the request */
} ClientConn;

typedef struct ClientHeader {
        const char *name;
        Span value;
} ClientHeader;

typedef struct ClientRequest {
        const char *method;
        const ClientHeader *headers; /* those with an empty value are left out */
        unsigned n_headers;
        Span body;
        bool has_body;
} ClientRequest;

enum { CLIENT_HEADER_MAX = 32 * 1024, CLIENT_BODY_MAX = 64 * 1024 * 1024 };

int client_conn_init(ClientConn *c) MUST_CHECK;
/* Closes it. Does nothing to one that is all zero. */
void client_conn_done(ClientConn *c);

/* The connection is idle. Connects if it must, which may block until `deadline`: a PLACE_E. The request is
 * copied. -EINVAL: a value would end its header. */
int client_conn_request(ClientConn *c, const ClientPlace *to, const ClientRequest *r,
                        Nsec deadline) MUST_CHECK;
/* What to poll for; 0: nothing. An idle connection wants to know when it is closed. */
short client_conn_events(const ClientConn *c);
/* Writes and reads what can be without waiting; the state tells how far it is. -ENOMEM. */
int client_conn_step(ClientConn *c) MUST_CHECK;
/* Ready for the next request. */
void client_conn_next(ClientConn *c);
/* Without a further word. */
void client_conn_drop(ClientConn *c);

/* Of the answer, from CLIENT_CONN_BODY on. */
int client_conn_status(const ClientConn *c);
Span client_conn_body(const ClientConn *c);

/* Steps until the whole answer is there, or broken. CLIENT_WAIT_E_TIMEOUT. */
int client_conn_wait(ClientConn *c, Nsec deadline) MUST_CHECK;
