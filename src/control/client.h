#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's side of the control socket: connect, ask, read lines.
 * Blocks, with deadlines.
 */

#include "base/buf.h"
#include "base/clock.h"

typedef struct ControlClient {
        int fd; /* owned */
        Buf in;
        size_t taken;  /* bytes of `in` that the last line stood in */
        size_t looked; /* bytes after these that hold no end of a line */
} ControlClient;

enum {
        _CONTROL_CLIENT_E_SUCCESS,
        CONTROL_CLIENT_E_NO_DAEMON,
        CONTROL_CLIENT_E_TIMEOUT,
        CONTROL_CLIENT_E_CLOSED
};

/* CONTROL_CLIENT_E_NO_DAEMON: nothing listens there (ENOENT, ECONNREFUSED). */
int control_client_open(const char *path, ControlClient *ret) MUST_CHECK;
void control_client_done(ControlClient *c);
/* Words are quoted as needed. -EINVAL: one holds what no line can hold. */
int control_client_ask(ControlClient *c, const char *const *words, size_t n) MUST_CHECK;
/* The next line, without its end, borrowed until the next call. `deadline` is of clock_monotonic; a line that
 * has arrived comes also after it. */
int control_client_line(ControlClient *c, Nsec deadline, Span *ret) MUST_CHECK;
