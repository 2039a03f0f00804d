/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/instance.h"
#include "supervisor/when.h"

static Supervisor *sup_of(const Instance *i)
{
        return i->server->sup;
}

static Nsec now_of(const Instance *i)
{
        return loop_now(sup_of(i)->loop);
}

static LadderRules ladder_of(const Instance *i)
{
        const ServerConfig *c = i->server->config;
        return (LadderRules){.drain = c->drain_timeout, .stop = c->stop_timeout};
}

bool instance_has_process(const Instance *i)
{
        return i->tree != NULL;
}

static void arm(Instance *i, StateEvent event, Nsec at)
{
        i->timer_event = event;
        timer_arm(&i->timer, at);
}

/* The first of what is said counts: what follows from an end is not its cause. */
static void note_cause(Instance *i, const ExitFacts *f)
{
        if (i->noted)
                return;
        i->noted = true;
        i->cause = *f;
        if (f->text) {
                snprintf(i->cause_text, sizeof(i->cause_text), "%s", f->text);
                i->cause.text = i->cause_text;
        }
}

/* ---- what a tree says ------------------------------------------------------- */

static void tree_execed(Tree *t)
{
        Instance *i = t->owner;
        if (!i)
                return;
        if (i->state == SERVER_STATE_STARTING || i->state == SERVER_STATE_PROBING)
                arm(i, STATE_EVENT_START_DEADLINE, nsec_add(t->execed_at, i->server->config->start_timeout));
        log_info_with(
                LOG_FIELDS(LOG_SERVER(i->server->name), LOG_INSTANCE(i->generation), LOG_PID(t->leader)),
                "%s: started, pid %d", i->server->name, (int)t->leader);
        server_log_note(&i->server->log, "started, pid %d", (int)t->leader);
        instance_announce(i, false);
        server_touch(i->server);
}

static void tree_exec_failed(Tree *t, const StepError *error)
{
        Instance *i = t->owner;
        if (!i)
                return;
        note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_SPAWN, .error = *error});
        instance_event(i, STATE_EVENT_EXEC_FAILED);
}

static void tree_leader_exited(Tree *t, const SpawnReport *how)
{
        Instance *i = t->owner;
        if (!i)
                return;
        ExitFacts f = {.cause = how ? EXIT_CAUSE_LEADER : EXIT_CAUSE_WARDEN};
        if (how) {
                f.code = how->code;
                f.status = how->status;
                i->server->usage = how->usage;
        }
        note_cause(i, &f);
        instance_event(i, STATE_EVENT_LEADER_EXITED);
}

static uint64_t oom_kills(const Tree *t)
{
        CgroupUsage u;
        return t->group.fd >= 0 && cgroup_usage(&t->group, &u) == 0 ? u.oom_kills : 0;
}

/* The life is over: what it was, for the history and for the decision. */
static void end_life(Instance *i)
{
        ExitFacts f = i->cause;
        ExitVerdict v;
        Tree *t = i->tree;
        if (!i->noted)
                f.cause = EXIT_CAUSE_WARDEN;
        f.planned = i->planned;
        f.handshake = i->protocol[0] != '\0';
        if (t) {
                f.our_kill = t->killed;
                f.oom_kills = oom_kills(t);
        }
        exit_classify(&f, &v);
        i->last_class = v.exit_class;
        server_record(i->server, i, &v);
        i->tree = NULL;
        tree_free(t);
}

static void tree_empty(Tree *t)
{
        Instance *i = t->owner;
        if (i)
                instance_event(i, STATE_EVENT_EMPTY);
        else
                tree_free(t);
}

static void tree_log_line(Tree *t)
{
        Instance *i = t->owner;
        if (i)
                askers_log_grew(sup_of(i), i->server);
}

static const TreeOps tree_ops = {.execed = tree_execed,
                                 .exec_failed = tree_exec_failed,
                                 .leader_exited = tree_leader_exited,
                                 .empty = tree_empty,
                                 .log_line = tree_log_line};

/* ---- what the table wants done ---------------------------------------------- */

static void do_plan(Instance *i)
{
        i->planned = true;
}

static void do_forget(Instance *i)
{
        restart_history_forget(&i->server->restart);
        i->server->breaker = BREAKER_CLOSED;
        i->server->may_probe = false;
        i->server->auto_restarts = 0;
}

