#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of HTTP connections: a server on a loop whose clock stands still
 * until a test turns the hands, a user of it that writes down what it is told
 * and does what the test says, and clients that are sockets. Nothing waits
 * without end: what does not come within some seconds is a failure.
 */

#include "support/test.h"

#include "base/loop.h"
#include "http/server.h"

enum { USER_CONNS = 64 };

typedef struct UserConn {
        HttpConn conn;
        unsigned number; /* in the order of accepting, from 0 */
        void *free_too;  /* owned */
} UserConn;

typedef struct User {
        FakeClock hands;
        Loop *loop;
        HttpServer server;
        MetricSet metrics;
        HttpLimits limits;
        uint16_t port;               /* TCP */
        char path[108];              /* unix */
        Buf said;                    /* what it was told: one word each, "head request cut:closed ..." */
        HttpConn *conns[USER_CONNS]; /* NULL: released */
        unsigned n_conns;
        bool in_turn;
        bool turns_away; /* accepted() gives NULL */
        /* NULL: nothing */
        int (*on_head)(HttpConn *c, const HttpRequest *r);
        int (*on_request)(HttpConn *c, HttpRequest *r);
        void (*on_cut)(HttpConn *c);
        void (*on_half)(HttpConn *c);
        void *data; /* the test's */
} User;

/* The one of the running test. */
extern User user;

/* Setup and teardown of a test: a TCP and a unix listener, numbers 0 and 1. */
int user_setup(void **state);
int user_teardown(void **state);

#define USER_TEST(f) cmocka_unit_test_setup_teardown(f, user_setup, user_teardown)

/* What the user may do with a request. */
int answer_ok(HttpConn *c, HttpRequest *r);    /* 200 and "ok" */
int answer_echo(HttpConn *c, HttpRequest *r);  /* 200 and "METHOD TARGET [BODY]" */
int answer_large(HttpConn *c, HttpRequest *r); /* 200 and LARGE bytes 'x' */
int answer_later(HttpConn *c, HttpRequest *r);
int head_401(HttpConn *c, const HttpRequest *r);
enum { LARGE = 3 * 1024 * 1024 };

int give(HttpConn *c, int status, Span body);

/* ---- clients ---- */

int client_tcp(void); /* connected; non-blocking */
int client_unix(void);
void client_send(int fd, Span s); /* all of it, turning the loop */
/* Turns the loop until these bytes have come, and fails if other ones do. */
void client_expect(int fd, const char *text);
void client_expect_span(int fd, Span s);
/* Until the server closes; what came before is thrown away and counted. A reset is a failure. */
size_t client_expect_end(int fd);
void client_expect_reset(int fd);
/* Reads `n` bytes. */
void client_skip(int fd, size_t n);

/* ---- turns ---- */

/* Until nothing happens any more. */
void settle(void);
/* Until the user was told this, all since the last time. */
void expect_said(const char *words);
void pass(Nsec time); /* and settles */

/* ---- text ---- */

#define GET       "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_HEAD   "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
#define OK_ANSWER OK_HEAD "\r\nok"
#define OK_CLOSE  OK_HEAD "Connection: close\r\n\r\nok"
/* What the connection itself answers; its length is worked out. */
const char *refusal_text(int status, const char *phrase, const char *why);
