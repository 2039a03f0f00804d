/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/limit-table.h"
#include "http/conn-private.h"

/* ---- bytes ------------------------------------------------------------------ */

bool conn_wants_input(const HttpConn *c)
{
        return c->state == HTTP_CONN_IDLE || c->state == HTTP_CONN_READING;
}

/* What came, 0 at the end, -EAGAIN, or why it is broken. */
static ssize_t conn_read(HttpConn *c, char *room, size_t n)
{
        if (UNLIKELY(c->tls)) {
                c->tls_wants = 0;
                ssize_t k = tls_read(c->tls, room, n, &c->tls_wants);
                if (k == -EAGAIN)
                        conn_watch(c);
                return k;
        }
        ssize_t k = recv(c->fd, room, n, MSG_DONTWAIT);
        return k < 0 ? (errno == EINTR ? -EAGAIN : -errno) : k;
}

void conn_release_parser(HttpConn *c)
{
        if (c->h1)
                h1_pool_put(c->server->pool, TAKE_PTR(c->h1));
}

/* ---- a request and how far it is --------------------------------------------- */

static int request_begin(HttpConn *c)
{
        int r = h1_pool_get(c->server->pool, &c->server->limits.h1, &c->h1);
        c->told = c->whole = c->answered = c->continue_sent = c->head_only = c->old = false;
        c->close_after = c->server->draining;
        return r;
}

/* The deadline is that of the first byte, also when many more have come since. */
static int head_wanted(HttpConn *c)
{
        if (!h1_begun(c->h1)) { /* only empty lines */
                conn_release_parser(c);
        } else if (c->state == HTTP_CONN_IDLE) {
                conn_set_state(c, HTTP_CONN_READING);
                conn_set_timeout(c, c->server->limits.header_timeout);
        }
        return 0;
}

static int tell_head(HttpConn *c)
{
        const HttpRequest *r = h1_request(c->h1);
        conn_set_state(c, HTTP_CONN_READING);
        c->told = true;
        c->close_after |= !r->keep_alive;
        c->head_only = r->method == HTTP_HEAD;
        c->old = r->minor == 0;
        if (!c->whole) {
                Nsec all = c->server->limits.body_timeout, now = loop_now(c->server->loop);
                if (__builtin_mul_overflow(all, (Nsec)LIMIT_HTTP_BODY_TIMES, &all))
                        all = NSEC_NEVER;
                c->latest = nsec_add(now, all);
        }
        return c->ops->head(c, r);
}

/* Who said "Expect" waits for this before it sends the body. */
bool conn_waits_for_continue(const HttpConn *c)
{
        return !c->whole && !c->old && !c->continue_sent &&
               http_header(h1_request(c->h1), HTTP_HEADER_EXPECT).ptr;
}

static int body_wanted(HttpConn *c)
{
        int r = c->told ? 0 : tell_head(c);
        if (r < 0 || c->state != HTTP_CONN_READING)
                return r;
        if (c->answered)
                h1_discard(c->h1);
        Nsec now = loop_now(c->server->loop);
        conn_set_deadline(c, MIN(c->latest, nsec_add(now, c->server->limits.body_timeout)));
        return 0;
}

static int request_whole(HttpConn *c)
{
        c->whole = true;
        int r = c->told ? 0 : tell_head(c);
        if (r < 0 || c->state != HTTP_CONN_READING)
                return r;
        if (c->answered) {
                conn_answer_done(c);
                return 0;
        }
        conn_set_state(c, HTTP_CONN_DUE);
        c->deadline = NSEC_NEVER;
        r = c->ops->request(c, h1_request(c->h1));
        if (r == 0 && c->half && c->state == HTTP_CONN_DUE)
                c->ops->half_closed(c);
        return r;
}

static int request_refused(HttpConn *c)
{
        const H1Refusal *r = h1_refusal(c->h1);
        conn_refuse(c, r->status, r->why);
        return 0;
}

/* ---- feeding ------------------------------------------------------------------- */

/* A client that comes once needs no pattern. */
static void keep_pattern(HttpConn *c)
{
        if (++c->requests > 1)
                h1_pattern_keep(&c->pattern, c->h1, c->requests);
}

