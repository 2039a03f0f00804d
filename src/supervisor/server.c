/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/when.h"
#include "config/launch.h"
#include "supervisor/core.h"
#include "supervisor/server.h"

/* ---- lifecycle -------------------------------------------------------------- */

static int init_parts(Server *s)
{
        int r = restart_history_init(&s->restart, &s->rules);
        if (r == 0)
                r = window_init(&s->alerts, MAX(1, (uint32_t)s->snapshot->alerts.crashes),
                                s->snapshot->alerts.window);
        return r;
}

/* A configuration can be taken all the same (--keep-going). NULL: the server can be started here. */
static const char *why_not_here(const ServerConfig *c)
{
        return c->resolved.command.value ? NULL : "not to be had on this machine: see `mcpvisor check`";
}

int server_new(struct Supervisor *sup, Config *snapshot, const ServerConfig *config, Server **ret)
{
        Server *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->sup = sup;
        LIST_INIT(&s->instances);
        LIST_INIT(&s->left);
        s->row = UINT32_MAX;
        s->snapshot = config_ref(snapshot);
        s->config = config;
        s->rules = restart_rules(config);
        s->refused = why_not_here(config);
        s->shown = _SERVER_STATE_INVALID;
        s->name = strdup(config->head.name);
        int r = s->name ? init_parts(s) : -ENOMEM;
        if (r == 0)
                r = scoreboard_take(sup->board, s->name, &s->row, &s->row_generation);
        if (r == 0) {
                s->score = scoreboard_server(sup->board, s->row);
                server_log_init(&s->log, s->name);
                r = instance_new(s, IPC_NO_SESSION, &s->main);
        }
        if (r != 0) {
                server_free(s);
                return r;
        }
        sup->rows[s->row] = s;
        *ret = s;
        return 0;
}

Server *server_free(Server *s)
{
        if (!s)
                return NULL;
        while (!LIST_EMPTY(&s->instances))
                instance_free(LIST_FIRST(&s->instances));
        while (!LIST_EMPTY(&s->left)) {
                LeftTree *l = LIST_FIRST(&s->left);
                LIST_REMOVE(l, link);
                l->tree->owner = NULL;
                tree_free(l->tree);
                free(l);
        }
        if (s->row != UINT32_MAX) {
                s->sup->rows[s->row] = NULL;
                scoreboard_give(s->sup->board, s->row);
        }
        restart_history_done(&s->restart);
        window_done(&s->alerts);
        history_done(&s->history);
        server_log_done(&s->log);
        config_unref(s->snapshot);
        free(s->name);
        /* Instances that were freed in this turn still look at it. */
        loop_free_later(s->sup->loop, &s->gone, &server_gone_ops);
        return NULL;
}

static void release(LoopGone *gone)
{
        free(CONTAINER_OF(gone, Server, gone));
}

const LoopGoneOps server_gone_ops = {.release = release};

Server *server_find(struct Supervisor *sup, const char *name)
{
        Server *s;
        TAILQ_FOREACH(s, &sup->servers, link)
        if (!s->removed && strcmp(s->name, name) == 0)
                return s;
        return NULL;
}

Server *server_of_row(struct Supervisor *sup, uint32_t row)
{
        return row < scoreboard_rows(sup->board) ? sup->rows[row] : NULL;
}

bool server_adopt(Server *s, Config *snapshot, const ServerConfig *config)
{
        RestartRules rules = restart_rules(config);
        uint32_t crashes = MAX(1, (uint32_t)snapshot->alerts.crashes);
        if (restart_history_adopt(&s->restart, &rules) < 0 ||
            window_resize(&s->alerts, crashes, snapshot->alerts.window) < 0)
                log_error_with(LOG_FIELDS(LOG_SERVER(s->name)),
                               "%s: no memory for its new budget: it keeps the old one", s->name);
        else
                s->rules = rules;
        Config *before = s->snapshot;
        s->snapshot = config_ref(snapshot);
        s->config = config;
        s->refused = why_not_here(config);
        config_unref(before);
        uint64_t launch = s->launch;
        s->launch = config_launch(config);
        return s->launch != launch;
}

