/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/when.h"
#include "sandbox/enter.h"
#include "supervisor/core.h"
#include "supervisor/status-json.h"
#include "supervisor/usage.h"

static void key_uint(JsonWriter *w, const char *key, uint64_t v)
{
        json_write_key(w, key);
        json_write_uint(w, v);
}

static void key_str(JsonWriter *w, const char *key, const char *v)
{
        json_write_key(w, key);
        json_write_str(w, v);
}

static void key_null(JsonWriter *w, const char *key)
{
        json_write_key(w, key);
        json_write_null(w);
}

static void key_known(JsonWriter *w, const char *key, bool known, uint64_t v)
{
        json_write_key(w, key);
        if (known)
                json_write_uint(w, v);
        else
                json_write_null(w);
}

static void key_msec(JsonWriter *w, const char *key, uint64_t usec)
{
        json_write_key(w, key);
        json_write_decimal(w, usec, 3);
}

static void key_seconds(JsonWriter *w, const char *key, Nsec t)
{
        json_write_key(w, key);
        json_write_decimal(w, t / NSEC_PER_MSEC, 3);
}

/* ---- the daemon ------------------------------------------------------------- */

static void last_reload(const ReloadResult *l, JsonWriter *w)
{
        json_write_key(w, "last_reload");
        if (!l->any) {
                json_write_null(w);
                return;
        }
        json_write_object(w);
        json_write_key(w, "ok");
        json_write_bool(w, l->ok);
        json_write_key(w, "partial");
        json_write_raw(w, l->partial ? span_of(l->partial) : SPAN("[]"));
        when_json(w, "at", l->wall_usec, 6);
        key_str(w, "error", l->error);
        json_write_object_end(w);
}

static void config_part(struct Supervisor *s, JsonWriter *w)
{
        json_write_key(w, "config");
        json_write_object(w);
        key_str(w, "path", s->options->path);
        key_uint(w, "generation", s->generation);
        last_reload(&s->reload.last_result, w);
        json_write_object_end(w);
}

static void addresses_part(const struct Supervisor *s, const char *key, bool metrics, JsonWriter *w)
{
        json_write_key(w, key);
        json_write_array(w);
        for (size_t i = 0; i < s->listeners.n; i++)
                if (s->listeners.items[i].metrics == metrics)
                        json_write_str(w, s->listeners.items[i].address);
        json_write_array_end(w);
}

/* What it could not put on of its own fences, and why this build leaves most of them out, if it does. */
static void gateway_sandbox(const GatewayLink *g, JsonWriter *w)
{
        json_write_key(w, "sandbox");
        json_write_object(w);
        json_write_key(w, "missing");
        json_write_array(w);
        for (unsigned i = 0; i < _ROLE_FENCE_MAX; i++)
                if (g->missing & 1U << i)
                        json_write_str(w, role_fence_name(i));
        json_write_array_end(w);
        key_str(w, "why", sandbox_enter_restrained());
        json_write_object_end(w);
}

static void gateway_part(struct Supervisor *s, JsonWriter *w)
{
        const GatewayLink *g = &s->gateway;
        json_write_key(w, "gateway");
        json_write_object(w);
        key_known(w, "pid", g->pid > 0, (uint64_t)g->pid);
        key_str(w, "state", gateway_state_name(g->state));
        key_uint(w, "restarts", g->restarts);
        addresses_part(s, "listen", false, w);
        addresses_part(s, "metrics_listen", true, w);
        uint64_t most = metric_get(&scoreboard_process(s->board, SCORE_GATEWAY)->metrics,
                                   METRIC_CONNECTIONS_MAX);
        key_known(w, "max_connections", most > 0, most);
        key_uint(w, "dropped_messages", g->dropped);
        key_str(w, "last_exit", g->last_exit[0] ? g->last_exit : NULL);
        gateway_sandbox(g, w);
        json_write_object_end(w);
}

/* ---- one server ------------------------------------------------------------- */

