/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/random.h>

#include "base/limit-table.h"
#include "gateway/session.h"

enum { ID_BYTES = SESSION_ID / 2 };

/* Odd, and half of their bits set. */
static const uint64_t HASH_A = 0x9e3779b97f4a7c15, HASH_B = 0xc2b2ae3d27d4eb4f;

static int expired(Timer *timer, Nsec now);
static const TimerOps expiry_ops = {.fired = expired};

int session_table_init(SessionTable *t, TimerHeap *timers, const SessionOps *ops)
{
        *t = (SessionTable){.ops = ops, .timers = timers, .next_number = 1, .ttl = NSEC_NEVER};
        TAILQ_INIT(&t->by_use);
        TAILQ_INIT(&t->by_rest);
        return timer_init(&t->expiry, timers, &expiry_ops);
}

void session_table_done(SessionTable *t)
{
        Session *s;
        while ((s = TAILQ_FIRST(&t->by_use)))
                session_end(s);
        timer_done(&t->expiry);
        free(t->buckets);
        free(t->numbers);
        *t = (SessionTable){0};
}

/* ---- finding ---- */

/* An id of ours is random all over, and nobody else makes the ids that are kept: half of it is hash enough,
 * once the bits that all digits share are mixed away. False: it has another form. */
static bool hash_id(Span id, size_t *ret)
{
        uint64_t half[2];
        if (id.len != SESSION_ID)
                return false;
        memcpy(half, id.ptr, sizeof(half));
        *ret = (size_t)((half[0] * HASH_A ^ half[1] * HASH_B) >> 24);
        return true;
}

static Session **bucket_of(const SessionTable *t, size_t hash)
{
        return &t->buckets[hash & (t->n_buckets - 1)];
}

static Session **number_bucket(const SessionTable *t, uint64_t number)
{
        return &t->numbers[number & (t->n_buckets - 1)];
}

Session *session_find(const SessionTable *t, Span id)
{
        size_t hash;
        Session *s = t->n && hash_id(id, &hash) ? *bucket_of(t, hash) : NULL;
        while (s && !span_equal(span_from(s->id, SESSION_ID), id))
                s = s->next_in_bucket;
        return s;
}

Session *session_by_number(const SessionTable *t, uint64_t number)
{
        Session *s = t->n ? *number_bucket(t, number) : NULL;
        while (s && s->number != number)
                s = s->next_in_number;
        return s;
}

static void index_add(SessionTable *t, Session *s)
{
        size_t hash = 0;
        bool ours = hash_id(span_from(s->id, SESSION_ID), &hash);
        assert(ours);
        Session **by_id = bucket_of(t, hash), **by_number = number_bucket(t, s->number);
        s->next_in_bucket = *by_id;
        *by_id = s;
        s->next_in_number = *by_number;
        *by_number = s;
}

static void index_remove(SessionTable *t, Session *s)
{
        size_t hash = 0;
        bool ours = hash_id(span_from(s->id, SESSION_ID), &hash);
        assert(ours);
        Session **at = bucket_of(t, hash);
        while (*at != s)
                at = &(*at)->next_in_bucket;
        *at = s->next_in_bucket;
        at = number_bucket(t, s->number);
        while (*at != s)
                at = &(*at)->next_in_number;
        *at = s->next_in_number;
}

/* ---- the end ---- */

void session_end(Session *s)
{
        SessionTable *t = s->table;
        if (s->ended)
                return;
        s->ended = true;
        index_remove(t, s);
        TAILQ_REMOVE(&t->by_use, s, by_use);
        if (!s->busy)
                TAILQ_REMOVE(&t->by_rest, s, by_rest);
        t->n--;
        t->ops->ended(s);
        buf_done(&s->client_capabilities);
        buf_done(&s->client_info);
        replay_done(&s->events);
        pending_done(&s->asks);
        free(s);
}

/* One timer for all, armed for the one that is due first. It may be early, never late: a session that was
 * used meanwhile is only looked at. */
static void arm(SessionTable *t)
{
        const Session *oldest = TAILQ_FIRST(&t->by_use);
        timer_arm(&t->expiry, oldest ? nsec_add(oldest->used, t->ttl) : NSEC_NEVER);
}

