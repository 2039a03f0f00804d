/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "http/answer.h"
#include "proxy/conn.h"

enum { WHY_LONGEST = 512 };

/* ---- states ------------------------------------------------------------------------ */

static const struct {
        Nsec time;
        int status; /* 0: there is nothing to be said when it is over */
        const char *why;
} states[_PROXY_CONN_STATE_MAX] = {
        [PROXY_CONN_HEAD] = {LIMIT_PROXY_HEAD_TIME * NSEC_PER_SEC, 408, "no request came"},
        /* behind that of the resolver, who says more */
        [PROXY_CONN_LOOKUP] = {(LIMIT_PROXY_LOOKUP + 2) * NSEC_PER_SEC, 504,
                               "the name could not be looked up in time"},
        [PROXY_CONN_CONNECT] = {LIMIT_PROXY_CONNECT * NSEC_PER_SEC, 504, "nobody answered in time"},
        [PROXY_CONN_TUNNEL] = {LIMIT_PROXY_IDLE * NSEC_PER_SEC, 0, NULL},
        [PROXY_CONN_REFUSED] = {LIMIT_PROXY_LINGER * NSEC_PER_SEC, 0, NULL},
};

static Loop *loop_of(const ProxyConn *c)
{
        return c->listener->proxy->loop;
}

void proxy_conn_set_state(ProxyConn *c, ProxyConnState state)
{
        c->state = state;
        c->moved = loop_now(loop_of(c));
        timer_arm(&c->timer, nsec_add(c->moved, states[state].time));
}

/* ---- end ---------------------------------------------------------------------------- */

static void release(LoopGone *gone)
{
        ProxyConn *c = CONTAINER_OF(gone, ProxyConn, gone);
        h1_free(c->h1);
        pump_done(&c->up);
        pump_done(&c->down);
        free(c);
}

static const LoopGoneOps gone_ops = {.release = release};

void proxy_conn_end(ProxyConn *c)
{
        ProxyListener *l = c->listener;
        if (c->gone.ops)
                return;
        resolver_forget(&c->lookup);
        loop_source_remove(&c->client);
        loop_source_remove(&c->server);
        fd_close_p(&c->client_fd);
        fd_close_p(&c->server_fd);
        timer_done(&c->timer);
        TAILQ_REMOVE(&l->conns, c, link);
        bool all_full = l->proxy->n_conns-- >= LIMIT_PROXY_CONNECTIONS_ALL;
        l->counts.open--;
        proxy_count(l->proxy, l);
        loop_free_later(loop_of(c), &c->gone, &gone_ops);
        if (all_full) /* others wait too */
                proxy_pause(l->proxy);
        proxy_listener_look(l);
}

/* ---- refusals -------------------------------------------------------------------------- */

