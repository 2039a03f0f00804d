/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <sys/syscall.h>

#include "base/limit-table.h"
#include "base/loop.h"

enum {
        LOOP_MAGIC = 0x6c6f6f70,
        SOURCE_MAGIC = 0x736f7572,
        FIRST_ROOM = 16,
};

/* What a long turn lets in: these and those before may be called more than once in it. */
#define LAST_URGENT LOOP_PRIORITY_REAP

struct Loop {
        uint32_t magic;
        int epoll_fd;       /* owned */
        const Clock *clock; /* borrowed, outlives us */
        TimerHeap timers;

        /* Room for all sources, so that one wait sees all that is ready: with fewer places the
         * kernel may name a thousand floods before a signal. Holds nothing while callbacks run. */
        struct epoll_event *events; /* owned */
        uint32_t room, sources;

        LoopSourceQueue ready[_LOOP_PRIORITY_MAX]; /* to be called in this turn */
        LoopSourceQueue next[_LOOP_PRIORITY_MAX];  /* had their call: in the next one */
        uint32_t queued;                           /* in both */
        LoopSource *running;                       /* NULL when it was removed by its own callback */

        WorkList work;
        STAILQ_HEAD(, LoopGone) gone;
        uint64_t turn;
        Nsec now, looked;
        bool in_turn, stopping;
        bool coarse; /* no epoll_pwait2 here: whole milliseconds */
        int code;
        LoopStats stats;
        LoopHook *hook; /* borrowed */
};

/* ---- waiting ---- */

static int wait_fine(Loop *l, Nsec timeout)
{
#ifdef SYS_epoll_pwait2
        /* struct __kernel_timespec, which is 64 bits wide everywhere. */
        struct {
                int64_t sec, nsec;
        } ts = {(int64_t)(timeout / NSEC_PER_SEC), (int64_t)(timeout % NSEC_PER_SEC)};
        long n = syscall(SYS_epoll_pwait2, l->epoll_fd, l->events, l->room,
                         timeout == NSEC_NEVER ? NULL : &ts, NULL, (size_t)0);
        return n < 0 ? -errno : (int)n;
#else
        (void)l;
        (void)timeout;
        return -ENOSYS;
#endif
}

static int wait_coarse(Loop *l, Nsec timeout)
{
        /* Rounded up: rounded down, the last millisecond before a timer would be spent spinning. */
        Nsec ms = timeout / NSEC_PER_MSEC + (timeout % NSEC_PER_MSEC != 0);
        int n = epoll_wait(l->epoll_fd, l->events, (int)l->room,
                           timeout == NSEC_NEVER ? -1 : (int)MIN(ms, (Nsec)INT_MAX));
        return n < 0 ? -errno : n;
}

static int wait_events(Loop *l, Nsec timeout)
{
        if (!l->coarse) {
                int n = wait_fine(l, timeout);
                /* Older kernels say ENOSYS; a container's filter that does not know the call, EPERM. */
                if (n != -ENOSYS && n != -EPERM)
                        return n;
                l->coarse = true;
        }
        return wait_coarse(l, timeout);
}

static void source_unqueue(LoopSource *s)
{
        s->pending = 0;
        s->woken = false;
        if (!s->queue)
                return;
        TAILQ_REMOVE(s->queue, s, link);
        s->queue = NULL;
        s->loop->queued--;
}

static void source_queue(LoopSource *s)
{
        Loop *l = s->loop;
        if (s->queue)
                return;
        s->queue = &(s->ran == l->turn ? l->next : l->ready)[s->ops->priority];
        TAILQ_INSERT_TAIL(s->queue, s, link);
        l->queued++;
}

/* What waits for its next call may have it now, down to `last`. */
static void sources_promote(Loop *l, LoopPriority last)
{
        for (unsigned p = 0; p <= last; p++) {
                LoopSource *s;
                while ((s = TAILQ_FIRST(&l->next[p]))) {
                        TAILQ_REMOVE(&l->next[p], s, link);
                        s->queue = &l->ready[p];
                        TAILQ_INSERT_TAIL(s->queue, s, link);
                }
        }
}