/* ---- questions -------------------------------------------------------------- */

/* The better first. */
static const ServerState best_first[] = {SERVER_STATE_READY,    SERVER_STATE_STARTING, SERVER_STATE_PROBING,
                                         SERVER_STATE_DRAINING, SERVER_STATE_STOPPING, SERVER_STATE_STUCK};

const Instance *server_best(const Server *s)
{
        for (size_t n = 0; n < ARRAY_SIZE(best_first); n++) {
                const Instance *i;
                LIST_FOREACH(i, &s->instances, link)
                if (i->state == best_first[n])
                        return i;
        }
        return NULL;
}

ServerState server_state(const Server *s)
{
        const Instance *best = server_best(s);
        if (best)
                return best->state;
        if (s->main)
                return s->main->state;
        return LIST_EMPTY(&s->left) ? SERVER_STATE_STOPPED : SERVER_STATE_STUCK;
}

Nsec server_next_start(const Server *s)
{
        const Instance *m = s->main;
        if (!m || m->timer_event != STATE_EVENT_TIMER || !timer_is_armed(&m->timer))
                return NSEC_NEVER;
        return m->timer.at;
}

bool server_has_processes(const Server *s)
{
        const Instance *i;
        LIST_FOREACH(i, &s->instances, link)
        if (i->tree)
                return true;
        return !LIST_EMPTY(&s->left);
}

const ExitRecord *server_last_exit(const Server *s)
{
        return history_get(&s->history, 0);
}

Instance *server_instance(Server *s, uint32_t number, uint64_t generation)
{
        Instance *i;
        LIST_FOREACH(i, &s->instances, link)
        if (i->number == number && i->generation == generation && i->tree)
                return i;
        return NULL;
}

/* ---- scoreboard, events, those who wait ------------------------------------- */

static void fill_score(Server *s)
{
        ScoreServerOurs *o = &s->score->ours;
        RestartBudget b = restart_budget(&s->restart, &s->rules, loop_now(s->sup->loop));
        Nsec next = server_next_start(s);
        score_set(&o->state, s->shown);
        score_set(&o->breaker, s->breaker);
        score_set(&o->budget_short, b.burst - MIN(b.burst, b.used));
        score_set(&o->budget_long, b.long_burst - MIN(b.long_burst, b.long_used));
        score_set(&o->next_start, next == NSEC_NEVER ? 0 : next);
        score_set(&o->log_kept, s->log.kept);
        score_set(&o->log_suppressed, s->log.suppressed);
        score_set(&o->log_partial, s->log.partial);
}

/* Nothing of it is left, and nobody wants it. */
static bool is_over(const Server *s)
{
        return !s->main && LIST_EMPTY(&s->instances) && LIST_EMPTY(&s->left);
}

static void tell_events(Server *s, ServerState before, ServerState now)
{
        const ExitRecord *last = server_last_exit(s);
        bool failed = now == SERVER_STATE_BACKOFF || now == SERVER_STATE_DEGRADED;
        event_log_add(&s->sup->events, &(const Event){.type = "server_state",
                                                      .server = s->name,
                                                      .from = server_state_name(before),
                                                      .to = server_state_name(now),
                                                      .text = failed && last ? last->verdict.reason : NULL});
        askers_event_added(s->sup);
}

/* A server of the same name has come back while this one was still ending. */
static void start_successor(Server *over)
{
        Server *s;
        TAILQ_FOREACH(s, &over->sup->servers, link)
        {
                Instance *i, *next;
                if (s->waits_for != over)
                        continue;
                s->waits_for = NULL;
                for (i = LIST_FIRST(&s->instances); i; i = next) {
                        next = LIST_NEXT(i, link);
                        instance_let_go(i);
                }
                return;
        }
}

