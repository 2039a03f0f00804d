/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "build-id.h"
#include "proxy/listener.h"
#include "proxy/proxy.h"
#include "proxy/root.h"

enum { PROXY_NOT_BY_HAND = 70 };

/* ---- counts -------------------------------------------------------------------------- */

void proxy_count(Proxy *p, ProxyListener *l)
{
        l->changed = true;
        if (!timer_is_armed(&p->due))
                timer_arm(&p->due, nsec_add(loop_now(p->loop), LIMIT_PROXY_COUNT * NSEC_PER_MSEC));
}

static int tell_counts(Timer *timer, Nsec now UNUSED)
{
        Proxy *p = CONTAINER_OF(timer, Proxy, due);
        ProxyListener *l;
        int r = 0;
        TAILQ_FOREACH(l, &p->listeners, link)
        {
                IpcProxyCounts counts = l->counts;
                if (!l->changed || r < 0)
                        continue;
                l->changed = false;
                r = ipc_send(&p->supervisor, IPC_PROXY_COUNTS, &counts, NULL, 0);
        }
        return r;
}

static const TimerOps due_ops = {.fired = tell_counts};

/* ---- who waits to be accepted ------------------------------------------------------------ */

void proxy_pause(Proxy *p)
{
        if (!timer_is_armed(&p->pause))
                timer_arm(&p->pause, nsec_add(loop_now(p->loop), LIMIT_PROXY_PAUSE * NSEC_PER_MSEC));
}

static int look_at_all(Timer *timer, Nsec now UNUSED)
{
        Proxy *p = CONTAINER_OF(timer, Proxy, pause);
        ProxyListener *l;
        TAILQ_FOREACH(l, &p->listeners, link)
        {
                proxy_listener_look(l);
        }
        return 0;
}

static const TimerOps pause_ops = {.fired = look_at_all};

/* ---- what the supervisor says -------------------------------------------------------------- */

static int told_hello(Proxy *p, IpcMessage *m)
{
        const IpcProxyHello *hello = (const IpcProxyHello *)m->header;
        IpcUp up = {.build_id = MCPVISOR_BUILD_ID};
        const LogOptions options = {.level = (LogLevel)hello->log_level,
                                    .style = (LogStyleChoice)hello->log_style,
                                    .journal = hello->log_journal,
                                    .fd = STDERR_FILENO};
        if (p->greeted)
                return -EPROTO;
        if (strcmp(hello->build_id, MCPVISOR_BUILD_ID) != 0) {
                log_error("the supervisor is build %s, this is %s", hello->build_id, MCPVISOR_BUILD_ID);
                return -EPROTO;
        }
        int r = log_open(log_default(), &options);
        if (r < 0)
                log_warning("the log stays on standard error: %s", strerror(-r));
        p->greeted = true;
        return ipc_send(&p->supervisor, IPC_PROXY_UP, &up, NULL, 0);
}

static int listen_for(Proxy *p, IpcMessage *m)
{
        CLEANUP(buf_done) Buf rules = BUF_INIT(LIMIT_PROXY_RULES);
        ProxyListener *l;
        ProxyListenerArgs args = {.id = *(const IpcInstance *)m->header, .name = m->text, .fd = m->fds[0]};
        if (proxy_listener_find(p, args.id.row, args.id.instance))
                return -EEXIST;
        int r = fd_set_nonblock(args.fd, true);
        if (r == 0)
                r = fd_read_all(m->fds[1], &rules);
        args.rules = span_from(buf_text(&rules), rules.len);
        if (r == 0)
                r = proxy_listener_new(p, &args, &l);
        if (r == 0)
                (void)TAKE_FD(m->fds[0]); /* the listener's */
        return r;
}

/* One server's loss: the others go on. */
static int told_listen(Proxy *p, IpcMessage *m)
{
        IpcInstance id = *(const IpcInstance *)m->header;
        int r = listen_for(p, m);
        if (r == 0)
                return 0;
        log_error_with(LOG_FIELDS(LOG_SPAN("server", m->text)), "network: cannot listen: %s", strerror(-r));
        return ipc_send_text(&p->supervisor, IPC_PROXY_REFUSED, &id, span_of(strerror(-r)), NULL, 0);
}

static int told_close(Proxy *p, IpcMessage *m)
{
        const IpcInstance *id = (const IpcInstance *)m->header;
        ProxyListener *l = proxy_listener_find(p, id->row, id->instance);
        if (l && l->counts.generation == id->generation)
                proxy_listener_free(l);
        return 0;
}

