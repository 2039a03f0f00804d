/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor says, and what is done about it: one function for each message. */
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "build-id.h"
#include "gateway/figures.h"
#include "gateway/root.h"
#include "ipc/certificate.h"

typedef int Told(Gateway *g, IpcMessage *m);

static int answer(Gateway *g, IpcType type, void *m)
{
        return ipc_send(&g->supervisor, type, m, NULL, 0);
}

/* A text of ours, as much of it as the message takes. */
static int answer_text(Gateway *g, IpcType type, void *m, Span text)
{
        return ipc_send_text(&g->supervisor, type, m, span_first(text, ipc_type(type)->text_max), NULL, 0);
}

/* ---- hello ------------------------------------------------------------------ */

static int open_log(const IpcHello *m)
{
        const LogOptions options = {.level = (LogLevel)m->log_level,
                                    .style = (LogStyleChoice)m->log_style,
                                    .journal = m->log_journal,
                                    .fd = STDERR_FILENO};
        int r = log_open(log_default(), &options);
        if (r < 0)
                log_warning("the log stays on standard error: %s", strerror(-r));
        return r == -ENOMEM ? r : 0;
}

/* All is open that does not come by message: nobody may look into this process any more, and nothing else
 * can be opened from here on. */
static int fence(Gateway *g, const IpcHello *m, uint32_t *ret_missing)
{
        ScoreProcess *p = scoreboard_process(g->scoreboard, SCORE_GATEWAY);
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        int r = g->fence ? g->fence(m->log_journal, &p->refused_call, ret_missing) : 0;
        if (r < 0)
                log_error("the gateway cannot fence itself: %s", strerror(-r));
        return r;
}

static int told_hello(Gateway *g, IpcMessage *m)
{
        const IpcHello *hello = (const IpcHello *)m->header;
        IpcUp up = {.build_id = MCPVISOR_BUILD_ID};
        if (g->scoreboard)
                return -EPROTO;
        if (strcmp(hello->build_id, MCPVISOR_BUILD_ID) != 0) {
                log_error("the supervisor is build %s, this is %s", hello->build_id, MCPVISOR_BUILD_ID);
                return -EPROTO;
        }
        int r = open_log(hello);
        if (r == 0)
                r = scoreboard_map(m->fds[0], hello->max_servers, &g->scoreboard);
        if (r < 0)
                return r;
        (void)TAKE_FD(m->fds[0]); /* the scoreboard's */
        g->control_fd = TAKE_FD(m->fds[1]);
        g->http.metrics = gateway_metrics(g);
        g->max_servers = hello->max_servers;
        g->no_first_look = hello->no_first_look;
        g->pipes.quiet = hello->pipe_quiet ? hello->pipe_quiet * NSEC_PER_MSEC
                                           : LIMIT_PIPE_QUIET * NSEC_PER_SEC;
        g->upstreams = calloc(g->max_servers, sizeof(Upstream *));
        r = g->upstreams ? score_tools_new(g->scoreboard, &g->tools) : -ENOMEM;
        if (r == 0)
                r = fence(g, hello, &up.missing);
        return r < 0 ? r : answer(g, IPC_UP, &up);
}

/* ---- configuration ----------------------------------------------------------- */

/* One that there is no memory for is missed by PREPARE. */
static int told_server_row(Gateway *g, IpcMessage *m)
{
        int r = snapshot_add_row(&g->next, (const IpcServerRow *)m->header, m->text);
        return r == -ENOMEM ? 0 : r;
}

static int told_prepare(Gateway *g, IpcMessage *m)
{
        IpcConfig config = *(const IpcConfig *)m->header;
        CLEANUP(buf_done) Buf why = BUF_INIT(IPC_TEXT_MAX);
        int r = snapshot_prepare(&g->next, config.generation, m->fds, &why);
        if (r < 0 && r != -ENOMEM)
                return r;
        if (r == 0)
                return answer(g, IPC_PREPARED, &config);
        snapshot_done(&g->next);
        return answer_text(g, IPC_REFUSED, &config,
                           r < 0 ? SPAN("the gateway has no memory for it") : buf_span(&why));
}

static int told_commit(Gateway *g, IpcMessage *m)
{
        uint64_t generation = ((const IpcConfig *)m->header)->generation;
        if (!g->next.config || g->next.generation != generation)
                return -EPROTO;
        snapshot_done(&g->current);
        g->current = g->next;
        g->next = (Snapshot){0};
        log_debug("configuration %llu, %zu servers", (unsigned long long)generation, g->current.n);
        return gateway_configure(g);
}

