/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "build-id.h"
#include "ipc/catalogue.h"
#include "supervisor/core.h"
#include "supervisor/gateway-link.h"

static const char *const state_names[_GATEWAY_STATE_MAX] = {
        [GATEWAY_DOWN] = "down",   [GATEWAY_STARTING] = "starting", [GATEWAY_LOADING] = "starting",
        [GATEWAY_READY] = "ready", [GATEWAY_STOPPING] = "stopping", [GATEWAY_ENDED] = "stopped",
};

const char *gateway_state_name(GatewayState s)
{
        return state_names[s];
}

static Nsec now_of(const GatewayLink *g)
{
        return loop_now(g->sup->loop);
}

static Nsec ping_pause(const GatewayLink *g)
{
        return supervisor_time(g->sup->options->times.ping, LIMIT_GATEWAY_PING * NSEC_PER_SEC);
}

/* What fails here has ended already, and is about to be reaped. */
static void send_kill(const GatewayLink *g)
{
        int r = child_signal(g->pidfd, SIGKILL);
        if (r < 0 && r != -ESRCH)
                log_error("gateway: cannot be killed: %s", strerror(-r));
}

static void set_state(GatewayLink *g, GatewayState next)
{
        GatewayState before = g->state;
        g->state = next;
        if (strcmp(state_names[before], state_names[next]) == 0)
                return;
        event_log_add(&g->sup->events, &(const Event){.type = "gateway",
                                                      .from = gateway_state_name(before),
                                                      .to = gateway_state_name(next)});
        askers_event_added(g->sup);
}

bool gateway_is_ready(const GatewayLink *g)
{
        return g->state == GATEWAY_READY;
}

static bool takes_messages(const GatewayLink *g)
{
        return g->state == GATEWAY_LOADING || g->state == GATEWAY_READY || g->state == GATEWAY_STOPPING;
}

/* What cannot be said is an end of the conversation: the gateway would believe something else. */
static void say(GatewayLink *g, IpcType type, void *m, Span text, const int *fds, size_t n_fds)
{
        int r = ipc_send_text(&g->ipc, type, m, text, fds, n_fds);
        if (r < 0) {
                log_error("gateway: cannot be told anything: %s", strerror(-r));
                gateway_kill(g, "it cannot be told what it must know");
        }
}

/* ---- what it is told of ----------------------------------------------------- */

