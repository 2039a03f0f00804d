/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "base/parse.h"
#include "config/launcher.h"
#include "config/verify.h"
#include "config/written.h"

typedef struct Verify {
        const Config *config;
        const char *file;
        DiagList *diags;
        const char *listen_file; /* where `listen` was written: the file, or an option */
} Verify;

/* ---- saying it in the right place ---------------------------------------- */

static DiagAt at_text(const Verify *v, const ConfigText *t)
{
        return (DiagAt){.file = v->file, .line = t->line, .col = t->col, .width = 1};
}

#define SERVER_KEY(key)                ((WrittenKey){OWNER_SERVER, &s->head, key})
#define SERVER_SAY(severity, key, ...) written_say(v->diags, v->file, severity, SERVER_KEY(key), __VA_ARGS__)
#define VIEW_SAY(severity, key, ...) \
        written_say(v->diags, v->file, severity, (WrittenKey){OWNER_VIEW, &view->head, key}, __VA_ARGS__)
#define ROOT_SAY(severity, key, ...) \
        written_say(v->diags, v->file, severity, (WrittenKey){OWNER_ROOT, &v->config->head, key}, __VA_ARGS__)

/* ---- one server ---------------------------------------------------------- */

static void check_times(Verify *v, const ServerConfig *s)
{
        if (s->start_timeout >= s->request_timeout)
                SERVER_SAY(DIAG_WARNING,
                           written_has(SERVER_KEY("start_timeout")) ? "start_timeout" : "request_timeout",
                           "start_timeout is not shorter than request_timeout: a call that waits for the "
                           "start gives up before it");
        if (s->restart.backoff_min > s->restart.backoff_max)
                SERVER_SAY(DIAG_ERROR, "restart.backoff_min", "is longer than restart.backoff_max");
        if (s->restart.probe_min > s->restart.probe_max)
                SERVER_SAY(DIAG_ERROR, "restart.probe_min", "is longer than restart.probe_max");
        if (s->restart.window > s->restart.long_window)
                SERVER_SAY(DIAG_WARNING, "restart.window", "is longer than restart.long_window");
        if (s->restart.burst > s->restart.long_burst)
                SERVER_SAY(DIAG_WARNING, "restart.burst",
                           "is more than restart.long_burst, which so is the only limit");
}

static void check_load(Verify *v, const ServerConfig *s)
{
        if (s->max_inflight_session > s->max_inflight && written_has(SERVER_KEY("max_inflight_session")))
                SERVER_SAY(DIAG_WARNING, "max_inflight_session",
                           "is more than max_inflight, which so is the only limit");
        if (s->share != SHARE_SESSION && written_has(SERVER_KEY("max_instances")))
                SERVER_SAY(DIAG_WARNING, "max_instances", "has an effect with `share: session` only");
        if (s->share != SHARE_SHARED && s->overlap)
                SERVER_SAY(DIAG_WARNING, "overlap", "has an effect with `share: shared` only");
        if (s->share != SHARE_SHARED && (s->client.elicitation || s->client.sampling || s->client.roots.n))
                SERVER_SAY(
                        DIAG_WARNING,
                        s->client.elicitation ? "client.elicitation"
                        : s->client.sampling  ? "client.sampling"
                                              : "client.roots",
                        "has an effect with `share: shared` only: others are told what their client can do");
}

static void check_user(Verify *v, const ServerConfig *s)
{
        const char *user = s->user.value;
        if (user && (strcmp(user, "root") == 0 || strcmp(user, "0") == 0) &&
            s->sandbox.profile != PROFILE_NONE)
                SERVER_SAY(DIAG_ERROR, "user",
                           "root is possible only with sandbox.profile none: uid 0 passes many fences even "
                           "without capabilities");
}

static void check_launcher(Verify *v, const ServerConfig *s)
{
        const char *package;
        if (launcher_is_unpinned(s, &package))
                SERVER_SAY(DIAG_WARNING, "args",
                           "\"%.100s\" has no exact version: what runs may change at any start (write "
                           "PACKAGE%sVERSION)",
                           package,
                           strstr(s->command.value, "uv") || strstr(s->command.value, "pipx") ? "==" : "@");
}