/* Asks the kernel and queues what is ready. */
static int loop_look(Loop *l, Nsec timeout)
{
        int n = wait_events(l, timeout);
        l->now = l->looked = clock_now(l->clock);
        if (n == -EINTR) /* a debugger, or SIGCONT: as if nothing had come */
                return 0;
        for (int i = 0; i < n; i++) {
                LoopSource *s = l->events[i].data.ptr;
                assert(s->magic == SOURCE_MAGIC);
                if (s->ran == l->turn && s->ops->priority > LAST_URGENT)
                        continue; /* had its call: the next wait names it again if it is still true */
                s->pending |= l->events[i].events;
                source_queue(s);
        }
        return MIN(n, 0);
}

/* ---- a turn ---- */

static LoopSource *first_ready(const Loop *l)
{
        for (unsigned p = 0; p < _LOOP_PRIORITY_MAX; p++)
                if (!TAILQ_EMPTY(&l->ready[p]))
                        return TAILQ_FIRST(&l->ready[p]);
        return NULL;
}

static int source_dispatch(LoopSource *s)
{
        Loop *l = s->loop;
        /* The mask may have changed since the event was fetched. */
        uint32_t events = s->pending & (s->events ? s->events | EPOLLERR | EPOLLHUP : 0);
        bool woken = s->woken;

        source_unqueue(s);
        if (!events && !woken)
                return 0;
        s->ran = l->turn;
        l->stats.dispatched++;
        l->running = s;
        int r = s->ops->ready(s, events);
        if (l->running == s && r == LOOP_E_MORE) { /* else it is removed, perhaps freed */
                s->pending |= events;
                loop_source_wake(s);
        }
        l->running = NULL;
        return MIN(r, 0);
}

static int dispatch_ready(Loop *l)
{
        LoopSource *s;
        while ((s = first_ready(l))) {
                bool urgent = s->ops->priority <= LAST_URGENT;
                int r = source_dispatch(s);
                if (r < 0)
                        return r;
                l->now = clock_now(l->clock);
                /* Not after an urgent source: a slow one in a storm would keep all others waiting. */
                if (urgent || l->now - l->looked < LIMIT_LOOP_LOOK * NSEC_PER_MSEC || !first_ready(l))
                        continue;
                r = loop_look(l, 0);
                if (r < 0)
                        return r;
                sources_promote(l, LAST_URGENT);
        }
        return 0;
}

static void release_gone(Loop *l)
{
        LoopGone *g;
        while ((g = STAILQ_FIRST(&l->gone))) {
                STAILQ_REMOVE_HEAD(&l->gone, link);
                const LoopGoneOps *ops = g->ops;
                g->ops = NULL;
                ops->release(g);
        }
}

static Nsec wait_time(const Loop *l, Nsec timeout)
{
        if (l->queued || !work_list_is_empty(&l->work) || !STAILQ_EMPTY(&l->gone))
                return 0;
        Nsec at = timer_heap_earliest(&l->timers);
        return at == NSEC_NEVER ? timeout : MIN(timeout, nsec_sub(at, clock_now(l->clock)));
}

int loop_run_once(Loop *l, Nsec timeout)
{
        assert(l->magic == LOOP_MAGIC && !l->in_turn);
        l->in_turn = true;
        l->turn++;
        if (l->hook)
                l->hook->run(l->hook);
        sources_promote(l, _LOOP_PRIORITY_MAX - 1);
        int r = loop_look(l, wait_time(l, timeout));
        Nsec woke = l->now;
        if (r == 0)
                r = dispatch_ready(l);
        if (r == 0) /* TIMER_E_MORE: they are due, so the next turn does not wait */
                r = MIN(timer_heap_fire(&l->timers, l->now, LIMIT_LOOP_ITEMS), 0);
        if (r == 0)
                r = work_list_run(&l->work);
        release_gone(l);
        l->now = clock_now(l->clock);
        l->stats.turns++;
        l->stats.lag_last = nsec_sub(l->now, woke);
        l->stats.lag_max = MAX(l->stats.lag_max, l->stats.lag_last);
        l->in_turn = false;
        return r;
}

void loop_set_hook(Loop *l, LoopHook *hook)
{
        assert(l->magic == LOOP_MAGIC);
        l->hook = hook;
}

int loop_run(Loop *l)
{
        while (!l->stopping) {
                int r = loop_run_once(l, NSEC_NEVER);
                if (r < 0)
                        return r;
        }
        l->stopping = false;
        return l->code;
}

void loop_stop(Loop *l, int code)
{
        assert(l->magic == LOOP_MAGIC && code >= 0);
        if (l->stopping)
                return;
        l->stopping = true;
        l->code = code;
}

