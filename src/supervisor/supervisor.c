/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/exit-status.h"
#include "supervisor/supervisor.h"
#include "supervisor/usage.h"

/* ---- the stop --------------------------------------------------------------- */

static void daemon_state(Supervisor *s, DaemonState next, const char *why)
{
        DaemonState before = s->state;
        s->state = next;
        event_log_add(&s->events, &(const Event){.type = "daemon",
                                                 .from = daemon_state_name(before),
                                                 .to = daemon_state_name(next),
                                                 .text = why});
        askers_event_added(s);
}

static void each_server(Supervisor *s, StateEvent event)
{
        Server *server, *next;
        for (server = TAILQ_FIRST(&s->servers); server; server = next) {
                next = TAILQ_NEXT(server, link);
                server_event(server, event);
        }
}

static void kill_trees(Supervisor *s)
{
        Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        {
                Instance *i;
                LeftTree *l;
                LIST_FOREACH(i, &server->instances, link)
                if (i->tree)
                        tree_kill(i->tree);
                LIST_FOREACH(l, &server->left, link)
                tree_kill(l->tree);
        }
}

void supervisor_quit(Supervisor *s)
{
        Nsec now = loop_now(s->loop);
        if (!s->shutdown.on)
                supervisor_stop(s, EXIT_DONE, "asked to end at once");
        log_warning("everything is killed");
        kill_trees(s);
        Nsec at = nsec_add(now, LIMIT_QUIT_TIME * NSEC_PER_SEC);
        if (!timer_is_armed(&s->shutdown_timer) || s->shutdown_timer.at > at)
                timer_arm(&s->shutdown_timer, at);
        if (s->gateway.state != GATEWAY_ENDED)
                gateway_stop(&s->gateway, nsec_add(now, LIMIT_GATEWAY_STOP * NSEC_PER_MSEC));
}

void supervisor_stop(Supervisor *s, int code, const char *why)
{
        Nsec now = loop_now(s->loop);
        if (s->shutdown.on) {
                s->exit_code = MAX(s->exit_code, code);
                return;
        }
        s->exit_code = code;
        s->shutdown.on = true;
        s->shutdown.at = now;
        log_info("stopping: %s", why);
        daemon_state(s, DAEMON_STATE_STOPPING, why);
        notify_stopping(&s->notify, why);
        watch_done(&s->watch);
        timer_cancel(&s->critical_timer);
        timer_arm(&s->shutdown_timer, nsec_add(now, s->config ? s->shutdown.timeout : 0));
        gateway_drain(&s->gateway);
        each_server(s, STATE_EVENT_SHUTDOWN);
        /* May be called from within the first configuration, which is then cleaned up by its caller. */
        if (!s->reload.first)
                reload_cancel(&s->reload);
        supervisor_check(s);
}

static void leave(Supervisor *s)
{
        if (s->leaving)
                return;
        s->leaving = true;
        loop_stop(s->loop, s->exit_code);
}

static int shutdown_over(Timer *timer, Nsec now UNUSED)
{
        Supervisor *s = CONTAINER_OF(timer, Supervisor, shutdown_timer);
        Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        if (server_has_processes(server))
                log_error_with(LOG_FIELDS(LOG_SERVER(server->name)), "%s: left behind: it does not end",
                               server->name);
        kill_trees(s);
        leave(s);
        return 0;
}

static const TimerOps shutdown_ops = {.fired = shutdown_over};

/* Servers first, then the gateway, then we. */
static void check_stop(Supervisor *s)
{
        if (!TAILQ_EMPTY(&s->servers))
                return;
        if (s->gateway.state == GATEWAY_ENDED || s->gateway.pid == 0)
                leave(s);
        else
                gateway_stop(&s->gateway, nsec_add(loop_now(s->loop), LIMIT_GATEWAY_STOP * NSEC_PER_MSEC));
}