static int conn_parse(HttpConn *c, char *bytes, size_t n, size_t *ret_used, H1State *ret_state)
{
        if (!h1_begun(c->h1) && h1_pattern_match(c->pattern, c->h1, bytes, n, ret_used)) {
                *ret_state = H1_DONE;
                return 0;
        }
        int r = h1_feed(c->h1, bytes, n, ret_used, ret_state);
        if (r == 0 && *ret_state == H1_BODY && !c->told)
                keep_pattern(c);
        return r;
}

static int conn_feed(HttpConn *c, char *bytes, size_t n, size_t *ret_used)
{
        static int (*const steps[])(HttpConn * c) = {
                [H1_HEAD] = head_wanted,
                [H1_BODY] = body_wanted,
                [H1_DONE] = request_whole,
                [H1_REFUSED] = request_refused,
        };
        H1State state = H1_HEAD;
        int r = c->h1 ? 0 : request_begin(c);
        if (r == 0)
                r = conn_parse(c, bytes, n, ret_used, &state);
        if (r < 0) { /* want of memory is this client's loss alone */
                conn_lost(c, HTTP_CUT_SERVER);
                *ret_used = n;
                return 0;
        }
        r = steps[state](c);
        if (c->whole || c->state == HTTP_CONN_CLOSING || c->state == HTTP_CONN_CLOSED)
                conn_release_parser(c);
        return r;
}

/* Request by request, until one has no answer yet, or the others should have their turn. */
static int feed_all(HttpConn *c, char *bytes, size_t n, size_t *ret_used)
{
        size_t used = 0;
        int r = 0;
        c->feeding = true;
        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS && r == 0 && used < n && conn_wants_input(c); i++) {
                size_t k = 0;
                r = conn_feed(c, bytes + used, n - used, &k);
                used += k;
        }
        c->feeding = false;
        if (r == 0 && used == n && c->state == HTTP_CONN_READING && c->told && !c->answered &&
            conn_waits_for_continue(c))
                conn_send_continue(c);
        if (c->h1 && c->state != HTTP_CONN_CLOSED && h1_keep(c->h1) < 0)
                conn_lost(c, HTTP_CUT_SERVER);
        *ret_used = used;
        return r;
}

/* More to do without an event: bytes at hand, here or inside TLS. */
static int more(const HttpConn *c)
{
        return conn_wants_input(c) && (c->in.len || (c->tls && tls_pending(c->tls))) ? LOOP_E_MORE : 0;
}

static int feed_left_over(HttpConn *c)
{
        size_t used;
        int r = feed_all(c, c->in.data, c->in.len, &used);
        if (r < 0 || c->state == HTTP_CONN_CLOSED)
                return r;
        buf_consume(&c->in, used);
        if (c->in.len == 0 || c->state == HTTP_CONN_CLOSING)
                buf_done(&c->in);
        return more(c);
}

static int feed_read(HttpConn *c, char *bytes, size_t n)
{
        size_t used;
        int r = feed_all(c, bytes, n, &used);
        if (r < 0 || c->state == HTTP_CONN_CLOSED || c->state == HTTP_CONN_CLOSING)
                return r;
        if (used < n && buf_append(&c->in, bytes + used, n - used) < 0) {
                conn_lost(c, HTTP_CUT_SERVER);
                return 0;
        }
        return more(c);
}

int conn_input(HttpConn *c)
{
        if (c->in.len)
                return feed_left_over(c);
        ssize_t n = conn_read(c, c->server->scratch, LIMIT_HTTP_READ);
        if (n > 0)
                return feed_read(c, c->server->scratch, (size_t)n);
        if (n != -EAGAIN) /* the end, also of a request of which the rest will never come */
                conn_lost(c, HTTP_CUT_CLOSED);
        return 0;
}

void conn_drain(HttpConn *c)
{
        ssize_t n = recv(c->fd, c->server->scratch, LIMIT_HTTP_READ, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0 || (size_t)n >= c->linger)
                conn_drop(c);
        else
                c->linger -= (size_t)n;
}
