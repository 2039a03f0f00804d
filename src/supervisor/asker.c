/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/when.h"
#include "supervisor/asker.h"
#include "supervisor/core.h"

/* ---- lifecycle -------------------------------------------------------------- */

static int new_asker(struct Supervisor *sup, ControlConn *c, AskerKind kind, Asker **ret)
{
        Asker *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        a->sup = sup;
        a->conn = c;
        a->kind = kind;
        LIST_INSERT_HEAD(&sup->askers, a, link);
        control_conn_set_data(c, a);
        *ret = a;
        return 0;
}

void asker_free(Asker *a)
{
        if (!a)
                return;
        control_conn_set_data(a->conn, NULL);
        LIST_REMOVE(a, link);
        free(a->targets);
        free(a);
}

static void finish_ok(Asker *a)
{
        ControlConn *c = a->conn;
        asker_free(a);
        control_finish_ok(c);
}

static void send_json(Asker *a, JsonWriter *w)
{
        if (json_write_done(w) == 0)
                control_line(a->conn, buf_span(w->buf));
}

/* ---- logs ------------------------------------------------------------------- */

static const char *stream_name(char first)
{
        return first == CHILD_LINE_STDERR ? "stderr" : first == CHILD_LINE_STRAY ? "stray" : "mcpvisor";
}

static void send_log_line(Asker *a, const LogRingLine *line)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(8 * LIMIT_LOG_LINE);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        json_write_key(&w, "n");
        json_write_uint(&w, line->number);
        when_json(&w, "at", line->wall_usec, 6);
        json_write_key(&w, "server");
        json_write_str(&w, a->name);
        json_write_key(&w, "stream");
        json_write_str(&w, stream_name(line->text.len ? line->text.ptr[0] : CHILD_LINE_OURS));
        json_write_key(&w, "partial");
        json_write_bool(&w, line->partial);
        json_write_key(&w, "text");
        json_write_string(&w, span_skip(line->text, 1));
        json_write_object_end(&w);
        send_json(a, &w);
}

static void send_skipped(Asker *a, uint64_t n)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(64);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        json_write_key(&w, "skipped");
        json_write_uint(&w, n);
        json_write_object_end(&w);
        send_json(a, &w);
}

/* What is new in the ring; stops where the queue is full and goes on when it is not. */
static void pump(Asker *a, const LogRing *ring, void (*one)(Asker *, const LogRingLine *))
{
        LogRingLine line;
        uint64_t missed = a->cursor.missed;
        while (ring->size && !control_is_full(a->conn) && log_ring_read(ring, &a->cursor, &line)) {
                if (a->cursor.missed != missed)
                        send_skipped(a, a->cursor.missed - missed);
                missed = a->cursor.missed;
                if (line.wall_usec >= a->since_usec)
                        one(a, &line);
        }
}

int asker_logs(struct Supervisor *sup, ControlConn *c, const ControlRequest *r, Server *s)
{
        Asker *a;
        int e = new_asker(sup, c, ASKER_LOGS, &a);
        if (e < 0)
                return e;
        snprintf(a->name, sizeof(a->name), "%s", s->name);
        a->follow = r->follow;
        a->since_usec = r->has_since ? r->since_usec : INT64_MIN;
        /* What went before somebody asked was not missed. */
        a->cursor = log_ring_last(&s->log.ring, r->has_tail ? r->tail : UINT64_MAX);
        asker_go_on(a);
        return 0;
}

/* ---- events ----------------------------------------------------------------- */

static void send_event(Asker *a, const LogRingLine *line)
{
        control_line(a->conn, line->text);
}

int asker_events(struct Supervisor *sup, ControlConn *c, const ControlRequest *r)
{
        Asker *a;
        int e = new_asker(sup, c, ASKER_EVENTS, &a);
        if (e < 0)
                return e;
        a->follow = r->follow;
        a->since_usec = INT64_MIN;
        a->cursor = log_ring_last(&sup->events.ring, UINT64_MAX);
        asker_go_on(a);
        return 0;
}

void asker_go_on(Asker *a)
{
        Server *s = a->kind == ASKER_LOGS ? server_find(a->sup, a->name) : NULL;
        if (a->kind == ASKER_LOGS && s)
                pump(a, &s->log.ring, send_log_line);
        else if (a->kind == ASKER_EVENTS)
                pump(a, &a->sup->events.ring, send_event);
        else if (a->kind != ASKER_LOGS)
                return;
        if (!a->follow && !control_is_full(a->conn))
                finish_ok(a);
}

void askers_log_grew(struct Supervisor *sup, Server *s)
{
        Asker *a, *next;
        for (a = LIST_FIRST(&sup->askers); a; a = next) {
                next = LIST_NEXT(a, link);
                if (a->kind == ASKER_LOGS && strcmp(a->name, s->name) == 0)
                        asker_go_on(a);
        }
}

