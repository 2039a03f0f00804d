/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor says, and what is done about it: one function for each message. */
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/log.h"
#include "build-id.h"
#include "gateway/root.h"

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
        g->front.metrics = &scoreboard_process(g->scoreboard, SCORE_GATEWAY)->metrics;
        /* All is open that needs no descriptor by message: nobody may look into this process any more. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return answer(g, IPC_UP, &up);
}

/* ---- configuration ----------------------------------------------------------- */

static int told_server_row(Gateway *g, IpcMessage *m)
{
        return snapshot_add_row(&g->next, (const IpcServerRow *)m->header, m->text);
}

static int told_prepare(Gateway *g, IpcMessage *m)
{
        IpcConfig config = *(const IpcConfig *)m->header;
        CLEANUP(buf_done) Buf why = BUF_INIT(IPC_TEXT_MAX);
        int r = snapshot_prepare(&g->next, config.generation, m->fds, &why);
        if (r < 0)
                return r;
        if (r == 0)
                return answer(g, IPC_PREPARED, &config);
        snapshot_done(&g->next);
        return answer_text(g, IPC_REFUSED, &config, buf_span(&why));
}

static int told_commit(Gateway *g, IpcMessage *m)
{
        uint64_t generation = ((const IpcConfig *)m->header)->generation;
        if (!g->next.config || g->next.generation != generation)
                return -EPROTO;
        snapshot_done(&g->current);
        g->current = g->next;
        g->next = (Snapshot){0};
        g->front.wait = g->current.config->limits.header_timeout;
        log_debug("configuration %llu, %zu servers", (unsigned long long)generation, g->current.n);
        return 0;
}

static int told_abort(Gateway *g, IpcMessage *m)
{
        if (g->next.generation == ((const IpcConfig *)m->header)->generation)
                snapshot_done(&g->next);
        return 0;
}

/* ---- listeners ---------------------------------------------------------------- */

static int told_listener_up(Gateway *g, IpcMessage *m)
{
        const IpcListener *l = (const IpcListener *)m->header;
        bool tls = m->n_fds > 1;
        front_unlisten(&g->front, l->index); /* the same one again, with another certificate */
        int r = front_listen(&g->front, l->index, m->fds[0], tls);
        if (r < 0)
                return r;
        (void)TAKE_FD(m->fds[0]); /* the front's */
        log_debug("listening on %.*s", (int)m->text.len, m->text.len ? m->text.ptr : "");
        if (tls)
                log_warning("this build speaks no TLS: connections to %.*s are closed", (int)m->text.len,
                            m->text.len ? m->text.ptr : "");
        return 0;
}

static int told_listener_down(Gateway *g, IpcMessage *m)
{
        front_unlisten(&g->front, ((const IpcListener *)m->header)->index);
        return 0;
}

/* ---- instances ---------------------------------------------------------------- */

static Backend *find_backend(Gateway *g, uint32_t row, uint32_t instance, uint64_t generation)
{
        Backend *b;
        TAILQ_FOREACH(b, &g->backends, link)
        if (b->id.row == row && b->id.instance == instance && b->id.generation == generation)
                break;
        return b;
}

static int backend_is_ready(Backend *b, const char *protocol)
{
        Gateway *g = CONTAINER_OF(b->list, Gateway, backends);
        IpcInstanceReady m = {.row = b->id.row,
                              .instance = b->id.instance,
                              .generation = b->id.generation,
                              .era = IPC_ERA_LEGACY};
        (void)snprintf(m.protocol, sizeof(m.protocol), "%s", protocol);
        log_debug_with(LOG_FIELDS(LOG_SERVER(snapshot_name(&g->current, b->id.row))), "speaks %s", protocol);
        return answer(g, IPC_INSTANCE_READY, &m);
}