/* With `run`, the end of the command is our end. */
static void check_run(Supervisor *s)
{
        const Server *server = TAILQ_FIRST(&s->servers);
        const ExitRecord *last = server ? server_last_exit(server) : NULL;
        if (!last || last->planned || server_state(server) != SERVER_STATE_STOPPED)
                return;
        const ExitVerdict *v = &last->verdict;
        int code = v->code >= 0 ? v->code : v->signal ? EXIT_BY_SIGNAL + v->signal : EXIT_FAILED;
        if (v->exit_class == EXIT_CLASS_EXEC_PERMANENT && v->code < 0)
                code = server->main->cause.error.error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
        supervisor_stop(s, code, v->reason);
}

static void check_critical(Supervisor *s)
{
        Server *server;
        char why[300];
        TAILQ_FOREACH(server, &s->servers, link)
        {
                const ExitRecord *last = server_last_exit(server);
                if (!server->config->critical || server_state(server) != SERVER_STATE_DEGRADED)
                        continue;
                snprintf(why, sizeof(why), "%s is critical and degraded: %s", server->name,
                         last ? last->verdict.reason : "refused");
                supervisor_stop(s, EXIT_FAILED, why);
                return;
        }
}

void supervisor_check(Supervisor *s)
{
        if (s->leaving || (!s->config && !s->shutdown.on))
                return;
        if (!s->shutdown.on)
                ready_check(s);
        work_queue(&s->stop_work);
}

/* At the end of the turn, when nothing is half done: a stop ends the reload that may have caused it. */
static int stop_later(Work *w)
{
        Supervisor *s = CONTAINER_OF(w, Supervisor, stop_work);
        if (!s->shutdown.on && s->options->mode == DAEMON_RUN)
                check_run(s);
        if (!s->shutdown.on)
                check_critical(s);
        if (s->shutdown.on)
                check_stop(s);
        return 0;
}

static const WorkOps stop_ops = {.run = stop_later};

/* ---- what is there ------------------------------------------------------------ */

void supervisor_dump(Supervisor *s)
{
        Server *server;
        const LoopStats *l = loop_stats(s->loop);
        log_info(
                "state: %s, generation %llu, gateway %s (pid %d, %llu restarts), reaped %llu (%llu orphans), "
                "%llu turns, lag %llu us at most",
                daemon_state_name(s->state), (unsigned long long)s->generation,
                gateway_state_name(s->gateway.state), (int)s->gateway.pid,
                (unsigned long long)s->gateway.restarts, (unsigned long long)s->reaper.reaped,
                (unsigned long long)s->reaper.orphans, (unsigned long long)l->turns,
                (unsigned long long)(l->lag_max / NSEC_PER_USEC));
        TAILQ_FOREACH(server, &s->servers, link)
        {
                const Instance *i;
                log_info_with(LOG_FIELDS(LOG_SERVER(server->name)), "state: %s is %s, breaker %s, k %u",
                              server->name, server_state_name(server_state(server)),
                              breaker_name(server->breaker), server->restart.k);
                LIST_FOREACH(i, &server->instances, link)
                if (i->tree)
                        log_info_with(LOG_FIELDS(LOG_SERVER(server->name), LOG_INSTANCE(i->generation)),
                                      "state: %s instance %llu is %s, goal %s, leader %d, warden %d, tree %s",
                                      server->name, (unsigned long long)i->generation,
                                      server_state_name(i->state), goal_name(i->goal), (int)i->tree->leader,
                                      (int)i->tree->warden, spawn_tree_name(i->tree->kind));
        }
}

/* ---- timers of the whole ---------------------------------------------------- */

static int governor_due(Timer *timer, Nsec now UNUSED)
{
        supervisor_governor(CONTAINER_OF(timer, Supervisor, governor_timer));
        return 0;
}

static const TimerOps governor_ops = {.fired = governor_due};

void supervisor_governor(Supervisor *s)
{
        work_queue(&s->governor_work);
}

static int governor_later(Work *w)
{
        Supervisor *s = CONTAINER_OF(w, Supervisor, governor_work);
        Nsec now = loop_now(s->loop);
        GovernorWait *wait;
        while ((wait = governor_next(&s->governor, now)))
                instance_go(CONTAINER_OF(wait, Instance, wait));
        timer_arm(&s->governor_timer, governor_deadline(&s->governor, now));
        return 0;
}

static const WorkOps governor_work_ops = {.run = governor_later};

