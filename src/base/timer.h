#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments in the future and what happens then: a binary heap of timers that
 * are embedded in the objects they belong to. The heap holds a place for each
 * timer from init to done, so that arming never allocates and never fails.
 * It knows no clock and never waits: whoever owns it (a loop) asks for the
 * earliest moment and says what time it is.
 */

#include "base/clock.h"

typedef struct Timer Timer;
typedef struct TimerHeap TimerHeap;

typedef struct TimerOps {
        /* The timer is no longer armed. May arm, cancel or end any timer and free what holds this one.
         * 0, or -errno: the pass ends and passes it up. */
        int (*fired)(Timer *timer, Nsec now);
} TimerOps;

struct Timer {
        uint32_t magic;
        uint32_t index;      /* place in the heap */
        const TimerOps *ops; /* borrowed: a table */
        TimerHeap *heap;     /* borrowed, outlives us; NULL: not initialised */
        Nsec at;             /* NSEC_NEVER: not armed */
        uint64_t seq;        /* arming order, decides between equal moments */
};

struct TimerHeap {
        Timer **slots; /* owned */
        uint32_t armed, room;
        uint32_t members; /* timers between init and done */
        uint64_t next_seq;
        Nsec floor; /* of a running pass; 0 outside */
        bool firing;
};

enum { _TIMER_E_SUCCESS, TIMER_E_MORE };

void timer_heap_init(TimerHeap *h);
/* All timers have had their done. */
void timer_heap_done(TimerHeap *h);

/* -ENOMEM is the only failure. */
int timer_init(Timer *t, TimerHeap *h, const TimerOps *ops) MUST_CHECK;
/* Cancels. Does nothing to a timer that is all zero or done already. */
void timer_done(Timer *t);

/* Arms, or moves, to `at`; NSEC_NEVER cancels. A moment in the past is due at once, but a timer
 * armed while others fire waits for the next pass, so a pass always ends. */
void timer_arm(Timer *t, Nsec at);
void timer_cancel(Timer *t);

/* Fires what is due at `now`, the earliest first, equal moments in the order of arming; at most
 * `max` of them: TIMER_E_MORE when there are more. */
int timer_heap_fire(TimerHeap *h, Nsec now, uint32_t max) MUST_CHECK;

/* NSEC_NEVER when nothing is armed. */
static inline Nsec timer_heap_earliest(const TimerHeap *h)
{
        return h->armed ? h->slots[0]->at : NSEC_NEVER;
}

static inline bool timer_is_armed(const Timer *t)
{
        return t->heap && t->at != NSEC_NEVER;
}
