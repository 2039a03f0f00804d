/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/fd.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "config/schema.h"
#include "ipc/certificate.h"
#include "supervisor/commit.h"
#include "supervisor/core.h"
#include "supervisor/reload.h"

/* ---- what can fail ---------------------------------------------------------- */

static int add_secret(void *data, const char *secret)
{
        int r = redact_set_add(data, span_of(secret));
        return r < 0 ? r : 0; /* one that is too short was told of by check */
}

/* Of both, so that a line that was begun under the old one is hidden as well. */
static int gather_secrets(const Config *old, const Config *next, RedactSet **ret)
{
        CLEANUP(redact_set_unref_p) RedactSet *set = NULL;
        int r = redact_set_new(&set);
        if (r == 0 && old)
                r = config_each_secret(old, add_secret, set);
        if (r == 0)
                r = config_each_secret(next, add_secret, set);
        if (r == 0)
                *ret = TAKE_PTR(set);
        return r;
}

static int write_names(JsonWriter *w, const char *key, const ConfigDiff *d, DiffAction action)
{
        json_write_key(w, key);
        json_write_array(w);
        for (size_t i = 0; i < d->n_servers; i++) {
                const DiffEntry *e = &d->servers[i];
                if (e->action == action)
                        json_write_str(w, (e->after ? e->after : e->before)->head.name);
        }
        json_write_array_end(w);
        return json_write_done(w);
}

/* What whoever asked for the reload is told: members of an object, without its braces. */
static int write_lists(const ConfigDiff *d, Buf *b)
{
        size_t same = 0;
        JsonWriter w = JSON_WRITER(b);
        buf_clear(b);
        for (size_t i = 0; i < d->n_servers; i++)
                same += d->servers[i].action == DIFF_SAME;
        json_write_object(&w);
        int r = write_names(&w, "added", d, DIFF_ADD);
        if (r == 0)
                r = write_names(&w, "removed", d, DIFF_REMOVE);
        if (r == 0)
                r = write_names(&w, "restarted", d, DIFF_RESTART);
        if (r == 0)
                r = write_names(&w, "live", d, DIFF_LIVE);
        json_write_key(&w, "same");
        json_write_uint(&w, same);
        json_write_object_end(&w);
        return r < 0 ? r : json_write_done(&w);
}

/* Both the old and the new ones: a line of a server that was told one may still be on its way. */
static int add_tokens(const struct Supervisor *sup, const Tokens *next, RedactSet *set)
{
        const char *const texts[] = {sup->tokens.text, next->text, sup->options->token};
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
                r = texts[i] ? add_secret(set, texts[i]) : 0;
        return r;
}

/* Names of those that are on their way after the commit. */
static int note_pending(Reload *r)
{
        r->pending = calloc(MAX(r->diff.n_servers, 1U), sizeof(*r->pending));
        if (!r->pending)
                return -ENOMEM;
        for (size_t i = 0; i < r->diff.n_servers; i++) {
                const DiffEntry *e = &r->diff.servers[i];
                if (e->action != DIFF_ADD && e->action != DIFF_RESTART)
                        continue;
                char *name = strdup(e->after->head.name);
                if (!name)
                        return -ENOMEM;
                r->pending[r->n_pending++] = name;
        }
        return 0;
}

static int open_listeners(struct Supervisor *sup, const Config *next, ListenerSet *ret, Buf *why)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX), notes = BUF_INIT(LIMIT_LOG_MESSAGE);
        bool http = sup->dirs.runtime && next->listen_unix == LISTEN_UNIX_AUTO;
        int r = http ? buf_appendf(&path, "%s/http.sock", sup->dirs.runtime) : 0;
        if (r < 0)
                return r;
        const ListenerArgs args = {.config = next,
                                   .http_sock = http ? buf_text(&path) : NULL,
                                   .any_port = sup->options->mode == DAEMON_RUN &&
                                               !sup->options->listen_given};
        r = listener_open(&args, &sup->listeners, ret, why, &notes);
        Span left = span_trim(buf_span(&notes)), line;
        while (left.len && span_next(&left, '\n', &line))
                log_info("%.*s", (int)line.len, line.ptr);
        return r;
}