void server_touch(Server *s)
{
        struct Supervisor *sup = s->sup;
        if (s->over)
                return;
        if (is_over(s)) {
                s->over = true;
                event_log_add(&sup->events, &(const Event){.type = "server_state",
                                                           .server = s->name,
                                                           .from = server_state_name(s->shown),
                                                           .to = "removed"});
                TAILQ_REMOVE(&sup->servers, s, link);
                askers_event_added(sup);
                askers_server_gone(sup, s);
                reload_server_changed(&sup->reload, s);
                start_successor(s);
                server_free(s);
                supervisor_check(sup);
                return;
        }
        ServerState before = s->shown, now = server_state(s);
        s->shown = now;
        if (s->removed && now == SERVER_STATE_STUCK)
                start_successor(s); /* which would wait for ever */
        fill_score(s);
        gateway_tell_state(&sup->gateway, s);
        if (before != now && before != (ServerState)_SERVER_STATE_INVALID)
                tell_events(s, before, now);
        askers_server_changed(sup, s);
        reload_server_changed(&sup->reload, s);
        supervisor_check(sup);
}

/* ---- an end ----------------------------------------------------------------- */

static void alert(Server *s, const ExitVerdict *v)
{
        struct Supervisor *sup = s->sup;
        Nsec now = loop_now(sup->loop);
        char text[320];
        window_note(&s->alerts, now);
        if (window_allows(&s->alerts, now)) {
                s->alerted = false;
                return;
        }
        if (s->alerted)
                return;
        s->alerted = true;
        snprintf(text, sizeof(text), "%s has ended unasked %llu times within %llu s: %s", s->name,
                 (unsigned long long)s->snapshot->alerts.crashes,
                 (unsigned long long)(s->snapshot->alerts.window / NSEC_PER_SEC), v->reason);
        log_warning_with(LOG_FIELDS(LOG_SERVER(s->name)), "alert: %s", text);
        event_log_add(&sup->events, &(const Event){.type = "alert", .server = s->name, .text = text});
        askers_event_added(sup);
        notify_status(&sup->notify, text);
}

static void log_end(const Server *s, const Instance *i, const ExitVerdict *v)
{
        const LogField fields[] = {LOG_SERVER(s->name),
                                   LOG_INSTANCE(i->generation),
                                   LOG_STR("class", exit_class_name(v->exit_class)),
                                   {0}};
        if (v->exit_class == EXIT_CLASS_PLANNED)
                log_info_with(fields, "%s: stopped: %s", s->name, v->reason);
        else
                log_warning_with(fields, "%s: ended: %s (%s: %s)", s->name, v->reason,
                                 exit_class_name(v->exit_class),
                                 s->rules.policy == RESTART_NEVER ? "not retried, the policy is never"
                                                                  : exit_class_consequence(v->exit_class));
}

