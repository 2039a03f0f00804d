#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of a process: descriptors by epoll, timers, work for the end
 * of a turn. One loop per process, one thread, owned by the root object of a
 * role. It knows nothing of what its sources mean, only which go first.
 *
 * A turn: wait; call each ready source at most once, in the order of their
 * priorities; fire timers; run the work that was put off; free what was given
 * up. Timers come after the sources, so that what has already arrived counts
 * before a deadline is judged, also when the process was stopped for a while.
 * A turn that lasts looks for signals in between. With nothing to do, the loop
 * sleeps until the kernel has something to say.
 *
 * Any callback may remove and free any source, timer or work, itself included:
 * what is removed is not called again, even if its event was already fetched.
 * A callback's -errno ends the turn and comes out of loop_run().
 */

#include <sys/epoll.h>
#include <sys/queue.h>

#include "base/timer.h"
#include "base/work.h"

typedef struct Loop Loop;
typedef struct LoopSource LoopSource;
typedef struct LoopGone LoopGone;

/* The first is served first. The first two are also looked for inside a long turn. */
typedef enum LoopPriority {
        LOOP_PRIORITY_SIGNAL,
        LOOP_PRIORITY_REAP,    /* exits of children, groups that have become empty */
        LOOP_PRIORITY_CONTROL, /* a person asks */
        LOOP_PRIORITY_IPC,     /* our other processes */
        LOOP_PRIORITY_CHILD,   /* what children write: status pipes, stdout, stderr */
        LOOP_PRIORITY_HTTP,    /* clients that are connected */
        LOOP_PRIORITY_ACCEPT,  /* clients that are not yet */
        _LOOP_PRIORITY_MAX,
} LoopPriority;

enum { _LOOP_E_SUCCESS, LOOP_E_MORE };

/* ---- the loop ---- */

int loop_new(const Clock *clock, Loop **ret) MUST_CHECK;
/* Everything has been removed from it; frees what still waits in loop_free_later(). */
Loop *loop_free(Loop *l);
DEFINE_CLEANUP(Loop, loop_free)

/* Turns until loop_stop(); its code (>= 0), or -errno. */
int loop_run(Loop *l) MUST_CHECK;
/* One turn, which waits at most `timeout`. */
int loop_run_once(Loop *l, Nsec timeout) MUST_CHECK;
/* loop_run() returns `code` after this turn is complete. The first code stays. */
void loop_stop(Loop *l, int code);

/* What timer_init() and work_init() want. */
TimerHeap *loop_timers(Loop *l);
WorkList *loop_work(Loop *l);
/* The time, as of the start of the running callback. */
Nsec loop_now(const Loop *l);

/* Called before each wait: the moment to arm timers for what others owe. */
typedef struct LoopHook LoopHook;
struct LoopHook {
        void (*run)(LoopHook *hook);
};

/* One; NULL: none. It is borrowed. */
void loop_set_hook(Loop *l, LoopHook *hook);

typedef struct LoopStats {
        uint64_t turns;
        uint64_t dispatched;    /* calls of sources */
        Nsec lag_last, lag_max; /* from the wake-up to the end of the turn */
} LoopStats;

const LoopStats *loop_stats(const Loop *l);
/* lag_max starts anew. */
void loop_stats_reset(Loop *l);

/* ---- sources ---- */

typedef struct LoopSourceOps {
        LoopPriority priority;
        /* `events` are EPOLL bits and a hint only: expect EAGAIN. Does at most one quantum of work
         * (LIMIT_LOOP_BYTES, LIMIT_LOOP_ITEMS). 0, or LOOP_E_MORE when the quantum ended before the
         * work did: called again in the next turn, which does not wait. EPOLLERR and EPOLLHUP come
         * unasked, for ever: the callback must end their cause, remove the source or park it. */
        int (*ready)(LoopSource *source, uint32_t events);
} LoopSourceOps;

typedef TAILQ_HEAD(LoopSourceQueue, LoopSource) LoopSourceQueue;

struct LoopSource {
        uint32_t magic;
        int fd;                   /* borrowed; -1: none, called only when woken */
        const LoopSourceOps *ops; /* borrowed: a table */
        Loop *loop;               /* borrowed, outlives us; NULL: not added */
        uint32_t events;          /* asked for; 0: parked */
        uint32_t pending;         /* fetched, not yet handed out */
        bool woken;               /* wants a call without an event */
        uint64_t ran;             /* the last turn in which it was called */
        LoopSourceQueue *queue;   /* the one that holds it; NULL: none */
        TAILQ_ENTRY(LoopSource) link;
};

/* Levels, not edges: EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP. The descriptor is non-blocking and
 * stays the caller's. -EPERM: a file that has no readiness, such as a regular one; -EEXIST: it is
 * in the loop already; -ENOMEM, -ENOSPC. */
int loop_source_add(LoopSource *s, Loop *l, const LoopSourceOps *ops, int fd, uint32_t events) MUST_CHECK;
/* Before the descriptor is closed: epoll keeps a closed one as long as any copy of it is open in
 * any process. Does nothing to a source that is all zero or removed already. */
void loop_source_remove(LoopSource *s);
/* 0 parks: nothing is reported, not even a hang-up, and what is pending is forgotten. Back from
 * there can fail like add. */
int loop_source_set_events(LoopSource *s, uint32_t events) MUST_CHECK;
/* Called in this turn, or in the next if it had its call, whatever the descriptor says. */
void loop_source_wake(LoopSource *s);

/* ---- objects that must outlive the turn ---- */

typedef struct LoopGoneOps {
        void (*release)(LoopGone *gone);
} LoopGoneOps;

struct LoopGone {
        const LoopGoneOps *ops; /* borrowed: a table; NULL: not given up */
        STAILQ_ENTRY(LoopGone) link;
};

/* Gives up what holds `gone` (starts all zero), whose sources are removed already: released when no
 * callback is on the stack any more. Twice is once. */
void loop_free_later(Loop *l, LoopGone *gone, const LoopGoneOps *ops);
