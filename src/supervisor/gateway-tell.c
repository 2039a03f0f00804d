/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/catalogue.h"
#include "supervisor/core.h"
#include "supervisor/gateway-private.h"

static_assert(GOAL_UP == (int)IPC_GOAL_UP && GOAL_GONE == (int)IPC_GOAL_GONE,
              "goals as the gateway knows them");

bool gateway_takes_messages(const GatewayLink *g)
{
        return g->state == GATEWAY_LOADING || g->state == GATEWAY_READY || g->state == GATEWAY_STOPPING;
}

/* What cannot be said is an end of the conversation: the gateway would believe something else. */
void gateway_say(GatewayLink *g, IpcType type, void *m, Span text, const int *fds, size_t n_fds)
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
        gateway_say(g, IPC_INSTANCE_UP, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
}

bool gateway_tell_drain(GatewayLink *g, Instance *i)
{
        IpcInstance m = {.row = i->server->row, .instance = i->number, .generation = i->generation};
        if (!gateway_is_ready(g) || !i->announced)
                return false;
        gateway_say(g, IPC_INSTANCE_DRAIN, &m, SPAN_NONE, NULL, 0);
        return gateway_is_ready(g);
}

void gateway_tell_down(GatewayLink *g, Instance *i)
{
        char text[EXIT_STDERR_MAX];
        if (!gateway_takes_messages(g) || !i->announced)
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
        gateway_say(g, IPC_INSTANCE_DOWN, &m, span_from(text, n), NULL, 0);
}

static uint64_t retry_after(const GatewayLink *g, const Server *s)
{
        Nsec next = server_next_start(s);
        return next == NSEC_NEVER ? UINT64_MAX : nsec_sub(next, gateway_now(g)) / NSEC_PER_MSEC;
}

void gateway_tell_state(GatewayLink *g, Server *s)
{
        const ExitRecord *last = server_last_exit(s);
        if (!gateway_takes_messages(g) || s->config == NULL)
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
        gateway_say(g, IPC_SERVER_STATE, &m, SPAN_NONE, NULL, 0);
}

void gateway_tell_refused(GatewayLink *g, Server *s, uint64_t session, IpcWantAnswer answer)
{
        IpcWantRefused m = {
                .row = s->row, .answer = answer, .session = session, .retry_after_ms = retry_after(g, s)};
        if (gateway_is_ready(g))
                gateway_say(g, IPC_WANT_REFUSED, &m, SPAN_NONE, NULL, 0);
}

void gateway_tell_listener(GatewayLink *g, size_t index, const Listener *l)
{
        IpcListener m = {.index = (uint32_t)index,
                         .kind = l->kind,
                         .flags = (l->metrics ? IPC_LISTENER_METRICS : 0U) |
                                  (l->kind == IPC_LISTENER_UNIX ? IPC_LISTENER_NO_AUTH : 0U)};
        const int fds[] = {l->fd, g->sup->certificate};
        bool tls = l->kind == IPC_LISTENER_TCP && g->sup->certificate >= 0;
        if (gateway_takes_messages(g))
                gateway_say(g, IPC_LISTENER_UP, &m, span_of(l->address), fds, tls ? 2 : 1);
}

void gateway_tell_listener_down(GatewayLink *g, size_t index)
{
        IpcListener m = {.index = (uint32_t)index};
        if (gateway_takes_messages(g))
                gateway_say(g, IPC_LISTENER_DOWN, &m, SPAN_NONE, NULL, 0);
}

void gateway_tell_catalogue(GatewayLink *g, Server *s)
{
        IpcCatalogue m = {.row = s->row, .row_generation = s->row_generation, .launch = s->launch};
        CLEANUP_FD int fd = -EBADF;
        int r = g->sup->dirs.state_fd < 0 ? 0 : catalogue_open(g->sup->dirs.state_fd, s->name, &fd);
        if (r < 0)
                log_limited(LOG_LEVEL_WARNING, "catalogue", NULL, "%s: no catalogue file: %s", s->name,
                            strerror(-r));
        gateway_say(g, IPC_CATALOGUE, &m, SPAN_NONE, &fd, fd >= 0);
}

/* ---- the configuration ------------------------------------------------------ */

int gateway_prepare(GatewayLink *g, uint64_t generation, int blob)
{
        const Reload *r = &g->sup->reload;
        if (!gateway_takes_messages(g))
                return -EAGAIN;
        for (size_t n = 0; n < r->n_rows && gateway_takes_messages(g); n++) {
                IpcServerRow m = {.generation = generation,
                                  .row_generation = r->rows[n].generation,
                                  .row = r->rows[n].row,
                                  .index = (uint32_t)n};
                gateway_say(g, IPC_SERVER_ROW, &m, span_of(config_server(r->next, n)->head.name), NULL, 0);
        }
        IpcConfig m = {.generation = generation};
        g->preparing = generation;
        const int fds[] = {blob, r->tokens.fd};
        gateway_say(g, IPC_PREPARE, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
        return 0;
}

/* The rows of the configuration in force, for a new gateway. */
void gateway_prepare_current(GatewayLink *g)
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
                gateway_say(g, IPC_SERVER_ROW, &m, span_of(s->name), NULL, 0);
        }
        IpcConfig m = {.generation = sup->generation};
        g->preparing = sup->generation;
        const int fds[] = {sup->gateway_blob, sup->tokens.fd};
        gateway_say(g, IPC_PREPARE, &m, SPAN_NONE, fds, ARRAY_SIZE(fds));
}

void gateway_commit(GatewayLink *g, uint64_t generation)
{
        IpcConfig m = {.generation = generation};
        if (gateway_takes_messages(g))
                gateway_say(g, IPC_COMMIT, &m, SPAN_NONE, NULL, 0);
        g->preparing = 0;
}

void gateway_abort(GatewayLink *g, uint64_t generation)
{
        IpcConfig m = {.generation = generation};
        if (gateway_takes_messages(g) && g->preparing) {
                g->aborted = generation; /* its answer may be on the way */
                gateway_say(g, IPC_ABORT, &m, SPAN_NONE, NULL, 0);
        }
        g->preparing = 0;
}

/* It has everything of the configuration: now all that lives. */
void gateway_became_ready(GatewayLink *g)
{
        struct Supervisor *sup = g->sup;
        Server *s;
        gateway_commit(g, sup->generation);
        for (size_t n = 0; n < sup->listeners.n; n++)
                gateway_tell_listener(g, n, &sup->listeners.items[n]);
        g->ready_at = gateway_now(g);
        timer_cancel(&g->deadline);
        gateway_set_state(g, GATEWAY_READY);
        log_info("gateway: ready, pid %d", (int)g->pid);
        TAILQ_FOREACH(s, &sup->servers, link)
        {
                Instance *i;
                gateway_tell_catalogue(g, s);
                s->told = (IpcServerState){0};
                gateway_tell_state(g, s);
                LIST_FOREACH(i, &s->instances, link)
                instance_announce(i, i->passed_on);
        }
        supervisor_check(sup);
        reload_gateway_up(&sup->reload);
}
