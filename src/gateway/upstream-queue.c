/* SPDX-License-Identifier: Apache-2.0 */
/* Places in the queue of an instance, and the clock of all calls of a server. */
#include "base/limit-table.h"
#include "gateway/figures.h"
#include "gateway/upstream-private.h"
#include "jsonrpc/splice.h"

/* ---- the clock ------------------------------------------------------------------ */

/* Most calls are due in the order in which they come: the search begins at the end. */
void clock_set(Call *c, Nsec due)
{
        Upstream *u = c->upstream;
        clock_remove(c);
        c->due = due;
        Call *before = TAILQ_LAST(&u->clock, CallQueue);
        while (before && before->due > due)
                before = TAILQ_PREV(before, CallQueue, by_time);
        if (before)
                TAILQ_INSERT_AFTER(&u->clock, before, c, by_time);
        else
                TAILQ_INSERT_HEAD(&u->clock, c, by_time);
        if (!timer_is_armed(&u->due) || u->due.at > due)
                timer_arm(&u->due, due);
}

void clock_remove(Call *c)
{
        if (c->due == 0)
                return;
        TAILQ_REMOVE(&c->upstream->clock, c, by_time);
        c->due = 0;
}

void call_park(Call *c)
{
        const Upstream *u = c->upstream;
        if (c->state != CALL_SENT || c->parked)
                return;
        c->parked = true;
        c->backend->parked++;
        c->left = nsec_sub(c->due, upstream_now(u));
        clock_set(c,
                  nsec_add(upstream_now(u), nsec_add(c->left, gateway_config(u->gateway)->limits.park_time)));
}

void call_unpark(Call *c)
{
        if (!c->parked)
                return;
        c->parked = false;
        c->backend->parked--;
        clock_set(c, nsec_add(upstream_now(c->upstream), c->left));
}

static Fault late_fault(const Upstream *u, const Call *c, Nsec now)
{
        if (c->state == CALL_SENT || nsec_add(c->started, u->config->request_timeout) <= now)
                return FAULT_REQUEST_TIMEOUT;
        if (c->state == CALL_WAITING && c->lease && !c->lease->wanted && !c->lease->backend)
                return FAULT_SERVER_BUSY;
        return c->state == CALL_WAITING ? FAULT_START_TIMEOUT : FAULT_QUEUE_TIMEOUT;
}

/* The timer is armed for the first call that ever was the first: it looks again when it fires. */
static int due_fired(Timer *timer, Nsec now)
{
        Upstream *u = CONTAINER_OF(timer, Upstream, due);
        Call *c;
        int r = 0;
        while (r == 0 && (c = TAILQ_FIRST(&u->clock)) && c->due <= now)
                r = upstream_fail_call(c, late_fault(u, c, now));
        c = TAILQ_FIRST(&u->clock);
        if (c)
                timer_arm(&u->due, c->due);
        return r;
}

const TimerOps upstream_due_ops = {.fired = due_fired};

/* ---- what waits ------------------------------------------------------------------- */

#define BLANK_ID SPAN("0               ")

/* Where byte `at` of the text stands once everything before it is replaced. */
static size_t moved(const CallText *t, const char *at)
{
        size_t place = (size_t)(at - t->text.ptr);
        if (t->id.ptr < at)
                place += CALL_ID_ROOM - t->id.len;
        if (t->token.len && t->token.ptr < at)
                place += CALL_ID_ROOM - t->token.len;
        if (t->name.len && t->old_name.ptr < at)
                place += t->name.len - t->old_name.len;
        if (t->insert_at.ptr && t->insert_at.ptr < at)
                place += t->insert.len;
        return place;
}

static void show_oldest(Upstream *u)
{
        const Call *oldest = TAILQ_FIRST(&u->stored);
        score_set(&u->score->queue_since, oldest ? oldest->stored : 0);
}

static void account_stored(Upstream *u, Call *c)
{
        c->stored = upstream_now(u);
        TAILQ_INSERT_TAIL(&u->stored, c, by_wait);
        u->queued_bytes += c->line.len;
        u->gateway->queued_bytes += c->line.len;
        score_add(&u->score->queue_depth, 1);
        show_oldest(u);
}

/* Its message was so long. */
static void account_unstored(Upstream *u, Call *c, size_t n)
{
        TAILQ_REMOVE(&u->stored, c, by_wait);
        u->queued_bytes -= n;
        u->gateway->queued_bytes -= n;
        score_set(&u->score->queue_depth, score_get(&u->score->queue_depth) - 1);
        show_oldest(u);
}

