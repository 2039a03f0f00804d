#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals of a process as a source of its loop, by signalfd. The kernel
 * keeps one record for any number of equal signals, so a record is a hint at a
 * level ("some child has changed", "somebody asked for a reload"), never a
 * count: look at the state it speaks of until nothing is left to see.
 */

#include "base/loop.h"

typedef struct LoopSignal LoopSignal;

typedef struct LoopSignalOps {
        /* Once per turn for each signal that came, in the order of their numbers. May end and free
         * what holds the source. 0, or -errno: comes out of loop_run(). */
        int (*arrived)(LoopSignal *s, int signo);
} LoopSignalOps;

struct LoopSignal {
        LoopSource source;
        int fd; /* owned */
        const LoopSignalOps *ops;
        bool *ended; /* set when it is ended by its own callback; NULL outside */
};

/* Blocks the signals of `set` in this process: they stay blocked after done, since a moment without
 * would lose one or end the process. main has blocked them in its first statement already. */
int loop_signal_init(LoopSignal *s, Loop *l, const sigset_t *set, const LoopSignalOps *ops) MUST_CHECK;
/* Does nothing to one that is all zero or done already. */
void loop_signal_done(LoopSignal *s);
