#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the load generator, with an MCP session of its own: opens
 * both (blocking), then sends one call after the other, each with another id
 * and another text, and checks every answer. Owned by the Load. It does not
 * know the clock nor epoll.
 */

#include "base/buf.h"
#include "bench/answer.h"

/* What all connections share; built once. */
typedef struct CallPlan {
        const char *address; /* HOST:PORT or unix:PATH */
        const char *path;    /* of the URL */
        const char *token;   /* NULL: none is sent */
        const char *tool;    /* echo | blob | sleep */
        const char *prefix;  /* before it in a call; NULL: none */
        bool sse;            /* no answer that is no stream is taken */
        size_t size;         /* of the text: of the argument, of the answer, or milliseconds */
        Span whole;          /* --plain: what each answer must be; nothing is opened then */
        Buf payload;         /* the text behind the tag */
        char *scratch;       /* an answer that comes whole is read here */
} CallPlan;

typedef struct LoadConn {
        const CallPlan *plan; /* borrowed */
        int fd;               /* owned */
        uint32_t index;
        uint32_t calls;     /* made so far */
        char *request;      /* owned: head and message up to the payload, or with it when it is small */
        size_t request_len; /* of it */
        size_t head_len;    /* of it, the HTTP head */
        size_t id_at;       /* where the digits of the id are */
        size_t tag_at;      /* where the tag is; 0: the call has no text */
        Span payload;       /* what is sent behind it; borrowed from the plan */
        size_t sent;        /* bytes of request, payload and tail */
        Buf in;             /* an answer that came in parts */
        size_t in_total;    /* of it, as far as known */
        char session[128];
        bool reopen;    /* the server has closed behind the last answer */
        bool sse;       /* what the last answer was */
        uint64_t began; /* for the user: when the call was sent */
} LoadConn;

enum { _LOAD_CONN_E_SUCCESS, LOAD_CONN_E_MORE, LOAD_CONN_E_WRONG, LOAD_CONN_E_HANGUP };
enum { LOAD_SCRATCH = 256 * 1024, LOAD_TAG = 16, LOAD_HEAD_MAX = 1024, LOAD_SHOWN = 300 };

int call_plan_init(CallPlan *p) MUST_CHECK;
void call_plan_done(CallPlan *p);

/* Connects, and opens a session if there is to be one; -ECONNREFUSED and the like,
 * LOAD_CONN_E_WRONG when the server does not do as it should. */
int load_conn_open(LoadConn *c, const CallPlan *plan, uint32_t index) MUST_CHECK;
/* Ends the session as a good client does. */
void load_conn_close(LoadConn *c);

/* The next call: LOAD_CONN_E_MORE when the socket is full and load_conn_flush() must go on. */
int load_conn_call(LoadConn *c) MUST_CHECK;
int load_conn_flush(LoadConn *c) MUST_CHECK;
/* 0: the answer is there and right. LOAD_CONN_E_MORE: not yet. LOAD_CONN_E_WRONG: it was told on stderr. */
int load_conn_receive(LoadConn *c) MUST_CHECK;

/* ---- for load-session.c and load-conn.c only ---- */

/* A new connection in place of the one that there may be; it blocks. */
int load_conn_dial(LoadConn *c) MUST_CHECK;
int load_session_open(LoadConn *c) MUST_CHECK;
void load_session_close(LoadConn *c);
/* The HTTP head of a request; its length, or -ENOBUFS. */
int load_conn_head(LoadConn *c, const char *method, size_t length, char *ret, size_t size) MUST_CHECK;
/* Says it on stderr; LOAD_CONN_E_WRONG. */
int load_conn_complain(const char *what, const char *bytes, size_t n);
