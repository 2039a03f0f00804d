/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of a session's own: `share: session` has one for each, `exclusive` one for each in turn. */
#include "base/limit-table.h"
#include "gateway/upstream-private.h"

int upstream_release(Upstream *u, Backend *b, IpcReleaseReason why)
{
        IpcRelease m = {.row = u->row,
                        .instance = b->id.instance,
                        .generation = b->id.generation,
                        .reason = why,
                        .in_flight = b->in_flight};
        if (why == IPC_RELEASE_ENDED && b->state == BACKEND_READY)
                b->state = BACKEND_DRAINING; /* nobody else gets this process */
        return ipc_send(&u->gateway->supervisor, IPC_RELEASE, &m, NULL, 0);
}

Lease *lease_numbered(Upstream *u, uint64_t number)
{
        Lease *l;
        TAILQ_FOREACH(l, &u->leases, in_upstream)
        if (l->number == number)
                break;
        return l;
}

static Lease *lease_of(const Upstream *u, const Session *s)
{
        Lease *l;
        LIST_FOREACH(l, &s->leases, in_session)
        if (l->upstream == u)
                break;
        return l;
}

/* Whose an exclusive server is, or is about to be. */
static Lease *exclusive_holder(const Upstream *u)
{
        Lease *l;
        TAILQ_FOREACH(l, &u->leases, in_upstream)
        if (l->backend || l->wanted)
                break;
        return l;
}

/* It is of use only while something waits for it. */
static bool is_needed(const Lease *l)
{
        return !l->backend && (l->calls || l == l->upstream->scout);
}

static Backend *free_instance(const Upstream *u)
{
        Backend *b;
        TAILQ_FOREACH(b, &u->backends, link)
        if (b->state == BACKEND_READY && !b->lease)
                break;
        return b;
}

/* An exclusive one that runs already is taken without a word back from the supervisor. */
static int lease_ask(Lease *l)
{
        Upstream *u = l->upstream;
        if (l->wanted || l->backend)
                return 0;
        if (u->config->share == SHARE_EXCLUSIVE) {
                if (exclusive_holder(u))
                        return 0;
                l->backend = free_instance(u);
                if (l->backend)
                        l->backend->lease = l;
        }
        l->wanted = !l->backend;
        return upstream_say_want(u, l->number);
}

int lease_next(Upstream *u)
{
        Lease *l;
        if (u->config->share != SHARE_EXCLUSIVE || exclusive_holder(u))
                return 0;
        TAILQ_FOREACH(l, &u->leases, in_upstream)
        if (is_needed(l))
                break;
        int r = l ? lease_ask(l) : 0;
        return r < 0 ? r : upstream_serve_waiting(u);
}

/* To want again what is on its way already changes nothing. */
int lease_again(Upstream *u)
{
        Lease *l;
        int r = 0;
        TAILQ_FOREACH(l, &u->leases, in_upstream)
        {
                bool wanted = l->wanted;
                if (l->backend)
                        continue;
                l->wanted = false;
                if (r == 0 && is_needed(l) && (wanted || u->config->share == SHARE_SESSION))
                        r = lease_ask(l);
        }
        return r < 0 ? r : lease_next(u);
}

/* The session whose instance has been quiet for longest: it gets another one when it calls again. */
static Backend *quietest(const Upstream *u)
{
        Backend *b, *found = NULL;
        TAILQ_FOREACH(b, &u->backends, link)
        if (b->state == BACKEND_READY && b->in_flight == 0 && TAILQ_EMPTY(&b->turn) &&
            (!found || b->used < found->used))
                found = b;
        return found;
}

/* One has ended, or was told to, and may still be on its way out. */
static bool room_is_made(const Upstream *u)
{
        const ServerConfig *c = u->config;
        Nsec longest = nsec_add(nsec_add(c->drain_timeout, c->stop_timeout), NSEC_PER_SEC);
        return u->ended && upstream_now(u) < nsec_add(u->ended, longest);
}

static bool make_room(Upstream *u)
{
        Backend *b = quietest(u);
        if (!b)
                return false;
        Lease *l = TAKE_PTR(b->lease);
        if (l) { /* under another number, so that it cannot mean the one that ends */
                l->backend = NULL;
                l->number = ++u->gateway->next_lease;
        }
        u->ended = upstream_now(u);
        return upstream_release(u, b, IPC_RELEASE_ENDED) == 0;
}

bool lease_refused(Lease *l, const IpcWantRefused *m)
{
        Upstream *u = l->upstream;
        l->wanted = false;
        if (m->answer == IPC_WANT_BACKOFF)
                return upstream_backoff_is_short(u);
        if (m->answer != IPC_WANT_BUSY || u->config->share != SHARE_SESSION || l == u->scout)
                return false;
        if (!room_is_made(u) && !make_room(u))
                return false;
        timer_arm(&u->room, nsec_add(upstream_now(u), LIMIT_LEASE_AGAIN * NSEC_PER_MSEC));
        return true;
}

static int room_fired(Timer *timer, Nsec now UNUSED)
{
        return lease_again(CONTAINER_OF(timer, Upstream, room));
}

const TimerOps upstream_room_ops = {.fired = room_fired};

int lease_get(Upstream *u, Session *s, Lease **ret)
{
        Lease *l = s ? lease_of(u, s) : u->scout;
        if (!l) {
                l = calloc(1, sizeof(*l));
                if (!l)
                        return -ENOMEM;
                *l = (Lease){.number = ++u->gateway->next_lease, .session = s, .upstream = u};
                TAILQ_INSERT_TAIL(&u->leases, l, in_upstream);
                if (s)
                        LIST_INSERT_HEAD(&s->leases, l, in_session);
                else
                        u->scout = l;
        }
        *ret = l;
        return lease_ask(l);
}

int lease_ready(Upstream *u, Backend *b)
{
        Lease *l = b->session ? lease_numbered(u, b->session) : NULL;
        if (u->config->share == SHARE_EXCLUSIVE &&
            (!l || !l->wanted)) /* it may have been told before it was asked */
                l = exclusive_holder(u);
        if (l && l->backend)
                return 0;
        if (!l && u->config->share == SHARE_EXCLUSIVE)
                return lease_next(u);
        if (!l) /* whoever wanted it has gone meanwhile */
                return upstream_release(u, b, IPC_RELEASE_ENDED);
        l->backend = b;
        l->wanted = false;
        b->lease = l;
        return 0;
}

void lease_lost(Upstream *u UNUSED, Backend *b)
{
        Lease *l = TAKE_PTR(b->lease);
        if (l)
                l->backend = NULL;
}

int lease_end(Lease *l)
{
        Upstream *u = l->upstream;
        Backend *b = l->backend;
        TAILQ_REMOVE(&u->leases, l, in_upstream);
        if (l->session)
                LIST_REMOVE(l, in_session);
        else
                u->scout = NULL;
        int r = upstream_fail_waiting(u, l, FAULT_CANCELLED);
        if (b) {
                b->lease = NULL;
                if (r == 0)
                        r = upstream_release(u, b, IPC_RELEASE_ENDED);
        }
        free(l);
        return r < 0 ? r : lease_next(u);
}
