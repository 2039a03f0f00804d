/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "build-id.h"
#include "sandbox/role-filter.h"
#include "supervisor/core.h"
#include "supervisor/gateway-private.h"

static const char *const state_names[_GATEWAY_STATE_MAX] = {
        [GATEWAY_DOWN] = "down",   [GATEWAY_STARTING] = "starting", [GATEWAY_LOADING] = "starting",
        [GATEWAY_READY] = "ready", [GATEWAY_STOPPING] = "stopping", [GATEWAY_ENDED] = "stopped",
};

const char *gateway_state_name(GatewayState s)
{
        return state_names[s];
}

Nsec gateway_now(const GatewayLink *g)
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

void gateway_set_state(GatewayLink *g, GatewayState next)
{
        GatewayState before = g->state;
        g->state = next;
        if (strcmp(state_names[before], state_names[next]) == 0)
                return;
        event_log_add(&g->sup->events, &(const Event){.type = "gateway",
                                                      .from = gateway_state_name(before),
                                                      .to = gateway_state_name(next),
                                                      .text = next == GATEWAY_DOWN ? g->last_exit : NULL});
        askers_event_added(g->sup);
}

bool gateway_is_ready(const GatewayLink *g)
{
        return g->state == GATEWAY_READY;
}

static int received(IpcChannel *c, IpcMessage *m)
{
        GatewayLink *g = CONTAINER_OF(c, GatewayLink, ipc);
        if (g->killed || g->state == GATEWAY_DOWN || g->state == GATEWAY_ENDED)
                return 0;
        if (g->state == GATEWAY_STARTING && m->header->type != IPC_UP)
                gateway_kill(g, "it speaks before it has answered hello");
        else
                gateway_take(g, m);
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
        Nsec now = gateway_now(g), delay = 0;
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

/* "signal 31, seccomp: syscall execve" */
static void describe_end(GatewayLink *g, const ChildExit *how)
{
        const ScoreProcess *p = scoreboard_process(g->sup->board, SCORE_GATEWAY);
        const char *verb = how->code == CLD_EXITED ? "exit status" : "signal";
        bool refused = how->code != CLD_EXITED && how->status == SIGSYS;
        uint64_t call = refused ? score_get(&p->refused_call) : 0;
        char name[40] = "unknown";
        if (call)
                role_call_name(call - 1, name, sizeof(name));
        snprintf(g->last_exit, sizeof(g->last_exit), "%s %d%s%s", verb, how->status,
                 refused ? ", seccomp: syscall " : "", refused ? name : "");
}

static void ended(ReaperChild *child, const ChildExit *how)
{
        GatewayLink *g = CONTAINER_OF(child, GatewayLink, child);
        bool asked = g->state == GATEWAY_STOPPING;
        describe_end(g, how);
        close_all(g);
        g->pid = 0;
        gateway_set_state(g, asked ? GATEWAY_ENDED : GATEWAY_DOWN);
        if (asked && how->code == CLD_EXITED)
                log_debug("gateway: ended");
        else
                log_warning("gateway: ended with %s", g->last_exit);
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
                gateway_set_state(g, GATEWAY_ENDED);
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
                gateway_set_state(g, GATEWAY_ENDED);
        if (g->state == GATEWAY_ENDED || g->state == GATEWAY_STOPPING)
                return;
        gateway_set_state(g, GATEWAY_STOPPING);
        timer_cancel(&g->ping);
        timer_arm(&g->deadline, deadline);
        gateway_say(g, IPC_STOP, &m, SPAN_NONE, NULL, 0);
}

void gateway_drain(GatewayLink *g)
{
        IpcPlain m = {0};
        if (gateway_is_ready(g))
                gateway_say(g, IPC_DRAIN, &m, SPAN_NONE, NULL, 0);
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
        gateway_say(g, IPC_PING, &m, SPAN_NONE, NULL, 0);
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
                      .ping_every = ping_pause(g),
                      .no_first_look = sup->options->no_first_look,
                      .pipe_quiet = sup->options->times.pipe_quiet};
        const int fds[] = {scoreboard_fd(sup->board), control};
        gateway_say(g, IPC_HELLO, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
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
                gateway_set_state(g, GATEWAY_STARTING);
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
        Nsec now = gateway_now(g);
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
