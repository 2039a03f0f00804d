/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timer.h"

enum { TIMER_MAGIC = 0x7469636b, FIRST_ROOM = 16 };

static bool timer_before(const Timer *a, const Timer *b)
{
        return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void heap_put(TimerHeap *h, uint32_t i, Timer *t)
{
        h->slots[i] = t;
        t->index = i;
}

static void heap_up(TimerHeap *h, Timer *t)
{
        uint32_t i = t->index;
        while (i > 0) {
                Timer *parent = h->slots[(i - 1) / 2];
                if (!timer_before(t, parent))
                        break;
                heap_put(h, i, parent);
                i = (i - 1) / 2;
        }
        heap_put(h, i, t);
}

static void heap_down(TimerHeap *h, Timer *t)
{
        uint32_t i = t->index;
        for (;;) {
                uint32_t child = 2 * i + 1;
                if (child >= h->armed)
                        break;
                if (child + 1 < h->armed && timer_before(h->slots[child + 1], h->slots[child]))
                        child++;
                if (!timer_before(h->slots[child], t))
                        break;
                heap_put(h, i, h->slots[child]);
                i = child;
        }
        heap_put(h, i, t);
}

static void heap_settle(TimerHeap *h, Timer *t)
{
        heap_up(h, t);
        heap_down(h, t);
}

void timer_heap_init(TimerHeap *h)
{
        *h = (TimerHeap){0};
}

void timer_heap_done(TimerHeap *h)
{
        assert(h->members == 0 && !h->firing);
        free(h->slots);
        *h = (TimerHeap){0};
}

int timer_init(Timer *t, TimerHeap *h, const TimerOps *ops)
{
        assert(ops->fired);
        if (h->members == h->room) {
                if (h->room > UINT32_MAX / 2 / sizeof(Timer *))
                        return -ENOMEM;
                uint32_t room = h->room ? h->room * 2 : FIRST_ROOM;
                Timer **slots = realloc(h->slots, room * sizeof(Timer *));
                if (!slots)
                        return -ENOMEM;
                h->slots = slots;
                h->room = room;
        }
        h->members++;
        *t = (Timer){.magic = TIMER_MAGIC, .ops = ops, .heap = h, .at = NSEC_NEVER};
        return 0;
}

void timer_done(Timer *t)
{
        if (!t->heap)
                return;
        timer_cancel(t);
        t->heap->members--;
        *t = (Timer){0};
}

void timer_arm(Timer *t, Nsec at)
{
        assert(t->magic == TIMER_MAGIC);
        TimerHeap *h = t->heap;
        if (at == NSEC_NEVER) {
                timer_cancel(t);
                return;
        }
        if (!timer_is_armed(t))
                t->index = h->armed++;
        /* Not before the running pass: all that is due in it keeps its place ahead of this one. */
        t->at = MAX(at, h->floor);
        t->seq = h->next_seq++;
        heap_settle(h, t);
}

void timer_cancel(Timer *t)
{
        assert(t->magic == TIMER_MAGIC);
        if (!timer_is_armed(t))
                return;
        TimerHeap *h = t->heap;
        Timer *last = h->slots[--h->armed];
        t->at = NSEC_NEVER;
        if (last != t) {
                last->index = t->index;
                heap_settle(h, last);
        }
}

int timer_heap_fire(TimerHeap *h, Nsec now, uint32_t max)
{
        assert(!h->firing);
        uint64_t limit = h->next_seq;
        int r = 0;

        h->firing = true;
        h->floor = now;
        while (r == 0 && timer_heap_earliest(h) <= now && h->armed && h->slots[0]->seq < limit) {
                if (max-- == 0) {
                        r = TIMER_E_MORE;
                        break;
                }
                Timer *t = h->slots[0];
                timer_cancel(t);
                r = t->ops->fired(t, now); /* t may be gone after this */
                assert(r <= 0);
        }
        h->firing = false;
        h->floor = 0;
        return r;
}
