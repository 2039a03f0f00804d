/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/front.h"

struct Acceptor {
        TAILQ_ENTRY(Acceptor) link;
        LoopSource source;
        Front *front; /* borrowed: the parent */
        uint32_t index;
        int fd; /* owned */
        bool closed;
};

/* ---- when nothing can be accepted ------------------------------------------- */

/* Who wants to connect waits in the kernel meanwhile. */
static int front_park(Front *f, bool park)
{
        Acceptor *a;
        f->parked = park;
        TAILQ_FOREACH(a, &f->acceptors, link)
        {
                int r = loop_source_set_events(&a->source, park ? 0 : EPOLLIN);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int pause_fired(Timer *timer, Nsec now UNUSED)
{
        Front *f = CONTAINER_OF(timer, Front, pause);
        return f->n_refusals < LIMIT_GATEWAY_REFUSALS ? front_park(f, false) : 0;
}

static const TimerOps pause_ops = {.fired = pause_fired};

static int front_pause(Front *f)
{
        timer_arm(&f->pause, nsec_add(loop_now(f->loop), LIMIT_GATEWAY_ACCEPT_PAUSE * NSEC_PER_MSEC));
        return front_park(f, true);
}

/* ---- connections ------------------------------------------------------------- */

static void front_count(Front *f)
{
        metric_set(f->metrics, METRIC_CONNECTIONS, f->n_refusals);
}

static void refusal_ended(Refusal *r)
{
        Front *f = r->owner;
        TAILQ_REMOVE(&f->refusals, r, link);
        refusal_free(r);
        f->n_refusals--;
        front_count(f);
        if (f->parked && !timer_is_armed(&f->pause)) /* there is room again: from the next turn on */
                timer_arm(&f->pause, loop_now(f->loop));
}

static const RefusalOps refusal_ops = {.ended = refusal_ended};

static int front_accepted(Front *f, int fd)
{
        Refusal *r;
        int k = refusal_new(f->loop, &refusal_ops, fd, f->wait, &r);
        if (k < 0) { /* want of memory is this client's loss alone */
                (void)close(fd);
                return k == -ENOMEM || k == -ENOSPC ? 0 : k;
        }
        r->owner = f;
        TAILQ_INSERT_TAIL(&f->refusals, r, link);
        f->n_refusals++;
        front_count(f);
        return 0;
}

/* Errors of the connection that was about to come, by accept(2): the next one may be fine. */
static bool is_of_the_connection(int error)
{
        static const int errors[] = {EINTR,     ECONNABORTED, EPERM,        EPROTO,     ENETDOWN,
                                     EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (errors[i] == error)
                        return true;
        return false;
}

static int accept_ready(LoopSource *source, uint32_t events UNUSED)
{
        Acceptor *a = CONTAINER_OF(source, Acceptor, source);
        Front *f = a->front;
        for (int i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                if (f->n_refusals >= LIMIT_GATEWAY_REFUSALS)
                        return front_park(f, true);
                int fd = accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), r = 0;
                if (fd < 0 && errno == EAGAIN)
                        return 0;
                if (fd < 0 && !is_of_the_connection(errno))
                        return front_pause(f);
                if (fd >= 0 && a->closed)
                        (void)close(fd);
                else if (fd >= 0)
                        r = front_accepted(f, fd);
                if (r < 0)
                        return r;
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps accept_ops = {.priority = LOOP_PRIORITY_ACCEPT, .ready = accept_ready};

/* ---- life ------------------------------------------------------------------- */

static void acceptor_free(Acceptor *a)
{
        TAILQ_REMOVE(&a->front->acceptors, a, link);
        loop_source_remove(&a->source);
        fd_close_p(&a->fd);
        free(a);
}

int front_init(Front *f, Loop *loop, MetricSet *metrics, Nsec wait)
{
        *f = (Front){.loop = loop, .metrics = metrics, .wait = wait};
        TAILQ_INIT(&f->acceptors);
        TAILQ_INIT(&f->refusals);
        int r = timer_init(&f->pause, loop_timers(loop), &pause_ops);
        if (r < 0)
                *f = (Front){0};
        return r;
}

void front_done(Front *f)
{
        if (!f->loop)
                return;
        while (!TAILQ_EMPTY(&f->acceptors))
                acceptor_free(TAILQ_FIRST(&f->acceptors));
        while (!TAILQ_EMPTY(&f->refusals))
                refusal_ended(TAILQ_FIRST(&f->refusals));
        timer_done(&f->pause);
        *f = (Front){0};
}

int front_listen(Front *f, uint32_t index, int fd, bool closed)
{
        Acceptor *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        *a = (Acceptor){.front = f, .index = index, .fd = -EBADF, .closed = closed};
        int r = fd_set_nonblock(fd, true);
        if (r == 0)
                r = loop_source_add(&a->source, f->loop, &accept_ops, fd, f->parked ? 0 : EPOLLIN);
        if (r < 0) {
                free(a);
                return r;
        }
        a->fd = fd;
        TAILQ_INSERT_TAIL(&f->acceptors, a, link);
        return 0;
}

void front_unlisten(Front *f, uint32_t index)
{
        Acceptor *a;
        TAILQ_FOREACH(a, &f->acceptors, link)
        if (a->index == index) {
                acceptor_free(a);
                return;
        }
}