int call_store(Call *c, const CallText *t)
{
        Upstream *u = c->upstream;
        Splice s;
        static_assert(sizeof("0               ") - 1 == CALL_ID_ROOM, "blanks for an id");
        splice_init(&s, t->text);
        splice_replace(&s, t->id, BLANK_ID);
        if (t->token.len)
                splice_replace(&s, t->token, BLANK_ID);
        if (t->name.len)
                splice_replace(&s, t->old_name, t->name);
        if (t->insert_at.ptr)
                splice_replace(&s, t->insert_at, t->insert);
        size_t n = splice_length(&s);
        if (u->queued_bytes && u->queued_bytes + n > u->config->max_queue)
                return -ENOBUFS;
        c->line = BUF_INIT(BUF_CAP_NONE);
        int r = splice_append(&s, &c->line);
        if (r < 0) {
                buf_done(&c->line);
                return r;
        }
        c->id_at = moved(t, t->id.ptr);
        c->token_at = t->token.len ? moved(t, t->token.ptr) : 0;
        account_stored(u, c);
        return 0;
}

void call_unstore(Call *c)
{
        if (!c->line.data)
                return;
        account_unstored(c->upstream, c, c->line.len);
        buf_done(&c->line);
}

/* ---- lanes ------------------------------------------------------------------------ */

void lane_free(Lane *l)
{
        if (l->session)
                LIST_REMOVE(l, in_session);
        LIST_REMOVE(l, in_backend);
        if (l->turning)
                TAILQ_REMOVE(&l->backend->turn, l, in_turn);
        if (l->backend->common == l)
                l->backend->common = NULL;
        free(l);
}

static Lane *lane_find(Backend *b, Session *s)
{
        Lane *l;
        if (!s)
                return b->common;
        LIST_FOREACH(l, &s->lanes, in_session)
        if (l->backend == b)
                break;
        if (l && l != LIST_FIRST(&s->lanes)) { /* who asks it again finds it at once */
                LIST_REMOVE(l, in_session);
                LIST_INSERT_HEAD(&s->lanes, l, in_session);
        }
        return l;
}

static Lane *lane_get(Backend *b, Session *s)
{
        Lane *l = lane_find(b, s);
        if (l)
                return l;
        l = calloc(1, sizeof(*l));
        if (!l)
                return NULL;
        *l = (Lane){.session = s, .backend = b};
        TAILQ_INIT(&l->queue);
        if (s)
                LIST_INSERT_HEAD(&s->lanes, l, in_session);
        else
                b->common = l;
        LIST_INSERT_HEAD(&b->lanes, l, in_backend);
        return l;
}

static void lane_turns(Lane *l)
{
        if (l->turning || TAILQ_EMPTY(&l->queue))
                return;
        TAILQ_INSERT_TAIL(&l->backend->turn, l, in_turn);
        l->turning = true;
}

static bool lane_may_send(const Lane *l, const ServerConfig *config)
{
        return l->in_flight < config->max_inflight_session && l->backend->in_flight < config->max_inflight &&
               (backend_waiting(l->backend) < config->max_queue || backend_waiting(l->backend) == 0);
}

/* ---- in and out of an instance -------------------------------------------------------- */

void call_over(Call *c)
{
        Upstream *u = c->upstream;
        Lane *l = TAKE_PTR(c->lane);
        if (c->ops->ours)
                return;
        clock_remove(c);
        u->in_flight--;
        score_set(&u->score->in_flight, u->in_flight);
        if (!l)
                return;
        l->in_flight--;
        lane_turns(l);
        if (!l->session && l != l->backend->common && l->in_flight == 0 && TAILQ_EMPTY(&l->queue))
                lane_free(l);
}

static void entered(Upstream *u, Lane *l, Call *c)
{
        Nsec now = upstream_now(u);
        c->lane = l;
        l->in_flight++;
        u->in_flight++;
        u->used = l->backend->used = now;
        score_set(&u->score->in_flight, u->in_flight);
        clock_set(c, nsec_add(c->started, u->config->request_timeout));
}