static void check_env(Verify *v, const ServerConfig *s)
{
        for (size_t i = 0; i < s->env_pass.n; i++)
                for (size_t k = 0; k < s->env.n; k++)
                        if (strcmp(s->env_pass.items[i].value, s->env.items[k].name) == 0)
                                SERVER_SAY(DIAG_WARNING, "env_pass", "%s is in `env` too, which wins",
                                           s->env.items[k].name);
}

static void check_rename(Verify *v, const ServerConfig *s)
{
        const ConfigMap *m = &s->tools.rename;
        for (size_t k = 1; k < m->n; k++) {
                size_t i = 0; /* the first of that name; one finding for each of the others */
                while (strcmp(m->items[i].text.value, m->items[k].text.value) != 0)
                        i++;
                if (i < k)
                        SERVER_SAY(DIAG_ERROR, "tools.rename",
                                   "\"%s\" and \"%s\" would both be called \"%s\"", m->items[i].name,
                                   m->items[k].name, config_shown(&m->items[k].text));
        }
}

static void check_net(Verify *v, const ServerConfig *s)
{
        if (s->sandbox.net == NET_ALLOW && s->sandbox.net_allow.n == 0 && !diag_list_has_errors(v->diags))
                SERVER_SAY(DIAG_WARNING, "sandbox.net.allow",
                           "is empty: nothing can be reached, as with `net: none`");
}

typedef void (*ServerCheck)(Verify *v, const ServerConfig *s);

static const ServerCheck server_checks[] = {
        check_times, check_load, check_user, check_launcher, check_env, check_rename, check_net,
};

/* ---- the whole ----------------------------------------------------------- */

static bool is_loopback(const char *address)
{
        Span s = span_of(address);
        return span_starts(s, SPAN("unix:")) || span_starts(s, SPAN("127.")) ||
               span_starts(s, SPAN("localhost:")) || span_starts(s, SPAN("[::1]:"));
}

static void check_listener(Verify *v, const ListenConfig *l, size_t i)
{
        char key[64];
        (void)snprintf(key, sizeof(key), "listen[%zu]", i);
        const char *address = l->address.value;
        DiagAt at = at_text(v, &l->address);
        at.file = v->listen_file;
        bool is_unix = span_starts(span_of(address), SPAN("unix:")),
             open_auth = v->config->auth.mode == AUTH_NONE;
        if (!is_loopback(address) && open_auth && !v->config->auth.allow_insecure)
                diag_add(v->diags, DIAG_ERROR, at, key,
                         "%s can be reached from other machines, and auth.mode is none: use a token, or set "
                         "auth.allow_insecure",
                         config_shown(&l->address));
        if (!is_loopback(address) && !open_auth && !v->config->tls.cert.value)
                diag_add(v->diags, DIAG_WARNING, at, key,
                         "%s has no TLS: the token crosses the network in clear text",
                         config_shown(&l->address));
        if (!is_unix && (written_has((WrittenKey){OWNER_LISTEN, &l->head, "mode"}) ||
                         written_has((WrittenKey){OWNER_LISTEN, &l->head, "group"})))
                diag_add(v->diags, DIAG_ERROR, at, key, "mode and group are for unix sockets only");
        for (size_t k = 0; k < i; k++) {
                const char *other = config_listen(v->config, k)->address.value;
                if (other && strcmp(other, address) == 0) { /* NULL: it was refused */
                        diag_add(v->diags, DIAG_ERROR, at, key, "%s is given twice",
                                 config_shown(&l->address));
                        break;
                }
        }
}

static void check_listen_all(Verify *v)
{
        const ConfigWritten *w = config_written(&v->config->head, schema_find(OWNER_ROOT, SPAN("listen")));
        v->listen_file = w && w->place ? w->place : v->file;
        for (size_t i = 0; i < v->config->listen.n; i++)
                if (config_listen(v->config, i)->address.value)
                        check_listener(v, config_listen(v->config, i), i);
}