static uint64_t usec_of(struct timeval t)
{
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

void server_record(Server *s, Instance *i, const ExitVerdict *v)
{
        char text[EXIT_STDERR_MAX];
        Tree *t = i->tree;
        size_t n = server_log_tail(&s->log, LIMIT_EXIT_LINES, text, sizeof(text));
        ExitRecord record = {.wall_usec = when_now(),
                             .generation = i->generation,
                             .pid = t ? t->leader : 0,
                             .uptime = t && t->execed ? nsec_sub(loop_now(s->sup->loop), t->execed_at) : 0,
                             .verdict = *v,
                             .planned = i->planned,
                             .oom = v->exit_class == EXIT_CLASS_OOM,
                             .user_usec = usec_of(s->usage.ru_utime),
                             .system_usec = usec_of(s->usage.ru_stime),
                             .max_rss = (uint64_t)s->usage.ru_maxrss * 1024,
                             .stderr_text = n && v->exit_class != EXIT_CLASS_PLANNED ? strndup(text, n)
                                                                                     : NULL};
        s->usage = (struct rusage){0};
        log_end(s, i, v);
        server_log_note(&s->log, "%s: %s", v->exit_class == EXIT_CLASS_PLANNED ? "stopped" : "ended",
                        v->reason);
        if (history_add(&s->history, &record) < 0)
                log_limited(LOG_LEVEL_WARNING, "history", NULL,
                            "%s: its end is not in the history: no memory", s->name);
        score_add(&s->score->ours.exits[v->exit_class], 1);
        if (v->exit_class == EXIT_CLASS_OOM)
                score_add(&s->score->ours.oom_kills, 1);
        if (v->exit_class != EXIT_CLASS_PLANNED)
                alert(s, v);
        askers_log_grew(s->sup, s);
}

/* ---- what happens to it ----------------------------------------------------- */

static Instance *second_of(Server *s)
{
        Instance *i;
        LIST_FOREACH(i, &s->instances, link)
        if (i->second)
                return i;
        return NULL;
}

void server_lost_main(Server *s)
{
        Instance *second = second_of(s);
        s->main = second;
        if (second)
                second->second = false;
}

/* Everything but the gateway's news ends an overlap first. */
static void end_overlap(Server *s, StateEvent event)
{
        Instance *second = second_of(s);
        if (!second || event == STATE_EVENT_START || event == STATE_EVENT_WANT)
                return;
        instance_event(second, STATE_EVENT_REMOVED);
        if (s->main)
                s->main->old = false;
}

void server_event(Server *s, StateEvent event)
{
        Instance *i, *next;
        end_overlap(s, event);
        /* What a person says to a server with sessions, he says to each of them. They may be those of a
         * configuration in which it still had some. */
        bool ends = event == STATE_EVENT_SHUTDOWN;
        bool spreads = event == STATE_EVENT_STOP || event == STATE_EVENT_RESTART ||
                       event == STATE_EVENT_CHANGED || event == STATE_EVENT_REMOVED;
        for (i = LIST_FIRST(&s->instances); i && (spreads || ends); i = next) {
                next = LIST_NEXT(i, link);
                if (i != s->main && (ends || i->is_session))
                        instance_event(i, ends ? event : STATE_EVENT_REMOVED);
        }
        if (s->main)
                instance_event(s->main, event);
}

static size_t count_sessions(const Server *s)
{
        const Instance *i;
        size_t n = 0;
        LIST_FOREACH(i, &s->instances, link)
        n += i->is_session;
        return n;
}

static void want_session(Server *s, uint64_t session)
{
        Instance *i;
        struct Supervisor *sup = s->sup;
        LIST_FOREACH(i, &s->instances, link)
        if (i->is_session && i->session == session) {
                instance_event(i, STATE_EVENT_WANT);
                return;
        }
        ServerState own = s->main ? s->main->state : SERVER_STATE_STOPPED;
        if (own == SERVER_STATE_STOPPED)
                gateway_tell_refused(&sup->gateway, s, session, IPC_WANT_STOPPED);
        else if (own == SERVER_STATE_BACKOFF)
                gateway_tell_refused(&sup->gateway, s, session, IPC_WANT_BACKOFF);
        else if (own == SERVER_STATE_DEGRADED && !s->may_probe)
                gateway_tell_refused(&sup->gateway, s, session, IPC_WANT_DEGRADED);
        else if (count_sessions(s) >= s->config->max_instances || instance_new(s, session, &i) < 0)
                gateway_tell_refused(&sup->gateway, s, session, IPC_WANT_BUSY);
        else if (own == SERVER_STATE_DEGRADED) {
                s->may_probe = false; /* this one, and no other until it is ready */
                i->state = SERVER_STATE_DEGRADED;
                instance_event(i, STATE_EVENT_TIMER);
        } else {
                instance_event(i, STATE_EVENT_WANT);
        }
}

/* A call that it was wanted for gets it sooner or later. */
static bool will_serve(const Instance *i)
{
        return i->goal == GOAL_UP && i->state != SERVER_STATE_DEGRADED && i->state != SERVER_STATE_PROBING;
}

void server_want(Server *s, uint64_t session)
{
        if (s->config->share == SHARE_SESSION && session != IPC_NO_SESSION) {
                want_session(s, session);
                return;
        }
        /* Who is next is the gateway's to say; only what runs for one is not given to another. */
        bool runs = s->main && s->main->state == SERVER_STATE_READY;
        if (s->config->share == SHARE_EXCLUSIVE && s->lease && s->lease != session && runs) {
                gateway_tell_refused(&s->sup->gateway, s, session, IPC_WANT_BUSY);
                return;
        }
        if (!s->main) {
                gateway_tell_refused(&s->sup->gateway, s, session, IPC_WANT_STOPPED);
                return;
        }
        s->lease = s->config->share == SHARE_EXCLUSIVE ? session : IPC_NO_SESSION;
        s->main->session = s->lease;
        instance_event(s->main, STATE_EVENT_WANT);
        if (s->main && !will_serve(s->main)) /* it was refused */
                server_end_lease(s);
}

void server_end_lease(Server *s)
{
        s->lease = IPC_NO_SESSION;
        if (s->main)
                s->main->session = IPC_NO_SESSION;
}

void server_release(Server *s, Instance *i, IpcReleaseReason reason, bool in_flight)
{
        i->in_flight = in_flight;
        if (!i->is_session && (reason == IPC_RELEASE_ENDED || !in_flight))
                server_end_lease(s);
        if (reason == IPC_RELEASE_IDLE)
                instance_event(i, STATE_EVENT_IDLE);
        else if (i->is_session)
                instance_event(i, STATE_EVENT_REMOVED);
        else if (s->config->share == SHARE_EXCLUSIVE)
                instance_event(i, STATE_EVENT_RESTART);
}

void server_promote(Server *s, Instance *second)
{
        Instance *old = s->main;
        second->second = false;
        s->main = second;
        log_info_with(LOG_FIELDS(LOG_SERVER(s->name)), "%s: the new instance serves", s->name);
        if (!old)
                return;
        old->old = false;
        instance_event(old, STATE_EVENT_REMOVED);
}

void server_charge_session(Server *s, ExitClass exit_class)
{
        const RestartCase c = {.exit_class = exit_class, .breaker = s->breaker, .session = true};
        Nsec now = loop_now(s->sup->loop);
        Instance *m = s->main;
        if (!m)
                return;
        restart_decide(&s->restart, &s->rules, &c, now, &s->sup->random.random, &m->decision);
        restart_charge(&s->restart, &c, &m->decision, now);
        m->last_class = exit_class;
        s->may_probe = false;
        instance_event(m, STATE_EVENT_EMPTY);
}

/* ---- stuck trees ------------------------------------------------------------ */

static void left_empty(Tree *t)
{
        LeftTree *l = t->owner;
        Server *s = l->server;
        LIST_REMOVE(l, link);
        free(l);
        log_info_with(LOG_FIELDS(LOG_SERVER(s->name)), "%s: what was stuck has ended", s->name);
        tree_free(t);
        server_touch(s);
}

static void left_nothing(Tree *t UNUSED)
{
}

static void left_failed(Tree *t UNUSED, const StepError *error UNUSED)
{
}

static void left_leader(Tree *t UNUSED, const SpawnReport *how UNUSED)
{
}

static const TreeOps left_ops = {.execed = left_nothing,
                                 .exec_failed = left_failed,
                                 .leader_exited = left_leader,
                                 .empty = left_empty,
                                 .log_line = left_nothing};

void server_leave(Server *s, Tree *t)
{
        LeftTree *l = malloc(sizeof(*l));
        if (!l) { /* it ends all the same, only unseen */
                tree_free(t);
                return;
        }
        *l = (LeftTree){.server = s, .tree = t};
        t->ops = &left_ops;
        t->owner = l;
        LIST_INSERT_HEAD(&s->left, l, link);
}
