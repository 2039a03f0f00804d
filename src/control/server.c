/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/conn.h"

#ifndef SO_PEERPIDFD /* Linux 6.5 */
#define SO_PEERPIDFD 77
#endif

#define REFUSED_PEER \
        "{\"ok\":false,\"code\":\"forbidden\",\"error\":\"a server may not ask its supervisor\"}\n"
#define REFUSED_MANY \
        "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections to the control socket\"}\n"

/* ---- who asks --------------------------------------------------------------- */

static bool peer_admitted(ControlServer *s, int fd)
{
        struct ucred who;
        socklen_t len = sizeof(who);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
                return false;
        CLEANUP_FD int pidfd = -EBADF;
        int given;
        len = sizeof(given);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &given, &len) == 0)
                pidfd = given;
        return s->ops->admits(s, who.pid, pidfd >= 0 ? pidfd : -1);
}

/* A new connection has room for a line. */
static void turn_away(int fd, Span line)
{
        (void)!send(fd, line.ptr, line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void admit(ControlServer *s, int fd_given)
{
        CLEANUP_FD int fd = fd_given;
        ControlConn *c;
        if (!peer_admitted(s, fd))
                turn_away(fd, SPAN(REFUSED_PEER));
        else if (s->n_conns >= LIMIT_CONTROL_CONNECTIONS || control_conn_new(s, fd, false, &c) < 0)
                turn_away(fd, SPAN(REFUSED_MANY));
        else
                (void)TAKE_FD(fd);
}

/* ---- the listener ----------------------------------------------------------- */

/* The client that waits keeps the listener readable: without a descriptor for it we would spin. */
static void pause_accepting(ControlServer *s)
{
        int r = loop_source_set_events(&s->listener, 0); /* leaving epoll does not fail */
        assert(r == 0);
        (void)r;
        timer_arm(&s->pause, nsec_add(loop_now(s->loop), LIMIT_CONTROL_ACCEPT_TIME * NSEC_PER_SEC));
}

static int pause_ended(Timer *t, Nsec now UNUSED)
{
        ControlServer *s = CONTAINER_OF(t, ControlServer, pause);
        if (loop_source_set_events(&s->listener, EPOLLIN) < 0)
                pause_accepting(s);
        return 0;
}

static const TimerOps pause_ops = {.fired = pause_ended};

static int listener_ready(LoopSource *source, uint32_t events UNUSED)
{
        ControlServer *s = CONTAINER_OF(source, ControlServer, listener);
        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        admit(s, fd);
                } else if (errno == EAGAIN) {
                        return 0;
                } else if (errno != EINTR && errno != ECONNABORTED) {
                        pause_accepting(s);
                        return 0;
                }
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps listener_ops = {.priority = LOOP_PRIORITY_CONTROL, .ready = listener_ready};

int control_server_init(ControlServer *s, Loop *loop, const ControlServerOps *ops, int fd)
{
        assert(ops->admits && ops->request && ops->gone && ops->drained);
        *s = (ControlServer){.loop = loop, .ops = ops, .fd = -EBADF};
        LIST_INIT(&s->conns);
        int r = timer_init(&s->pause, loop_timers(loop), &pause_ops);
        if (r < 0 || fd < 0)
                return r;
        r = fd_set_nonblock(fd, true);
        if (r == 0)
                r = loop_source_add(&s->listener, loop, &listener_ops, fd, EPOLLIN);
        if (r < 0)
                timer_done(&s->pause);
        else
                s->fd = fd;
        return r;
}

void control_server_done(ControlServer *s)
{
        while (!LIST_EMPTY(&s->conns))
                control_conn_close(LIST_FIRST(&s->conns));
        loop_source_remove(&s->listener);
        timer_done(&s->pause);
        fd_close_p(&s->fd);
}

int control_server_add(ControlServer *s, int fd, bool gateway, ControlConn **ret)
{
        int r = fd_set_nonblock(fd, true);
        return r < 0 ? r : control_conn_new(s, fd, gateway, ret);
}
