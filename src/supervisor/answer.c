/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/nearest.h"
#include "supervisor/core.h"
#include "supervisor/status-json.h"

static Supervisor *sup_of(ControlServer *server)
{
        return CONTAINER_OF(server, Supervisor, control);
}

static void no_memory(ControlConn *c, int error)
{
        control_finish_error(c, "internal", "%s", strerror(-error));
}

/* ---- names ------------------------------------------------------------------ */

static const char *nearest_name(Supervisor *s, const char *name)
{
        Nearest nearest = NEAREST_INIT(span_of(name));
        const Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        nearest_offer(&nearest, server->name);
        return nearest.best;
}

static bool known(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        for (size_t i = 0; i < r->n_names; i++) {
                if (server_find(s, r->names[i]))
                        continue;
                const char *near = nearest_name(s, r->names[i]);
                control_finish_error(c, "unknown-server", "no server is called %s%s%s%s", r->names[i],
                                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
                return false;
        }
        return true;
}

/* ---- answers that are there at once ----------------------------------------- */

static void answer_status(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONTROL_ANSWER);
        JsonWriter w = JSON_WRITER(&b);
        int e = status_json(s, r->names, r->n_names, &w);
        if (e < 0) {
                no_memory(c, e);
                return;
        }
        control_line(c, buf_span(&b));
        control_finish_ok(c);
}

static void history_of(const Server *server, const ControlRequest *r, ControlConn *c)
{
        for (size_t i = history_count(&server->history); i-- > 0;) {
                const ExitRecord *record = history_get(&server->history, i);
                CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONTROL_ANSWER);
                JsonWriter w = JSON_WRITER(&b);
                if (r->has_since && record->wall_usec < r->since_usec)
                        continue;
                exit_record_json(record, server->name, &w);
                if (json_write_done(&w) == 0)
                        control_line(c, buf_span(&b));
        }
}

static void answer_history(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        const Server *server;
        for (size_t i = 0; i < r->n_names; i++)
                history_of(server_find(s, r->names[i]), r, c);
        if (r->n_names == 0)
                TAILQ_FOREACH(server, &s->servers, link)
        history_of(server, r, c);
        control_finish_ok(c);
}

static void answer_config(Supervisor *s, ControlConn *c, const ControlRequest *r UNUSED)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_BLOB), line = BUF_INIT(2 * LIMIT_CONFIG_BLOB);
        JsonWriter w = JSON_WRITER(&line);
        int e = s->text < 0                       ? -ENOENT
                : lseek(s->text, 0, SEEK_SET) < 0 ? -errno
                                                  : fd_read_all(s->text, &text);
        if (e == 0) {
                json_write_object(&w);
                json_write_key(&w, "text");
                json_write_string(&w, buf_span(&text));
                json_write_object_end(&w);
                e = json_write_done(&w);
        }
        if (e < 0) {
                no_memory(c, e);
                return;
        }
        control_line(c, buf_span(&line));
        control_finish_ok(c);
}

static void answer_drain(Supervisor *s, ControlConn *c, const ControlRequest *r UNUSED)
{
        if (s->state == DAEMON_STATE_RUNNING || s->state == DAEMON_STATE_STARTING) {
                const char *before = daemon_state_name(s->state);
                s->state = DAEMON_STATE_DRAINING;
                log_info("draining: no new requests");
                event_log_add(&s->events, &(const Event){.type = "daemon", .from = before, .to = "draining"});
                askers_event_added(s);
                gateway_drain(&s->gateway);
                notify_status(&s->notify, "draining");
        }
        control_finish_ok(c);
}

static void answer_ping(Supervisor *s UNUSED, ControlConn *c, const ControlRequest *r UNUSED)
{
        control_finish_ok(c);
}

/* ---- answers that take time ------------------------------------------------- */

static void answer_logs(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        int e = asker_logs(s, c, r, server_find(s, r->names[0]));
        if (e < 0)
                no_memory(c, e);
}