static int tell_failed(Gateway *g, const IpcInstance *id, IpcFailure failure, const char *text)
{
        IpcInstanceFailed m = {
                .row = id->row, .instance = id->instance, .generation = id->generation, .failure = failure};
        log_debug_with(LOG_FIELDS(LOG_SERVER(snapshot_name(&g->current, id->row))), "%s", text);
        return answer_text(g, IPC_INSTANCE_FAILED, &m, span_of(text));
}

static int backend_has_failed(Backend *b, IpcFailure failure, const char *text)
{
        return tell_failed(CONTAINER_OF(b->list, Gateway, backends), &b->id, failure, text);
}

static const BackendOps backend_ops = {.ready = backend_is_ready, .failed = backend_has_failed};

static int begin_backend(Gateway *g, IpcMessage *m, Backend **ret)
{
        const IpcInstanceUp *up = (const IpcInstanceUp *)m->header;
        ScoreServer *row = scoreboard_server(g->scoreboard, up->row);
        const Config *c = g->current.config;
        const BackendArgs args = {.loop = g->loop,
                                  .ops = &backend_ops,
                                  .list = &g->backends,
                                  .up = up,
                                  .score = row ? &row->gateway : &g->nowhere,
                                  .max_line = c->limits.max_line,
                                  .max_stray = c->limits.max_stray,
                                  .stdin_fd = m->fds[0],
                                  .stdout_fd = m->fds[1],
                                  .notebook_fd = m->fds[2]};
        int r = backend_new(&args, ret);
        if (r < 0)
                return r;
        (void)TAKE_FD(m->fds[0]); /* both the backend's */
        (void)TAKE_FD(m->fds[1]);
        return 0;
}

static int told_instance_up(Gateway *g, IpcMessage *m)
{
        const IpcInstanceUp *up = (const IpcInstanceUp *)m->header;
        const IpcInstance id = {.row = up->row, .instance = up->instance, .generation = up->generation};
        Backend *b;
        int r = begin_backend(g, m, &b);
        if (r < 0) /* this instance's loss alone */
                return tell_failed(g, &id, IPC_FAILURE_HANDSHAKE, strerror(-r));
        return backend_start(b, up->flags);
}

/* There are no calls, so nothing is in flight. */
static int told_instance_drain(Gateway *g, IpcMessage *m)
{
        IpcInstance id = *(const IpcInstance *)m->header;
        Backend *b = find_backend(g, id.row, id.instance, id.generation);
        if (b)
                backend_drained(b);
        return answer(g, IPC_DRAINED, &id);
}

static int told_instance_down(Gateway *g, IpcMessage *m)
{
        const IpcInstanceDown *down = (const IpcInstanceDown *)m->header;
        Backend *b = find_backend(g, down->row, down->instance, down->generation);
        backend_free(b);
        return 0;
}

/* ---- the process ---------------------------------------------------------------- */

static int told_drain(Gateway *g, IpcMessage *m UNUSED)
{
        return answer(g, IPC_ALL_DRAINED, &(IpcPlain){0});
}

static int told_ping(Gateway *g, IpcMessage *m)
{
        IpcPing pong = *(const IpcPing *)m->header;
        scoreboard_self(scoreboard_process(g->scoreboard, SCORE_GATEWAY),
                        loop_stats(g->loop)->lag_max / NSEC_PER_USEC);
        loop_stats_reset(g->loop);
        return answer(g, IPC_PONG, &pong);
}

static int told_stop(Gateway *g, IpcMessage *m UNUSED)
{
        loop_stop(g->loop, EXIT_SUCCESS);
        return 0;
}

/* What only calls would need. */
static int told_for_calls(Gateway *g UNUSED, IpcMessage *m UNUSED)
{
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
        [IPC_CATALOGUE] = told_for_calls,
        [IPC_INSTANCE_UP] = told_instance_up,
        [IPC_INSTANCE_DRAIN] = told_instance_drain,
        [IPC_INSTANCE_DOWN] = told_instance_down,
        [IPC_SERVER_STATE] = told_for_calls,
        [IPC_WANT_REFUSED] = told_for_calls,
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