static int told_ping(Proxy *p, IpcMessage *m)
{
        IpcPing pong = *(const IpcPing *)m->header;
        return ipc_send(&p->supervisor, IPC_PROXY_PONG, &pong, NULL, 0);
}

static int told_stop(Proxy *p, IpcMessage *m UNUSED)
{
        loop_stop(p->loop, EXIT_SUCCESS);
        return 0;
}

static int (*const told[_IPC_TYPE_MAX])(Proxy *p, IpcMessage *m) = {
        [IPC_PROXY_HELLO] = told_hello, [IPC_PROXY_LISTEN] = told_listen, [IPC_PROXY_CLOSE] = told_close,
        [IPC_PROXY_PING] = told_ping,   [IPC_PROXY_STOP] = told_stop,
};

static int received(IpcChannel *c, IpcMessage *m)
{
        Proxy *p = CONTAINER_OF(c, Proxy, supervisor);
        if (!p->greeted && m->header->type != IPC_PROXY_HELLO && m->header->type != IPC_PROXY_STOP)
                return -EPROTO;
        return told[m->header->type](p, m);
}

static int broken(IpcChannel *c, IpcBreak why, const char *detail)
{
        Proxy *p = CONTAINER_OF(c, Proxy, supervisor);
        if (why != IPC_BREAK_CLOSED)
                log_error("network: the supervisor: %s: %s", ipc_break_text(why), detail);
        loop_stop(p->loop, why == IPC_BREAK_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE);
        return 0;
}

static const IpcChannelOps channel_ops = {.received = received, .broken = broken};

/* ---- life ------------------------------------------------------------------------------------ */

int proxy_init(Proxy *p, const Clock *clock, int ipc_fd, int resolver_fd)
{
        *p = (Proxy){.room = malloc(LIMIT_LOOP_BYTES)};
        TAILQ_INIT(&p->listeners);
        int r = p->room ? loop_new(clock, &p->loop) : -ENOMEM;
        if (r == 0)
                r = timer_init(&p->due, loop_timers(p->loop), &due_ops);
        if (r == 0)
                r = timer_init(&p->pause, loop_timers(p->loop), &pause_ops);
        const IpcChannelArgs args = {.loop = p->loop,
                                     .ops = &channel_ops,
                                     .fd = ipc_fd,
                                     .receives = IPC_TO_PROXY,
                                     .queue_max = LIMIT_PROXY_BACKLOG};
        if (r == 0)
                r = resolver_init(&p->resolver, p->loop, resolver_fd);
        return r < 0 ? r : ipc_channel_init(&p->supervisor, &args);
}

void proxy_done(Proxy *p)
{
        ProxyListener *l;
        while ((l = TAILQ_FIRST(&p->listeners)))
                proxy_listener_free(l);
        ipc_channel_done(&p->supervisor);
        resolver_done(&p->resolver);
        timer_done(&p->due);
        timer_done(&p->pause);
        p->loop = loop_free(p->loop); /* connections that wait for it are freed by it */
        free(p->room);
        p->room = NULL;
}

static bool is_ipc(int fd)
{
        int type;
        socklen_t size = sizeof(type);
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* Nobody may look into it; a client that has gone is an error of one write; as many descriptors as we may. */
static int prepare(void)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct rlimit files;
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0 ||
            getrlimit(RLIMIT_NOFILE, &files) < 0)
                return -errno;
        files.rlim_cur = files.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : fd_set_cloexec(PROXY_IPC_FD, true);
}

int proxy_main(int argc UNUSED, char **argv UNUSED)
{
        Proxy p = {.loop = NULL};
        int resolver_fd = -EBADF;
        if (!is_ipc(PROXY_IPC_FD)) {
                (void)fputs("mcpvisor: @proxy is started by mcpvisor, not by hand\n", stderr);
                return PROXY_NOT_BY_HAND;
        }
        TAILQ_INIT(&p.listeners);
        int r = prepare();
        if (r == 0)
                r = resolver_start(&resolver_fd);
        if (r == 0)
                r = proxy_init(&p, &clock_monotonic, PROXY_IPC_FD, resolver_fd);
        if (r == 0)
                r = loop_run(p.loop);
        if (r < 0)
                log_error("network: %s", strerror(-r));
        proxy_done(&p);
        return r < 0 ? EXIT_FAILURE : r;
}