static int told_abort(Gateway *g, IpcMessage *m)
{
        if (g->next.generation == ((const IpcConfig *)m->header)->generation)
                snapshot_done(&g->next);
        return 0;
}

/* ---- listeners ---------------------------------------------------------------- */

static int read_certificate(int fd, Buf *why, TlsContext **ret, int64_t *ret_expires)
{
        IpcCertificate c = {0};
        int r = ipc_certificate_read(fd, &c);
        if (r < 0)
                return r;
        r = tls_context_new(c.chain, c.key, c.client_ca, why, ret);
        *ret_expires = c.expires;
        ipc_certificate_done(&c);
        return r;
}

/* An address whose certificate is of no use stays closed to all: it is not opened without. */
static int open_tls(Gateway *g, IpcMessage *m, TlsContext **ret)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(IPC_TEXT_MAX);
        int64_t expires = 0;
        int r = read_certificate(m->fds[1], &why, ret, &expires);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                log_error("%.*s: no TLS: %s", (int)m->text.len, m->text.len ? m->text.ptr : "",
                          why.len ? buf_text(&why) : strerror(-r));
        else
                metric_set(gateway_metrics(g), METRIC_TLS_EXPIRY, (uint64_t)MAX(expires, 0));
        return r < 0;
}

static int told_listener_up(Gateway *g, IpcMessage *m)
{
        const IpcListener *l = (const IpcListener *)m->header;
        HttpListenerArgs args = {.index = l->index,
                                 .kind = l->kind == IPC_LISTENER_UNIX ? HTTP_LISTENER_UNIX
                                                                      : HTTP_LISTENER_TCP,
                                 .tags = (l->flags & IPC_LISTENER_METRICS ? CLIENT_METRICS_LISTENER : 0) |
                                         (l->flags & IPC_LISTENER_NO_AUTH ? CLIENT_FREE_LISTENER : 0),
                                 .fd = m->fds[0]};
        int r = m->n_fds > 1 ? open_tls(g, m, &args.tls) : 0;
        if (r != 0)
                return MIN(r, 0);
        r = http_server_listen(&g->http, &args);
        tls_context_unref(args.tls);
        if (r < 0)
                return r;
        (void)TAKE_FD(m->fds[0]); /* the server's */
        log_debug("listening on %.*s", (int)m->text.len, m->text.len ? m->text.ptr : "");
        return 0;
}

static int told_listener_down(Gateway *g, IpcMessage *m)
{
        http_server_unlisten(&g->http, ((const IpcListener *)m->header)->index);
        return 0;
}

/* ---- servers ------------------------------------------------------------------- */

static Upstream *find_upstream(const Gateway *g, uint32_t row, uint64_t generation)
{
        Upstream *u = gateway_upstream(g, row);
        return u && u->row_generation == generation ? u : NULL;
}

static int told_catalogue(Gateway *g, IpcMessage *m)
{
        const IpcCatalogue *c = (const IpcCatalogue *)m->header;
        Upstream *u = find_upstream(g, c->row, c->row_generation);
        return u ? upstream_take_cache(u, c->launch, m->n_fds ? TAKE_FD(m->fds[0]) : -EBADF) : 0;
}

static int told_server_state(Gateway *g, IpcMessage *m)
{
        const IpcServerState *s = (const IpcServerState *)m->header;
        Upstream *u = find_upstream(g, s->row, s->row_generation);
        return u ? upstream_told_state(u, s) : 0;
}

static int told_want_refused(Gateway *g, IpcMessage *m)
{
        const IpcWantRefused *w = (const IpcWantRefused *)m->header;
        Upstream *u = gateway_upstream(g, w->row);
        return u ? upstream_told_refused(u, w) : 0;
}

/* ---- instances ---------------------------------------------------------------- */

static int tell_failed(Gateway *g, const IpcInstanceUp *up, const char *text)
{
        IpcInstanceFailed m = {.row = up->row,
                               .instance = up->instance,
                               .generation = up->generation,
                               .failure = IPC_FAILURE_HANDSHAKE};
        log_debug_with(LOG_FIELDS(LOG_SERVER(snapshot_name(&g->current, up->row))), "%s", text);
        return answer_text(g, IPC_INSTANCE_FAILED, &m, span_of(text));
}

