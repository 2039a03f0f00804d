/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/when.h"
#include "config/blob.h"
#include "supervisor/commit.h"
#include "supervisor/core.h"
#include "supervisor/exit-status.h"
#include "supervisor/reload.h"

static Nsec now_of(const Reload *r)
{
        return loop_now(r->sup->loop);
}

/* When the next one may begin. */
static Nsec next_of(const Reload *r)
{
        Nsec pause = supervisor_time(r->sup->options->times.reload_pause, LIMIT_RELOAD_PAUSE * NSEC_PER_MSEC);
        return r->first ? now_of(r) : MAX(now_of(r), nsec_add(r->last, pause));
}

static const char *path_of(const Reload *r)
{
        return r->sup->options->path ? r->sup->options->path : "the command line";
}

bool reload_is_busy(const Reload *r)
{
        return r->phase != RELOAD_REST || r->dirty;
}

/* ---- its end ---------------------------------------------------------------- */

/* What was taken for a configuration that does not come into force. */
static void drop_next(Reload *r)
{
        for (size_t i = 0; i < r->n_rows; i++)
                if (r->rows[i].is_new)
                        server_free(r->rows[i].server);
        free(r->rows);
        r->rows = NULL;
        r->n_rows = 0;
        if (r->has_diff)
                config_diff_done(&r->diff);
        r->has_diff = false;
        r->next = config_unref(r->next);
        tokens_done(&r->tokens);
        if (r->has_result)
                validate_result_done(&r->result);
        r->has_result = false;
}

static void drop_pending(Reload *r)
{
        for (size_t i = 0; i < r->n_pending; i++)
                free(r->pending[i]);
        free(r->pending);
        r->pending = NULL;
        r->n_pending = 0;
}

static void rest(Reload *r)
{
        drop_next(r);
        drop_pending(r);
        timer_cancel(&r->timer);
        r->phase = RELOAD_REST;
        if (r->dirty)
                timer_arm(&r->timer, next_of(r));
}

static void conclude(Reload *r, bool ok, const char *code, const char *error)
{
        ReloadResult *l = &r->last_result;
        struct Supervisor *sup = r->sup;
        free(l->error);
        l->any = !r->first;
        l->ok = ok;
        l->code = code;
        l->wall_usec = when_now();
        l->error = error ? strdup(error) : NULL;
        if (!r->first) {
                r->ok += ok;
                r->failed += !ok;
                event_log_add(&sup->events,
                              &(const Event){
                                      .type = "reload", .from = NULL, .to = ok ? "ok" : code, .text = error});
                askers_event_added(sup);
        }
        askers_reload_ended(sup);
        rest(r);
        if (!sup->shutdown.on && sup->state == DAEMON_STATE_RUNNING)
                notify_ready(&sup->notify, NULL);
}

/* Nothing at all has changed. */
static void failed(Reload *r, const char *code, const char *error)
{
        struct Supervisor *sup = r->sup;
        gateway_abort(&sup->gateway, r->generation);
        if (!r->first)
                log_error("reload: %s; everything stays as it was", error);
        buf_clear(&r->last_result.lists);
        free(r->last_result.partial);
        r->last_result.partial = NULL;
        if (r->first) {
                conclude(r, false, code, error);
                supervisor_stop(sup, EXIT_REFUSED, error);
                return;
        }
        conclude(r, false, code, error);
}

static void failed_errno(Reload *r, const char *what, int error)
{
        char text[200];
        snprintf(text, sizeof(text), "%s: %s", what, strerror(-error));
        failed(r, "internal", text);
}

/* ---- committed: are they well? ---------------------------------------------- */

static char *partial_names(struct Supervisor *sup)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        JsonWriter w = JSON_WRITER(&b);
        Server *s;
        char *text = NULL;
        json_write_array(&w);
        TAILQ_FOREACH(s, &sup->servers, link)
        if (s->partial)
                json_write_str(&w, s->name);
        json_write_array_end(&w);
        if (json_write_done(&w) < 0 || buf_steal(&b, &text) < 0)
                return NULL;
        return text;
}

