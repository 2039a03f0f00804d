#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All exits come through here: one drain of waitid() that leaves nobody
 * behind. Who waits for a child says so by its pid; what belongs to nobody is
 * an orphan, reaped and counted. SIGCHLD wakes it; it does at most a quantum
 * in a turn.
 */

#include "base/loop-child.h"

typedef struct Reaper Reaper;
typedef struct ReaperChild ReaperChild;

struct ReaperChild { /* embedded; all zero: not added */
        pid_t pid;
        void (*ended)(ReaperChild *c, const ChildExit *how); /* removed before; may free what holds it */
        ReaperChild *next;
};

struct Reaper {
        LoopSource source;   /* without a descriptor: woken */
        ReaperChild **table; /* owned: by pid */
        size_t size, n;
        uint64_t reaped, orphans;
        /* For an exit that nobody waits for, before it is reaped; may be NULL. */
        void (*orphan)(Reaper *r, pid_t pid);
};

/* Awake from the start: children that came with us have sent their signal to somebody else. */
int reaper_init(Reaper *r, Loop *loop) MUST_CHECK;
/* Those that are still waited for are removed and never told. Does nothing to one that is all zero. */
void reaper_done(Reaper *r);
/* -ENOMEM is the only failure. Before the loop's next turn: an exit is never missed. */
int reaper_add(Reaper *r, ReaperChild *c, pid_t pid,
               void (*ended)(ReaperChild *c, const ChildExit *how)) MUST_CHECK;
/* It becomes nobody's. Does nothing to one that is not added. */
void reaper_remove(Reaper *r, ReaperChild *c);
/* SIGCHLD came: a level, not a count. */
void reaper_wake(Reaper *r);