static int say(const ProxyConn *c, int status, const char *why)
{
        char text[WHY_LONGEST];
        CLEANUP(buf_done) Buf b = BUF_INIT(2 * WHY_LONGEST);
        int n = snprintf(text, sizeof(text), "mcpvisor: %s\n", why);
        const AnswerHead head = {.status = status,
                                 .type = SPAN("text/plain; charset=utf-8"),
                                 .framing = ANSWER_LENGTH,
                                 .length = MIN((uint64_t)MAX(n, 0), sizeof(text) - 1),
                                 .connection = ANSWER_CLOSE};
        int r = answer_head(&b, &head);
        if (r == 0)
                r = buf_append(&b, text, head.length);
        /* The first bytes of a socket that is empty: they fit, or nobody is there. */
        return r < 0 ? r : (int)send(c->client_fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int proxy_conn_refuse(ProxyConn *c, int status, const char *why)
{
        loop_source_remove(&c->server);
        fd_close_p(&c->server_fd);
        c->h1 = h1_free(c->h1);
        proxy_conn_set_state(c, PROXY_CONN_REFUSED);
        (void)say(c, status, why);
        (void)shutdown(c->client_fd, SHUT_WR);
        if (loop_source_set_events(&c->client, EPOLLIN) < 0)
                proxy_conn_end(c);
        return 0;
}

/* What it still sends is thrown away: else the kernel would take back the answer. */
static int linger(ProxyConn *c)
{
        ssize_t n = recv(c->client_fd, c->listener->proxy->room, LIMIT_LOOP_BYTES, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                proxy_conn_end(c);
        return 0;
}

/* ---- head -------------------------------------------------------------------------------- */

static int take_request(ProxyConn *c, Span behind)
{
        ProxyRefusal refusal;
        c->up.rest.cap = LIMIT_LOOP_BYTES;
        int r = proxy_request_read(c->h1, &c->request, &refusal);
        if (r == PROXY_REQUEST_E_REFUSED)
                return proxy_conn_refuse(c, refusal.status, refusal.why);
        if (r == 0 && !c->request.tunnel)
                r = proxy_request_forward(c->h1, &c->request, &c->up.rest);
        if (r == 0)
                r = buf_append_span(&c->up.rest, behind);
        if (r < 0)
                return proxy_conn_refuse(c, 503, "no memory");
        c->h1 = h1_free(c->h1);
        return proxy_conn_reach(c);
}

static int read_head(ProxyConn *c)
{
        enum { READ = LIMIT_LOOP_BYTES / 4 }; /* with a head before them, these still fit into a pump */
        char *room = c->listener->proxy->room;
        ssize_t n = recv(c->client_fd, room, READ, MSG_DONTWAIT);
        size_t used;
        H1State state;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                proxy_conn_end(c);
                return 0;
        }
        int r = h1_feed(c->h1, room, (size_t)n, &used, &state);
        if (r == 0 && state == H1_REFUSED)
                return proxy_conn_refuse(c, h1_refusal(c->h1)->status, h1_refusal(c->h1)->why);
        if (r == 0 && state != H1_HEAD)
                return take_request(c, span_from(room + used, (size_t)n - used));
        if (r == 0)
                r = h1_keep(c->h1);
        return r < 0 ? proxy_conn_refuse(c, 503, "no memory") : 0;
}

/* ---- tunnel -------------------------------------------------------------------------------- */

static int set_events(ProxyConn *c)
{
        uint32_t client = (pump_reads(&c->up) ? EPOLLIN : 0) | (pump_writes(&c->down) ? EPOLLOUT : 0);
        uint32_t server = (pump_reads(&c->down) ? EPOLLIN : 0) | (pump_writes(&c->up) ? EPOLLOUT : 0);
        int r = loop_source_set_events(&c->client, client);
        return r < 0 ? r : loop_source_set_events(&c->server, server);
}

static void count_bytes(ProxyConn *c, uint64_t up, uint64_t down)
{
        ProxyListener *l = c->listener;
        if (up == 0 && down == 0)
                return;
        l->counts.bytes_up += up;
        l->counts.bytes_down += down;
        c->moved = loop_now(loop_of(c));
        proxy_count(l->proxy, l);
}

/* Whatever goes wrong with one of the sockets is the end of both. */
static int move(ProxyConn *c, bool up, bool down)
{
        uint64_t before_up = c->up.bytes, before_down = c->down.bytes;
        char *room = c->listener->proxy->room;
        int r = up ? pump_move(&c->up, c->client_fd, c->server_fd, room) : 0;
        if (r == 0 && down)
                r = pump_move(&c->down, c->server_fd, c->client_fd, room);
        count_bytes(c, c->up.bytes - before_up, c->down.bytes - before_down);
        if (r == 0)
                r = set_events(c);
        if (r < 0 || (c->up.passed && c->down.passed))
                proxy_conn_end(c);
        return 0;
}

int proxy_conn_server_moves(ProxyConn *c, uint32_t events)
{
        uint32_t broken = events & (EPOLLERR | EPOLLHUP);
        return move(c, broken || events & EPOLLOUT, broken || events & EPOLLIN);
}

int proxy_conn_begin_tunnel(ProxyConn *c)
{
        c->down.rest.cap = LIMIT_LOOP_BYTES;
        const AnswerHead head = {.status = 200, .framing = ANSWER_UNTIL_CLOSE};
        int r = c->request.tunnel ? answer_head(&c->down.rest, &head) : 0;
        if (r < 0)
                return proxy_conn_refuse(c, 503, "no memory");
        proxy_conn_set_state(c, PROXY_CONN_TUNNEL);
        return move(c, true, true);
}

/* ---- events ---------------------------------------------------------------------------------- */

static int client_ready(LoopSource *source, uint32_t events)
{
        ProxyConn *c = CONTAINER_OF(source, ProxyConn, client);
        uint32_t broken = events & (EPOLLERR | EPOLLHUP);
        if (c->state == PROXY_CONN_HEAD)
                return read_head(c);
        if (c->state == PROXY_CONN_REFUSED)
                return linger(c);
        return move(c, broken || events & EPOLLIN, broken || events & EPOLLOUT);
}

static const LoopSourceOps client_ops = {.priority = LOOP_PRIORITY_HTTP, .ready = client_ready};

/* A tunnel that has carried something meanwhile waits on. */
static int timed_out(Timer *timer, Nsec now)
{
        ProxyConn *c = CONTAINER_OF(timer, ProxyConn, timer);
        Nsec end = nsec_add(c->moved, states[c->state].time);
        if (end > now) {
                timer_arm(timer, end);
                return 0;
        }
        if (c->state == PROXY_CONN_CONNECT)
                return proxy_conn_next_address(c, -ETIMEDOUT);
        resolver_forget(&c->lookup);
        if (c->state == PROXY_CONN_LOOKUP) {
                c->listener->counts.failed++;
                proxy_count(c->listener->proxy, c->listener);
        }
        if (states[c->state].status)
                return proxy_conn_refuse(c, states[c->state].status, states[c->state].why);
        proxy_conn_end(c);
        return 0;
}

static const TimerOps timer_ops = {.fired = timed_out};

/* ---- begin ----------------------------------------------------------------------------------- */

static int init_parts(ProxyConn *c, Loop *loop)
{
        static const H1Limits limits = {.max_header = LIMIT_PROXY_HEAD,
                                        .max_headers = LIMIT_PROXY_HEADERS,
                                        .max_body = SIZE_MAX, /* bodies are not read */
                                        .proxy = true};
        int r = h1_new(&c->h1);
        if (r < 0)
                return r;
        h1_reset(c->h1, &limits, 0);
        r = timer_init(&c->timer, loop_timers(loop), &timer_ops);
        return r < 0 ? r : loop_source_add(&c->client, loop, &client_ops, c->client_fd, EPOLLIN);
}

int proxy_conn_open(ProxyListener *l, int fd)
{
        static const int on = 1;
        ProxyConn *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ProxyConn){
                .listener = l, .client_fd = fd, .server_fd = -EBADF, .lookup.ops = &proxy_conn_lookup_ops};
        int r = init_parts(c, l->proxy->loop);
        if (r < 0) {
                timer_done(&c->timer);
                release(&c->gone);
                return r;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a unix socket has none */
        TAILQ_INSERT_TAIL(&l->conns, c, link);
        l->proxy->n_conns++;
        l->counts.open++;
        proxy_count(l->proxy, l);
        proxy_conn_set_state(c, PROXY_CONN_HEAD);
        return 0;
}