/* The address that serves /metrics only; it asks for no token unless `metrics.auth` says so. */
static void check_metrics(Verify *v)
{
        const Config *c = v->config;
        const char *address = c->metrics.listen.value;
        if (c->metrics.auth && c->auth.mode == AUTH_NONE)
                ROOT_SAY(DIAG_WARNING, "metrics.auth", "has no effect with auth.mode none");
        for (size_t i = 0; i < c->listen.n && address; i++) {
                const char *other = config_listen(c, i)->address.value;
                if (other && strcmp(other, address) == 0)
                        ROOT_SAY(DIAG_WARNING, "metrics.listen",
                                 "has no effect: %s is in `listen`, which serves /metrics too",
                                 config_shown(&c->metrics.listen));
        }
        if (address && !is_loopback(address) && c->metrics.auth && c->auth.mode == AUTH_TOKEN &&
            !c->tls.cert.value)
                ROOT_SAY(DIAG_WARNING, "metrics.listen",
                         "%s has no TLS: the token crosses the network in clear text",
                         config_shown(&c->metrics.listen));
}

static void check_tokens(Verify *v)
{
        const ConfigGroup *g = &v->config->auth.tokens;
        const TokenConfig *tokens = g->items;
        for (size_t i = 1; i < g->n; i++)
                for (size_t k = 0; k < i; k++)
                        if (tokens[i].name.value && tokens[k].name.value &&
                            strcmp(tokens[i].name.value, tokens[k].name.value) == 0) {
                                diag_add(v->diags, DIAG_WARNING, at_text(v, &tokens[i].name), "auth.tokens",
                                         "the name %s is given twice: logs cannot tell them apart",
                                         config_shown(&tokens[i].name));
                                break;
                        }
}

static void check_auth(Verify *v)
{
        const Config *c = v->config;
        if (c->auth.mode == AUTH_NONE && c->auth.tokens.n)
                ROOT_SAY(DIAG_WARNING, "auth.tokens", "has no effect with auth.mode none");
        if (c->auth.mode == AUTH_NONE && c->auth.token_file.value)
                ROOT_SAY(DIAG_WARNING, "auth.token_file", "has no effect with auth.mode none");
        if (c->tls.cert.value && !c->tls.key.value)
                ROOT_SAY(DIAG_ERROR, "tls.cert", "tls.key is missing");
        if (c->tls.key.value && !c->tls.cert.value)
                ROOT_SAY(DIAG_ERROR, "tls.key", "tls.cert is missing");
        if (c->tls.client_ca.value && !c->tls.cert.value)
                ROOT_SAY(DIAG_ERROR, "tls.client_ca", "tls.cert and tls.key are missing");
}

static void check_counts(Verify *v)
{
        const Config *c = v->config;
        if (c->servers.n > c->limits.max_servers)
                ROOT_SAY(DIAG_ERROR, "servers", "%zu servers, where limits.max_servers is %llu", c->servers.n,
                         (unsigned long long)c->limits.max_servers);
        if (c->alerts.webhook_secret.value && !c->alerts.webhook.value)
                ROOT_SAY(DIAG_WARNING, "alerts.webhook_secret", "has no effect without alerts.webhook");
        if (c->log.max_size > c->log.max_total)
                ROOT_SAY(DIAG_ERROR, "log.max_size", "is more than log.max_total");
}

static void check_view(Verify *v, const ViewConfig *view)
{
        if (config_find_server(v->config, view->head.name))
                VIEW_SAY(DIAG_ERROR, "", "a server has this name already: /mcp/%s can be only one of them",
                         view->head.name);
        if (view->servers.n == 0 && !diag_list_has_errors(v->diags))
                VIEW_SAY(DIAG_WARNING, "servers", "is empty: the view shows nothing");
        for (size_t i = 0; i < view->servers.n; i++) {
                const char *name = view->servers.items[i].value;
                if (config_find_server(v->config, name))
                        continue;
                Nearest nearest = NEAREST_INIT(span_of(name));
                for (size_t k = 0; k < v->config->servers.n; k++)
                        nearest_offer(&nearest, config_server(v->config, k)->head.name);
                VIEW_SAY(DIAG_ERROR, "servers", "there is no server \"%s\"%s%s%s",
                         config_shown(&view->servers.items[i]), nearest.best ? " (did you mean " : "",
                         nearest.best ? nearest.best : "", nearest.best ? "?)" : "");
        }
}