static void conclude_committed(Reload *r)
{
        CLEANUP(buf_done) Buf error = BUF_INIT(LIMIT_CONFIG_BLOB);
        Server *s;
        bool any = false;
        int e = 0;
        TAILQ_FOREACH(s, &r->sup->servers, link)
        {
                const ExitRecord *last = server_last_exit(s);
                if (!s->partial)
                        continue;
                e = e ? e
                      : buf_appendf(&error, "%s%s %s%s%s", any ? "; " : "partial: ", s->name,
                                    s->kept_old ? "kept its old instance" : "did not get ready",
                                    last ? ": " : "", last ? last->verdict.reason : "");
                any = true;
        }
        free(r->last_result.partial);
        r->last_result.partial = any ? partial_names(r->sup) : NULL;
        if (any)
                log_warning("reload: %s", buf_text(&error));
        else
                log_info("reload: generation %llu: %.*s", (unsigned long long)r->sup->generation,
                         (int)MIN(r->last_result.lists.len, 400U), buf_text(&r->last_result.lists));
        conclude(r, !any, any ? "partial" : NULL, any && !e ? buf_text(&error) : NULL);
}

static bool settled(Server *s)
{
        const Instance *i;
        bool bad = s->kept_old;
        LIST_FOREACH(i, &s->instances, link)
        if (i->second && !i->freed)
                return false;
        ServerState state = server_state(s);
        if (state == SERVER_STATE_BACKOFF || state == SERVER_STATE_DEGRADED)
                bad = true;
        else if (state != SERVER_STATE_READY && state != SERVER_STATE_IDLE && state != SERVER_STATE_STOPPED &&
                 state != SERVER_STATE_STUCK && !bad)
                return false;
        s->partial = bad;
        return true;
}

void reload_server_changed(Reload *r, Server *s)
{
        if (r->phase != RELOAD_STARTING)
                return;
        for (size_t i = 0; i < r->n_pending; i++) {
                if (strcmp(r->pending[i], s->name) != 0)
                        continue;
                if (!s->over && !settled(s))
                        return;
                free(r->pending[i]);
                r->pending[i] = r->pending[--r->n_pending];
                break;
        }
        if (r->n_pending == 0)
                conclude_committed(r);
}

/* ---- commit ----------------------------------------------------------------- */

static void committed(Reload *r)
{
        struct Supervisor *sup = r->sup;
        r->phase = RELOAD_STARTING;
        askers_reload_says(sup, "starting");
        /* Whoever is not there yet is awaited; each is bounded by its start_timeout. */
        for (size_t i = 0; i < r->n_pending;) {
                Server *s = server_find(sup, r->pending[i]);
                if (s && !settled(s)) {
                        i++;
                        continue;
                }
                free(r->pending[i]);
                r->pending[i] = r->pending[--r->n_pending];
        }
        if (r->n_pending == 0)
                conclude_committed(r);
}

static void commit(Reload *r)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        int e = commit_next(r, &why);
        if (e == COMMIT_E_REFUSED)
                failed(r, "refused", buf_text(&why));
        else if (e < 0)
                failed_errno(r, "the new configuration cannot come into force", e);
        else
                committed(r);
}

void reload_prepared(Reload *r, uint64_t generation, bool ok, Span text)
{
        char why[1100];
        if (r->phase != RELOAD_PREPARING || generation != r->generation)
                return;
        timer_cancel(&r->timer);
        if (ok) {
                commit(r);
                return;
        }
        snprintf(why, sizeof(why), "the gateway refuses it: %.*s", (int)text.len, text.ptr ? text.ptr : "");
        failed(r, "refused", why);
}

/* ---- prepare ---------------------------------------------------------------- */

static int take_row(Reload *r, size_t n)
{
        const ServerConfig *c = config_server(r->next, n);
        Server *s = server_find(r->sup, c->head.name);
        ReloadRow *row = &r->rows[n];
        row->is_new = !s;
        if (!s) {
                int e = server_new(r->sup, r->next, c, &s);
                if (e != 0)
                        return e;
        }
        row->server = s;
        row->row = s->row;
        row->generation = s->row_generation;
        return 0;
}

int reload_take_rows(Reload *r)
{
        size_t n = r->next->servers.n;
        r->rows = calloc(MAX(n, 1U), sizeof(*r->rows));
        if (!r->rows)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int e = take_row(r, i);
                if (e != 0) {
                        r->rows[i].is_new = false;
                        return e;
                }
                r->n_rows = i + 1;
        }
        return 0;
}

int reload_take_tokens(Reload *r, Buf *why)
{
        const struct Supervisor *sup = r->sup;
        const TokensArgs args = {.config = r->next,
                                 .given = sup->options->token,
                                 .state = sup->dirs.state,
                                 .before = &sup->tokens};
        return tokens_gather(&args, &r->tokens, why);
}