/* ---- the loop ---- */

int loop_new(const Clock *clock, Loop **ret)
{
        CLEANUP_FREE Loop *l = calloc(1, sizeof(*l));
        CLEANUP_FREE struct epoll_event *events = calloc(FIRST_ROOM, sizeof(*events));
        if (!l || !events)
                return -ENOMEM;
        l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (l->epoll_fd < 0)
                return -errno;
        l->magic = LOOP_MAGIC;
        l->clock = clock;
        l->events = TAKE_PTR(events);
        l->room = FIRST_ROOM;
        timer_heap_init(&l->timers);
        for (unsigned p = 0; p < _LOOP_PRIORITY_MAX; p++) {
                TAILQ_INIT(&l->ready[p]);
                TAILQ_INIT(&l->next[p]);
        }
        work_list_init(&l->work);
        STAILQ_INIT(&l->gone);
        *ret = TAKE_PTR(l);
        return 0;
}

Loop *loop_free(Loop *l)
{
        if (!l)
                return NULL;
        assert(l->magic == LOOP_MAGIC && !l->in_turn);
        release_gone(l);
        assert(l->sources == 0 && work_list_is_empty(&l->work));
        timer_heap_done(&l->timers);
        (void)close(l->epoll_fd);
        free(l->events);
        l->magic = 0;
        free(l);
        return NULL;
}

TimerHeap *loop_timers(Loop *l)
{
        return &l->timers;
}

WorkList *loop_work(Loop *l)
{
        return &l->work;
}

Nsec loop_now(const Loop *l)
{
        return l->in_turn ? l->now : clock_now(l->clock);
}

const LoopStats *loop_stats(const Loop *l)
{
        return &l->stats;
}

void loop_stats_reset(Loop *l)
{
        l->stats.lag_max = 0;
}

/* ---- sources ---- */

static int loop_reserve(Loop *l)
{
        if (l->sources < l->room)
                return 0;
        uint32_t room = l->room * 2; /* far from any overflow: a process has fewer descriptors */
        struct epoll_event *events = realloc(l->events, room * sizeof(*events));
        if (!events)
                return -ENOMEM;
        l->events = events;
        l->room = room;
        return 0;
}

int loop_source_add(LoopSource *s, Loop *l, const LoopSourceOps *ops, int fd, uint32_t events)
{
        assert(l->magic == LOOP_MAGIC && ops->ready && ops->priority < _LOOP_PRIORITY_MAX);
        int r = loop_reserve(l);
        if (r < 0)
                return r;
        LoopSource added = {.magic = SOURCE_MAGIC, .fd = fd, .ops = ops, .loop = l};
        *s = added;
        r = loop_source_set_events(s, events);
        if (r < 0) {
                *s = (LoopSource){0};
                return r;
        }
        l->sources++;
        return 0;
}

void loop_source_remove(LoopSource *s)
{
        if (!s->loop)
                return;
        int r = loop_source_set_events(s, 0);
        assert(r == 0); /* else the descriptor was closed first, and the kernel may still name us */
        (void)r;
        source_unqueue(s);
        if (s->loop->running == s)
                s->loop->running = NULL;
        s->loop->sources--;
        *s = (LoopSource){0};
}

int loop_source_set_events(LoopSource *s, uint32_t events)
{
        assert(s->magic == SOURCE_MAGIC && (s->fd >= 0 || !events));
        assert(!(events & ~(uint32_t)(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)));
        if (events == s->events)
                return 0;
        /* Parked is out of epoll: with an empty mask the kernel would still report a hang-up. */
        int op = !s->events ? EPOLL_CTL_ADD : !events ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        struct epoll_event e = {.events = events, .data.ptr = s};
        if (epoll_ctl(s->loop->epoll_fd, op, s->fd, &e) < 0)
                return -errno;
        s->events = events;
        if (!events)
                source_unqueue(s);
        return 0;
}

void loop_source_wake(LoopSource *s)
{
        assert(s->magic == SOURCE_MAGIC);
        s->woken = true;
        source_queue(s);
}

/* ---- what is gone ---- */

void loop_free_later(Loop *l, LoopGone *gone, const LoopGoneOps *ops)
{
        assert(l->magic == LOOP_MAGIC && ops->release);
        if (gone->ops)
                return;
        gone->ops = ops;
        STAILQ_INSERT_TAIL(&l->gone, gone, link);
}
