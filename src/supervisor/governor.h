#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may start now: a token bucket and a cap on how many are starting, so
 * that many servers do not start each other to death. Those who must wait
 * stand in a queue, first come first served. Pure but for the clock handed in;
 * the caller keeps the timer.
 */

#include <sys/queue.h>

#include "base/clock.h"

typedef struct GovernorWait GovernorWait;
struct GovernorWait { /* embedded by who waits; all zero: does not */
        TAILQ_ENTRY(GovernorWait) link;
        bool waiting;
};

typedef struct Governor {
        uint64_t rate, burst, starting_max; /* starts a second; at once; in `starting` */
        uint64_t starting;
        double tokens;
        Nsec at;
        TAILQ_HEAD(GovernorQueue, GovernorWait) queue;
} Governor;

/* starting_max 0: max(8, 2 * cores). */
void governor_init(Governor *g, uint64_t rate, uint64_t burst, uint64_t starting_max, Nsec now);
/* A rate or burst of 0 is taken as 1. Keeps who waits, and who is starting. */
void governor_adopt(Governor *g, uint64_t rate, uint64_t burst, uint64_t starting_max, Nsec now);
/* True: it may start now, and counts as starting until governor_started(). False: it waits. */
bool governor_ask(Governor *g, GovernorWait *w, Nsec now);
/* It is ready, or has ended: no longer starting. */
void governor_started(Governor *g);
void governor_cancel(Governor *g, GovernorWait *w);
/* The next of those who wait and may start now; counts as starting. NULL: nobody. */
GovernorWait *governor_next(Governor *g, Nsec now);
/* When governor_next() may say something else; NSEC_NEVER: when somebody is no longer starting, or
 * nobody waits. */
Nsec governor_deadline(const Governor *g, Nsec now);
