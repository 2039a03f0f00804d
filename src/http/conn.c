/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "http/conn-private.h"

enum { CONN_MAGIC = 0x68747470 };

/* ---- states ----------------------------------------------------------------- */

#define FROM(state) (1U << HTTP_CONN_##state)

/* From where one may come. */
static const uint8_t legal[] = {
        [HTTP_CONN_IDLE] = FROM(READING) | FROM(DUE) | FROM(STREAMING) | FROM(FLUSHING),
        [HTTP_CONN_READING] = FROM(IDLE) | FROM(FLUSHING),
        [HTTP_CONN_DUE] = FROM(READING),
        [HTTP_CONN_STREAMING] = FROM(READING) | FROM(DUE),
        [HTTP_CONN_FLUSHING] = FROM(IDLE) | FROM(READING) | FROM(DUE) | FROM(STREAMING),
        [HTTP_CONN_CLOSING] = FROM(IDLE) | FROM(READING) | FROM(DUE) | FROM(STREAMING) | FROM(FLUSHING),
        [HTTP_CONN_CLOSED] = FROM(IDLE) | FROM(READING) | FROM(DUE) | FROM(STREAMING) | FROM(FLUSHING) |
                             FROM(CLOSING),
};

static struct HttpConns *list_of(HttpConn *c)
{
        return c->state == HTTP_CONN_IDLE ? &c->server->idle : &c->server->conns;
}

/* The list of idle ones is in the order in which they became so. */
void conn_set_state(HttpConn *c, HttpConnState state)
{
        assert(c->magic == CONN_MAGIC);
        if (state == c->state)
                return;
        assert(legal[state] & 1U << c->state);
        TAILQ_REMOVE(list_of(c), c, link);
        c->state = state;
        if (state != HTTP_CONN_CLOSED)
                TAILQ_INSERT_TAIL(list_of(c), c, link);
}

/* While an answer is due nothing is taken back from epoll: most clients send nothing then. */
static uint32_t wanted_events(const HttpConn *c)
{
        uint32_t events = c->tls_wants | (conn_queued(c) ? EPOLLOUT : 0);
        if (!c->parked)
                events |= EPOLLIN;
        if (!c->half)
                events |= EPOLLRDHUP;
        /* Comes on no such socket; but with a mask, a reset is told. */
        return events ? events : EPOLLPRI;
}

void conn_watch(HttpConn *c)
{
        if (conn_wants_input(c) || c->state == HTTP_CONN_CLOSING)
                c->parked = false;
        int r = loop_source_set_events(&c->source, wanted_events(c));
        assert(r == 0); /* of a descriptor that epoll has, from one mask to another */
        (void)r;
}

/* ---- deadlines -------------------------------------------------------------- */

void conn_set_deadline(HttpConn *c, Nsec at)
{
        c->deadline = at;
        if (at < c->timer.at) /* else it fires early and looks again */
                timer_arm(&c->timer, at);
}

void conn_set_timeout(HttpConn *c, Nsec timeout)
{
        conn_set_deadline(c, nsec_add(loop_now(c->server->loop), timeout));
}

static void idle_too_long(HttpConn *c)
{
        conn_lost(c, HTTP_CUT_TIMEOUT);
}

static void reading_too_long(HttpConn *c)
{
        if (c->answered)
                conn_drop(c);
        else
                conn_refuse(c, 408,
                            c->told ? "the body did not come within limits.body_timeout"
                                    : "the headers did not come within limits.header_timeout");
}

static void stream_silent(HttpConn *c)
{
        if (conn_queued(c))
                conn_lost(c, HTTP_CUT_TIMEOUT);
        else if (c->events)
                conn_send_keepalive(c);
}

static int timer_fired(Timer *t, Nsec now)
{
        static void (*const overdue[])(HttpConn * c) = {
                [HTTP_CONN_IDLE] = idle_too_long,      [HTTP_CONN_READING] = reading_too_long,
                [HTTP_CONN_STREAMING] = stream_silent, [HTTP_CONN_FLUSHING] = conn_drop,
                [HTTP_CONN_CLOSING] = conn_drop,
        };
        HttpConn *c = CONTAINER_OF(t, HttpConn, timer);
        if (now < c->deadline)
                timer_arm(t, c->deadline); /* NSEC_NEVER: not at all */
        else
                overdue[c->state](c);
        return 0;
}

static const TimerOps timer_ops = {.fired = timer_fired};

/* ---- the end ---------------------------------------------------------------- */

static void conn_release(LoopGone *gone)
{
        HttpConn *c = CONTAINER_OF(gone, HttpConn, gone);
        c->h1 = h1_free(c->h1);
        c->pattern = h1_pattern_free(c->pattern);
        buf_done(&c->in);
        buf_done(&c->out);
        c->magic = 0;
        c->ops->released(c);
}

static const LoopGoneOps gone_ops = {.release = conn_release};

void conn_drop(HttpConn *c)
{
        HttpServer *s = c->server;
        assert(c->magic == CONN_MAGIC);
        if (c->state == HTTP_CONN_CLOSED)
                return;
        conn_set_state(c, HTTP_CONN_CLOSED);
        s->n_conns--;
        loop_source_remove(&c->source);
        timer_done(&c->timer);
        if (c->tls)
                tls_shutdown(c->tls);
        c->tls = tls_free(c->tls);
        fd_close_p(&c->fd);
        if (!c->feeding) /* else the request's bytes are still looked at */
                conn_release_parser(c);
        loop_free_later(s->loop, &c->gone, &gone_ops);
        server_has_room(s);
}

