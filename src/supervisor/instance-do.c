/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/instance-private.h"

static LadderRules ladder_of(const Instance *i)
{
        const ServerConfig *c = i->server->config;
        return (LadderRules){.drain = c->drain_timeout, .stop = c->stop_timeout};
}

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
        restart_charge(&s->restart, &c, &i->decision, instance_now(i));
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
        if (governor_ask(&instance_sup(i)->governor, &i->wait, instance_now(i)))
                instance_go(i);
        else
                supervisor_governor(instance_sup(i));
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
        Nsec took = i->tree ? nsec_sub(instance_now(i), i->tree->execed_at) : 0;
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
                instance_arm(i, STATE_EVENT_STABLE,
                             nsec_add(instance_now(i), restart_stable_after(&s->restart, &s->rules)));
}

static void do_arm_backoff(Instance *i)
{
        instance_arm(i, STATE_EVENT_TIMER, i->decision.at);
}

static void do_arm_probe(Instance *i)
{
        Server *s = i->server;
        if (s->refused)
                restart_open(&s->restart, &s->rules, instance_now(i), &instance_sup(i)->random.random,
                             &i->decision);
        instance_arm(i, STATE_EVENT_TIMER, i->decision.at);
}

static void do_drain(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        if (i->announced && i->tree)
                i->drained_told = gateway_tell_drain(&instance_sup(i)->gateway, i);
        instance_arm(i, STATE_EVENT_DRAIN_DEADLINE,
                     ladder_drain_until(&rules, &instance_sup(i)->shutdown, instance_now(i)));
}

/* No more lines for it: the gateway closes its ends, so that the child sees the end of its stdin. */
static void cut_off(Instance *i)
{
        gateway_tell_down(&instance_sup(i)->gateway, i);
        i->announced = false;
        if (i->tree)
                tree_close_stdin(i->tree);
}

static void do_ladder(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        LadderTimes at = ladder_times(&rules, &instance_sup(i)->shutdown, instance_now(i));
        cut_off(i);
        i->kill_at = at.kill_at;
        instance_arm(i, STATE_EVENT_TERM_AT, at.term_at);
}

static void do_hurry(Instance *i)
{
        const LadderRules rules = ladder_of(i);
        LadderTimes at = ladder_times(&rules, &instance_sup(i)->shutdown, instance_now(i));
        i->kill_at = MIN(i->kill_at, at.kill_at);
        if (i->timer_event == STATE_EVENT_TERM_AT)
                instance_arm(i, STATE_EVENT_TERM_AT, MIN(i->timer.at, at.term_at));
        else if (i->timer_event == STATE_EVENT_KILL_AT)
                instance_arm(i, STATE_EVENT_KILL_AT, MIN(i->timer.at, at.kill_at));
        else if (i->timer_event == STATE_EVENT_DRAIN_DEADLINE)
                instance_arm(i, STATE_EVENT_DRAIN_DEADLINE,
                             MIN(i->timer.at,
                                 ladder_drain_until(&rules, &instance_sup(i)->shutdown, instance_now(i))));
}

static void do_term(Instance *i)
{
        if (i->tree)
                tree_term(i->tree);
        instance_arm(i, STATE_EVENT_KILL_AT, i->kill_at);
}

static void do_sweep(Instance *i)
{
        Nsec kill_at = ladder_sweep_until(&instance_sup(i)->shutdown, instance_now(i));
        cut_off(i);
        if (i->tree)
                tree_sweep(i->tree);
        if (i->state == SERVER_STATE_STOPPING && i->timer_event == STATE_EVENT_STUCK_AT)
                return; /* was killed already */
        i->kill_at = kill_at;
        instance_arm(i, STATE_EVENT_KILL_AT, kill_at);
}

static void do_kill(Instance *i)
{
        if (i->tree)
                tree_kill(i->tree);
        instance_arm(i, STATE_EVENT_STUCK_AT, ladder_stuck_at(&instance_sup(i)->shutdown, instance_now(i)));
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
        gateway_tell_refused(&instance_sup(i)->gateway, i->server, i->session, IPC_WANT_STOPPED);
}

static void do_answer_degraded(Instance *i)
{
        gateway_tell_refused(&instance_sup(i)->gateway, i->server, i->session, IPC_WANT_DEGRADED);
}

/* A call that waits is told of the state, from which it knows how long that may take. */
static void do_answer_wait(Instance *i)
{
        gateway_tell_state(&instance_sup(i)->gateway, i->server);
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

void instance_do(Instance *i, StateActionBit bit)
{
        doers[bit](i);
}