static void prepare_at_gateway(Reload *r)
{
        struct Supervisor *sup = r->sup;
        if (!gateway_is_ready(&sup->gateway))
                return; /* reload_gateway_up() comes back, or the deadline does */
        int e = gateway_prepare(&sup->gateway, r->generation, r->result.gateway_fd);
        if (e < 0)
                failed_errno(r, "the gateway cannot be asked", e);
}

void reload_gateway_up(Reload *r)
{
        if (r->phase == RELOAD_PREPARING && !r->sup->gateway.preparing)
                prepare_at_gateway(r);
}

void reload_gateway_lost(Reload *r)
{
        if (r->phase == RELOAD_PREPARING && r->asked)
                failed(r, "aborted", "gateway restarted during reload");
}

static void prepare(Reload *r)
{
        struct Supervisor *sup = r->sup;
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        int e = reload_take_tokens(r, &why);
        if (e == TOKENS_E_REFUSED) {
                failed(r, "refused", buf_text(&why));
                return;
        }
        if (e == 0)
                e = config_diff(sup->config, r->next, &r->diff);
        r->has_diff = e == 0;
        if (e == 0)
                e = reload_take_rows(r);
        if (e == SCOREBOARD_E_FULL) {
                failed(r, "refused",
                       "there is no room for so many servers (limits.max_servers): restart mcpvisor");
                return;
        }
        if (e < 0) {
                failed_errno(r, "the difference cannot be taken", e);
                return;
        }
        r->phase = RELOAD_PREPARING;
        r->asked = gateway_is_ready(&sup->gateway);
        askers_reload_says(sup, "preparing");
        timer_arm(&r->timer, nsec_add(now_of(r), LIMIT_PREPARE_TIME * NSEC_PER_SEC));
        prepare_at_gateway(r);
}

/* ---- read ------------------------------------------------------------------- */

static void say_diag(const Diag *d)
{
        static const LogLevel levels[_DIAG_SEVERITY_MAX] = {[DIAG_NOTE] = LOG_LEVEL_INFO,
                                                            [DIAG_WARNING] = LOG_LEVEL_WARNING,
                                                            [DIAG_ERROR] = LOG_LEVEL_ERROR};
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_LOG_MESSAGE);
        if (diag_format_text(d, false, &b) < 0)
                return;
        Span line, rest_of = span_trim(buf_span(&b));
        (void)span_next(&rest_of, '\n', &line);
        log_limited(levels[d->severity], NULL, NULL, "%.*s", (int)line.len, line.ptr);
}

static void say_findings(const Reload *r)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        for (const Diag *d = r->result.diags.first; d; d = d->next) {
                if (!r->first) {
                        say_diag(d);
                        continue;
                }
                buf_clear(&b); /* the person who started it sits before it; `check` tells the notes */
                if (d->severity != DIAG_NOTE && diag_format_text(d, false, &b) == 0)
                        fputs(buf_text(&b), stderr);
        }
}

/* The first error, on one line. */
static void first_error(const Reload *r, char *buf, size_t size)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_LOG_MESSAGE);
        const Diag *d = r->result.diags.first;
        while (d && d->severity != DIAG_ERROR)
                d = d->next;
        snprintf(buf, size, "%s is not valid", path_of(r));
        if (!d || diag_format_text(d, false, &b) < 0)
                return;
        Span line, rest_of = span_trim(buf_span(&b));
        (void)span_next(&rest_of, '\n', &line);
        unsigned more = r->result.diags.count[DIAG_ERROR] - 1;
        if (more)
                snprintf(buf, size, "%.*s (and %u more error%s)", (int)line.len, line.ptr, more,
                         more == 1 ? "" : "s");
        else
                snprintf(buf, size, "%.*s", (int)line.len, line.ptr);
}

