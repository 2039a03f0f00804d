/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of a server: how they come and go, and what each says of itself. */
#include "base/log.h"
#include "gateway/ask.h"
#include "gateway/figures.h"
#include "gateway/upstream-private.h"
#include "gateway/warmup.h"

/* ---- what one is told of clients ------------------------------------------------------- */

#define EVERYTHING "{\"roots\":{\"listChanged\":true},\"sampling\":{},\"elicitation\":{}}"

/* What a server offers may hang on what its client can: lists are made with a client that can all. */
static const Span everything = {EVERYTHING, sizeof(EVERYTHING) - 1};

static Span capabilities_for(const Upstream *u, const BackendArgs *args)
{
        const Lease *l = args->up->session ? lease_numbered((Upstream *)(uintptr_t)u, args->up->session)
                                           : NULL;
        if (u->config->share == SHARE_SESSION)
                return l && l->session ? buf_span(&l->session->client_capabilities) : everything;
        return SPAN_NONE;
}

/* What a server that serves several is told of its clients: what its configuration grants. */
static int granted(const Upstream *u, Buf *b)
{
        const char *comma = "";
        int r = buf_append_char(b, '{');
        if (r == 0 && u->config->client.elicitation) {
                r = buf_append_str(b, "\"elicitation\":{}");
                comma = ",";
        }
        if (r == 0 && u->config->client.sampling) {
                r = buf_appendf(b, "%s\"sampling\":{}", comma);
                comma = ",";
        }
        if (r == 0 && u->config->client.roots.n)
                r = buf_appendf(b, "%s\"roots\":{}", comma);
        return r < 0 ? r : buf_append_char(b, '}');
}

/* ---- they come and go ------------------------------------------------------------------ */

/* What may wait for its stdin: what calls may take, and as much again of what was not a call. */
static size_t room_for(const Upstream *u)
{
        uint64_t queue = u->config->max_queue, body = gateway_config(u->gateway)->limits.max_body;
        return queue > SIZE_MAX / 4 || body > SIZE_MAX / 4 ? SIZE_MAX : 2 * queue + body;
}

int upstream_instance_up(Upstream *u, const BackendArgs *args, uint32_t flags, bool *ret_taken)
{
        CLEANUP(buf_done) Buf grants = BUF_INIT(BUF_CAP_NONE);
        BackendArgs a = *args;
        Backend *b;
        a.ops = &upstream_backend_ops;
        a.upstream = u;
        a.score = u->score;
        a.max_out = room_for(u);
        a.pipes = &u->gateway->pipes;
        a.random = random_next(&u->gateway->random.random);
        a.capabilities = capabilities_for(u, args);
        int r = 0;
        if (!a.capabilities.len) {
                r = granted(u, &grants);
                a.capabilities = buf_span(&grants);
        }
        if (r == 0)
                r = backend_new(&a, &b);
        if (r < 0)
                return r;
        *ret_taken = true;
        TAILQ_INSERT_TAIL(&u->backends, b, link);
        b->launch = u->launch;
        b->probe = flags & IPC_INSTANCE_PROBE;
        b->told_ready = flags & IPC_INSTANCE_READY_BEFORE;
        return backend_survive(b, backend_start(b, flags));
}

Backend *upstream_backend(Upstream *u, uint32_t instance, uint64_t generation)
{
        Backend *b;
        TAILQ_FOREACH(b, &u->backends, link)
        if (b->id.instance == instance && b->id.generation == generation)
                break;
        return b;
}

int upstream_drop(Upstream *u, Backend *b, Fault fault)
{
        int r = backend_end(b, fault);
        ask_backend_ended(b);
        upstream_unqueue(u, b);
        lease_lost(u, b);
        TAILQ_REMOVE(&u->backends, b, link);
        backend_free(b);
        return r;
}

int upstream_instance_down(Upstream *u, Backend *b, const IpcInstanceDown *m, Span lines)
{
        bool was_ready = b->state == BACKEND_READY || b->state == BACKEND_DRAINING || b->greeted;
        bool planned = m->exit_class == EXIT_CLASS_PLANNED;
        Fault never = m->exit_class == EXIT_CLASS_START_TIMEOUT ? FAULT_START_TIMEOUT : FAULT_START_FAILED;
        Lease *l = b->lease ? b->lease : upstream_leases(u) ? lease_numbered(u, b->session) : NULL;
        u->ended = upstream_now(u);
        u->last.exit_class = (int)m->exit_class;
        u->last.code = m->code;
        u->last.signal = m->signal;
        buf_clear(&u->last.lines);
        int r = buf_append_span(&u->last.lines, lines);
        if (r == 0)
                r = backend_read_last(b);
        if (r == 0)
                r = upstream_drop(u, b, was_ready ? FAULT_SERVER_DIED : never);
        if (r == 0 && !was_ready && !planned)
                r = upstream_fail_waiting(u, l, never);
        if (r < 0)
                return r;
        return upstream_leases(u) ? lease_again(u) : upstream_judge_waiting(u);
}