static void do_calm(Instance *i)
{
        restart_history_calm(&i->server->restart);
        i->server->breaker = BREAKER_CLOSED;
}

static void do_half(Instance *i)
{
        i->server->breaker = BREAKER_HALF_OPEN;
}

static void do_open(Instance *i)
{
        i->server->breaker = BREAKER_OPEN;
}

static void do_charge(Instance *i)
{
        Server *s = i->server;
        if (i->is_session) {
                server_charge_session(s, i->last_class);
                return;
        }
        const RestartCase c = {.exit_class = i->last_class, .breaker = s->breaker};
        restart_charge(&s->restart, &c, &i->decision, now_of(i));
}

static void do_detach(Instance *i)
{
        if (!i->tree)
                return;
        server_leave(i->server, i->tree);
        i->tree = NULL;
}

static void do_second(Instance *i)
{
        Instance *second = NULL;
        int r = instance_new(i->server, IPC_NO_SESSION, &second);
        if (r < 0) {
                log_error_with(LOG_FIELDS(LOG_SERVER(i->server->name)),
                               "%s: no second instance: %s; the old one stays", i->server->name,
                               strerror(-r));
                i->server->kept_old = true;
                return;
        }
        second->second = true;
        i->old = true;
        instance_event(second, STATE_EVENT_START);
}

static void ask_governor(Instance *i)
{
        if (governor_ask(&sup_of(i)->governor, &i->wait, now_of(i)))
                instance_go(i);
        else
                supervisor_governor(sup_of(i));
}

static void begin_life(Instance *i, bool probe)
{
        i->planned = i->noted = i->drained_told = i->passed_on = false;
        i->probe = probe;
        i->protocol[0] = '\0';
        i->era = -1;
        i->cause = (ExitFacts){0};
        i->held = i->server->waits_for != NULL;
        if (!i->held)
                ask_governor(i);
}

void instance_let_go(Instance *i)
{
        if (!i->held)
                return;
        i->held = false;
        ask_governor(i);
}

static void do_spawn(Instance *i)
{
        begin_life(i, false);
}

static void do_probe(Instance *i)
{
        if (i->server->config->share == SHARE_SESSION && !i->is_session)
                i->server->may_probe = true;
        else
                begin_life(i, true);
}

static void do_announce(Instance *i)
{
        Server *s = i->server;
        Nsec took = i->tree ? nsec_sub(now_of(i), i->tree->execed_at) : 0;
        log_info_with(LOG_FIELDS(LOG_SERVER(s->name), LOG_INSTANCE(i->generation)),
                      "%s: ready after %llu ms, protocol %s", s->name,
                      (unsigned long long)(took / NSEC_PER_MSEC), i->protocol[0] ? i->protocol : "unknown");
        server_log_note(&s->log, "ready after %llu ms", (unsigned long long)(took / NSEC_PER_MSEC));
        i->probe = false;
        if (i->second)
                server_promote(s, i);
        else if (i->is_session && s->main && s->main->state == SERVER_STATE_DEGRADED)
                instance_event(s->main, STATE_EVENT_READY); /* the probe of a session server */
}

static void do_arm_stable(Instance *i)
{
        Server *s = i->server;
        if (s->restart.k || s->restart.permanent || s->breaker != BREAKER_CLOSED)
                arm(i, STATE_EVENT_STABLE, nsec_add(now_of(i), restart_stable_after(&s->restart, &s->rules)));
}

static void do_arm_backoff(Instance *i)
{
        arm(i, STATE_EVENT_TIMER, i->decision.at);
}

static void do_arm_probe(Instance *i)
{
        Server *s = i->server;
        if (s->refused)
                restart_open(&s->restart, &s->rules, now_of(i), &sup_of(i)->random.random, &i->decision);
        arm(i, STATE_EVENT_TIMER, i->decision.at);
}

static void do_drain(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        if (i->announced && i->tree)
                i->drained_told = gateway_tell_drain(&sup_of(i)->gateway, i);
        arm(i, STATE_EVENT_DRAIN_DEADLINE, ladder_drain_until(&rules, &sup_of(i)->shutdown, now_of(i)));
}