void askers_event_added(struct Supervisor *sup)
{
        Asker *a, *next;
        for (a = LIST_FIRST(&sup->askers); a; a = next) {
                next = LIST_NEXT(a, link);
                if (a->kind == ASKER_EVENTS)
                        asker_go_on(a);
        }
}

/* ---- start, stop, restart, reset -------------------------------------------- */

static void finish_servers(Asker *a)
{
        ControlConn *c = a->conn;
        size_t failed = a->n_failed, all = a->n_targets;
        asker_free(a);
        if (failed == 0)
                control_finish_ok(c);
        else
                control_finish_error(c, "failed", "%zu of %zu server%s failed", failed, all,
                                     all == 1 ? "" : "s");
}

static void send_progress(Asker *a, const AskerTarget *t, ServerState state)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(512);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        json_write_key(&w, "server");
        json_write_str(&w, t->name);
        json_write_key(&w, "state");
        json_write_str(&w, server_state_name(state));
        json_write_object_end(&w);
        send_json(a, &w);
}

static void settle(Asker *a, AskerTarget *t, ServerState state, const char *error)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        JsonWriter w = JSON_WRITER(&b);
        t->done = true;
        t->failed = error != NULL;
        a->n_done++;
        a->n_failed += t->failed;
        json_write_object(&w);
        json_write_key(&w, "server");
        json_write_str(&w, t->name);
        json_write_key(&w, "done");
        json_write_bool(&w, !t->failed);
        json_write_key(&w, "state");
        json_write_str(&w, server_state_name(state));
        json_write_key(&w, "error");
        json_write_str(&w, error);
        json_write_object_end(&w);
        send_json(a, &w);
}

/* What is awaited after each event, and what says that it will not come. */
static void judge(Asker *a, AskerTarget *t, const Server *s)
{
        const ExitRecord *last = server_last_exit(s);
        const char *reason = last ? last->verdict.reason : "ended";
        ServerState state = server_state(s);
        bool down = state == SERVER_STATE_STOPPED || state == SERVER_STATE_IDLE;
        bool sessions = s->config->share == SHARE_SESSION;
        bool newer = !s->main || s->main->generation > t->generation;
        if (a->event == STATE_EVENT_STOP) {
                if (down)
                        settle(a, t, state, NULL);
                else if (state == SERVER_STATE_STUCK)
                        settle(a, t, state, "it does not end, even after KILL");
                else if (s->main && newer) /* a reload with another configuration, or somebody by hand */
                        settle(a, t, state, "it was started again meanwhile");
                return;
        }
        if (state == SERVER_STATE_READY && (newer || a->event != STATE_EVENT_RESTART))
                settle(a, t, state, NULL);
        else if (sessions && down)
                settle(a, t, state, NULL);
        else if (newer && (state == SERVER_STATE_BACKOFF || state == SERVER_STATE_DEGRADED || down))
                settle(a, t, state, reason);
}

static void look(Asker *a, AskerTarget *t, Server *s)
{
        ServerState state = server_state(s);
        if (t->done)
                return;
        if (state != t->told)
                send_progress(a, t, state);
        t->told = state;
        judge(a, t, s);
}

void askers_server_changed(struct Supervisor *sup, Server *s)
{
        Asker *a, *next;
        for (a = LIST_FIRST(&sup->askers); a; a = next) {
                next = LIST_NEXT(a, link);
                for (size_t i = 0; a->kind == ASKER_SERVERS && i < a->n_targets; i++)
                        if (strcmp(a->targets[i].name, s->name) == 0 && !s->removed)
                                look(a, &a->targets[i], s);
                if (a->kind == ASKER_SERVERS && !a->sending && a->n_done == a->n_targets)
                        finish_servers(a);
        }
}

void askers_server_gone(struct Supervisor *sup, Server *s)
{
        Asker *a, *next;
        for (a = LIST_FIRST(&sup->askers); a; a = next) {
                next = LIST_NEXT(a, link);
                if (a->kind == ASKER_LOGS && strcmp(a->name, s->name) == 0 && !server_find(sup, s->name)) {
                        finish_ok(a);
                        continue;
                }
                for (size_t i = 0; a->kind == ASKER_SERVERS && i < a->n_targets; i++)
                        if (!a->targets[i].done && strcmp(a->targets[i].name, s->name) == 0)
                                settle(a, &a->targets[i], SERVER_STATE_STOPPED,
                                       a->event == STATE_EVENT_STOP
                                               ? NULL
                                               : "it was removed from the configuration");
                if (a->kind == ASKER_SERVERS && !a->sending && a->n_done == a->n_targets)
                        finish_servers(a);
        }
}