static void arm_log(Supervisor *s)
{
        timer_arm(&s->log_timer, log_deadline(log_default()));
}

static int log_due(Timer *timer, Nsec now UNUSED)
{
        Supervisor *s = CONTAINER_OF(timer, Supervisor, log_timer);
        log_tick(log_default());
        arm_log(s);
        return 0;
}

static const TimerOps log_ops = {.fired = log_due};

static void before_wait(LoopHook *hook)
{
        Supervisor *s = CONTAINER_OF(hook, Supervisor, hook);
        if (s->log_timer.at != log_deadline(log_default()))
                arm_log(s);
}

void supervisor_fill_score(Supervisor *s)
{
        ScoreProcess *p = scoreboard_process(s->board, SCORE_SUPERVISOR);
        scoreboard_self(s->board, SCORE_SUPERVISOR, loop_stats(s->loop)->lag_last / NSEC_PER_USEC);
        metric_add(&p->metrics, METRIC_ZOMBIES_REAPED,
                   s->reaper.orphans - metric_get(&p->metrics, METRIC_ZOMBIES_REAPED));
        score_set(&p->reloads_ok, s->reload.ok);
        score_set(&p->reloads_failed, s->reload.failed);
        score_set(&p->events_dropped, s->notify.dropped);
        usage_measure_some(s);
}

/* Told only while our loop turns and the gateway answers. */
static int watchdog_due(Timer *timer, Nsec now)
{
        Supervisor *s = CONTAINER_OF(timer, Supervisor, watchdog_timer);
        const GatewayLink *g = &s->gateway;
        if (g->ping_serial == g->pong_serial || g->missed == 0)
                notify_watchdog(&s->notify);
        timer_arm(&s->watchdog_timer, nsec_add(now, s->notify.watchdog / 2));
        return 0;
}

static const TimerOps watchdog_ops = {.fired = watchdog_due};

static int critical_due(Timer *timer, Nsec now UNUSED)
{
        Supervisor *s = CONTAINER_OF(timer, Supervisor, critical_timer);
        supervisor_stop(s, EXIT_FAILED, "there is a critical server, and no gateway gets ready");
        return 0;
}

static const TimerOps critical_ops = {.fired = critical_due};

static void file_changed(Watch *w)
{
        Supervisor *s = CONTAINER_OF(w, Supervisor, watch);
        log_info("%s has changed", s->options->path);
        reload_ask(&s->reload);
}

const WatchOps supervisor_watch_ops = {.changed = file_changed};

/* ---- log -------------------------------------------------------------------- */

int supervisor_open_log(const Config *c)
{
        static const LogStyleChoice styles[] = {LOG_CHOICE_AUTO, LOG_CHOICE_TEXT, LOG_CHOICE_JSON};
        const LogOptions o = {.level = (LogLevel)c->log.level,
                              .style = styles[MIN((size_t)c->log.format, ARRAY_SIZE(styles) - 1)],
                              .journal = c->log.output == LOG_OUTPUT_JOURNALD,
                              .fd = c->log.output == LOG_OUTPUT_STDOUT ? STDOUT_FILENO : STDERR_FILENO};
        return log_open(log_default(), &o);
}

/* ---- lifecycle -------------------------------------------------------------- */

static int init_timers(Supervisor *s)
{
        static const struct {
                size_t offset;
                const TimerOps *ops;
        } table[] = {
                {offsetof(Supervisor, governor_timer), &governor_ops},
                {offsetof(Supervisor, shutdown_timer), &shutdown_ops},
                {offsetof(Supervisor, log_timer), &log_ops},
                {offsetof(Supervisor, watchdog_timer), &watchdog_ops},
                {offsetof(Supervisor, critical_timer), &critical_ops},
        };
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                int r = timer_init((Timer *)(void *)((char *)s + table[i].offset), loop_timers(s->loop),
                                   table[i].ops);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* About seven descriptors a server: as many as we may have. */
static void raise_nofile(void)
{
        struct rlimit l;
        if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur == l.rlim_max)
                return;
        l.rlim_cur = l.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &l) < 0)
                log_warning("the limit of open files cannot be raised: %m");
}

