/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/ask.h"
#include "gateway/fetch.h"
#include "gateway/figures.h"
#include "gateway/warmup.h"
#include "gateway/upstream-private.h"
#include "ipc/catalogue.h"

/* ---- its life --------------------------------------------------------------------- */

int upstream_new(Gateway *g, const SnapshotRow *row, Upstream **ret)
{
        CLEANUP(upstream_free_p) Upstream *u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        ScoreServer *score = scoreboard_server(g->scoreboard, row->row);
        *u = (Upstream){.gateway = g,
                        .row = row->row,
                        .row_generation = row->generation,
                        .score = score ? &score->gateway : &g->nowhere,
                        .told = {.state = SERVER_STATE_STARTING, .retry_after_ms = UINT64_MAX},
                        .last = {.exit_class = -1, .code = -1, .lines = BUF_INIT(IPC_TEXT_MAX)},
                        .level = _MCP_LEVEL_INVALID,
                        .cache_fd = -EBADF};
        (void)snprintf(u->name, sizeof(u->name), "%s", row->name);
        TAILQ_INIT(&u->backends);
        TAILQ_INIT(&u->leases);
        TAILQ_INIT(&u->waiting);
        TAILQ_INIT(&u->stored);
        TAILQ_INIT(&u->clock);
        int r = timer_init(&u->due, loop_timers(g->loop), &upstream_due_ops);
        if (r == 0)
                r = timer_init(&u->idle, loop_timers(g->loop), &upstream_idle_ops);
        if (r == 0)
                r = timer_init(&u->refetch, loop_timers(g->loop), &upstream_refetch_ops);
        if (r == 0)
                r = timer_init(&u->room, loop_timers(g->loop), &upstream_room_ops);
        if (r == 0)
                r = timer_init(&u->calm, loop_timers(g->loop), &upstream_calm_ops);
        if (r == 0)
                r = subscription_table_new(random_next(&g->random.random), &u->subscriptions);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

static int drop_backend(Upstream *u, Backend *b, Fault fault)
{
        int r = backend_end(b, fault);
        ask_backend_ended(b);
        upstream_unqueue(u, b);
        lease_lost(u, b);
        TAILQ_REMOVE(&u->backends, b, link);
        backend_free(b);
        return r;
}

Upstream *upstream_free(Upstream *u)
{
        Lease *l;
        Call *c;
        if (!u)
                return NULL;
        while (!TAILQ_EMPTY(&u->backends))
                if (drop_backend(u, TAILQ_FIRST(&u->backends), FAULT_SERVER_STOPPED) < 0)
                        log_error("a call could not be told that its server has gone");
        while ((c = TAILQ_FIRST(&u->waiting)))
                if (upstream_fail_call(c, FAULT_SERVER_STOPPED) < 0)
                        log_error("a call could not be told that its server has gone");
        while ((l = TAILQ_FIRST(&u->leases))) {
                TAILQ_REMOVE(&u->leases, l, in_upstream);
                if (l->session)
                        LIST_REMOVE(l, in_session);
                free(l);
        }
        timer_done(&u->due);
        timer_done(&u->idle);
        timer_done(&u->refetch);
        timer_done(&u->room);
        timer_done(&u->calm);
        subscription_table_free(u->subscriptions);
        mcp_catalogue_unref(u->catalogue);
        fd_close_p(&u->cache_fd);
        buf_done(&u->last.lines);
        config_unref(u->snapshot);
        free(u);
        return NULL;
}

void upstream_configure(Upstream *u, Config *snapshot, const ServerConfig *config)
{
        Config *old = u->snapshot;
        u->snapshot = config_ref(snapshot);
        u->scouted = false; /* it may be another program now */
        u->config = config;
        config_unref(old);
        if (config->idle_stop != NSEC_NEVER && !timer_is_armed(&u->idle))
                timer_arm(&u->idle, nsec_add(upstream_now(u), config->idle_stop));
}

/* ---- calls of clients ---------------------------------------------------------------- */

static Backend *shared_instance(Upstream *u)
{
        Backend *b;
        TAILQ_FOREACH_REVERSE(b, &u->backends, BackendList, link)
        if (b->state == BACKEND_READY)
                return b;
        return NULL;
}

int upstream_call(Upstream *u, Call *c, const CallText *t)
{
        Backend *b;
        c->upstream = u;
        c->state = CALL_IDLE;
        c->started = c->started ? c->started : upstream_now(u); /* its time is one, whomever it goes to */
        c->due = 0;
        if (upstream_leases(u)) {
                if (lease_get(u, c->session, &c->lease) < 0)
                        return upstream_refuse(c);
                b = c->lease->backend;
        } else {
                b = shared_instance(u);
        }
        if (!b || b->state != BACKEND_READY)
                return upstream_wait(u, c, t);
        c->lease = NULL;
        return upstream_give(u, b, c, t);
}

int upstream_cancel(Call *c, const char *reason)
{
        if (c->state == CALL_SENT)
                return backend_forget(c->backend, c, true, reason);
        if (c->state != CALL_IDLE)
                call_unlink(c);
        return 0;
}

int upstream_fail_call(Call *c, Fault fault)
{
        int r = upstream_cancel(c, fault_table[fault].name), q = c->ops->failed(c, fault);
        return r < 0 ? r : q;
}

void upstream_fault(const Upstream *u, Fault fault, FaultArgs *ret)
{
        bool ended = fault == FAULT_SERVER_DIED || fault == FAULT_START_FAILED ||
                     fault == FAULT_SERVER_BACKOFF || fault == FAULT_SERVER_DEGRADED ||
                     fault == FAULT_PROTOCOL_ERROR;
        *ret = (FaultArgs){.fault = fault,
                           .server = u->name,
                           .retry_after_ms = u->told.retry_after_ms,
                           .exit_class = ended ? u->last.exit_class : -1,
                           .code = ended ? u->last.code : -1,
                           .signal = ended ? u->last.signal : 0,
                           .stderr_lines = ended ? buf_span(&u->last.lines) : SPAN_NONE};
        if (fault == FAULT_QUEUE_FULL || fault == FAULT_QUEUE_TIMEOUT || fault == FAULT_SERVER_BUSY)
                ret->retry_after_ms = 1000;
}

void upstream_session_ended(Session *s)
{
        Lane *lane;
        Lease *lease;
        while ((lane = LIST_FIRST(&s->lanes))) {
                LIST_REMOVE(lane, in_session);
                lane->session = NULL;
                if (lane->in_flight == 0 && TAILQ_EMPTY(&lane->queue))
                        lane_free(lane);
        }
        while ((lease = LIST_FIRST(&s->leases)))
                if (lease_end(lease) < 0)
                        log_error("an instance could not be released");
}

#define EVERYTHING "{\"roots\":{\"listChanged\":true},\"sampling\":{},\"elicitation\":{}}"

/* ---- what the supervisor says ---------------------------------------------------------- */

static bool is_hopeless(const Upstream *u)
{
        ServerState s = (ServerState)u->told.state;
        return s == SERVER_STATE_BACKOFF || s == SERVER_STATE_DEGRADED || s == SERVER_STATE_PROBING ||
               s == SERVER_STATE_STOPPED || s == SERVER_STATE_STUCK;
}

bool upstream_may_tell(const Upstream *u)
{
        return !u->catalogue && !is_hopeless(u);
}

int upstream_told_state(Upstream *u, const IpcServerState *m)
{
        if (u->told.state != m->state)
                u->wanted = false;
        u->told = *m;
        if (m->exit_class != UINT32_MAX) {
                u->last.exit_class = (int)m->exit_class;
                u->last.code = m->code;
                u->last.signal = m->signal;
        }
        int r = upstream_leases(u) ? lease_again(u) : upstream_judge_waiting(u);
        if (r == 0 && is_hopeless(u))
                r = gateway_catalogue_changed(u->gateway, u);
        return r < 0 ? r : upstream_want_catalogue(u);
}

int upstream_told_refused(Upstream *u, const IpcWantRefused *m)
{
        static const Fault faults[_IPC_WANT_MAX] = {
                [IPC_WANT_STOPPED] = FAULT_SERVER_STOPPED, [IPC_WANT_DEGRADED] = FAULT_SERVER_DEGRADED,
                [IPC_WANT_BUSY] = FAULT_SERVER_BUSY,       [IPC_WANT_BACKOFF] = FAULT_SERVER_BACKOFF,
                [IPC_WANT_UNKNOWN] = FAULT_SERVER_STOPPED,
        };
        Lease *l = m->session != IPC_NO_SESSION ? lease_numbered(u, m->session) : NULL;
        u->told.retry_after_ms = m->retry_after_ms;
        if (m->session != IPC_NO_SESSION && !l)
                return 0;
        if (l && lease_refused(l, m))
                return 0;
        int r = upstream_fail_waiting(u, l, faults[m->answer]);
        return r < 0 || !upstream_leases(u) ? r : lease_next(u);
}

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
                r = drop_backend(u, b, was_ready ? FAULT_SERVER_DIED : never);
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

static int catalogue_fetched(Backend *b, McpCatalogue *c)
{
        return upstream_take_catalogue(b->upstream, b, c);
}

static const FetchOps fetch_ops = {.done = catalogue_fetched};

enum { ALL_LISTS = (1 << _MCP_LIST_MAX) - 1 };

/* Of a server that serves sessions each instance may offer something else, as its client can more or less:
 * one of our own tells what is listed to all. */
static int fetch_lists(Upstream *u, Backend *b)
{
        Lease *own = b->session ? lease_numbered(u, b->session) : NULL, *scout;
        if (u->config->share != SHARE_SESSION || !own || !own->session)
                return fetch_start(b, &fetch_ops, ALL_LISTS, u->catalogue);
        return u->catalogue && !u->cached ? 0 : lease_get(u, NULL, &scout);
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
                r = fetch_lists(u, b);
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

static int refetch_fired(Timer *timer, Nsec now UNUSED)
{
        Upstream *u = CONTAINER_OF(timer, Upstream, refetch);
        Backend *b = shared_instance(u);
        unsigned lists = u->stale;
        u->stale = 0;
        return b && lists ? backend_survive(b, fetch_start(b, &fetch_ops, lists, u->catalogue)) : 0;
}

const TimerOps upstream_refetch_ops = {.fired = refetch_fired};

void upstream_lists_changed(Upstream *u, unsigned lists)
{
        u->stale |= lists;
        if (!timer_is_armed(&u->refetch))
                timer_arm(&u->refetch, nsec_add(upstream_now(u), LIMIT_LIST_DEBOUNCE * NSEC_PER_MSEC));
}
