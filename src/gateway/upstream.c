/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/log.h"
#include "gateway/upstream-private.h"

/* ---- its life --------------------------------------------------------------------- */

int upstream_new(Gateway *g, const SnapshotRow *row, Upstream **ret)
{
        CLEANUP(upstream_free_p) Upstream *u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        ScoreServer *score = scoreboard_server(g->scoreboard, row->row);
        *u = (Upstream){.gateway = g,
                        .row = row->row,
                        .row_generation = row->generation,
                        .score = score ? &score->gateway : &g->nowhere,
                        .told = {.state = SERVER_STATE_STARTING, .retry_after_ms = UINT64_MAX},
                        .last = {.exit_class = -1, .code = -1, .lines = BUF_INIT(IPC_TEXT_MAX)},
                        .level = _MCP_LEVEL_INVALID,
                        .cache_fd = -EBADF};
        (void)snprintf(u->name, sizeof(u->name), "%s", row->name);
        TAILQ_INIT(&u->backends);
        TAILQ_INIT(&u->leases);
        TAILQ_INIT(&u->waiting);
        TAILQ_INIT(&u->stored);
        TAILQ_INIT(&u->clock);
        int r = timer_init(&u->due, loop_timers(g->loop), &upstream_due_ops);
        if (r == 0)
                r = timer_init(&u->idle, loop_timers(g->loop), &upstream_idle_ops);
        if (r == 0)
                r = timer_init(&u->refetch, loop_timers(g->loop), &upstream_refetch_ops);
        if (r == 0)
                r = timer_init(&u->room, loop_timers(g->loop), &upstream_room_ops);
        if (r == 0)
                r = timer_init(&u->calm, loop_timers(g->loop), &upstream_calm_ops);
        if (r == 0)
                r = subscription_table_new(random_next(&g->random.random), &u->subscriptions);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

Upstream *upstream_free(Upstream *u)
{
        Lease *l;
        Call *c;
        if (!u)
                return NULL;
        while (!TAILQ_EMPTY(&u->backends))
                if (upstream_drop(u, TAILQ_FIRST(&u->backends), FAULT_SERVER_STOPPED) < 0)
                        log_error("a call could not be told that its server has gone");
        while ((c = TAILQ_FIRST(&u->waiting)))
                if (upstream_fail_call(c, FAULT_SERVER_STOPPED) < 0)
                        log_error("a call could not be told that its server has gone");
        while ((l = TAILQ_FIRST(&u->leases))) {
                TAILQ_REMOVE(&u->leases, l, in_upstream);
                if (l->session)
                        LIST_REMOVE(l, in_session);
                free(l);
        }
        timer_done(&u->due);
        timer_done(&u->idle);
        timer_done(&u->refetch);
        timer_done(&u->room);
        timer_done(&u->calm);
        subscription_table_free(u->subscriptions);
        mcp_catalogue_unref(u->catalogue);
        fd_close_p(&u->cache_fd);
        buf_done(&u->last.lines);
        config_unref(u->snapshot);
        free(u);
        return NULL;
}

void upstream_configure(Upstream *u, Config *snapshot, const ServerConfig *config)
{
        Config *old = u->snapshot;
        u->snapshot = config_ref(snapshot);
        u->scouted = false; /* it may be another program now */
        u->config = config;
        config_unref(old);
        if (config->idle_stop != NSEC_NEVER && !timer_is_armed(&u->idle))
                timer_arm(&u->idle, nsec_add(upstream_now(u), config->idle_stop));
}

/* ---- calls of clients ---------------------------------------------------------------- */

Backend *upstream_shared_instance(Upstream *u)
{
        Backend *b;
        TAILQ_FOREACH_REVERSE(b, &u->backends, BackendList, link)
        if (b->state == BACKEND_READY)
                return b;
        return NULL;
}

int upstream_call(Upstream *u, Call *c, const CallText *t)
{
        Backend *b;
        c->upstream = u;
        c->state = CALL_IDLE;
        c->started = c->started ? c->started : upstream_now(u); /* its time is one, whomever it goes to */
        c->due = 0;
        if (upstream_leases(u)) {
                if (lease_get(u, c->session, &c->lease) < 0)
                        return upstream_refuse(c);
                b = c->lease->backend;
        } else {
                b = upstream_shared_instance(u);
        }
        if (!b || b->state != BACKEND_READY)
                return upstream_wait(u, c, t);
        c->lease = NULL;
        return upstream_give(u, b, c, t);
}

int upstream_cancel(Call *c, const char *reason)
{
        if (c->state == CALL_SENT)
                return backend_forget(c->backend, c, true, reason);
        if (c->state != CALL_IDLE)
                call_unlink(c);
        return 0;
}

int upstream_fail_call(Call *c, Fault fault)
{
        int r = upstream_cancel(c, fault_table[fault].name), q = c->ops->failed(c, fault);
        return r < 0 ? r : q;
}

void upstream_fault(const Upstream *u, Fault fault, FaultArgs *ret)
{
        bool ended = fault == FAULT_SERVER_DIED || fault == FAULT_START_FAILED ||
                     fault == FAULT_SERVER_BACKOFF || fault == FAULT_SERVER_DEGRADED ||
                     fault == FAULT_PROTOCOL_ERROR;
        *ret = (FaultArgs){.fault = fault,
                           .server = u->name,
                           .retry_after_ms = u->told.retry_after_ms,
                           .exit_class = ended ? u->last.exit_class : -1,
                           .code = ended ? u->last.code : -1,
                           .signal = ended ? u->last.signal : 0,
                           .stderr_lines = ended ? buf_span(&u->last.lines) : SPAN_NONE};
        if (fault == FAULT_QUEUE_FULL || fault == FAULT_QUEUE_TIMEOUT || fault == FAULT_SERVER_BUSY)
                ret->retry_after_ms = 1000;
}

void upstream_session_ended(Session *s)
{
        Lane *lane;
        Lease *lease;
        while ((lane = LIST_FIRST(&s->lanes))) {
                LIST_REMOVE(lane, in_session);
                lane->session = NULL;
                if (lane->in_flight == 0 && TAILQ_EMPTY(&lane->queue))
                        lane_free(lane);
        }
        while ((lease = LIST_FIRST(&s->leases)))
                if (lease_end(lease) < 0)
                        log_error("an instance could not be released");
}

/* ---- what the supervisor says ---------------------------------------------------------- */

static bool is_hopeless(const Upstream *u)
{
        ServerState s = (ServerState)u->told.state;
        return s == SERVER_STATE_BACKOFF || s == SERVER_STATE_DEGRADED || s == SERVER_STATE_PROBING ||
               s == SERVER_STATE_STOPPED || s == SERVER_STATE_STUCK;
}

bool upstream_may_tell(const Upstream *u)
{
        return !u->catalogue && !is_hopeless(u);
}

int upstream_told_state(Upstream *u, const IpcServerState *m)
{
        if (u->told.state != m->state)
                u->wanted = false;
        u->told = *m;
        if (m->exit_class != UINT32_MAX) {
                u->last.exit_class = (int)m->exit_class;
                u->last.code = m->code;
                u->last.signal = m->signal;
        }
        int r = upstream_leases(u) ? lease_again(u) : upstream_judge_waiting(u);
        if (r == 0 && is_hopeless(u))
                r = gateway_catalogue_changed(u->gateway, u);
        return r < 0 ? r : upstream_want_catalogue(u);
}

int upstream_told_refused(Upstream *u, const IpcWantRefused *m)
{
        static const Fault faults[_IPC_WANT_MAX] = {
                [IPC_WANT_STOPPED] = FAULT_SERVER_STOPPED, [IPC_WANT_DEGRADED] = FAULT_SERVER_DEGRADED,
                [IPC_WANT_BUSY] = FAULT_SERVER_BUSY,       [IPC_WANT_BACKOFF] = FAULT_SERVER_BACKOFF,
                [IPC_WANT_UNKNOWN] = FAULT_SERVER_STOPPED,
        };
        Lease *l = m->session != IPC_NO_SESSION ? lease_numbered(u, m->session) : NULL;
        u->told.retry_after_ms = m->retry_after_ms;
        if (m->session != IPC_NO_SESSION && !l)
                return 0;
        if (l && lease_refused(l, m))
                return 0;
        int r = upstream_fail_waiting(u, l, faults[m->answer]);
        return r < 0 || !upstream_leases(u) ? r : lease_next(u);
}