/* No more lines for it: the gateway closes its ends, so that the child sees the end of its stdin. */
static void cut_off(Instance *i)
{
        gateway_tell_down(&sup_of(i)->gateway, i);
        i->announced = false;
        if (i->tree)
                tree_close_stdin(i->tree);
}

static void do_ladder(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        LadderTimes at = ladder_times(&rules, &sup_of(i)->shutdown, now_of(i));
        cut_off(i);
        i->kill_at = at.kill_at;
        arm(i, STATE_EVENT_TERM_AT, at.term_at);
}

static void do_hurry(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        LadderTimes at = ladder_times(&rules, &sup_of(i)->shutdown, now_of(i));
        i->kill_at = MIN(i->kill_at, at.kill_at);
        if (i->timer_event == STATE_EVENT_TERM_AT)
                arm(i, STATE_EVENT_TERM_AT, MIN(i->timer.at, at.term_at));
        else if (i->timer_event == STATE_EVENT_KILL_AT)
                arm(i, STATE_EVENT_KILL_AT, MIN(i->timer.at, at.kill_at));
        else if (i->timer_event == STATE_EVENT_DRAIN_DEADLINE)
                arm(i, STATE_EVENT_DRAIN_DEADLINE,
                    MIN(i->timer.at, ladder_drain_until(&rules, &sup_of(i)->shutdown, now_of(i))));
}

static void do_term(Instance *i)
{
        if (i->tree)
                tree_term(i->tree);
        arm(i, STATE_EVENT_KILL_AT, i->kill_at);
}

static void do_sweep(Instance *i)
{
        Nsec kill_at = ladder_sweep_until(&sup_of(i)->shutdown, now_of(i));
        cut_off(i);
        if (i->tree)
                tree_sweep(i->tree);
        if (i->state == SERVER_STATE_STOPPING && i->timer_event == STATE_EVENT_STUCK_AT)
                return; /* was killed already */
        i->kill_at = kill_at;
        arm(i, STATE_EVENT_KILL_AT, kill_at);
}

static void do_kill(Instance *i)
{
        if (i->tree)
                tree_kill(i->tree);
        arm(i, STATE_EVENT_STUCK_AT, ladder_stuck_at(&sup_of(i)->shutdown, now_of(i)));
}

static void do_report_stuck(Instance *i)
{
        char where[128] = "";
        if (i->tree)
                tree_wchan(i->tree, where, sizeof(where));
        log_error_with(LOG_FIELDS(LOG_SERVER(i->server->name), LOG_INSTANCE(i->generation)),
                       "%s: does not end, even after KILL: %s", i->server->name, where);
        server_log_note(&i->server->log, "stuck: %s", where);
}

static void do_answer_stopped(Instance *i)
{
        gateway_tell_refused(&sup_of(i)->gateway, i->server, i->session, IPC_WANT_STOPPED);
}

static void do_answer_degraded(Instance *i)
{
        gateway_tell_refused(&sup_of(i)->gateway, i->server, i->session, IPC_WANT_DEGRADED);
}

/* A call that waits is told of the state, from which it knows how long that may take. */
static void do_answer_wait(Instance *i)
{
        gateway_tell_state(&sup_of(i)->gateway, i->server);
}

static void do_release(Instance *i)
{
        i->freed = true;
}

static void do_nothing(Instance *i UNUSED)
{
}

