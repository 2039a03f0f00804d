#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of Upstream share. */

#include "control/server-state.h"
#include "gateway/root.h"
#include "gateway/session.h"
#include "gateway/upstream.h"

extern const BackendOps upstream_backend_ops;
extern const TimerOps upstream_due_ops, upstream_idle_ops, upstream_refetch_ops, upstream_room_ops,
        upstream_calm_ops;

static inline Loop *upstream_loop(const Upstream *u)
{
        return u->gateway->loop;
}

static inline Nsec upstream_now(const Upstream *u)
{
        return loop_now(u->gateway->loop);
}

/* One that is ready, where all share them; NULL: none. */
Backend *upstream_shared_instance(Upstream *u);

/* ---- instances: upstream-instance.c ---- */

/* It has gone: what it had not answered fails with this. */
int upstream_drop(Upstream *u, Backend *b, Fault fault) MUST_CHECK;

/* ---- queue: upstream-queue.c ---- */

void call_over(Call *c); /* it has left its instance */
int upstream_has_room(Backend *b) MUST_CHECK;
/* To an instance that is ready: sends or queues it, or fails it. */
int upstream_give(Upstream *u, Backend *b, Call *c, const CallText *t) MUST_CHECK;
/* Fails one that is in nothing any more, for want of room. */
int upstream_refuse(Call *c) MUST_CHECK;
/* Keeps its message while it waits. -ENOBUFS: too much waits already. */
int call_store(Call *c, const CallText *t) MUST_CHECK;
void call_unstore(Call *c);
void clock_set(Call *c, Nsec due);
void clock_remove(Call *c);
/* Takes it out of whatever it waits in. */
void call_unlink(Call *c);
void lane_free(Lane *l);
/* Queued calls of an instance that has gone wait for the next one. */
void upstream_unqueue(Upstream *u, Backend *b);

/* ---- waiting: upstream-wait.c ---- */

int upstream_wait(Upstream *u, Call *c, const CallText *t) MUST_CHECK;
Nsec upstream_wait_end(const Upstream *u, const Call *c);
/* Gives calls that wait to an instance that has become ready. */
int upstream_serve_waiting(Upstream *u) MUST_CHECK;
/* Fails those that the state has no hope for; the others wait on. */
int upstream_judge_waiting(Upstream *u) MUST_CHECK;
int upstream_fail_waiting(Upstream *u, const Lease *lease, Fault fault) MUST_CHECK;
int upstream_say_want(Upstream *u, uint64_t lease) MUST_CHECK;
bool upstream_backoff_is_short(const Upstream *u);

/* ---- leases: upstream-lease.c ---- */

static inline bool upstream_leases(const Upstream *u)
{
        return u->config->share != SHARE_SHARED;
}

/* The session's claim; made, and an instance asked for, when there is none. */
int lease_get(Upstream *u, Session *s, Lease **ret) MUST_CHECK;
Lease *lease_numbered(Upstream *u, uint64_t number);
/* An instance is ready: whose is it? Released at once when nobody's. */
int lease_ready(Upstream *u, Backend *b) MUST_CHECK;
/* The first in line for an exclusive server that is nobody's. */
int lease_next(Upstream *u) MUST_CHECK;
void lease_lost(Upstream *u, Backend *b);
int lease_end(Lease *l) MUST_CHECK;
/* The supervisor has no instance for it. True: one will be free soon. */
bool lease_refused(Lease *l, const IpcWantRefused *m);
int upstream_release(Upstream *u, Backend *b, IpcReleaseReason why) MUST_CHECK;

/* The server's state is another, or an instance has gone: those that wait for one ask again. */
int lease_again(Upstream *u) MUST_CHECK;

/* ---- what a server says, and is told: upstream-notice.c, upstream-catalogue.c ---- */

int upstream_notified(Backend *b, const Envelope *e) MUST_CHECK;
void upstream_lists_changed(Upstream *u, unsigned lists);
int upstream_fetch_lists(Upstream *u, Backend *b) MUST_CHECK;
int pinger_start_for(Upstream *u, Backend *b) MUST_CHECK;
/* Subscriptions and level of before, to a new instance. */
int upstream_restore(Upstream *u, Backend *b) MUST_CHECK;
int backend_subscribe(Backend *b, Span uri, bool on) MUST_CHECK;
int backend_set_level(Backend *b, McpLevel level) MUST_CHECK;
/* Somebody may want less of its logs than before: it is told in a minute, if that is so. */
void upstream_calm_later(Upstream *u);
