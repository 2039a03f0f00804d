/* SPDX-License-Identifier: Apache-2.0 */
#include "base/work.h"

enum { WORK_MAGIC = 0x776f726b };

void work_list_init(WorkList *l)
{
        TAILQ_INIT(&l->queue);
        l->pass = 0;
}

int work_list_run(WorkList *l)
{
        Work *w;
        l->pass++;
        while ((w = TAILQ_FIRST(&l->queue)) && w->pass < l->pass) {
                work_cancel(w);
                int r = w->ops->run(w); /* w may be gone after this */
                if (r < 0)
                        return r;
        }
        return 0;
}

bool work_list_is_empty(const WorkList *l)
{
        return TAILQ_EMPTY(&l->queue);
}

void work_init(Work *w, WorkList *l, const WorkOps *ops)
{
        assert(ops->run);
        *w = (Work){.magic = WORK_MAGIC, .ops = ops, .list = l};
}

void work_done(Work *w)
{
        if (!w->list)
                return;
        work_cancel(w);
        *w = (Work){0};
}

void work_queue(Work *w)
{
        assert(w->magic == WORK_MAGIC);
        if (w->queued)
                return;
        w->queued = true;
        w->pass = w->list->pass;
        TAILQ_INSERT_TAIL(&w->list->queue, w, link);
}

void work_cancel(Work *w)
{
        assert(w->magic == WORK_MAGIC);
        if (!w->queued)
                return;
        w->queued = false;
        TAILQ_REMOVE(&w->list->queue, w, link);
}
