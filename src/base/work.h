#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that is put off to the end of a turn, so that it is done once however
 * often it is asked for: a buffer that is flushed, a state that is told. The
 * nodes are embedded in the objects they belong to; the list owns nothing and
 * belongs to whoever has turns (a loop).
 */

#include <sys/queue.h>

#include "base/macro.h"

typedef struct Work Work;
typedef struct WorkList WorkList;

typedef struct WorkOps {
        /* No longer queued. May queue, cancel or end any work and free what holds this one.
         * 0, or -errno: the pass ends and passes it up. */
        int (*run)(Work *work);
} WorkOps;

struct Work {
        uint32_t magic;
        bool queued;
        uint64_t pass;      /* the one in which it was queued */
        const WorkOps *ops; /* borrowed: a table */
        WorkList *list;     /* borrowed, outlives us; NULL: not initialised */
        TAILQ_ENTRY(Work) link;
};

struct WorkList {
        TAILQ_HEAD(, Work) queue;
        uint64_t pass;
};

void work_list_init(WorkList *l);
/* Runs what was queued before, in that order; what is queued by the work itself waits for the next
 * pass, so a pass always ends. */
int work_list_run(WorkList *l) MUST_CHECK;
bool work_list_is_empty(const WorkList *l);

void work_init(Work *w, WorkList *l, const WorkOps *ops);
/* Cancels. Does nothing to work that is all zero or done already. */
void work_done(Work *w);
void work_queue(Work *w);
void work_cancel(Work *w);
