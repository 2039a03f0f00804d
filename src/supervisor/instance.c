/* SPDX-License-Identifier: Apache-2.0 */

#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/instance-private.h"

Supervisor *instance_sup(const Instance *i)
{
        return i->server->sup;
}

Nsec instance_now(const Instance *i)
{
        return loop_now(instance_sup(i)->loop);
}

bool instance_has_process(const Instance *i)
{
        return i->tree != NULL;
}

void instance_arm(Instance *i, StateEvent event, Nsec at)
{
        i->timer_event = event;
        timer_arm(&i->timer, at);
}

/* ---- events ----------------------------------------------------------------- */

/* The server itself, of share: session: what ends are its sessions' instances. */
static bool has_sessions(const Instance *i)
{
        return i->server->config->share == SHARE_SESSION && !i->is_session;
}

/* It may still have a process from before its share was changed. */
static bool is_processless(const Instance *i)
{
        return has_sessions(i) && !i->tree;
}

static StateFacts facts_of(const Instance *i)
{
        const ServerConfig *c = i->server->config;
        return (StateFacts){.goal = i->goal,
                            .verdict = i->decision.verdict,
                            .planned = i->planned,
                            .eager = c->start == START_EAGER,
                            .session = i->is_session,
                            .sessions = has_sessions(i),
                            .exclusive = c->share == SHARE_EXCLUSIVE,
                            .in_flight = i->in_flight,
                            .initialized = i->initialized,
                            .overlap = c->overlap && c->share == SHARE_SHARED,
                            .second = i->second,
                            .old = i->old,
                            .open = i->server->breaker == BREAKER_OPEN};
}

static void leave_state(Instance *i)
{
        timer_cancel(&i->timer);
        i->timer_event = _STATE_EVENT_MAX;
        i->held = false;
        if (i->wait.waiting)
                governor_cancel(&instance_sup(i)->governor, &i->wait);
        if (i->starting) {
                i->starting = false;
                governor_started(&instance_sup(i)->governor);
                supervisor_governor(instance_sup(i));
        }
}

/* They share the deadline, and the place that the governor gave. */
static bool is_starting(ServerState s)
{
        return s == SERVER_STATE_STARTING || s == SERVER_STATE_PROBING;
}

static void decide(Instance *i)
{
        Server *s = i->server;
        const RestartCase c = {.exit_class = i->last_class, .breaker = s->breaker, .session = i->is_session};
        restart_decide(&s->restart, &s->rules, &c, instance_now(i), &instance_sup(i)->random.random,
                       &i->decision);
}

/* The overlap is over, and the old instance is the server again; unless we asked for that, the reload
 * that wanted the new one is told. */
static void lose_second(Instance *i, StateEvent event)
{
        Server *s = i->server;
        if (s->main)
                s->main->old = false;
        s->kept_old |= event == STATE_EVENT_EXEC_FAILED || event == STATE_EVENT_START_DEADLINE ||
                       event == STATE_EVENT_FAILED || event == STATE_EVENT_LEADER_EXITED;
}

static void set_state(Instance *i, const StateStep *step, StateEvent event)
{
        ServerState before = i->state;
        i->goal = step->goal;
        if (before == step->next)
                return;
        log_debug_with(LOG_FIELDS(LOG_SERVER(i->server->name), LOG_INSTANCE(i->generation)),
                       "%s: %s -> %s (%s, goal %s)", i->server->name, server_state_name(before),
                       step->next == SERVER_STATE_FREED ? "freed" : server_state_name(step->next),
                       state_event_name(event), goal_name(step->goal));
        i->state = step->next;
        i->since = instance_now(i);
        if (i->second && (step->next == SERVER_STATE_STOPPING || step->next == SERVER_STATE_DRAINING))
                lose_second(i, event);
}

/* The timer of a state that is left is cancelled before the actions arm another one. */
static void step(Instance *i, StateEvent event)
{
        StateStep step;
        if (event == STATE_EVENT_START_DEADLINE)
                instance_note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_START_TIMEOUT,
                                                          .start_timeout = i->server->config->start_timeout});
        if (event == STATE_EVENT_EMPTY && !is_processless(i)) {
                instance_end_life(i);
                if (!i->planned)
                        decide(i);
        }
        StateFacts facts = facts_of(i);
        if (state_step(i->state, event, &facts, &step) != 0) {
                log_error_with(LOG_FIELDS(LOG_SERVER(i->server->name)),
                               "%s: event %s in state %s has no row in the table; it is ignored",
                               i->server->name, state_event_name(event), server_state_name(i->state));
                return;
        }
        if (step.next != i->state && !(is_starting(i->state) && is_starting(step.next)))
                leave_state(i);
        set_state(i, &step, event);
        for (unsigned bit = 0; bit < _STATE_ACTION_MAX; bit++)
                if (step.actions & (1U << bit))
                        instance_do(i, (StateActionBit)bit);
}

