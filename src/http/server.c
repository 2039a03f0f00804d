/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "http/conn-private.h"
#include "http/server-private.h"

/* ---- life ------------------------------------------------------------------- */

int http_server_init(HttpServer *s, Loop *loop, const HttpOps *ops, const HttpLimits *limits)
{
        assert(ops->accepted && ops->released && ops->head && ops->request);
        assert(ops->cut && ops->half_closed && ops->refused);
        CLEANUP_FREE char *scratch = malloc(LIMIT_HTTP_READ);
        CLEANUP(h1_pool_free_p) H1Pool *pool = NULL;
        int r = scratch ? h1_pool_new(&pool) : -ENOMEM;
        if (r < 0)
                return r;
        *s = (HttpServer){.loop = loop, .ops = ops, .limits = *limits, .head = BUF_INIT(LIMIT_HTTP_HEAD)};
        r = timer_init(&s->pause, loop_timers(loop), &server_pause_ops);
        if (r < 0) {
                *s = (HttpServer){0};
                return r;
        }
        TAILQ_INIT(&s->listeners);
        TAILQ_INIT(&s->conns);
        TAILQ_INIT(&s->idle);
        s->scratch = TAKE_PTR(scratch);
        s->pool = TAKE_PTR(pool);
        return 0;
}

static void listener_free(HttpListener *l)
{
        struct HttpConns *lists[] = {&l->server->idle, &l->server->conns};
        HttpConn *c;
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                TAILQ_FOREACH(c, lists[i], link)
        if (c->listener == l)
                c->listener = NULL;
        TAILQ_REMOVE(&l->server->listeners, l, link);
        loop_source_remove(&l->source);
        fd_close_p(&l->fd);
        tls_context_unref(l->tls);
        free(l);
}

void http_server_done(HttpServer *s)
{
        if (!s->loop)
                return;
        while (!TAILQ_EMPTY(&s->listeners))
                listener_free(TAILQ_FIRST(&s->listeners));
        while (!TAILQ_EMPTY(&s->idle))
                conn_lost(TAILQ_FIRST(&s->idle), HTTP_CUT_SERVER);
        while (!TAILQ_EMPTY(&s->conns))
                conn_lost(TAILQ_FIRST(&s->conns), HTTP_CUT_SERVER);
        timer_done(&s->pause);
        s->pool = h1_pool_free(s->pool);
        free(s->scratch);
        buf_done(&s->head);
        *s = (HttpServer){0};
}

/* ---- listeners -------------------------------------------------------------- */

void http_server_unlisten(HttpServer *s, uint32_t index)
{
        HttpListener *l;
        TAILQ_FOREACH(l, &s->listeners, link)
        if (l->index == index) {
                listener_free(l);
                return;
        }
}

int http_server_listen(HttpServer *s, const HttpListenerArgs *args)
{
        HttpListener *l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        *l = (HttpListener){.server = s, .index = args->index, .tags = args->tags, .kind = args->kind};
        int r = fd_set_nonblock(args->fd, true);
        if (r == 0)
                r = server_listener_start(l, args->fd);
        if (r < 0) {
                free(l);
                return r;
        }
        http_server_unlisten(s, args->index);
        l->fd = args->fd;
        l->tls = args->tls ? tls_context_ref(args->tls) : NULL;
        server_listener_options(l);
        TAILQ_INSERT_TAIL(&s->listeners, l, link);
        return 0;
}

/* ---- the rest --------------------------------------------------------------- */

void http_server_set_limits(HttpServer *s, const HttpLimits *limits)
{
        HttpListener *l;
        s->limits = *limits;
        TAILQ_FOREACH(l, &s->listeners, link)
        server_listener_options(l);
        server_has_room(s);
}

void http_server_drain(HttpServer *s)
{
        s->draining = true;
        while (!TAILQ_EMPTY(&s->idle))
                conn_drop(TAILQ_FIRST(&s->idle));
}

bool http_server_idle(const HttpServer *s)
{
        const HttpConn *c;
        TAILQ_FOREACH(c, &s->conns, link)
        if (c->state != HTTP_CONN_CLOSING && (c->state != HTTP_CONN_READING || (c->told && !c->answered)))
                return false;
        return true;
}