static void check_views(Verify *v)
{
        for (size_t i = 0; i < v->config->views.n; i++)
                check_view(v, config_view(v->config, i));
}

/* ---- names after prefixing ------------------------------------------------ */

typedef struct Prefixed {
        char prefix[80];
        const ServerConfig *server;
} Prefixed;

static int compare_prefix(const void *a, const void *b)
{
        const Prefixed *x = a, *y = b;
        int r = strcmp(x->prefix, y->prefix);
        return r ? r : (x->server > y->server) - (x->server < y->server);
}

static const char *shown_prefix(const Prefixed *p)
{
        return p->server->prefix.value ? config_shown(&p->server->prefix) : p->prefix;
}

static void check_pair(Verify *v, const Prefixed *a, const Prefixed *b)
{
        const ServerConfig *s = b->server;
        const char *local = s->prefix.value ? "prefix" : "";
        if (!span_starts(span_of(b->prefix), span_of(a->prefix)))
                return;
        if (strcmp(a->prefix, b->prefix) == 0)
                SERVER_SAY(DIAG_WARNING, local,
                           "has the same prefix \"%s\" as servers.%s: tools of one name collide, and the "
                           "first server's wins",
                           shown_prefix(b), a->server->head.name);
        else if (a->prefix[0])
                SERVER_SAY(DIAG_WARNING, local,
                           "its prefix \"%s\" begins with the prefix \"%s\" of servers.%s: their tools can "
                           "get the same name",
                           shown_prefix(b), shown_prefix(a), a->server->head.name);
}

/* In sorted order whatever begins with a prefix stands right behind it. */
static int check_prefixes(Verify *v)
{
        size_t n = v->config->servers.n;
        if (n < 2)
                return 0;
        CLEANUP_FREE Prefixed *all = calloc(n, sizeof(*all));
        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const ServerConfig *s = config_server(v->config, i);
                all[i].server = s;
                (void)snprintf(all[i].prefix, sizeof(all[i].prefix), "%s%s",
                               s->prefix.value ? s->prefix.value : s->head.name, s->prefix.value ? "" : "__");
        }
        qsort(all, n, sizeof(*all), compare_prefix);
        for (size_t i = 1; i < n; i++)
                check_pair(v, &all[i - 1], &all[i]);
        return 0;
}

/* ---- secrets ------------------------------------------------------------- */

enum { SECRET_SHORTEST = 6 }; /* shorter ones are not redacted: they would hit everywhere */

static void check_secret(Verify *v, const ServerConfig *s, const char *group, const ConfigPair *p)
{
        char key[256];
        (void)snprintf(key, sizeof(key), "servers.%s.%s.%.100s", s->head.name, group, p->name);
        size_t n = strlen(p->text.value);
        DiagAt at = at_text(v, &p->text);
        if (p->text.secret && n > 0 && n < SECRET_SHORTEST)
                diag_add(v->diags, DIAG_WARNING, at, key,
                         "is a secret of fewer than %d bytes: it is not taken out of logs", SECRET_SHORTEST);
        if (span_starts(span_of(p->text.value), SPAN("<secret:")))
                diag_add(v->diags, DIAG_WARNING, at, key,
                         "is a masked value that `config print` wrote, not the secret itself");
}

static void check_secrets(Verify *v, const ServerConfig *s)
{
        for (size_t i = 0; i < s->env.n; i++)
                check_secret(v, s, "env", &s->env.items[i]);
        for (size_t i = 0; i < s->sandbox.secrets.n; i++)
                check_secret(v, s, "sandbox.secrets", &s->sandbox.secrets.items[i]);
}

int verify_config(const Config *c, const char *file, DiagList *diags)
{
        Verify v = {.config = c, .file = file, .diags = diags};
        static void (*const checks[])(Verify *) = {check_listen_all, check_metrics, check_tokens,
                                                   check_auth,       check_counts,  check_views};
        for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
                checks[i](&v);
        for (size_t i = 0; i < c->servers.n; i++) {
                const ServerConfig *s = config_server(c, i);
                for (size_t k = 0; k < ARRAY_SIZE(server_checks); k++)
                        server_checks[k](&v, s);
                check_secrets(&v, s);
        }
        return check_prefixes(&v);
}