static void become_supervisor(Supervisor *s)
{
        signals_reset(s);
        (void)prctl(PR_SET_DUMPABLE, 0);
        if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                log_warning("orphans of servers will not be seen: %m");
        raise_nofile();
}

static int init(Supervisor *s, const DaemonOptions *options)
{
        s->options = options;
        s->state = DAEMON_STATE_STARTING;
        s->gateway_blob = s->text = s->certificate = -EBADF;
        s->tokens = TOKENS_INIT;
        s->dirs.runtime_fd = s->dirs.state_fd = s->dirs.lock_fd = -1;
        s->cgroups.fd = -1;
        s->control.fd = -1;
        TAILQ_INIT(&s->servers);
        LIST_INIT(&s->askers);
        int r = loop_new(&clock_monotonic, &s->loop);
        if (r < 0)
                return r;
        s->started = loop_now(s->loop);
        s->hook.run = before_wait;
        random_init(&s->random);
        work_init(&s->stop_work, loop_work(s->loop), &stop_ops);
        work_init(&s->governor_work, loop_work(s->loop), &governor_work_ops);
        if ((r = init_timers(s)) < 0 || (r = signals_init(s)) < 0 ||
            (r = reaper_init(&s->reaper, s->loop)) < 0 || (r = event_log_init(&s->events)) < 0 ||
            (r = notify_init(&s->notify)) < 0 || (r = gateway_link_init(&s->gateway, s)) < 0 ||
            (r = reload_init(&s->reload, s)) < 0)
                return r;
        loop_set_hook(s->loop, &s->hook);
        governor_init(&s->governor, 10, 4, 0, s->started);
        r = spawner_init(&s->spawner, options->helper);
        if (r == -ENOENT)
                log_error("mcpvisor-exec is neither beside this program nor in " PKGLIBEXECDIR
                          ": is the installation complete?");
        if (options->no_pidns)
                s->spawner.no_pidns = true;
        return r;
}

static void done(Supervisor *s)
{
        Server *server;
        askers_end(s);
        control_server_flush(&s->control);
        gateway_link_done(&s->gateway);
        reload_done(&s->reload);
        while ((server = TAILQ_FIRST(&s->servers))) {
                TAILQ_REMOVE(&s->servers, server, link);
                server_free(server);
        }
        control_server_done(&s->control);
        watch_done(&s->watch);
        listener_set_done(&s->listeners);
        reaper_done(&s->reaper);
        event_log_done(&s->events);
        timer_done(&s->governor_timer);
        timer_done(&s->shutdown_timer);
        timer_done(&s->log_timer);
        timer_done(&s->watchdog_timer);
        timer_done(&s->critical_timer);
        work_done(&s->stop_work);
        work_done(&s->governor_work);
        loop_signal_done(&s->signals);
        free(s->rows);
        scoreboard_free(s->board);
        fd_close_p(&s->gateway_blob);
        fd_close_p(&s->text);
        fd_close_p(&s->certificate);
        tokens_done(&s->tokens);
        log_set_secrets(log_default(), NULL);
        redact_set_unref(s->secrets);
        config_unref(s->config);
        spawner_done(&s->spawner);
        cgroup_root_close(&s->cgroups);
        int r = s->dirs.runtime ? dirs_clear_socket(&s->dirs, "control.sock") : 0;
        if (r < 0)
                log_warning("control.sock cannot be removed: %s", strerror(-r));
        dirs_close(&s->dirs);
        notify_done(&s->notify);
        loop_free(s->loop);
}

int supervisor_main(const DaemonOptions *options)
{
        static Supervisor supervisor; /* the root of the process; zero until init() */
        Supervisor *s = &supervisor;
        become_supervisor(s);
        int r = init(s, options);
        if (r == 0) {
                reaper_wake(&s->reaper); /* whoever we inherited and has ended */
                reload_ask(&s->reload);
                r = loop_run(s->loop);
        }
        if (r < 0) {
                log_error("mcpvisor cannot go on: %s", strerror(-r));
                r = EXIT_INTERNAL;
        } else {
                log_info("ended");
        }
        if (s->loop) {
                loop_set_hook(s->loop, NULL);
                done(s);
        }
        log_tick(log_default());
        return r;
}
