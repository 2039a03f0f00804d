/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "http/conn-private.h"
#include "http/server-private.h"

/* ---- when nothing can be accepted --------------------------------------------- */

/* Who wants to connect waits in the kernel meanwhile. */
static int server_park(HttpServer *s, bool park)
{
        HttpListener *l;
        s->paused = park;
        TAILQ_FOREACH(l, &s->listeners, link)
        {
                int r = loop_source_set_events(&l->source, park ? 0 : EPOLLIN);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int pause_fired(Timer *t, Nsec now)
{
        HttpServer *s = CONTAINER_OF(t, HttpServer, pause);
        if (server_park(s, false) < 0) /* epoll has no memory for them: later */
                timer_arm(t, nsec_add(now, LIMIT_HTTP_PAUSE * NSEC_PER_MSEC));
        return 0;
}

const TimerOps server_pause_ops = {.fired = pause_fired};

/* The machine has no descriptor or memory for one more. */
static int server_pause(HttpServer *s)
{
        timer_arm(&s->pause, nsec_add(loop_now(s->loop), LIMIT_HTTP_PAUSE * NSEC_PER_MSEC));
        return server_park(s, true);
}

static void count_connections(HttpServer *s)
{
        if (s->metrics)
                metric_set(s->metrics, METRIC_CONNECTIONS, s->n_conns);
}

void server_has_room(HttpServer *s)
{
        count_connections(s);
        if (s->paused && s->n_conns < s->limits.max_connections)
                timer_arm(&s->pause, loop_now(s->loop)); /* from the next turn on */
}

/* At the cap, who has been idle for longest makes room: such a client connects again when it wants to. One
 * that has just come, or was just answered, is about to ask. NULL: nobody. */
static HttpConn *longest_idle(const HttpServer *s)
{
        HttpConn *c = TAILQ_FIRST(&s->idle);
        Nsec least = LIMIT_HTTP_IDLE_LEAST * NSEC_PER_MSEC;
        return c && nsec_sub(loop_now(s->loop), c->idle_since) >= least ? c : NULL;
}

static int server_full(HttpServer *s)
{
        s->hits.max_connections++;
        return server_pause(s);
}

static bool is_full(const HttpServer *s)
{
        return s->n_conns >= s->limits.max_connections;
}

/* ---- accepting ------------------------------------------------------------------ */

static int admit(HttpServer *s, HttpListener *l, int fd)
{
        HttpConn *c = s->ops->accepted(s, l);
        if (!c) {
                (void)close(fd);
                return 0;
        }
        int r = conn_open(c, s, l, fd);
        if (r < 0)
                s->ops->released(c);
        count_connections(s);
        /* Want of memory is this client's loss alone. */
        return r == -ENOMEM || r == -ENOSPC ? 0 : r;
}

/* Errors of the connection that was about to come, by accept(2): the next one may be fine. */
static bool is_of_the_connection(int error)
{
        static const int errors[] = {EINTR,     ECONNABORTED, EPERM,        EPROTO,     ENETDOWN,
                                     EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (errors[i] == error)
                        return true;
        return false;
}

static int accept_ready(LoopSource *source, uint32_t events UNUSED)
{
        HttpListener *l = CONTAINER_OF(source, HttpListener, source);
        HttpServer *s = l->server;
        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                if (is_full(s) && !longest_idle(s))
                        return i == 0 ? server_full(s) : 0; /* whether more wait, epoll will say */
                int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0 && errno == EAGAIN)
                        return 0;
                if (fd < 0 && !is_of_the_connection(errno))
                        return server_pause(s);
                if (fd < 0)
                        continue;
                if (is_full(s))
                        conn_drop(longest_idle(s));
                int r = admit(s, l, fd);
                if (r < 0)
                        return r;
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps accept_ops = {.priority = LOOP_PRIORITY_ACCEPT, .ready = accept_ready};

/* ---- listeners ------------------------------------------------------------------ */

/* What Linux hands down to the sockets that it accepts, so that no call is needed for each of them. A socket
 * that cannot have one of these still serves. */
void server_listener_options(const HttpListener *l)
{
        static const int on = 1;
        Nsec ms = l->server->limits.write_timeout / NSEC_PER_MSEC;
        unsigned timeout = l->server->limits.write_timeout == NSEC_NEVER ? 0
                                                                         : (unsigned)MIN(ms, (Nsec)INT_MAX);
        if (l->kind != HTTP_LISTENER_TCP)
                return;
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

int server_listener_start(HttpListener *l, int fd)
{
        HttpServer *s = l->server;
        return loop_source_add(&l->source, s->loop, &accept_ops, fd, s->paused ? 0 : EPOLLIN);
}
