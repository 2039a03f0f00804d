/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/root.h"

enum { GATEWAY_NOT_BY_HAND = 70 };

static bool is_ipc(int fd)
{
        int type;
        socklen_t size = sizeof(type);
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* A server or a client that has gone is an error of one write, not the end of the process. */
static int ignore_sigpipe(void)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        return sigaction(SIGPIPE, &ignore, NULL) < 0 ? -errno : 0;
}

static void gateway_done(Gateway *g)
{
        while (!TAILQ_EMPTY(&g->backends))
                backend_free(TAILQ_FIRST(&g->backends));
        front_done(&g->front);
        ipc_channel_done(&g->supervisor);
        snapshot_done(&g->next);
        snapshot_done(&g->current);
        fd_close_p(&g->control_fd);
        scoreboard_free(g->scoreboard);
        loop_free(g->loop);
}

static int gateway_init(Gateway *g)
{
        *g = (Gateway){.control_fd = -EBADF};
        TAILQ_INIT(&g->backends);
        int r = ignore_sigpipe();
        if (r == 0)
                r = fd_set_cloexec(GATEWAY_IPC_FD, true);
        if (r == 0)
                r = loop_new(&clock_monotonic, &g->loop);
        if (r == 0) /* every default, until there is a commit */
                r = config_new(&g->current.config);
        if (r == 0)
                r = front_init(&g->front, g->loop, &g->no_metrics, g->current.config->limits.header_timeout);
        const IpcChannelArgs args = {.loop = g->loop,
                                     .ops = &gateway_told_ops,
                                     .fd = GATEWAY_IPC_FD,
                                     .receives = IPC_TO_GATEWAY,
                                     .queue_max = LIMIT_GATEWAY_IPC};
        if (r == 0)
                r = ipc_channel_init(&g->supervisor, &args);
        return r;
}

int gateway_main(int argc UNUSED, char **argv UNUSED)
{
        Gateway g;
        if (!is_ipc(GATEWAY_IPC_FD)) {
                (void)fputs("mcpvisor: @gateway is started by mcpvisor, not by hand\n", stderr);
                return GATEWAY_NOT_BY_HAND;
        }
        int r = gateway_init(&g);
        if (r == 0)
                r = loop_run(g.loop);
        if (r < 0)
                log_error("gateway: %s", strerror(-r));
        gateway_done(&g);
        return r < 0 ? EXIT_FAILURE : r;
}