static void push(Instance *i, StateEvent event)
{
        if (i->n_later < INSTANCE_LATER)
                i->later[i->n_later++] = event;
        else
                log_error_with(LOG_FIELDS(LOG_SERVER(i->server->name)), "%s: event %s came too early",
                               i->server->name, state_event_name(event));
}

/* What is true already is not waited for. */
static void push_what_follows(Instance *i)
{
        if (i->freed || i->n_later)
                return;
        if (i->state == SERVER_STATE_DRAINING && !i->drained_told)
                push(i, STATE_EVENT_DRAINED);
        else if (i->state == SERVER_STATE_STOPPING && !i->tree)
                push(i, STATE_EVENT_EMPTY);
}

static void free_instance(LoopGone *gone)
{
        free(CONTAINER_OF(gone, Instance, gone));
}

static const LoopGoneOps gone_ops = {.release = free_instance};

/* A session's probe that ended on our word has proved nothing: the next one may try. */
static void probe_again(Instance *i)
{
        Instance *m = i->server->main;
        if (i->is_session && i->probe && i->planned && m && m->state == SERVER_STATE_DEGRADED)
                instance_event(m, STATE_EVENT_TIMER);
}

void instance_event(Instance *i, StateEvent event)
{
        Server *s = i->server;
        push(i, event);
        if (i->busy)
                return;
        i->busy = true;
        while (i->n_later && !i->freed) {
                StateEvent next = i->later[0];
                i->n_later--;
                memmove(i->later, i->later + 1, i->n_later * sizeof(i->later[0]));
                step(i, next);
                push_what_follows(i);
        }
        i->busy = false;
        if (i->freed) {
                probe_again(i);
                instance_free(i);
        }
        server_touch(s);
}

static int timer_fired(Timer *timer, Nsec now UNUSED)
{
        Instance *i = CONTAINER_OF(timer, Instance, timer);
        if (i->timer_event == STATE_EVENT_TIMER && i->state == SERVER_STATE_BACKOFF && !is_processless(i)) {
                i->server->auto_restarts++;
                score_add(&i->server->score->ours.restarts[i->last_class], 1);
        }
        if (i->timer_event < _STATE_EVENT_MAX)
                instance_event(i, i->timer_event);
        return 0;
}

static const TimerOps timer_ops = {.fired = timer_fired};

void instance_failed(Instance *i, ExitCause cause, Span text)
{
        char copy[160];
        snprintf(copy, sizeof(copy), "%.*s", (int)MIN(text.len, sizeof(copy) - 1), text.ptr ? text.ptr : "");
        instance_note_cause(i, &(const ExitFacts){.cause = cause, .text = copy});
        instance_event(i, STATE_EVENT_FAILED);
}

void instance_ready(Instance *i, int era, const char *protocol)
{
        i->era = era;
        snprintf(i->protocol, sizeof(i->protocol), "%s", protocol);
        instance_event(i, STATE_EVENT_READY);
}

void instance_announce(Instance *i, bool again)
{
        bool runs = i->state == SERVER_STATE_STARTING || i->state == SERVER_STATE_PROBING ||
                    i->state == SERVER_STATE_READY;
        if (!runs || !i->tree || !i->tree->execed || i->tree->leader_told || i->announced)
                return;
        if (!gateway_is_ready(&instance_sup(i)->gateway))
                return;
        i->announced = true;
        gateway_tell_up(&instance_sup(i)->gateway, i, again);
}

/* ---- lifecycle -------------------------------------------------------------- */

int instance_init(Instance *i, Server *server)
{
        *i = (Instance){.server = server,
                        .state = SERVER_STATE_IDLE,
                        .goal = GOAL_IDLE,
                        .since = loop_now(server->sup->loop),
                        .era = -1,
                        .timer_event = _STATE_EVENT_MAX};
        int r = timer_init(&i->timer, loop_timers(server->sup->loop), &timer_ops);
        if (r < 0)
                return r;
        i->number = (uint32_t)server->numbers++;
        LIST_INSERT_HEAD(&server->instances, i, link);
        return 0;
}

int instance_new(Server *server, uint64_t session, Instance **ret)
{
        Instance *i = malloc(sizeof(*i));
        if (!i)
                return -ENOMEM;
        int r = instance_init(i, server);
        if (r < 0) {
                free(i);
                return r;
        }
        i->session = session;
        i->is_session = session != IPC_NO_SESSION && server->config->share == SHARE_SESSION;
        *ret = i;
        return 0;
}

void instance_free(Instance *i)
{
        if (!i)
                return;
        leave_state(i);
        timer_done(&i->timer);
        tree_free(i->tree);
        i->tree = NULL;
        LIST_REMOVE(i, link);
        if (i->server->main == i)
                server_lost_main(i->server);
        loop_free_later(instance_sup(i)->loop, &i->gone, &gone_ops);
}
