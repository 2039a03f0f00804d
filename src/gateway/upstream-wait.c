/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that no instance takes now: which of them may hope, and for how long. */
#include "control/server-state.h"
#include "gateway/upstream-private.h"

int upstream_say_want(Upstream *u, uint64_t lease)
{
        IpcWant m = {.row = u->row, .row_generation = u->row_generation, .session = lease};
        return ipc_send(&u->gateway->supervisor, IPC_WANT, &m, NULL, 0);
}

/* Once for each state: the supervisor starts it, or says that it will not. */
static int want_shared(Upstream *u)
{
        if (u->wanted || upstream_leases(u))
                return 0;
        u->wanted = true;
        return upstream_say_want(u, IPC_NO_SESSION);
}

bool upstream_backoff_is_short(const Upstream *u)
{
        return u->told.retry_after_ms != UINT64_MAX &&
               u->told.retry_after_ms * NSEC_PER_MSEC < u->config->queue_timeout;
}

enum { JUDGE_WAIT = -1 };

/* Whether a call may wait in this state, or what it is told. */
static int judge(const Upstream *u)
{
        bool up = u->told.goal == IPC_GOAL_UP || u->told.goal == IPC_GOAL_IDLE;
        switch ((ServerState)u->told.state) {
        case SERVER_STATE_IDLE:
        case SERVER_STATE_STARTING:
        case SERVER_STATE_READY:
                return JUDGE_WAIT;
        case SERVER_STATE_DRAINING:
        case SERVER_STATE_STOPPING:
                return up ? JUDGE_WAIT : FAULT_SERVER_STOPPED;
        case SERVER_STATE_BACKOFF:
                return upstream_backoff_is_short(u) ? JUDGE_WAIT : FAULT_SERVER_BACKOFF;
        case SERVER_STATE_DEGRADED:
        case SERVER_STATE_PROBING:
                return FAULT_SERVER_DEGRADED;
        case SERVER_STATE_STUCK:
                return FAULT_START_FAILED;
        default:
                return FAULT_SERVER_STOPPED;
        }
}

Fault upstream_why_not(const Upstream *u)
{
        int fault = judge(u);
        if (fault == FAULT_SERVER_BACKOFF || (fault == JUDGE_WAIT && u->told.state == SERVER_STATE_BACKOFF))
                return FAULT_START_FAILED; /* whoever asks knows nothing of it: it never was ready */
        return fault == JUDGE_WAIT ? FAULT_START_TIMEOUT : (Fault)fault;
}

/* A session's own instance is asked for by its lease, and refused to it. */
static int judge_call(const Upstream *u, const Call *c)
{
        return c->lease ? JUDGE_WAIT : judge(u);
}

Nsec upstream_wait_end(const Upstream *u, const Call *c)
{
        bool in_line = c->lease && !c->lease->wanted && !c->lease->backend;
        Nsec patience = in_line ? u->config->queue_timeout : u->config->start_timeout;
        return nsec_add(c->started, MIN(patience, u->config->request_timeout));
}

static int begin_wait(Upstream *u, Call *c, const CallText *t)
{
        if (call_store(c, t) < 0)
                return upstream_refuse(c);
        c->state = CALL_WAITING;
        TAILQ_INSERT_TAIL(&u->waiting, c, link);
        if (c->lease)
                c->lease->calls++;
        clock_set(c, upstream_wait_end(u, c));
        return c->lease ? 0 : want_shared(u);
}

int upstream_wait(Upstream *u, Call *c, const CallText *t)
{
        int fault = judge_call(u, c);
        if (fault == JUDGE_WAIT)
                return begin_wait(u, c, t);
        int r = want_shared(u); /* it may be worth a probe */
        return r < 0 ? r : c->ops->failed(c, (Fault)fault);
}

/* What is failed may end others (a session and all that it asked): begin again each time. */
int upstream_fail_waiting(Upstream *u, const Lease *lease, Fault fault)
{
        Call *c;
        int r = 0;
        do {
                TAILQ_FOREACH(c, &u->waiting, link)
                if (c->lease == lease)
                        break;
                if (c)
                        r = upstream_fail_call(c, fault);
        } while (c && r == 0);
        return r;
}

int upstream_judge_waiting(Upstream *u)
{
        int fault = judge(u);
        if (TAILQ_EMPTY(&u->waiting) || upstream_leases(u))
                return 0;
        if (fault != JUDGE_WAIT)
                return upstream_fail_waiting(u, NULL, (Fault)fault);
        return want_shared(u);
}

static Backend *ready_for(Upstream *u, const Call *c)
{
        Backend *b;
        if (c->lease)
                return c->lease->backend;
        TAILQ_FOREACH_REVERSE(b, &u->backends, BackendList, link)
        if (b->state == BACKEND_READY)
                return b;
        return NULL;
}

int upstream_serve_waiting(Upstream *u)
{
        Call *c, *next;
        int r = 0;
        /* none of them ends another one that waits */
        for (c = TAILQ_FIRST(&u->waiting); c && r == 0; c = next) {
                next = TAILQ_NEXT(c, link);
                Backend *b = ready_for(u, c);
                if (!b || b->state != BACKEND_READY)
                        continue;
                TAILQ_REMOVE(&u->waiting, c, link);
                if (c->lease)
                        c->lease->calls--;
                c->lease = NULL;
                c->state = CALL_IDLE;
                r = upstream_give(u, b, c, NULL);
        }
        return r;
}
