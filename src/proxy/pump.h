#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a tunnel: from one socket to another, no faster than the
 * other takes it. What the other does not take at once is kept, and nothing
 * more is read until it has gone; a tunnel where all goes through keeps
 * nothing. The end of the one becomes the end of the other. Two of them are
 * owned by a connection; they own no descriptor.
 */

#include "base/buf.h"

typedef struct Pump {
        Buf rest;       /* read, not yet written */
        bool ended;     /* nothing more will come */
        bool passed;    /* and the other was told */
        uint64_t bytes; /* written */
} Pump;

/* As much as one turn may move (LIMIT_LOOP_BYTES), both descriptors non-blocking. `room`: that many bytes,
 * for the time of the call. -errno of either socket; -ENOMEM. */
int pump_move(Pump *p, int from, int to, char *room) MUST_CHECK;
void pump_done(Pump *p);

static inline bool pump_reads(const Pump *p)
{
        return !p->ended && p->rest.len == 0;
}

static inline bool pump_writes(const Pump *p)
{
        return p->rest.len > 0;
}