static int expired(Timer *timer, Nsec now)
{
        SessionTable *t = CONTAINER_OF(timer, SessionTable, expiry);
        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                Session *oldest = TAILQ_FIRST(&t->by_use);
                if (!oldest || nsec_add(oldest->used, t->ttl) > now)
                        break;
                /* A request of it is still in work: that is use. */
                if (LIST_EMPTY(&oldest->exchanges))
                        session_end(oldest);
                else
                        session_touch(oldest, now);
        }
        arm(t);
        return 0;
}

/* ---- limits ---- */

static int resize(SessionTable *t, size_t n_buckets)
{
        CLEANUP_FREE Session **buckets = calloc(n_buckets, sizeof(*buckets));
        CLEANUP_FREE Session **numbers = calloc(n_buckets, sizeof(*numbers));
        Session *s;
        if (!buckets || !numbers)
                return -ENOMEM;
        free(t->buckets);
        free(t->numbers);
        t->buckets = TAKE_PTR(buckets);
        t->numbers = TAKE_PTR(numbers);
        t->n_buckets = n_buckets;
        TAILQ_FOREACH(s, &t->by_use, by_use)
        index_add(t, s);
        return 0;
}

/* Makes room for one more by ending the one that has been quiet longest. */
static bool evict(SessionTable *t)
{
        Session *s = TAILQ_FIRST(&t->by_rest);
        if (s)
                session_end(s);
        return s != NULL;
}

int session_table_limit(SessionTable *t, uint64_t max, Nsec ttl, size_t replay)
{
        size_t n_buckets = 16;
        while (n_buckets < max && n_buckets <= SIZE_MAX / 2 / sizeof(Session *))
                n_buckets *= 2;
        int r = n_buckets == t->n_buckets ? 0 : resize(t, n_buckets);
        if (r < 0)
                return r;
        t->max = max;
        t->ttl = ttl;
        t->replay = replay;
        while (t->n > max && evict(t))
                ;
        arm(t);
        return 0;
}

/* ---- the beginning ---- */

static int make_id(char ret[static SESSION_ID + 1])
{
        uint8_t bytes[ID_BYTES];
        ssize_t n = getrandom(bytes, sizeof(bytes), 0);
        if (n < 0)
                return -errno;
        if (n != sizeof(bytes))
                return -EIO;
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

int session_new(SessionTable *t, Nsec now, Session **ret)
{
        if (t->n >= t->max && !evict(t))
                return SESSION_E_FULL;
        CLEANUP_FREE Session *s = calloc(1, sizeof(*s));
        int r = s ? make_id(s->id) : -ENOMEM;
        if (r < 0)
                return r;
        s->table = t;
        s->number = t->next_number++;
        s->version = _MCP_VERSION_INVALID;
        s->level = _MCP_LEVEL_INVALID;
        s->client_capabilities = s->client_info = BUF_INIT(LIMIT_SESSION_CLIENT);
        s->used = now;
        replay_init(&s->events, t->replay, &t->kept);
        pending_init(&s->asks);
        LIST_INIT(&s->exchanges);
        TAILQ_INIT(&s->streams);
        LIST_INIT(&s->lanes);
        LIST_INIT(&s->leases);
        index_add(t, s);
        TAILQ_INSERT_TAIL(&t->by_use, s, by_use);
        TAILQ_INSERT_TAIL(&t->by_rest, s, by_rest);
        t->n++;
        if (!timer_is_armed(&t->expiry))
                arm(t);
        *ret = TAKE_PTR(s);
        return 0;
}

/* ---- use ---- */

void session_touch(Session *s, Nsec now)
{
        SessionTable *t = s->table;
        s->used = now;
        if (s->ended)
                return;
        TAILQ_REMOVE(&t->by_use, s, by_use);
        TAILQ_INSERT_TAIL(&t->by_use, s, by_use);
        if (s->busy)
                return;
        TAILQ_REMOVE(&t->by_rest, s, by_rest);
        TAILQ_INSERT_TAIL(&t->by_rest, s, by_rest);
}

/* A busy one is not in by_rest, so that to evict takes no search. */
void session_busy(Session *s, bool on)
{
        SessionTable *t = s->table;
        assert(on || s->busy);
        if (on && s->busy++ == 0 && !s->ended)
                TAILQ_REMOVE(&t->by_rest, s, by_rest);
        if (!on && --s->busy == 0 && !s->ended)
                TAILQ_INSERT_TAIL(&t->by_rest, s, by_rest);
}
