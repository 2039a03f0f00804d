/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/random.h>
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

MetricSet *gateway_metrics(Gateway *g)
{
        return g->scoreboard ? &scoreboard_process(g->scoreboard, SCORE_GATEWAY)->metrics : &g->no_metrics;
}

/* ---- drain --------------------------------------------------------------------- */

/* Not from inside what ends: the supervisor may answer with the end of everything. */
static int tell_all_drained(Work *work)
{
        Gateway *g = CONTAINER_OF(work, Gateway, all_drained);
        if (g->exchanges || g->draining_told)
                return 0;
        g->draining_told = true;
        return ipc_send(&g->supervisor, IPC_ALL_DRAINED, &(IpcPlain){0}, NULL, 0);
}

static const WorkOps drained_ops = {.run = tell_all_drained};

void gateway_check_drained(Gateway *g)
{
        if (g->draining && !g->draining_told && g->exchanges == 0)
                work_queue(&g->all_drained);
}

/* ---- its life --------------------------------------------------------------------- */

static void gateway_done(Gateway *g)
{
        http_server_done(&g->http);
        session_table_done(&g->sessions);
        for (uint32_t i = 0; i < g->max_servers; i++)
                upstream_free(g->upstreams[i]);
        free(g->upstreams);
        endpoint_set_done(&g->endpoints);
        exchange_pool_done(g);
        timer_done(&g->list_due);
        timer_done(&g->changed);
        work_done(&g->all_drained);
        ipc_channel_done(&g->supervisor);
        admission_done(&g->admission);
        snapshot_done(&g->next);
        snapshot_done(&g->current);
        fd_close_p(&g->control_fd);
        score_tools_free(g->tools);
        scoreboard_free(g->scoreboard);
        loop_free(g->loop); /* clients that wait for it to be freed are freed by it */
        client_pool_done(g);
}

/* A cursor of an earlier gateway is none of ours: its lists are not ours either. */
static int take_secrets(Gateway *g)
{
        random_init(&g->random);
        if (getrandom(g->cursor_key, sizeof(g->cursor_key), 0) != sizeof(g->cursor_key))
                return -EIO;
        g->correlation_base = random_next(&g->random.random) & ~(uint64_t)UINT32_MAX;
        return 0;
}

static int init_parts(Gateway *g)
{
        const HttpLimits limits = {0};
        int r = take_secrets(g);
        if (r == 0)
                r = timer_init(&g->list_due, loop_timers(g->loop), &gateway_list_due_ops);
        if (r == 0)
                r = timer_init(&g->changed, loop_timers(g->loop), &gateway_changed_ops);
        if (r == 0)
                r = session_table_init(&g->sessions, loop_timers(g->loop), &gateway_session_ops);
        if (r == 0)
                r = endpoint_set_init(&g->endpoints, random_next(&g->random.random));
        if (r == 0)
                r = http_server_init(&g->http, g->loop, &client_http_ops, &limits);
        g->http.metrics = &g->no_metrics;
        work_init(&g->all_drained, loop_work(g->loop), &drained_ops);
        return r;
}

static int gateway_init(Gateway *g, GatewayFence *fence)
{
        *g = (Gateway){.control_fd = -EBADF, .fence = fence};
        TAILQ_INIT(&g->listing);
        int r = ignore_sigpipe();
        if (r == 0)
                r = fd_set_cloexec(GATEWAY_IPC_FD, true);
        if (r == 0)
                r = loop_new(&clock_monotonic, &g->loop);
        if (r == 0)
                g->started = loop_now(g->loop);
        if (r == 0) /* every default, until there is a commit */
                r = config_new(&g->current.config);
        if (r == 0)
                r = init_parts(g);
        const IpcChannelArgs args = {.loop = g->loop,
                                     .ops = &gateway_told_ops,
                                     .fd = GATEWAY_IPC_FD,
                                     .receives = IPC_TO_GATEWAY,
                                     .queue_max = LIMIT_GATEWAY_IPC};
        if (r == 0)
                r = ipc_channel_init(&g->supervisor, &args);
        return r;
}

int gateway_main(int argc UNUSED, char **argv UNUSED, GatewayFence *fence)
{
        Gateway g;
        if (!is_ipc(GATEWAY_IPC_FD)) {
                (void)fputs("mcpvisor: @gateway is started by mcpvisor, not by hand\n", stderr);
                return GATEWAY_NOT_BY_HAND;
        }
        int r = gateway_init(&g, fence);
        if (r == 0)
                r = loop_run(g.loop);
        if (r < 0)
                log_error("gateway: %s", strerror(-r));
        gateway_done(&g);
        return r < 0 ? EXIT_FAILURE : r;
}
