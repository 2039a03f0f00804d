/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "proxy/resolver.h"

enum { WAITS = UINT32_MAX };

/* Behind the alarm of its process, so that a place is not given away while one may be at it. */
#define SLOT_TIME ((LIMIT_PROXY_LOOKUP + 1) * NSEC_PER_SEC)

/* ---- places ---------------------------------------------------------------------- */

static unsigned count_owned(const Resolver *r, const void *owner)
{
        unsigned n = 0;
        for (size_t i = 0; i < ARRAY_SIZE(r->slots); i++)
                n += r->slots[i].id != 0 && r->slots[i].owner == owner;
        return n;
}

static ResolverSlot *free_slot(Resolver *r)
{
        for (size_t i = 0; i < ARRAY_SIZE(r->slots); i++)
                if (r->slots[i].id == 0)
                        return &r->slots[i];
        return NULL;
}

static ResolverSlot *slot_of(Resolver *r, uint64_t id)
{
        for (size_t i = 0; i < ARRAY_SIZE(r->slots); i++)
                if (id != 0 && r->slots[i].id == id)
                        return &r->slots[i];
        return NULL;
}

static void arm_expiry(Resolver *r)
{
        Nsec first = NSEC_NEVER;
        for (size_t i = 0; i < ARRAY_SIZE(r->slots); i++)
                if (r->slots[i].id != 0)
                        first = MIN(first, r->slots[i].until);
        timer_arm(&r->expiry, first);
}

/* ---- asking ---------------------------------------------------------------------- */

static int send_ask(const Resolver *r, uint64_t id, const char *name)
{
        ResolverAsk ask = {.id = id};
        memcpy(ask.name, name, strlen(name) + 1);
        return send(r->fd, &ask, sizeof(ask), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int begin(Resolver *r, Lookup *l, ResolverSlot *slot)
{
        int e = send_ask(r, r->last_id + 1, l->name);
        if (e < 0)
                return e;
        *slot = (ResolverSlot){.lookup = l,
                               .owner = l->owner,
                               .id = ++r->last_id,
                               .until = nsec_add(loop_now(r->source.loop), SLOT_TIME)};
        l->slot = (uint32_t)(slot - r->slots);
        arm_expiry(r);
        return 0;
}

int resolver_ask(Resolver *r, Lookup *l)
{
        ResolverSlot *slot = count_owned(r, l->owner) < LIMIT_PROXY_LOOKUPS_ONE ? free_slot(r) : NULL;
        if (slot) {
                int e = begin(r, l, slot);
                if (e < 0)
                        return e;
        } else {
                l->slot = WAITS;
                TAILQ_INSERT_TAIL(&r->waiting, l, link);
        }
        l->resolver = r;
        return 0;
}

void resolver_forget(Lookup *l)
{
        Resolver *r = l->resolver;
        if (!r)
                return;
        if (l->slot == WAITS)
                TAILQ_REMOVE(&r->waiting, l, link);
        else
                r->slots[l->slot].lookup = NULL; /* its process is still at it: the place stays taken */
        l->resolver = NULL;
}

static int finish(Lookup *l, ResolverResult result, const ProxyAddress *addresses, size_t n)
{
        resolver_forget(l);
        return l->ops->done(l, result, addresses, n);
}

/* The first of those that wait whose owner has not too many. */
static Lookup *next_waiting(const Resolver *r)
{
        Lookup *l;
        TAILQ_FOREACH(l, &r->waiting, link)
        {
                if (count_owned(r, l->owner) < LIMIT_PROXY_LOOKUPS_ONE)
                        return l;
        }
        return NULL;
}

static int fill_slots(Resolver *r)
{
        ResolverSlot *slot;
        Lookup *l;
        while ((slot = free_slot(r)) && (l = next_waiting(r))) {
                TAILQ_REMOVE(&r->waiting, l, link);
                l->slot = 0;
                int e = begin(r, l, slot);
                if (e == 0)
                        continue;
                l->resolver = NULL; /* in no place, and in no queue */
                e = l->ops->done(l, RESOLVER_FAILED, NULL, 0);
                if (e < 0)
                        return e;
        }
        return 0;
}

/* ---- answers --------------------------------------------------------------------- */

/* Its process may have been led astray by a name server: nothing of it is believed but the addresses. */
static bool is_sound(const ResolverTell *t)
{
        if (t->result >= _RESOLVER_RESULT_MAX || t->n > LIMIT_PROXY_ADDRESSES)
                return false;
        if ((t->n > 0) != (t->result == RESOLVER_FOUND))
                return false;
        for (uint32_t i = 0; i < t->n; i++)
                if (t->addresses[i].family != AF_INET && t->addresses[i].family != AF_INET6)
                        return false;
        return true;
}

static int take(Resolver *r, ResolverTell *t)
{
        ResolverSlot *slot = slot_of(r, t->id);
        if (!slot) /* later than its deadline */
                return 0;
        if (!is_sound(t)) {
                t->result = RESOLVER_FAILED;
                t->n = 0;
        }
        Lookup *l = slot->lookup;
        int e = l ? finish(l, t->result, t->addresses, t->n) : 0;
        *slot = (ResolverSlot){.id = 0};
        arm_expiry(r);
        return e < 0 ? e : fill_slots(r);
}

static int ready(LoopSource *source, uint32_t events UNUSED)
{
        Resolver *r = CONTAINER_OF(source, Resolver, source);
        ResolverTell t;
        ssize_t n = recv(r->fd, &t, sizeof(t), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0) /* the process has gone: without it this one is of no use */
                return -ENOTCONN;
        return n == sizeof(t) ? take(r, &t) : -EPROTO;
}

static const LoopSourceOps source_ops = {.priority = LOOP_PRIORITY_IPC, .ready = ready};

/* A process that ended without an answer: by its alarm, or a fault. */
static int expired(Timer *timer, Nsec now)
{
        Resolver *r = CONTAINER_OF(timer, Resolver, expiry);
        for (size_t i = 0; i < ARRAY_SIZE(r->slots); i++) {
                ResolverSlot *slot = &r->slots[i];
                if (slot->id == 0 || slot->until > now)
                        continue;
                int e = slot->lookup ? finish(slot->lookup, RESOLVER_FAILED, NULL, 0) : 0;
                *slot = (ResolverSlot){.id = 0};
                if (e < 0)
                        return e;
        }
        arm_expiry(r);
        return fill_slots(r);
}

static const TimerOps expiry_ops = {.fired = expired};

/* ---- life ------------------------------------------------------------------------ */

int resolver_init(Resolver *r, Loop *l, int fd)
{
        *r = (Resolver){.fd = fd};
        TAILQ_INIT(&r->waiting);
        int e = timer_init(&r->expiry, loop_timers(l), &expiry_ops);
        if (e < 0)
                return e;
        e = loop_source_add(&r->source, l, &source_ops, fd, EPOLLIN);
        if (e < 0)
                timer_done(&r->expiry);
        return e;
}

void resolver_done(Resolver *r)
{
        if (!r->source.loop)
                return;
        assert(TAILQ_EMPTY(&r->waiting));
        timer_done(&r->expiry);
        loop_source_remove(&r->source);
        fd_close_p(&r->fd);
}