static bool owes_answer(const HttpConn *c)
{
        return c->state == HTTP_CONN_DUE || c->state == HTTP_CONN_STREAMING ||
               (c->state == HTTP_CONN_READING && c->told && !c->answered);
}

void conn_lost(HttpConn *c, HttpCut why)
{
        bool owed = owes_answer(c);
        conn_drop(c);
        if (owed)
                c->ops->cut(c, why);
}

void http_conn_close(HttpConn *c)
{
        conn_drop(c);
}

/* What is closed with input unread is reset, and a client that is reset may never see what it was sent. */
void conn_finish(HttpConn *c)
{
        bool unread = !c->whole || c->in.len || c->parked;
        if (c->half || !unread) {
                conn_drop(c);
                return;
        }
        if (c->tls)
                tls_shutdown(c->tls);
        if (shutdown(c->fd, SHUT_WR) < 0) {
                conn_drop(c);
                return;
        }
        if (!c->feeding) { /* else the request's bytes are still looked at */
                conn_release_parser(c);
                buf_done(&c->in);
        }
        c->linger = LIMIT_HTTP_LINGER_BYTES;
        conn_set_state(c, HTTP_CONN_CLOSING);
        conn_set_timeout(c, LIMIT_HTTP_LINGER * NSEC_PER_SEC);
        conn_watch(c);
}

/* ---- events ----------------------------------------------------------------- */

/* The client sends nothing more, and may still read. */
static void half_closed(HttpConn *c)
{
        c->half = true;
        conn_watch(c);
        if (c->state == HTTP_CONN_DUE || c->state == HTTP_CONN_STREAMING)
                c->ops->half_closed(c);
}

/* It may be the next request, or the end. */
static void early_input(HttpConn *c, uint32_t events)
{
        if (events & EPOLLIN && !c->parked) {
                c->parked = true;
                conn_watch(c);
        }
        if (events & EPOLLRDHUP && !c->half)
                half_closed(c);
}

/* On a unix socket the end of the other side is told before what it has sent is read. */
static bool is_over(const HttpConn *c, uint32_t events)
{
        return events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN && conn_wants_input(c)));
}

static int conn_ready(LoopSource *source, uint32_t events)
{
        HttpConn *c = CONTAINER_OF(source, HttpConn, source);
        assert(c->magic == CONN_MAGIC);
        if (is_over(c, events)) {
                conn_lost(c, HTTP_CUT_CLOSED);
                return 0;
        }
        if (conn_queued(c) && events & (EPOLLOUT | c->tls_wants))
                conn_flush(c);
        if (conn_wants_input(c))
                return conn_input(c);
        if (c->state == HTTP_CONN_CLOSING)
                conn_drain(c);
        else if (c->state != HTTP_CONN_CLOSED)
                early_input(c, events);
        return 0;
}

static const LoopSourceOps source_ops = {.priority = LOOP_PRIORITY_HTTP, .ready = conn_ready};

/* ---- the beginning ------------------------------------------------------------ */

int conn_open(HttpConn *c, HttpServer *s, const HttpListener *l, int fd)
{
        CLEANUP_FD int owned = fd;
        *c = (HttpConn){.magic = CONN_MAGIC, .server = s, .ops = s->ops, .listener = l, .fd = -EBADF};
        c->in = c->out = BUF_INIT(BUF_CAP_NONE);
        int r = l->tls ? tls_new(l->tls, fd, &c->tls) : 0;
        if (r == 0)
                r = timer_init(&c->timer, loop_timers(s->loop), &timer_ops);
        if (r == 0)
                r = loop_source_add(&c->source, s->loop, &source_ops, fd, EPOLLIN | EPOLLRDHUP);
        if (r < 0) {
                timer_done(&c->timer);
                c->tls = tls_free(c->tls);
                c->state = HTTP_CONN_CLOSED;
                return r;
        }
        c->fd = TAKE_FD(owned);
        c->idle_since = loop_now(s->loop);
        TAILQ_INSERT_TAIL(&s->idle, c, link);
        s->n_conns++;
        conn_set_timeout(c, s->limits.idle_timeout);
        return 0;
}

/* ---- who it is ---------------------------------------------------------------- */

const char *http_conn_peer(const HttpConn *c)
{
        return c->tls ? tls_peer(c->tls) : "";
}

const char *http_conn_address(const HttpConn *c, char room[static 64])
{
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
                struct sockaddr_storage storage;
        } a;
        char text[INET6_ADDRSTRLEN];
        socklen_t size = sizeof(a);
        if (c->fd < 0 || getpeername(c->fd, &a.any, &size) < 0)
                return "closed";
        if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, text, sizeof(text)))
                (void)snprintf(room, 64, "%s:%u", text, ntohs(a.v4.sin_port));
        else if (a.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &a.v6.sin6_addr, text, sizeof(text)))
                (void)snprintf(room, 64, "[%s]:%u", text, ntohs(a.v6.sin6_port));
        else
                return "unix";
        return room;
}