static void (*const doers[_STATE_ACTION_MAX])(Instance *) = {
        [STATE_ACTION_BIT_PLAN] = do_plan,
        [STATE_ACTION_BIT_NOTE] = do_nothing,  /* whoever sends the event has noted its cause */
        [STATE_ACTION_BIT_ADOPT] = do_nothing, /* the server has the new configuration already */
        [STATE_ACTION_BIT_FORGET] = do_forget,
        [STATE_ACTION_BIT_CALM] = do_calm,
        [STATE_ACTION_BIT_BREAKER_HALF] = do_half,
        [STATE_ACTION_BIT_BREAKER_OPEN] = do_open,
        [STATE_ACTION_BIT_CHARGE] = do_charge,
        [STATE_ACTION_BIT_DETACH] = do_detach,
        [STATE_ACTION_BIT_SECOND] = do_second,
        [STATE_ACTION_BIT_SPAWN] = do_spawn,
        [STATE_ACTION_BIT_PROBE] = do_probe,
        [STATE_ACTION_BIT_ANNOUNCE] = do_announce,
        [STATE_ACTION_BIT_ARM_STABLE] = do_arm_stable,
        [STATE_ACTION_BIT_ARM_BACKOFF] = do_arm_backoff,
        [STATE_ACTION_BIT_ARM_PROBE] = do_arm_probe,
        [STATE_ACTION_BIT_DRAIN] = do_drain,
        [STATE_ACTION_BIT_LADDER] = do_ladder,
        [STATE_ACTION_BIT_HURRY] = do_hurry,
        [STATE_ACTION_BIT_TERM] = do_term,
        [STATE_ACTION_BIT_SWEEP] = do_sweep,
        [STATE_ACTION_BIT_KILL] = do_kill,
        [STATE_ACTION_BIT_REPORT_STUCK] = do_report_stuck,
        [STATE_ACTION_BIT_ANSWER_WAIT] = do_answer_wait,
        [STATE_ACTION_BIT_ANSWER_STOPPED] = do_answer_stopped,
        [STATE_ACTION_BIT_ANSWER_DEGRADED] = do_answer_degraded,
        [STATE_ACTION_BIT_RELEASE] = do_release,
};

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
                governor_cancel(&sup_of(i)->governor, &i->wait);
        if (i->starting) {
                i->starting = false;
                governor_started(&sup_of(i)->governor);
                supervisor_governor(sup_of(i));
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
        restart_decide(&s->restart, &s->rules, &c, now_of(i), &sup_of(i)->random.random, &i->decision);
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
        i->since = now_of(i);
        if (i->second && (step->next == SERVER_STATE_STOPPING || step->next == SERVER_STATE_DRAINING))
                lose_second(i, event);
}

/* The timer of a state that is left is cancelled before the actions arm another one. */
static void step(Instance *i, StateEvent event)
{
        StateStep step;
        if (event == STATE_EVENT_START_DEADLINE)
                note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_START_TIMEOUT,
                                                 .start_timeout = i->server->config->start_timeout});
        if (event == STATE_EVENT_EMPTY && !is_processless(i)) {
                end_life(i);
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
                        doers[bit](i);
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

/* What an exec would say of a command that was not resolved. */
static int refuse(const Server *s, StepError *e)
{
        const char *command = s->config->command.value;
        struct stat st;
        int error = ENOENT;
        if (strchr(command, '/') && stat(command, &st) == 0)
                error = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
        *e = (StepError){.stage = SPAWN_STAGE_EXEC, .error = error};
        snprintf(e->detail, sizeof(e->detail), "%s", s->refused);
        return -error;
}

/* The pid table, the group and the pipes of a new life. */
void instance_go(Instance *i)
{
        Server *s = i->server;
        StepError error;
        char group[80];
        i->starting = true;
        i->generation = ++s->generations;
        snprintf(group, sizeof(group), "%.48s-%llu", s->name, (unsigned long long)i->generation);
        const TreeArgs args = {.config = s->config,
                               .log = &s->log,
                               .secrets = sup_of(i)->secrets,
                               .group = group,
                               .generation = i->generation,
                               .instance = i->generation,
                               .owner = i};
        int r = s->refused ? refuse(s, &error) : tree_spawn(sup_of(i), &tree_ops, &args, &i->tree, &error);
        if (r < 0) {
                note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_SPAWN, .error = error});
                instance_event(i, STATE_EVENT_EXEC_FAILED);
                return;
        }
        score_add(&s->score->ours.starts, 1);
        arm(i, STATE_EVENT_START_DEADLINE, nsec_add(now_of(i), s->config->start_timeout));
}

void instance_failed(Instance *i, ExitCause cause, Span text)
{
        char copy[160];
        snprintf(copy, sizeof(copy), "%.*s", (int)MIN(text.len, sizeof(copy) - 1), text.ptr ? text.ptr : "");
        note_cause(i, &(const ExitFacts){.cause = cause, .text = copy});
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
        if (!gateway_is_ready(&sup_of(i)->gateway))
                return;
        i->announced = true;
        gateway_tell_up(&sup_of(i)->gateway, i, again);
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
        loop_free_later(sup_of(i)->loop, &i->gone, &gone_ops);
}
