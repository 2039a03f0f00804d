#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the control socket's server: an owner that counts what it is
 * told, on a real socket in a directory of its own, and the clients' side of
 * connections. The clock's hands are the test's. One at a time.
 */

#include "support/test.h"

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/server.h"

typedef struct Owner {
        ControlServer server;
        Loop *loop;
        FakeClock hands;
        bool refuses, closes, leaves_open; /* how it answers */
        unsigned admitted, requests, gone, drained;
        pid_t peer;
        bool had_pidfd;
        ControlConn *conn; /* of the last request */
        char last[256];    /* it, in words */
        void (*on_drained)(struct Owner *o);
} Owner;

extern const ControlServerOps owner_ops;

/* *state is the Owner. */
int owner_setup(void **state);
int owner_teardown(void **state);

#define OWNER_TEST(f) cmocka_unit_test_setup_teardown(f, owner_setup, owner_teardown)
#define OK            "{\"ok\":true}\n"

/* A connection to it, non-blocking. */
int owner_dial(void);
void owner_turns(Owner *o, unsigned n);
void owner_pass_time(Owner *o, unsigned seconds);
/* The loop has nothing to do: no source is ready in a turn. */
void owner_expect_rest(Owner *o);
/* A line of 1024 bytes. */
Span owner_kilo(void);

void peer_put(int fd, const char *text);
/* What has come, all of it. */
void peer_expect(int fd, const char *want);
void peer_expect_end(int fd);
void peer_expect_silence(int fd);
