/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of a session's own: `share: session` has one for each, `exclusive` one for each in turn. */
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

static bool exclusive_is_taken(const Upstream *u)
{
        const Lease *l;
        TAILQ_FOREACH(l, &u->leases, in_upstream)
        if (l->backend || l->wanted)
                return true;
        return false;
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
                if (exclusive_is_taken(u))
                        return 0;
                l->backend = free_instance(u);
                if (l->backend)
                        l->backend->lease = l;
        }
        l->wanted = !l->backend;
        return upstream_say_want(u, l->number);
}

int lease_again(Lease *l)
{
        return lease_ask(l);
}

/* The first in line for an exclusive server. */
static int lease_next(Upstream *u)
{
        Lease *l = TAILQ_FIRST(&u->leases);
        if (!l || u->config->share != SHARE_EXCLUSIVE || exclusive_is_taken(u))
                return 0;
        int r = lease_ask(l);
        return r < 0 ? r : upstream_serve_waiting(u);
}

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