void gateway_tell_up(GatewayLink *g, Instance *i, bool again)
{
        const Tree *t = i->tree;
        IpcInstanceUp m = {.row = i->server->row,
                           .instance = i->number,
                           .generation = i->generation,
                           .session = i->session,
                           .flags = (i->probe ? IPC_INSTANCE_PROBE : 0) | (again ? IPC_INSTANCE_AGAIN : 0) |
                                    (i->state == SERVER_STATE_READY ? IPC_INSTANCE_READY_BEFORE : 0)};
        const int fds[] = {t->stdin_fd, t->stdout_fd, t->notebook_fd};
        say(g, IPC_INSTANCE_UP, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
}

bool gateway_tell_drain(GatewayLink *g, Instance *i)
{
        IpcInstance m = {.row = i->server->row, .instance = i->number, .generation = i->generation};
        if (!gateway_is_ready(g) || !i->announced)
                return false;
        say(g, IPC_INSTANCE_DRAIN, &m, SPAN_NONE, NULL, 0);
        return gateway_is_ready(g);
}

void gateway_tell_down(GatewayLink *g, Instance *i)
{
        char text[EXIT_STDERR_MAX];
        if (!takes_messages(g) || !i->announced)
                return;
        size_t n = i->planned ? 0 : server_log_tail(&i->server->log, LIMIT_EXIT_LINES, text, sizeof(text));
        ExitVerdict v;
        exit_classify(&i->cause, &v);
        IpcInstanceDown m = {.row = i->server->row,
                             .instance = i->number,
                             .generation = i->generation,
                             .exit_class = i->planned ? EXIT_CLASS_PLANNED : v.exit_class,
                             .code = v.code,
                             .signal = v.signal};
        say(g, IPC_INSTANCE_DOWN, &m, span_from(text, n), NULL, 0);
}

static uint64_t retry_after(const GatewayLink *g, const Server *s)
{
        Nsec next = server_next_start(s);
        return next == NSEC_NEVER ? UINT64_MAX : nsec_sub(next, now_of(g)) / NSEC_PER_MSEC;
}

void gateway_tell_state(GatewayLink *g, Server *s)
{
        const ExitRecord *last = server_last_exit(s);
        if (!takes_messages(g) || s->config == NULL)
                return;
        IpcServerState m = {.row = s->row,
                            .state = server_state(s),
                            .row_generation = s->row_generation,
                            .breaker = s->breaker,
                            .goal = s->main ? s->main->goal : GOAL_GONE,
                            .retry_after_ms = retry_after(g, s),
                            .exit_class = last ? last->verdict.exit_class : UINT32_MAX,
                            .code = last ? last->verdict.code : -1,
                            .signal = last ? last->verdict.signal : 0};
        if (memcmp(&m, &s->told, sizeof(m)) == 0)
                return;
        s->told = m;
        say(g, IPC_SERVER_STATE, &m, SPAN_NONE, NULL, 0);
}

void gateway_tell_refused(GatewayLink *g, Server *s, uint64_t session, IpcWantAnswer answer)
{
        IpcWantRefused m = {
                .row = s->row, .answer = answer, .session = session, .retry_after_ms = retry_after(g, s)};
        if (gateway_is_ready(g))
                say(g, IPC_WANT_REFUSED, &m, SPAN_NONE, NULL, 0);
}

void gateway_tell_listener(GatewayLink *g, size_t index, const Listener *l)
{
        IpcListener m = {.index = (uint32_t)index, .kind = l->kind};
        if (takes_messages(g))
                say(g, IPC_LISTENER_UP, &m, span_of(l->address), &l->fd, 1);
}

void gateway_tell_listener_down(GatewayLink *g, size_t index)
{
        IpcListener m = {.index = (uint32_t)index};
        if (takes_messages(g))
                say(g, IPC_LISTENER_DOWN, &m, SPAN_NONE, NULL, 0);
}

static void tell_catalogue(GatewayLink *g, Server *s)
{
        IpcServer m = {.row = s->row, .row_generation = s->row_generation};
        CLEANUP_FD int fd = -EBADF;
        if (g->sup->dirs.state_fd < 0)
                return;
        int r = catalogue_open(g->sup->dirs.state_fd, s->name, &fd);
        if (r == 0)
                say(g, IPC_CATALOGUE, &m, SPAN_NONE, &fd, 1);
        else
                log_limited(LOG_LEVEL_WARNING, "catalogue", NULL, "%s: no catalogue file: %s", s->name,
                            strerror(-r));
}

/* ---- the configuration ------------------------------------------------------ */

int gateway_prepare(GatewayLink *g, uint64_t generation, int blob)
{
        const Reload *r = &g->sup->reload;
        if (!takes_messages(g))
                return -EAGAIN;
        for (size_t n = 0; n < r->n_rows && takes_messages(g); n++) {
                IpcServerRow m = {.generation = generation,
                                  .row_generation = r->rows[n].generation,
                                  .row = r->rows[n].row,
                                  .index = (uint32_t)n};
                say(g, IPC_SERVER_ROW, &m, span_of(config_server(r->next, n)->head.name), NULL, 0);
        }
        IpcConfig m = {.generation = generation};
        g->preparing = generation;
        say(g, IPC_PREPARE, &m, SPAN_NONE, &blob, 1);
        return 0;
}

/* The rows of the configuration in force, for a new gateway. */
static void prepare_current(GatewayLink *g)
{
        struct Supervisor *sup = g->sup;
        for (size_t n = 0; n < sup->config->servers.n; n++) {
                const ServerConfig *c = config_server(sup->config, n);
                Server *s = server_find(sup, c->head.name);
                IpcServerRow m = {.generation = sup->generation, .index = (uint32_t)n};
                if (!s)
                        continue;
                m.row = s->row;
                m.row_generation = s->row_generation;
                say(g, IPC_SERVER_ROW, &m, span_of(s->name), NULL, 0);
        }
        IpcConfig m = {.generation = sup->generation};
        g->preparing = sup->generation;
        say(g, IPC_PREPARE, &m, SPAN_NONE, &sup->gateway_blob, 1);
}

void gateway_commit(GatewayLink *g, uint64_t generation)
{
        IpcConfig m = {.generation = generation};
        if (takes_messages(g))
                say(g, IPC_COMMIT, &m, SPAN_NONE, NULL, 0);
        g->preparing = 0;
}

void gateway_abort(GatewayLink *g, uint64_t generation)
{
        IpcConfig m = {.generation = generation};
        if (takes_messages(g) && g->preparing) {
                g->aborted = generation; /* its answer may be on the way */
                say(g, IPC_ABORT, &m, SPAN_NONE, NULL, 0);
        }
        g->preparing = 0;
}

/* It has everything of the configuration: now all that lives. */
static void became_ready(GatewayLink *g)
{
        struct Supervisor *sup = g->sup;
        Server *s;
        gateway_commit(g, sup->generation);
        for (size_t n = 0; n < sup->listeners.n; n++)
                gateway_tell_listener(g, n, &sup->listeners.items[n]);
        g->ready_at = now_of(g);
        timer_cancel(&g->deadline);
        set_state(g, GATEWAY_READY);
        log_info("gateway: ready, pid %d", (int)g->pid);
        TAILQ_FOREACH(s, &sup->servers, link)
        {
                Instance *i;
                tell_catalogue(g, s);
                s->told = (IpcServerState){0};
                gateway_tell_state(g, s);
                LIST_FOREACH(i, &s->instances, link)
                instance_announce(i, i->passed_on);
        }
        supervisor_check(sup);
        reload_gateway_up(&sup->reload);
}

/* ---- what it says ----------------------------------------------------------- */

static Instance *instance_named(GatewayLink *g, uint32_t row, uint32_t number, uint64_t generation)
{
        Server *s = server_of_row(g->sup, row);
        Instance *i = s ? server_instance(s, number, generation) : NULL;
        if (!i || !i->announced) {
                g->dropped++;
                return NULL;
        }
        return i;
}

static bool is_ending(const Instance *i)
{
        return i->state == SERVER_STATE_DRAINING || i->state == SERVER_STATE_STOPPING ||
               i->state == SERVER_STATE_STUCK;
}

static void take_up(GatewayLink *g, const IpcMessage *m)
{
        const IpcUp *up = (const IpcUp *)(const void *)m->header;
        if (g->state == GATEWAY_STOPPING)
                return;
        if (g->state != GATEWAY_STARTING || strcmp(up->build_id, MCPVISOR_BUILD_ID) != 0) {
                gateway_kill(g, "it is of another build");
                return;
        }
        set_state(g, GATEWAY_LOADING);
        prepare_current(g);
}

static void take_prepared(GatewayLink *g, const IpcMessage *m)
{
        const IpcConfig *c = (const IpcConfig *)(const void *)m->header;
        bool ok = m->header->type == IPC_PREPARED;
        if (g->aborted && c->generation == g->aborted && g->preparing != g->aborted) {
                g->aborted = 0;
                g->dropped++;
        } else if (g->preparing == 0 || c->generation != g->preparing) {
                gateway_kill(g, "it answers for a configuration that nobody asked about");
        } else if (g->state == GATEWAY_LOADING && ok) {
                became_ready(g);
        } else if (g->state == GATEWAY_LOADING) {
                log_error("gateway: refuses the configuration in force: %.*s", (int)m->text.len, m->text.ptr);
                gateway_kill(g, "it refuses the configuration in force");
        } else {
                reload_prepared(&g->sup->reload, c->generation, ok, m->text);
        }
}

static void take_ready(GatewayLink *g, const IpcMessage *m)
{
        const IpcInstanceReady *a = (const IpcInstanceReady *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && (i->state == SERVER_STATE_STARTING || i->state == SERVER_STATE_PROBING))
                instance_ready(i, (int)a->era, a->protocol);
        else
                g->dropped += i != NULL;
}

static void take_failed(GatewayLink *g, const IpcMessage *m)
{
        static const ExitCause causes[_IPC_FAILURE_MAX] = {
                [IPC_FAILURE_HANDSHAKE] = EXIT_CAUSE_HANDSHAKE,
                [IPC_FAILURE_PROTOCOL] = EXIT_CAUSE_PROTOCOL,
                [IPC_FAILURE_UNRESPONSIVE] = EXIT_CAUSE_UNRESPONSIVE,
        };
        const IpcInstanceFailed *f = (const IpcInstanceFailed *)(const void *)m->header;
        Instance *i = instance_named(g, f->row, f->instance, f->generation);
        if (i && (!is_ending(i) || i->state == SERVER_STATE_DRAINING))
                instance_failed(i, causes[f->failure], m->text);
        else
                g->dropped += i != NULL;
}

static void take_want(GatewayLink *g, const IpcMessage *m)
{
        const IpcWant *w = (const IpcWant *)(const void *)m->header;
        Server *s = server_of_row(g->sup, w->row);
        if (s && s->row_generation == w->row_generation && !g->sup->shutdown.on)
                server_want(s, w->session);
        else
                g->dropped++;
}

static void take_release(GatewayLink *g, const IpcMessage *m)
{
        const IpcRelease *a = (const IpcRelease *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && i->state == SERVER_STATE_READY)
                server_release(i->server, i, (IpcReleaseReason)a->reason, a->in_flight > 0);
        else
                g->dropped += i != NULL;
}

static void take_drained(GatewayLink *g, const IpcMessage *m)
{
        const IpcInstance *a = (const IpcInstance *)(const void *)m->header;
        Instance *i = instance_named(g, a->row, a->instance, a->generation);
        if (i && i->state == SERVER_STATE_DRAINING && i->drained_told)
                instance_event(i, STATE_EVENT_DRAINED);
        else
                g->dropped += i != NULL;
}

static void take_all_drained(GatewayLink *g, const IpcMessage *m UNUSED)
{
        g->drained = true;
        supervisor_check(g->sup);
}

static void take_pong(GatewayLink *g, const IpcMessage *m)
{
        const IpcPing *p = (const IpcPing *)(const void *)m->header;
        if (p->serial > g->ping_serial || p->serial <= g->pong_serial) {
                gateway_kill(g, "it answers a ping that nobody sent");
                return;
        }
        g->pong_serial = p->serial;
        g->missed = 0;
        g->answered = true;
}

static void (*const takers[_IPC_TYPE_MAX])(GatewayLink *, const IpcMessage *) = {
        [IPC_UP] = take_up,
        [IPC_PREPARED] = take_prepared,
        [IPC_REFUSED] = take_prepared,
        [IPC_INSTANCE_READY] = take_ready,
        [IPC_INSTANCE_FAILED] = take_failed,
        [IPC_WANT] = take_want,
        [IPC_RELEASE] = take_release,
        [IPC_DRAINED] = take_drained,
        [IPC_ALL_DRAINED] = take_all_drained,
        [IPC_PONG] = take_pong,
};

static int received(IpcChannel *c, IpcMessage *m)
{
        GatewayLink *g = CONTAINER_OF(c, GatewayLink, ipc);
        if (g->killed || g->state == GATEWAY_DOWN || g->state == GATEWAY_ENDED)
                return 0;
        if (g->state == GATEWAY_STARTING && m->header->type != IPC_UP)
                gateway_kill(g, "it speaks before it has answered hello");
        else
                takers[m->header->type](g, m);
        return 0;
}

static int broken(IpcChannel *c, IpcBreak why, const char *detail)
{
        GatewayLink *g = CONTAINER_OF(c, GatewayLink, ipc);
        char text[200];
        if (why == IPC_BREAK_CLOSED) { /* it ends by itself; if not, it is no gateway any more */
                if (g->state != GATEWAY_STOPPING)
                        send_kill(g);
                return 0;
        }
        snprintf(text, sizeof(text), "%s%s%s", ipc_break_text(why), detail && *detail ? ": " : "",
                 detail ? detail : "");
        gateway_kill(g, text);
        return 0;
}

static const IpcChannelOps ipc_ops = {.received = received, .broken = broken};

/* ---- its end ---------------------------------------------------------------- */

static void close_all(GatewayLink *g)
{
        ipc_channel_done(&g->ipc);
        fd_close_p(&g->pidfd);
        timer_cancel(&g->ping);
        timer_cancel(&g->deadline);
        g->preparing = 0;
}

/* Every instance is without a gateway now. */
static void tell_instances(GatewayLink *g)
{
        Server *s, *next_server;
        for (s = TAILQ_FIRST(&g->sup->servers); s; s = next_server) {
                Instance *i, *next;
                next_server = TAILQ_NEXT(s, link);
                for (i = LIST_FIRST(&s->instances); i; i = next) {
                        next = LIST_NEXT(i, link);
                        bool lost = i->announced || i->is_session; /* a session is one of the gateway's */
                        i->passed_on |= i->announced;
                        i->announced = false;
                        if (!lost)
                                continue;
                        i->initialized = i->tree && tree_initialized(i->tree);
                        instance_event(i, STATE_EVENT_GATEWAY_LOST);
                }
                server_end_lease(s);
        }
}

static void plan_restart(GatewayLink *g)
{
        Nsec now = now_of(g), delay = 0;
        Nsec enough = supervisor_time(g->sup->options->times.gateway_good, LIMIT_GATEWAY_GOOD * NSEC_PER_SEC);
        bool good = g->ready_at && nsec_sub(now, g->ready_at) >= enough;
        g->deaths = good ? 0 : g->deaths + 1;
        if (g->deaths)
                delay = backoff_delay(LIMIT_GATEWAY_BACKOFF_MIN * NSEC_PER_MSEC,
                                      LIMIT_GATEWAY_BACKOFF_MAX * NSEC_PER_SEC, g->deaths,
                                      &g->sup->random.random);
        g->ready_at = 0;
        timer_arm(&g->restart, nsec_add(now, delay));
}

static void ended(ReaperChild *child, const ChildExit *how)
{
        GatewayLink *g = CONTAINER_OF(child, GatewayLink, child);
        bool asked = g->state == GATEWAY_STOPPING;
        const char *verb = how->code == CLD_EXITED ? "exit status" : "signal";
        close_all(g);
        g->pid = 0;
        set_state(g, asked ? GATEWAY_ENDED : GATEWAY_DOWN);
        if (asked && how->code == CLD_EXITED)
                log_debug("gateway: ended");
        else
                log_warning("gateway: ended with %s %d", verb, how->status);
        if (!asked) {
                g->restarts++;
                metric_add(&scoreboard_process(g->sup->board, SCORE_SUPERVISOR)->metrics,
                           METRIC_GATEWAY_RESTARTS, 1);
        }
        tell_instances(g);
        reload_gateway_lost(&g->sup->reload);
        if (!asked && !g->sup->shutdown.on)
                plan_restart(g);
        else
                set_state(g, GATEWAY_ENDED);
        supervisor_check(g->sup);
}

void gateway_kill(GatewayLink *g, const char *why)
{
        if (g->pidfd < 0 || g->killed)
                return;
        g->killed = true;
        log_error("gateway: ended by us: %s", why);
        send_kill(g);
}

void gateway_stop(GatewayLink *g, Nsec deadline)
{
        IpcPlain m = {0};
        timer_cancel(&g->restart);
        if (g->state == GATEWAY_DOWN)
                set_state(g, GATEWAY_ENDED);
        if (g->state == GATEWAY_ENDED || g->state == GATEWAY_STOPPING)
                return;
        set_state(g, GATEWAY_STOPPING);
        timer_cancel(&g->ping);
        timer_arm(&g->deadline, deadline);
        say(g, IPC_STOP, &m, SPAN_NONE, NULL, 0);
}

void gateway_drain(GatewayLink *g)
{
        IpcPlain m = {0};
        if (gateway_is_ready(g))
                say(g, IPC_DRAIN, &m, SPAN_NONE, NULL, 0);
}

/* ---- its life --------------------------------------------------------------- */

static int ping_due(Timer *timer, Nsec now)
{
        GatewayLink *g = CONTAINER_OF(timer, GatewayLink, ping);
        if (g->ping_serial != g->pong_serial && ++g->missed >= LIMIT_GATEWAY_PINGS) {
                gateway_kill(g, "it does not answer");
                return 0;
        }
        supervisor_fill_score(g->sup);
        IpcPing m = {.serial = ++g->ping_serial};
        say(g, IPC_PING, &m, SPAN_NONE, NULL, 0);
        timer_arm(&g->ping, nsec_add(now, ping_pause(g)));
        return 0;
}

static int restart_due(Timer *timer, Nsec now UNUSED)
{
        gateway_start(CONTAINER_OF(timer, GatewayLink, restart));
        return 0;
}

static int deadline_passed(Timer *timer, Nsec now UNUSED)
{
        GatewayLink *g = CONTAINER_OF(timer, GatewayLink, deadline);
        gateway_kill(g, g->state == GATEWAY_STOPPING ? "it does not stop" : "it does not get ready");
        return 0;
}

static const TimerOps ping_ops = {.fired = ping_due};
static const TimerOps restart_ops = {.fired = restart_due};
static const TimerOps deadline_ops = {.fired = deadline_passed};

int gateway_link_init(GatewayLink *g, struct Supervisor *sup)
{
        *g = (GatewayLink){.sup = sup, .pidfd = -EBADF};
        int r = timer_init(&g->ping, loop_timers(sup->loop), &ping_ops);
        if (r == 0)
                r = timer_init(&g->restart, loop_timers(sup->loop), &restart_ops);
        if (r == 0)
                r = timer_init(&g->deadline, loop_timers(sup->loop), &deadline_ops);
        return r;
}

void gateway_link_done(GatewayLink *g)
{
        if (g->pid > 0) {
                send_kill(g);
                reaper_remove(&g->sup->reaper, &g->child);
        }
        if (g->sup)
                close_all(g);
        timer_done(&g->ping);
        timer_done(&g->restart);
        timer_done(&g->deadline);
}

static void say_hello(GatewayLink *g, int control)
{
        struct Supervisor *sup = g->sup;
        const Log *log = log_default();
        IpcHello m = {.build_id = MCPVISOR_BUILD_ID,
                      .max_servers = scoreboard_rows(sup->board),
                      .log_level = log->level,
                      .log_style = log->style,
                      .log_journal = log->journal,
                      .ping_every = ping_pause(g)};
        const int fds[] = {scoreboard_fd(sup->board), control};
        say(g, IPC_HELLO, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
}

static size_t queue_max(const struct Supervisor *sup)
{
        return 4 * scoreboard_rows(sup->board) + 64;
}

/* Both ends of a pair, ours non-blocking. */
static int spawn(GatewayLink *g, int theirs, StepError *error)
{
        static const char *const argv[] = {"mcpvisor", "@gateway", NULL};
        const SpawnRoleArgs args = {.exe = g->sup->options->gateway_exe,
                                    .argv = argv,
                                    .fds = &theirs,
                                    .n_fds = 1,
                                    .envp = g->sup->options->gateway_envp};
        int r = spawn_role(&g->sup->spawner, &args, &g->pid, &g->pidfd, error);
        if (r < 0)
                return r;
        r = reaper_add(&g->sup->reaper, &g->child, g->pid, ended);
        if (r < 0) {
                send_kill(g);
                fd_close_p(&g->pidfd);
                g->pid = 0;
        }
        return r;
}

static int start(GatewayLink *g, StepError *error)
{
        struct Supervisor *sup = g->sup;
        int ipc[2] = {-EBADF, -EBADF}, control[2] = {-EBADF, -EBADF};
        ControlConn *relay; /* ends itself when the gateway does */
        int r = ipc_pair(ipc);
        if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, control) < 0)
                r = -errno;
        const IpcChannelArgs args = {.loop = sup->loop,
                                     .ops = &ipc_ops,
                                     .fd = ipc[0],
                                     .receives = IPC_TO_SUPERVISOR,
                                     .queue_max = queue_max(sup)};
        if (r == 0)
                r = ipc_channel_init(&g->ipc, &args);
        if (r == 0) {
                ipc[0] = -EBADF;
                r = control_server_add(&sup->control, control[0], true, &relay);
        }
        if (r == 0) {
                control[0] = -EBADF;
                r = spawn(g, ipc[1], error);
        }
        if (r == 0) {
                set_state(g, GATEWAY_STARTING);
                say_hello(g, control[1]);
        }
        for (size_t i = 0; i < 2; i++) {
                fd_close_p(&ipc[i]);
                fd_close_p(&control[i]);
        }
        return r;
}

void gateway_start(GatewayLink *g)
{
        StepError error = {0};
        Nsec now = now_of(g);
        if (g->sup->shutdown.on)
                return;
        g->ping_serial = g->pong_serial = 0;
        g->missed = 0;
        g->aborted = 0;
        g->killed = g->drained = false;
        int r = start(g, &error);
        if (r < 0) {
                log_error("gateway: cannot be started: %s%s%s: %s", error.detail,
                          error.detail[0] ? " at stage " : "",
                          error.stage ? spawn_stage_name(error.stage) : "", strerror(-r));
                close_all(g);
                plan_restart(g);
                return;
        }
        timer_arm(&g->ping, nsec_add(now, ping_pause(g)));
        timer_arm(&g->deadline, nsec_add(now, LIMIT_GATEWAY_START * NSEC_PER_SEC));
}