static void answer_events(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        int e = asker_events(s, c, r);
        if (e < 0)
                no_memory(c, e);
}

static void answer_servers(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        static const StateEvent events[_CONTROL_COMMAND_MAX] = {[CONTROL_START] = STATE_EVENT_START,
                                                                [CONTROL_STOP] = STATE_EVENT_STOP,
                                                                [CONTROL_RESTART] = STATE_EVENT_RESTART,
                                                                [CONTROL_RESET] = STATE_EVENT_RESET};
        if (s->shutdown.on) {
                control_finish_error(c, "stopping", "mcpvisor is stopping");
                return;
        }
        int e = asker_servers(s, c, r, events[r->command]);
        if (e < 0)
                no_memory(c, e);
}

static void answer_reload(Supervisor *s, ControlConn *c, const ControlRequest *r)
{
        if (s->shutdown.on)
                control_finish_error(c, "stopping", "mcpvisor is stopping");
        else if (s->options->mode == DAEMON_RUN)
                control_finish_error(c, "no-file", "nothing to reload: `run` has no configuration file");
        else if (r->no_wait) {
                reload_ask(&s->reload);
                control_finish_ok(c);
        } else {
                int e = asker_reload(s, c);
                if (e < 0)
                        no_memory(c, e);
                else
                        reload_ask(&s->reload);
        }
}

static void (*const answers[_CONTROL_COMMAND_MAX])(Supervisor *, ControlConn *, const ControlRequest *) = {
        [CONTROL_STATUS] = answer_status,   [CONTROL_LOGS] = answer_logs,
        [CONTROL_HISTORY] = answer_history, [CONTROL_EVENTS] = answer_events,
        [CONTROL_CONFIG] = answer_config,   [CONTROL_START] = answer_servers,
        [CONTROL_STOP] = answer_servers,    [CONTROL_RESTART] = answer_servers,
        [CONTROL_RESET] = answer_servers,   [CONTROL_RELOAD] = answer_reload,
        [CONTROL_DRAIN] = answer_drain,     [CONTROL_PING] = answer_ping,
};

static void request(ControlServer *server, ControlConn *c, const ControlRequest *r)
{
        Supervisor *s = sup_of(server);
        if (known(s, c, r))
                answers[r->command](s, c, r);
}

static void gone(ControlServer *server UNUSED, ControlConn *c)
{
        asker_free(control_conn_data(c));
}

static void drained(ControlServer *server UNUSED, ControlConn *c)
{
        Asker *a = control_conn_data(c);
        if (a)
                asker_go_on(a);
}

/* ---- who may ask ------------------------------------------------------------ */

static pid_t parent_of(pid_t pid)
{
        char path[64], text[512];
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        const char *end = strrchr(text, ')'); /* a name may hold anything */
        return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static bool leads_a_tree(const Supervisor *s, pid_t pid)
{
        const Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        {
                const Instance *i;
                const LeftTree *l;
                LIST_FOREACH(i, &server->instances, link)
                if (i->tree && tree_is_led_by(i->tree, pid))
                        return true;
                LIST_FOREACH(l, &server->left, link)
                if (tree_is_led_by(l->tree, pid))
                        return true;
        }
        return false;
}

/* Nobody who belongs to a server: it would stop its own fence. */
static bool admits(ControlServer *server, pid_t pid, int pidfd UNUSED)
{
        const Supervisor *s = sup_of(server);
        char name[80];
        if (pid <= 0)
                return true; /* of a namespace that we do not see into: the socket's mode has decided */
        for (unsigned depth = 0; pid > 1 && depth < LIMIT_ANCESTORS; depth++) {
                if (cgroup_of(&s->cgroups, pid, name, sizeof(name)) || leads_a_tree(s, pid))
                        return false;
                pid = parent_of(pid);
        }
        return true;
}

const ControlServerOps answer_ops = {.admits = admits, .request = request, .gone = gone, .drained = drained};