static int enqueue(Upstream *u, Lane *l, Call *c, const CallText *t)
{
        int r = c->line.data ? 0 : call_store(c, t);
        if (r < 0)
                return r;
        c->state = CALL_QUEUED;
        c->lane = l;
        c->backend = l->backend;
        TAILQ_INSERT_TAIL(&l->queue, c, link);
        lane_turns(l);
        clock_set(c, MIN(nsec_add(upstream_now(u), u->config->queue_timeout),
                         nsec_add(c->started, u->config->request_timeout)));
        return 0;
}

/* Out of what it waits in, its message ready to be sent. */
static int send_stored(Upstream *u, Lane *l, Call *c)
{
        size_t n = c->line.len;
        int r = backend_send_waited(l->backend, c);
        if (r < 0)
                return r;
        account_unstored(u, c, n);
        entered(u, l, c);
        return 0;
}

static int give(Upstream *u, Backend *b, Call *c, const CallText *t)
{
        Lane *l = lane_get(b, c->session);
        if (!l)
                return -ENOMEM;
        if (l->in_flight >= u->config->max_inflight_session)
                figures_limit(u->gateway, SCORE_LIMIT_MAX_INFLIGHT);
        if (!TAILQ_EMPTY(&l->queue) || !lane_may_send(l, u->config))
                return enqueue(u, l, c, t);
        if (c->line.data)
                return send_stored(u, l, c);
        int r = backend_send(b, c, t);
        if (r == 0)
                entered(u, l, c);
        return r;
}

/* There is no room for it, or no memory: that is its own end, and nothing else's. */
int upstream_refuse(Call *c)
{
        c->state = CALL_IDLE;
        call_unlink(c);
        return c->ops->failed(c, FAULT_QUEUE_FULL);
}

int upstream_give(Upstream *u, Backend *b, Call *c, const CallText *t)
{
        return give(u, b, c, t) < 0 ? upstream_refuse(c) : 0;
}

/* One call of each lane in turn. A lane that may not send leaves the turn until one of its calls ends. */
int upstream_has_room(Backend *b)
{
        Upstream *u = b->upstream;
        Lane *l;
        int r = 0;
        while (r == 0 && b->state == BACKEND_READY && b->in_flight < u->config->max_inflight &&
               (l = TAILQ_FIRST(&b->turn))) {
                if (backend_waiting(b) >= u->config->max_queue)
                        break;
                TAILQ_REMOVE(&b->turn, l, in_turn);
                l->turning = false;
                if (!lane_may_send(l, u->config))
                        continue;
                Call *c = TAILQ_FIRST(&l->queue);
                TAILQ_REMOVE(&l->queue, c, link);
                lane_turns(l);
                if (send_stored(u, l, c) < 0)
                        r = upstream_refuse(c);
        }
        return r;
}

void call_unlink(Call *c)
{
        Upstream *u = c->upstream;
        if (c->state == CALL_WAITING) {
                TAILQ_REMOVE(&u->waiting, c, link);
                if (c->lease && --c->lease->calls == 0 && !c->lease->backend)
                        c->lease->wanted = false; /* the next one asks again */
        } else if (c->state == CALL_QUEUED) {
                TAILQ_REMOVE(&c->lane->queue, c, link);
                if (TAILQ_EMPTY(&c->lane->queue) && c->lane->turning) {
                        TAILQ_REMOVE(&c->backend->turn, c->lane, in_turn);
                        c->lane->turning = false;
                }
        }
        clock_remove(c);
        call_unstore(c);
        c->state = CALL_IDLE;
        c->lane = NULL;
        c->lease = NULL;
        c->backend = NULL;
}

void upstream_unqueue(Upstream *u, Backend *b)
{
        Lane *l, *next;
        Call *c;
        for (l = LIST_FIRST(&b->lanes); l; l = next) {
                next = LIST_NEXT(l, in_backend);
                while ((c = TAILQ_FIRST(&l->queue))) {
                        TAILQ_REMOVE(&l->queue, c, link);
                        c->state = CALL_WAITING;
                        c->lane = NULL;
                        c->backend = NULL;
                        c->lease = b->lease;
                        if (c->lease)
                                c->lease->calls++;
                        TAILQ_INSERT_TAIL(&u->waiting, c, link);
                        clock_set(c, upstream_wait_end(u, c));
                }
                if (l->turning)
                        TAILQ_REMOVE(&b->turn, l, in_turn);
                l->turning = false;
                if (l->in_flight == 0) /* else with the last of its calls, or at the end of the instance */
                        lane_free(l);
        }
}