static void budget_part(const Server *s, JsonWriter *w)
{
        RestartBudget b = restart_budget(&s->restart, &s->rules, loop_now(s->sup->loop));
        json_write_key(w, "budget");
        json_write_object(w);
        key_uint(w, "used", b.used);
        key_uint(w, "burst", b.burst);
        key_uint(w, "window_s", s->rules.window / NSEC_PER_SEC);
        key_uint(w, "long_used", b.long_used);
        key_uint(w, "long_burst", b.long_burst);
        key_uint(w, "long_window_s", s->rules.long_window / NSEC_PER_SEC);
        json_write_object_end(w);
}

static void instance_part(const Instance *i, JsonWriter *w)
{
        static const char *const eras[] = {"legacy", "modern"};
        const Tree *t = i->tree;
        uint64_t in_flight = i->number < SCORE_INSTANCES
                                     ? score_get(&i->server->score->instances[i->number].in_flight)
                                     : 0;
        json_write_object(w);
        key_known(w, "pid", t->leader > 0, (uint64_t)t->leader);
        key_uint(w, "generation", i->generation);
        key_str(w, "state", server_state_name(i->state));
        key_str(w, "era", i->era >= 0 ? eras[i->era] : NULL);
        key_str(w, "protocol", i->protocol[0] ? i->protocol : NULL);
        key_known(w, "session", i->session != IPC_NO_SESSION, i->session);
        key_uint(w, "inflight", in_flight);
        key_str(w, "tree", spawn_tree_name(t->kind));
        key_uint(w, "warden", (uint64_t)t->warden);
        json_write_object_end(w);
}

static void left_part(const LeftTree *l, JsonWriter *w)
{
        const Tree *t = l->tree;
        json_write_object(w);
        key_known(w, "pid", t->leader > 0, (uint64_t)t->leader);
        key_uint(w, "generation", t->generation);
        key_str(w, "state", server_state_name(SERVER_STATE_STUCK));
        key_null(w, "era");
        key_null(w, "protocol");
        key_null(w, "session");
        key_uint(w, "inflight", 0);
        key_str(w, "tree", spawn_tree_name(t->kind));
        key_uint(w, "warden", (uint64_t)t->warden);
        json_write_object_end(w);
}

static void instances_part(const Server *s, JsonWriter *w)
{
        const Instance *i;
        const LeftTree *l;
        json_write_key(w, "instances");
        json_write_array(w);
        LIST_FOREACH(i, &s->instances, link)
        if (i->tree)
                instance_part(i, w);
        LIST_FOREACH(l, &s->left, link)
        left_part(l, w);
        json_write_array_end(w);
}

/* What stands between the profile that was asked for and what is done today: everything above the
 * floor, until the fences are built. */
static void sandbox_part(const Server *s, const Instance *best, JsonWriter *w)
{
        static const char *const profiles[] = {PROFILE_WORDS};
        static const char *const missing[] = {"memory",     "pids",     "cpu",          "io",
                                              "userns",     "mountns",  "ipcns",        "utsns",
                                              "netns",      "cgroupns", "landlock-net", "landlock-scope",
                                              "securebits", "groups",   "proc"};
        bool none = s->config->sandbox.profile == PROFILE_NONE;
        json_write_key(w, "sandbox");
        json_write_object(w);
        key_str(w, "profile", profiles[s->config->sandbox.profile]);
        key_str(w, "effective", "none");
        json_write_key(w, "missing");
        json_write_array(w);
        for (size_t i = 0; i < ARRAY_SIZE(missing) && !none; i++)
                json_write_str(w, missing[i]);
        if (!none && best && best->tree && !best->tree->pidns)
                json_write_str(w, "pidns");
        if (!none && best && best->tree && best->tree->kind == SPAWN_TREE_BEST_EFFORT)
                json_write_str(w, "tree");
        json_write_array_end(w);
        json_write_object_end(w);
}