static int decode(Reload *r)
{
        struct stat st;
        if (fstat(r->result.supervisor_fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || st.st_size > LIMIT_CONFIG_BLOB)
                return -EBADMSG;
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, r->result.supervisor_fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        int e = config_decode(span_from(map, (size_t)st.st_size), VIEW_SUPERVISOR, &r->next);
        (void)munmap(map, (size_t)st.st_size);
        return e;
}

static void read_done(Reload *r)
{
        char why[600];
        say_findings(r);
        if (!r->result.valid) {
                first_error(r, why, sizeof(why));
                failed(r, "invalid", why);
                return;
        }
        int e = decode(r);
        if (e < 0) {
                failed_errno(r, "the validator's answer cannot be read", e);
                return;
        }
        r->generation = r->sup->generation + 1;
        if (!r->first) {
                prepare(r);
        } else if (boot_begin(r->sup)) {
                conclude(r, true, NULL, NULL);
                r->first = false;
        } else {
                rest(r);
        }
}

static void validator_ended(ReaperChild *child, const ChildExit *how)
{
        Reload *r = CONTAINER_OF(child, Reload, child);
        timer_cancel(&r->timer);
        int e = validation_ended(&r->validation, how, path_of(r), &r->result);
        if (e < 0) {
                failed_errno(r, "the validator's answer cannot be taken", e);
                return;
        }
        r->has_result = true;
        read_done(r);
}

static void begin(Reload *r)
{
        struct Supervisor *sup = r->sup;
        const DaemonOptions *o = sup->options;
        const ValidateArgs args = {.path = o->path ? o->path : "-",
                                   .set = o->set,
                                   .n_set = o->n_set,
                                   .text_fd = o->text_fd,
                                   /* `run` tells by its exit status what is wrong with the command */
                                   .keep_going = o->keep_going || o->mode == DAEMON_RUN};
        r->dirty = false;
        r->serial++;
        r->last = now_of(r);
        r->asked = false;
        if (!r->first)
                notify_reloading(&sup->notify, r->last);
        int e = validation_start(&args, &r->validation);
        if (e < 0) {
                failed_errno(r, "the validator cannot be started", e);
                return;
        }
        r->phase = RELOAD_READING;
        askers_reload_says(sup, "reading");
        e = reaper_add(&sup->reaper, &r->child, r->validation.pid, validator_ended);
        if (e < 0) {
                validation_cancel(&r->validation);
                failed_errno(r, "the validator cannot be watched", e);
                return;
        }
        timer_arm(&r->timer, nsec_add(r->last, LIMIT_VALIDATOR_TIME * NSEC_PER_SEC));
}

/* ---- asked for -------------------------------------------------------------- */

static int timer_fired(Timer *timer, Nsec now UNUSED)
{
        Reload *r = CONTAINER_OF(timer, Reload, timer);
        switch (r->phase) {
        case RELOAD_REST:
                begin(r);
                break;
        case RELOAD_READING: /* its end comes by the reaper, and finds no file */
                reaper_remove(&r->sup->reaper, &r->child);
                validation_cancel(&r->validation);
                failed(r, "timeout",
                       "the configuration could not be read in time: does a file that it names lie "
                       "on a stalled file system?");
                break;
        case RELOAD_PREPARING:
                if (r->sup->gateway.preparing)
                        gateway_kill(&r->sup->gateway, "it does not answer for the new configuration");
                failed(r, "aborted", "the gateway did not answer in time");
                break;
        case RELOAD_STARTING:
        case _RELOAD_PHASE_MAX:
                break;
        }
        return 0;
}

static const TimerOps timer_ops = {.fired = timer_fired};

void reload_ask(Reload *r)
{
        if (r->sup->shutdown.on) {
                log_info("reload: ignored, mcpvisor is stopping");
                return;
        }
        r->dirty = true;
        if (r->phase == RELOAD_STARTING)
                conclude_committed(r);
        else if (r->phase == RELOAD_REST)
                timer_arm(&r->timer, next_of(r));
}

int reload_init(Reload *r, struct Supervisor *sup)
{
        *r = (Reload){.sup = sup,
                      .first = true,
                      .tokens = TOKENS_INIT,
                      .last_result = {.lists = BUF_INIT(LIMIT_CONFIG_BLOB)}};
        return timer_init(&r->timer, loop_timers(sup->loop), &timer_ops);
}

void reload_cancel(Reload *r)
{
        r->dirty = false;
        if (r->phase == RELOAD_READING) {
                reaper_remove(&r->sup->reaper, &r->child);
                validation_cancel(&r->validation);
        }
        if (r->phase == RELOAD_PREPARING)
                gateway_abort(&r->sup->gateway, r->generation);
        if (r->phase == RELOAD_REST) {
                timer_cancel(&r->timer);
                return;
        }
        if (!r->first)
                conclude(r, false, "aborted", "mcpvisor is stopping");
        else
                rest(r);
}

void reload_done(Reload *r)
{
        if (!r->sup)
                return;
        reload_cancel(r);
        timer_done(&r->timer);
        free(r->last_result.error);
        free(r->last_result.partial);
        buf_done(&r->last_result.lists);
}