/* ---- the exchange ----------------------------------------------------------- */

static int describe(const ListenerSet *set, Buf *b)
{
        for (size_t i = 0; i < set->n; i++) {
                int r = buf_appendf(b, "%s%s\n", set->items[i].address,
                                    set->items[i].metrics ? " metrics" : "");
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct Changes {
        bool addresses, certificate;
} Changes;

static void swap_listeners(struct Supervisor *sup, ListenerSet *next, size_t before, Changes changed)
{
        listener_set_done(&sup->listeners);
        sup->listeners = *next;
        *next = (ListenerSet){0};
        for (size_t i = 0; i < before && changed.addresses; i++)
                gateway_tell_listener_down(&sup->gateway, i);
        for (size_t i = 0; i < sup->listeners.n; i++) {
                const Listener *l = &sup->listeners.items[i];
                if (changed.addresses || (changed.certificate && l->kind == IPC_LISTENER_TCP))
                        gateway_tell_listener(&sup->gateway, i, l);
        }
}

static bool is_empty(int fd)
{
        struct stat st;
        return fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0;
}

/* Whether the files hold something else than before, whatever they are called. */
static bool swap_certificate(struct Supervisor *sup, ValidateResult *result)
{
        CLEANUP_FD int before = TAKE_FD(sup->certificate);
        if (!is_empty(result->certificate_fd))
                sup->certificate = TAKE_FD(result->certificate_fd);
        if (before < 0 || sup->certificate < 0)
                return before >= 0 || sup->certificate >= 0;
        return !ipc_certificate_same(before, sup->certificate);
}

static void swap_config(Reload *r)
{
        struct Supervisor *sup = r->sup;
        config_unref(sup->config);
        sup->config = TAKE_PTR(r->next);
        sup->generation = r->generation;
        fd_close_p(&sup->gateway_blob);
        fd_close_p(&sup->text);
        sup->gateway_blob = TAKE_FD(r->result.gateway_fd);
        sup->text = TAKE_FD(r->result.text_fd);
        tokens_done(&sup->tokens);
        sup->tokens = r->tokens;
        r->tokens = TOKENS_INIT;
        const Config *c = sup->config;
        sup->shutdown.drain = c->shutdown.drain;
        sup->shutdown.timeout = c->shutdown.timeout;
        governor_adopt(&sup->governor, c->governor.rate, c->governor.burst, c->governor.starting,
                       loop_now(sup->loop));
        supervisor_governor(sup);
}

static void swap_secrets(struct Supervisor *sup, RedactSet *set)
{
        Server *s;
        redact_set_unref(sup->secrets);
        sup->secrets = set;
        log_set_secrets(log_default(), set);
        TAILQ_FOREACH(s, &sup->servers, link)
        {
                Instance *i;
                LIST_FOREACH(i, &s->instances, link)
                if (i->tree && i->tree->log_open)
                        child_log_set_secrets(&i->tree->log, set);
        }
}

static void watch_again(struct Supervisor *sup)
{
        bool wanted = sup->config->reload == RELOAD_MODE_WATCH && sup->options->path;
        bool on = sup->watch.path != NULL;
        if (wanted == on)
                return;
        if (on) {
                watch_done(&sup->watch);
                return;
        }
        int r = watch_init(&sup->watch, sup->loop, &supervisor_watch_ops, sup->options->path);
        if (r < 0)
                log_warning(
                        "reload: watch: %s cannot be watched: %s; SIGHUP and `mcpvisor reload` still work",
                        sup->options->path, strerror(-r));
}

/* ---- what it means to each server ------------------------------------------- */

static void tell_new(struct Supervisor *sup, Server *s)
{
        Server *old;
        s->shown = SERVER_STATE_IDLE;
        TAILQ_FOREACH(old, &sup->servers, link)
        if (old->removed && strcmp(old->name, s->name) == 0 && server_state(old) != SERVER_STATE_STUCK)
                s->waits_for = old; /* its own former life has not ended yet */
        TAILQ_INSERT_TAIL(&sup->servers, s, link);
        if (s->config->start == START_EAGER && s->config->share != SHARE_SESSION)
                server_event(s, STATE_EVENT_START);
        else
                server_touch(s);
}

static void tell_one(struct Supervisor *sup, const DiffEntry *e)
{
        Server *s = server_find(sup, (e->after ? e->after : e->before)->head.name);
        if (!s)
                return;
        s->partial = s->kept_old = false;
        if (e->action == DIFF_REMOVE) {
                s->removed = true;
                server_event(s, STATE_EVENT_REMOVED);
        } else if (e->action == DIFF_RESTART) {
                bool rests = s->main &&
                             (s->main->state == SERVER_STATE_IDLE || s->main->state == SERVER_STATE_STOPPED);
                server_event(s, s->refused && rests ? STATE_EVENT_REFUSED : STATE_EVENT_CHANGED);
        } else {
                server_touch(s);
        }
}

static void adopt_all(Reload *r)
{
        for (size_t i = 0; i < r->n_rows; i++) {
                Server *s = r->rows[i].server;
                if (server_adopt(s, r->sup->config, config_server(r->sup->config, i)) &&
                    gateway_is_ready(&r->sup->gateway))
                        gateway_tell_catalogue(&r->sup->gateway, s);
        }
}

static void tell_servers(Reload *r, const ConfigDiff *diff)
{
        struct Supervisor *sup = r->sup;
        for (size_t i = 0; i < diff->n_servers; i++)
                if (diff->servers[i].action != DIFF_ADD)
                        tell_one(sup, &diff->servers[i]);
        for (size_t i = 0; i < r->n_rows; i++)
                if (r->rows[i].is_new) {
                        r->rows[i].is_new = false;
                        tell_new(sup, r->rows[i].server);
                }
}

static void warn_process_keys(const ConfigDiff *d)
{
        for (size_t i = 0; i < d->n_rows; i++)
                if (schema_table[d->rows[i]].reload == RELOAD_PROCESS)
                        log_warning("reload: %s takes effect only after a restart of mcpvisor",
                                    schema_table[d->rows[i]].path);
}

/* All that can fail, in an order in which a failure leaves nothing behind. */
static int get_ready(Reload *r, RedactSet **ret_secrets, ListenerSet *ret_listeners, Buf *why)
{
        int e = gather_secrets(r->sup->config, r->next, ret_secrets);
        if (e == 0)
                e = add_tokens(r->sup, &r->tokens, *ret_secrets);
        if (e == 0)
                e = write_lists(&r->diff, &r->last_result.lists);
        if (e == 0)
                e = note_pending(r);
        if (e == 0)
                e = open_listeners(r->sup, r->next, ret_listeners, why);
        return e == LISTENER_E_REFUSED ? COMMIT_E_REFUSED : e;
}

int commit_next(Reload *r, Buf *why)
{
        struct Supervisor *sup = r->sup;
        CLEANUP(redact_set_unref_p) RedactSet *secrets = NULL;
        CLEANUP(config_unref_p) Config *before = NULL;
        CLEANUP(buf_done) Buf old = BUF_INIT(LIMIT_CONFIG_BLOB), new = BUF_INIT(LIMIT_CONFIG_BLOB);
        ListenerSet listeners = {0};
        size_t n_before = sup->listeners.n;
        int e = describe(&sup->listeners, &old);
        if (e == 0)
                e = get_ready(r, &secrets, &listeners, why);
        if (e != 0)
                return e;
        Changes changed = {.addresses = describe(&listeners, &new) < 0 ||
                                        !span_equal(buf_span(&old), buf_span(&new))};
        before = sup->config ? config_ref(sup->config) : NULL; /* the diff points into it */
        gateway_commit(&sup->gateway, r->generation);
        swap_config(r);
        swap_secrets(sup, TAKE_PTR(secrets));
        changed.certificate = swap_certificate(sup, &r->result);
        swap_listeners(sup, &listeners, n_before, changed);
        e = supervisor_open_log(sup->config);
        if (e < 0)
                log_error("the log stays as it was: %s", strerror(-e));
        if (before)
                warn_process_keys(&r->diff);
        watch_again(sup);
        adopt_all(r);
        tell_servers(r, &r->diff);
        return 0;
}