static void times_part(const Server *s, const Instance *best, JsonWriter *w)
{
        Nsec now = loop_now(s->sup->loop), next = server_next_start(s);
        if (best && best->tree && best->tree->execed && !best->tree->leader_told)
                key_seconds(w, "uptime_s", nsec_sub(now, best->tree->execed_at));
        else
                key_null(w, "uptime_s");
        if (next != NSEC_NEVER)
                key_seconds(w, "next_start_s", nsec_sub(next, now));
        else
                key_null(w, "next_start_s");
}

/* What the gateway has counted. The tools of a server that does not run are those of its last life, if
 * its catalogue was kept. */
static void figures_part(const ScoreServerGateway *g, bool ready, JsonWriter *w)
{
        uint64_t known = score_get(&g->tools_known), tools = score_get(&g->tools), usec;
        bool listed = ready && known == SCORE_TOOLS_LISTED;
        key_known(w, "tools", listed, tools);
        key_known(w, "cached_tools", !listed && known != SCORE_TOOLS_UNKNOWN, tools);
        key_uint(w, "calls", score_get(&g->calls));
        key_uint(w, "errors", score_get(&g->errors));
        if (metric_quantile(&g->duration, METRIC_REQUEST_DURATION, 95, &usec))
                key_msec(w, "p95_ms", usec);
        else
                key_null(w, "p95_ms");
}

static void server_part(const Server *s, JsonWriter *w)
{
        static const char *const shares[] = {SHARE_WORDS};
        const ScoreServerGateway *g = &s->score->gateway;
        const Instance *best = server_best(s);
        const ExitRecord *last = server_last_exit(s);
        Usage usage = usage_measure(s);
        json_write_object(w);
        key_str(w, "name", s->name);
        key_str(w, "state", server_state_name(server_state(s)));
        key_known(w, "pid", best && best->tree && best->tree->leader > 0,
                  best && best->tree ? (uint64_t)best->tree->leader : 0);
        times_part(s, best, w);
        key_uint(w, "restarts", s->auto_restarts);
        key_str(w, "breaker", breaker_name(s->breaker));
        budget_part(s, w);
        json_write_key(w, "last_exit");
        if (last)
                exit_record_json(last, NULL, w);
        else
                json_write_null(w);
        instances_part(s, w);
        key_known(w, "memory_bytes", usage.known, usage.memory);
        figures_part(g, best && best->state == SERVER_STATE_READY, w);
        sandbox_part(s, best, w);
        key_str(w, "goal", s->main ? goal_name(s->main->goal) : "gone");
        key_str(w, "share", shares[s->config->share]);
        key_known(w, "pids", usage.known, usage.pids);
        key_uint(w, "starts", score_get(&s->score->ours.starts));
        key_uint(w, "log_lines", s->log.kept);
        key_uint(w, "log_lines_suppressed", s->log.suppressed);
        json_write_object_end(w);
}

static bool is_named(const Server *s, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(s->name, names[i]) == 0)
                        return true;
        return n == 0;
}

int status_json(struct Supervisor *s, const char *const *names, size_t n, JsonWriter *w)
{
        const Server *server;
        json_write_object(w);
        key_str(w, "version", PACKAGE_VERSION);
        key_uint(w, "pid", (uint64_t)getpid());
        key_seconds(w, "uptime_s", nsec_sub(loop_now(s->loop), s->started));
        key_str(w, "state", daemon_state_name(s->state));
        json_write_key(w, "ready");
        json_write_bool(w, supervisor_is_ready(s));
        config_part(s, w);
        gateway_part(s, w);
        key_uint(w, "orphans_reaped", s->reaper.orphans);
        key_uint(w, "notify_dropped", s->notify.dropped);
        json_write_key(w, "servers");
        json_write_array(w);
        TAILQ_FOREACH(server, &s->servers, link)
        if (is_named(server, names, n))
                server_part(server, w);
        json_write_array_end(w);
        json_write_object_end(w);
        return json_write_done(w);
}