static int told_instance_up(Gateway *g, IpcMessage *m)
{
        const IpcInstanceUp *up = (const IpcInstanceUp *)m->header;
        const Config *c = gateway_config(g);
        Upstream *u = gateway_upstream(g, up->row);
        const BackendArgs args = {
                .loop = g->loop,
                .up = up,
                .limits = {.depth = (uint32_t)c->limits.max_depth, .id = (uint32_t)c->limits.max_line},
                .max_line = c->limits.max_line,
                .max_stray = c->limits.max_stray,
                .stdin_fd = m->fds[0],
                .stdout_fd = m->fds[1],
                .notebook_fd = m->fds[2]};
        bool taken = false;
        if (!u)
                return tell_failed(g, up, "the gateway knows no such server");
        int r = upstream_instance_up(u, &args, up->flags, &taken);
        if (taken) { /* both the instance's */
                (void)TAKE_FD(m->fds[0]);
                (void)TAKE_FD(m->fds[1]);
        }
        /* this instance's loss alone */
        return r < 0 && !taken ? tell_failed(g, up, strerror(-r)) : r;
}

static int told_instance_drain(Gateway *g, IpcMessage *m)
{
        IpcInstance id = *(const IpcInstance *)m->header;
        Upstream *u = gateway_upstream(g, id.row);
        Backend *b = u ? upstream_backend(u, id.instance, id.generation) : NULL;
        return b ? upstream_instance_drain(u, b) : answer(g, IPC_DRAINED, &id);
}

static int told_instance_down(Gateway *g, IpcMessage *m)
{
        const IpcInstanceDown *down = (const IpcInstanceDown *)m->header;
        Upstream *u = gateway_upstream(g, down->row);
        Backend *b = u ? upstream_backend(u, down->instance, down->generation) : NULL;
        return b ? upstream_instance_down(u, b, down, m->text) : 0;
}

/* ---- the process ---------------------------------------------------------------- */

/* No new request; those in work go on. */
static int told_drain(Gateway *g, IpcMessage *m UNUSED)
{
        g->draining = true;
        gateway_check_drained(g);
        return 0;
}

static int told_ping(Gateway *g, IpcMessage *m)
{
        IpcPing pong = *(const IpcPing *)m->header;
        scoreboard_self(g->scoreboard, SCORE_GATEWAY, loop_stats(g->loop)->lag_max / NSEC_PER_USEC);
        loop_stats_reset(g->loop);
        figures_take_http(g);
        return answer(g, IPC_PONG, &pong);
}

static int told_stop(Gateway *g, IpcMessage *m UNUSED)
{
        loop_stop(g->loop, EXIT_SUCCESS);
        return 0;
}

static Told *const told[_IPC_TYPE_MAX] = {
        [IPC_HELLO] = told_hello,
        [IPC_SERVER_ROW] = told_server_row,
        [IPC_PREPARE] = told_prepare,
        [IPC_COMMIT] = told_commit,
        [IPC_ABORT] = told_abort,
        [IPC_LISTENER_UP] = told_listener_up,
        [IPC_LISTENER_DOWN] = told_listener_down,
        [IPC_CATALOGUE] = told_catalogue,
        [IPC_INSTANCE_UP] = told_instance_up,
        [IPC_INSTANCE_DRAIN] = told_instance_drain,
        [IPC_INSTANCE_DOWN] = told_instance_down,
        [IPC_SERVER_STATE] = told_server_state,
        [IPC_WANT_REFUSED] = told_want_refused,
        [IPC_DRAIN] = told_drain,
        [IPC_PING] = told_ping,
        [IPC_STOP] = told_stop,
};

static int supervisor_told(IpcChannel *c, IpcMessage *m)
{
        Gateway *g = CONTAINER_OF(c, Gateway, supervisor);
        if (!g->scoreboard && m->header->type != IPC_HELLO && m->header->type != IPC_STOP)
                return -EPROTO;
        return told[m->header->type](g, m);
}

/* It has gone, and with it whatever there was to do. */
static int supervisor_broken(IpcChannel *c, IpcBreak why, const char *detail)
{
        Gateway *g = CONTAINER_OF(c, Gateway, supervisor);
        if (why != IPC_BREAK_CLOSED)
                log_error("supervisor: %s (%s)", ipc_break_text(why), detail);
        loop_stop(g->loop, why == IPC_BREAK_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE);
        return 0;
}

const IpcChannelOps gateway_told_ops = {.received = supervisor_told, .broken = supervisor_broken};