static int add_targets(Asker *a, const ControlRequest *r)
{
        Server *s;
        size_t n = r->n_names;
        if (r->all) {
                n = 0;
                TAILQ_FOREACH(s, &a->sup->servers, link)
                n += !s->removed;
        }
        a->targets = calloc(MAX(n, 1U), sizeof(*a->targets));
        if (!a->targets)
                return -ENOMEM;
        for (size_t i = 0; !r->all && i < n; i++)
                snprintf(a->targets[a->n_targets++].name, sizeof(a->name), "%s", r->names[i]);
        if (r->all)
                TAILQ_FOREACH(s, &a->sup->servers, link)
        if (!s->removed)
                snprintf(a->targets[a->n_targets++].name, sizeof(a->name), "%s", s->name);
        return 0;
}

int asker_servers(struct Supervisor *sup, ControlConn *c, const ControlRequest *r, StateEvent event)
{
        Asker *a;
        int e = new_asker(sup, c, ASKER_SERVERS, &a);
        if (e < 0)
                return e;
        a->event = event;
        e = add_targets(a, r);
        if (e < 0) {
                asker_free(a);
                return e;
        }
        a->sending = true;
        for (size_t i = 0; i < a->n_targets; i++) {
                AskerTarget *t = &a->targets[i];
                Server *s = server_find(sup, t->name);
                if (!s)
                        continue;
                t->generation = s->main ? s->main->generation : 0;
                t->told = server_state(s);
                server_event(s, event);
                look(a, t, s);
        }
        a->sending = false;
        if (a->n_done == a->n_targets)
                finish_servers(a);
        else if (r->no_wait)
                finish_ok(a);
        return 0;
}

/* ---- reload ----------------------------------------------------------------- */

int asker_reload(struct Supervisor *sup, ControlConn *c)
{
        Asker *a;
        int e = new_asker(sup, c, ASKER_RELOAD, &a);
        if (e == 0)
                a->serial = sup->reload.serial;
        return e;
}

void askers_reload_says(struct Supervisor *sup, const char *phase)
{
        Asker *a;
        CLEANUP(buf_done) Buf b = BUF_INIT(256);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        json_write_key(&w, "phase");
        json_write_str(&w, phase);
        json_write_object_end(&w);
        LIST_FOREACH(a, &sup->askers, link)
        if (a->kind == ASKER_RELOAD)
                send_json(a, &w);
}

/* The lists are an object of their own; its members go first. */
static int reload_answer(struct Supervisor *sup, Buf *b)
{
        const ReloadResult *l = &sup->reload.last_result;
        CLEANUP(buf_done) Buf tail = BUF_INIT(LIMIT_CONFIG_BLOB);
        JsonWriter w = JSON_WRITER(&tail);
        json_write_object(&w);
        json_write_key(&w, "ok");
        json_write_bool(&w, l->ok);
        json_write_key(&w, "code");
        json_write_str(&w, l->code);
        json_write_key(&w, "error");
        json_write_str(&w, l->error);
        json_write_key(&w, "generation");
        json_write_uint(&w, sup->generation);
        json_write_key(&w, "partial");
        json_write_raw(&w, l->partial ? span_of(l->partial) : SPAN("[]"));
        json_write_object_end(&w);
        int r = json_write_done(&w);
        if (r == 0 && l->lists.len > 2) {
                r = buf_append_span(b, span_first(buf_span(&l->lists), l->lists.len - 1));
                if (r == 0)
                        r = buf_append_char(b, ',');
                return r < 0 ? r : buf_append_span(b, span_skip(buf_span(&tail), 1));
        }
        return r < 0 ? r : buf_append_span(b, buf_span(&tail));
}

void askers_reload_ended(struct Supervisor *sup)
{
        Asker *a, *next;
        CLEANUP(buf_done) Buf b = BUF_INIT(2 * LIMIT_CONFIG_BLOB);
        bool told = reload_answer(sup, &b) == 0;
        for (a = LIST_FIRST(&sup->askers); a; a = next) {
                next = LIST_NEXT(a, link);
                if (a->kind != ASKER_RELOAD || a->serial == sup->reload.serial)
                        continue; /* who asked while this one ran waits for the next */
                ControlConn *c = a->conn;
                asker_free(a);
                if (told)
                        control_finish_raw(c, buf_span(&b));
                else
                        control_finish_error(c, "internal", "no memory for the answer");
        }
}

void askers_end(struct Supervisor *sup)
{
        Asker *a;
        while ((a = LIST_FIRST(&sup->askers))) {
                ControlConn *c = a->conn;
                bool follows = a->kind == ASKER_LOGS || a->kind == ASKER_EVENTS;
                asker_free(a);
                if (follows)
                        control_finish_ok(c);
                else
                        control_finish_error(c, "stopping", "mcpvisor has ended");
        }
}
