/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/pinger.h"

typedef struct Pinger {
        Call call;
        Backend *backend; /* borrowed: the parent */
        Timer timer;      /* the next ping, or the end of the patience with this one */
        Nsec interval, timeout;
        uint64_t failures, missed;
} Pinger;

void pinger_free(Backend *b)
{
        Pinger *h = TAKE_PTR(b->pinger);
        if (!h)
                return;
        timer_done(&h->timer);
        free(h);
}

static void wait_for_next(Pinger *h)
{
        timer_arm(&h->timer, nsec_add(loop_now(h->backend->loop), h->interval));
}

/* An error is an answer, too: it lives. */
static int pinger_answered(Call *c, const Envelope *e UNUSED)
{
        Pinger *h = CONTAINER_OF(c, Pinger, call);
        h->missed = 0;
        wait_for_next(h);
        return 0;
}

/* By the end of the instance, or by an answer that is too long: it lives. */
static int pinger_failed(Call *c, Fault fault UNUSED)
{
        Pinger *h = CONTAINER_OF(c, Pinger, call);
        timer_cancel(&h->timer);
        if (h->backend->state == BACKEND_READY)
                wait_for_next(h);
        return 0;
}

static const CallOps pinger_ops = {.answered = pinger_answered, .failed = pinger_failed, .ours = true};

static int pinger_missed(Pinger *h)
{
        int r = backend_forget(h->backend, &h->call, false, NULL);
        if (r < 0)
                return r;
        if (++h->missed >= h->failures)
                return backend_fail(h->backend, IPC_FAILURE_UNRESPONSIVE, "does not answer pings");
        wait_for_next(h);
        return 0;
}

static int pinger_fired(Timer *timer, Nsec now)
{
        Pinger *h = CONTAINER_OF(timer, Pinger, timer);
        if (h->backend->state != BACKEND_READY || h->interval == NSEC_NEVER)
                return 0;
        if (h->call.state == CALL_SENT)
                return pinger_missed(h);
        timer_arm(timer, nsec_add(now, h->timeout));
        return backend_survive(h->backend, backend_ask(h->backend, &h->call, MCP_METHOD_PING, SPAN_NONE));
}

static const TimerOps timer_ops = {.fired = pinger_fired};

int pinger_start(Backend *b, Nsec interval, Nsec timeout, uint64_t failures)
{
        Pinger *h = b->pinger;
        if (!h) {
                h = calloc(1, sizeof(*h));
                if (!h)
                        return -ENOMEM;
                *h = (Pinger){.call.ops = &pinger_ops, .backend = b};
                int r = timer_init(&h->timer, loop_timers(b->loop), &timer_ops);
                if (r < 0) {
                        free(h);
                        return r;
                }
                b->pinger = h;
        }
        h->interval = interval;
        h->timeout = timeout;
        h->failures = failures;
        if (h->call.state != CALL_SENT)
                wait_for_next(h);
        return 0;
}