/* Once: the supervisor has stopped listening for it then. */
static int tell_drained(Upstream *u, Backend *b)
{
        IpcInstance m = {.row = u->row, .instance = b->id.instance, .generation = b->id.generation};
        if (b->closing)
                return 0;
        backend_close_stdin(b);
        return ipc_send(&u->gateway->supervisor, IPC_DRAINED, &m, NULL, 0);
}

/* What is queued there has not been sent: another instance may take it. */
int upstream_instance_drain(Upstream *u, Backend *b)
{
        b->draining = true;
        if (b->state == BACKEND_READY)
                b->state = BACKEND_DRAINING;
        upstream_unqueue(u, b);
        int r = b->in_flight == 0 ? tell_drained(u, b) : 0;
        return r < 0 ? r : upstream_judge_waiting(u);
}

/* ---- what instances say ------------------------------------------------------------------ */

static int tell_ready(Upstream *u, const Backend *b)
{
        IpcInstanceReady m = {.row = u->row,
                              .instance = b->id.instance,
                              .generation = b->id.generation,
                              .era = b->era == MCP_MODERN ? IPC_ERA_MODERN : IPC_ERA_LEGACY};
        (void)snprintf(m.protocol, sizeof(m.protocol), "%s", mcp_version_table[b->version].text);
        log_debug_with(LOG_FIELDS(LOG_SERVER(u->name)), "speaks %s", m.protocol);
        return b->told_ready ? 0 : ipc_send(&u->gateway->supervisor, IPC_INSTANCE_READY, &m, NULL, 0);
}

static int backend_is_ready(Backend *b)
{
        Upstream *u = b->upstream;
        b->greeted = true;
        if (b->draining) /* it has come too late to be of use */
                return 0;
        b->used = u->used = upstream_now(u);
        int r = tell_ready(u, b);
        if (r == 0)
                r = pinger_start_for(u, b);
        if (r == 0)
                r = upstream_fetch_lists(u, b);
        if (r == 0 && upstream_leases(u))
                r = lease_ready(u, b);
        if (r == 0)
                r = upstream_restore(u, b);
        if (r == 0 && !b->told_ready)
                r = warmup_start(b);
        if (u->config->idle_stop != NSEC_NEVER)
                timer_arm(&u->idle, nsec_add(u->used, u->config->idle_stop));
        return r < 0 ? r : upstream_serve_waiting(u);
}

static int backend_has_failed(Backend *b, IpcFailure failure, const char *text)
{
        Upstream *u = b->upstream;
        IpcInstanceFailed m = {.row = u->row,
                               .instance = b->id.instance,
                               .generation = b->id.generation,
                               .failure = failure};
        figures_limit_in(u->gateway, span_of(text));
        log_debug_with(LOG_FIELDS(LOG_SERVER(u->name)), "%s", text);
        Span why = span_first(span_of(text), ipc_type(IPC_INSTANCE_FAILED)->text_max);
        return ipc_send_text(&u->gateway->supervisor, IPC_INSTANCE_FAILED, &m, why, NULL, 0);
}

static int backend_has_room(Backend *b)
{
        Upstream *u = b->upstream;
        if (!b->draining)
                return upstream_has_room(b);
        return b->in_flight ? 0 : tell_drained(u, b);
}

static void backend_stray_line(Backend *b, Span line)
{
        log_info_with(LOG_FIELDS(LOG_SERVER(b->upstream->name)), "stdout, no message: %.*s",
                      (int)MIN(line.len, 200u), line.ptr);
}

const BackendOps upstream_backend_ops = {.ready = backend_is_ready,
                                         .failed = backend_has_failed,
                                         .notified = upstream_notified,
                                         .asked = ask_begin,
                                         .over = call_over,
                                         .has_room = backend_has_room,
                                         .stray = backend_stray_line};
