/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "proxy/conn.h"
#include "proxy/listener.h"

/* ---- accepting ------------------------------------------------------------------- */

static bool has_room(const ProxyListener *l)
{
        return l->counts.open < LIMIT_PROXY_CONNECTIONS && l->proxy->n_conns < LIMIT_PROXY_CONNECTIONS_ALL;
}

static int park(ProxyListener *l)
{
        l->parked = true;
        return loop_source_set_events(&l->source, 0);
}

void proxy_listener_look(ProxyListener *l)
{
        if (!l->parked || !has_room(l))
                return;
        if (loop_source_set_events(&l->source, EPOLLIN) < 0) /* epoll has no memory for it: later */
                proxy_pause(l->proxy);
        else
                l->parked = false;
}

/* By accept(2) these are of the connection that was about to come: the next may be fine. */
static bool is_of_the_connection(int error)
{
        static const int errors[] = {EINTR,     ECONNABORTED, EPERM,        EPROTO,     ENETDOWN,
                                     EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (errors[i] == error)
                        return true;
        return false;
}

static int no_more_now(ProxyListener *l)
{
        proxy_pause(l->proxy);
        return park(l);
}

static int ready(LoopSource *source, uint32_t events UNUSED)
{
        ProxyListener *l = CONTAINER_OF(source, ProxyListener, source);
        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                if (!has_room(l))
                        return park(l);
                int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0 && errno == EAGAIN)
                        return 0;
                if (fd < 0 && is_of_the_connection(errno))
                        continue;
                int r = fd < 0 ? -errno : proxy_conn_open(l, fd);
                if (fd >= 0 && r < 0)
                        (void)close(fd);
                if (r < 0)
                        return no_more_now(l);
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps source_ops = {.priority = LOOP_PRIORITY_ACCEPT, .ready = ready};

/* ---- life -------------------------------------------------------------------------- */

int proxy_listener_new(Proxy *p, const ProxyListenerArgs *args, ProxyListener **ret)
{
        if (p->n_listeners >= LIMIT_PROXY_LISTENERS)
                return -EMFILE;
        if (args->name.len > PROXY_SERVER_NAME)
                return -EINVAL;
        CLEANUP_FREE ProxyListener *l = calloc(1, sizeof(*l));
        CLEANUP(proxy_rules_free_p) ProxyRules *rules = NULL;
        if (!l)
                return -ENOMEM;
        int r = proxy_rules_parse(args->rules, &rules);
        if (r == 0)
                r = loop_source_add(&l->source, p->loop, &source_ops, args->fd, EPOLLIN);
        if (r < 0)
                return r;
        l->proxy = p;
        l->fd = args->fd;
        l->rules = TAKE_PTR(rules);
        l->counts.row = args->id.row;
        l->counts.instance = args->id.instance;
        l->counts.generation = args->id.generation;
        if (args->name.len)
                memcpy(l->name, args->name.ptr, args->name.len);
        TAILQ_INIT(&l->conns);
        TAILQ_INSERT_TAIL(&p->listeners, l, link);
        p->n_listeners++;
        *ret = TAKE_PTR(l);
        return 0;
}

ProxyListener *proxy_listener_free(ProxyListener *l)
{
        ProxyConn *c;
        if (!l)
                return NULL;
        l->parked = false; /* nobody is to be let in for those that go now */
        while ((c = TAILQ_FIRST(&l->conns)))
                proxy_conn_end(c);
        loop_source_remove(&l->source);
        fd_close_p(&l->fd);
        TAILQ_REMOVE(&l->proxy->listeners, l, link);
        l->proxy->n_listeners--;
        l->rules = proxy_rules_free(l->rules);
        free(l);
        return NULL;
}

ProxyListener *proxy_listener_find(const Proxy *p, uint32_t row, uint32_t instance)
{
        ProxyListener *l;
        TAILQ_FOREACH(l, &p->listeners, link)
        {
                if (l->counts.row == row && l->counts.instance == instance)
                        return l;
        }
        return NULL;
}
