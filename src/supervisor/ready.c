/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "supervisor/core.h"

static bool counts_as_ready(const Server *s)
{
        ServerState state = server_state(s);
        return state == SERVER_STATE_READY || state == SERVER_STATE_IDLE;
}

static bool servers_are_ready(const Supervisor *s)
{
        const Server *server;
        size_t ready = 0, all = 0;
        TAILQ_FOREACH(server, &s->servers, link)
        {
                if (server->removed)
                        continue;
                bool is = counts_as_ready(server);
                all++;
                ready += is;
                if (!is && s->config->ready == READY_ALL)
                        return false;
                if (!is && s->config->ready == READY_CRITICAL && server->config->critical)
                        return false;
        }
        return s->config->ready != READY_ANY || ready > 0 || all == 0;
}

bool supervisor_is_ready(const Supervisor *s)
{
        return s->config && !s->shutdown.on && s->state != DAEMON_STATE_DRAINING &&
               gateway_is_ready(&s->gateway) && servers_are_ready(s);
}

static bool has_critical(const Supervisor *s)
{
        const Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        if (server->config->critical)
                return true;
        return false;
}

/* A critical server that nobody can reach is no better than one that is degraded. */
static void watch_gateway(Supervisor *s)
{
        bool armed = timer_is_armed(&s->critical_timer);
        bool wanted = has_critical(s) && !gateway_is_ready(&s->gateway);
        Nsec patience = supervisor_time(s->options->times.critical, LIMIT_CRITICAL_TIME * NSEC_PER_SEC);
        if (wanted && !armed)
                timer_arm(&s->critical_timer, nsec_add(loop_now(s->loop), patience));
        else if (!wanted && armed)
                timer_cancel(&s->critical_timer);
}

/* "0.0.0.0:80" is where it listens; people and their programs go to this machine. */
static const char *host_of(const char *address, const char **ret_port)
{
        static const char *const anywhere[][2] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};
        for (size_t i = 0; i < ARRAY_SIZE(anywhere); i++) {
                size_t n = strlen(anywhere[i][0]);
                if (strncmp(address, anywhere[i][0], n) == 0) {
                        *ret_port = address + n;
                        return anywhere[i][1];
                }
        }
        *ret_port = address;
        return "";
}

static int write_where(const Supervisor *s, Buf *line)
{
        const char *scheme = s->config->tls.cert.value ? "https" : "http";
        int r = 0;
        for (size_t i = 0; i < s->listeners.n && r == 0; i++) {
                const Listener *l = &s->listeners.items[i];
                const char *rest, *host = host_of(l->address, &rest);
                if (l->metrics)
                        continue;
                if (l->kind == IPC_LISTENER_TCP)
                        r = buf_appendf(line, " %s://%s%s/mcp", scheme, host, rest);
                else if (s->listeners.n == 1)
                        r = buf_appendf(line, " %s", l->address);
        }
        return r < 0 ? r : buf_append_char(line, '\n');
}

/* The token itself only where a person reads it, or where nobody could find it otherwise: what a program
 * writes to may be kept for others to read. */
static int write_token(const Supervisor *s, bool terminal, Buf *line)
{
        const Tokens *t = &s->tokens;
        int r = 0;
        if (t->text && (terminal || !t->path))
                r = buf_appendf(line, "token: %s\n", t->text);
        if (r == 0 && t->path)
                r = buf_appendf(line, "the token is in %s\n", t->path);
        return r;
}

/* For the person who typed `run`: where it is. Standard output may be anything, and is not waited for. */
static void say_where(const Supervisor *s)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(LIMIT_LOG_MESSAGE);
        const Server *server = TAILQ_FIRST(&s->servers);
        LogSink out;
        int r = server ? buf_appendf(&line, "%s is ready:", server->name) : -ENOENT;
        if (r == 0)
                r = write_where(s, &line);
        if (r == 0)
                r = write_token(s, isatty(STDOUT_FILENO) == 1, &line);
        if (r < 0)
                return;
        log_sink_init(&out, STDOUT_FILENO);
        r = log_sink_write(&out, &line, loop_now(s->loop));
        if (r < 0)
                log_warning("standard output takes nothing: %s", strerror(-r));
        log_sink_done(&out);
}

/* How many servers are ready; false: that is what was told last. */
static bool count_ready(Supervisor *s, char *ret_text, size_t size)
{
        size_t all = 0, ready = 0;
        const Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        {
                all += !server->removed;
                ready += !server->removed && server_state(server) == SERVER_STATE_READY;
        }
        if (s->announced_ready && ready == s->told_ready && all == s->told_all)
                return false;
        s->told_ready = ready;
        s->told_all = all;
        snprintf(ret_text, size, "%zu of %zu servers are ready", ready, all);
        return true;
}

/* What is told of one that crashes again and again stays until it no longer does. */
static bool has_alert(const Supervisor *s)
{
        const Server *server;
        TAILQ_FOREACH(server, &s->servers, link)
        if (!server->removed && server->alerted && !window_allows(&server->alerts, loop_now(s->loop)))
                return true;
        return false;
}

void ready_check(Supervisor *s)
{
        char text[120];
        watch_gateway(s);
        if (s->announced_ready) {
                if (s->state == DAEMON_STATE_RUNNING && !has_alert(s) && count_ready(s, text, sizeof(text)))
                        notify_status(&s->notify, text);
                return;
        }
        if (!supervisor_is_ready(s))
                return;
        (void)count_ready(s, text, sizeof(text));
        s->announced_ready = true;
        s->state = DAEMON_STATE_RUNNING;
        log_info("ready: %s", text);
        event_log_add(&s->events,
                      &(const Event){.type = "daemon", .from = "starting", .to = "running", .text = text});
        askers_event_added(s);
        notify_ready(&s->notify, text);
        if (s->options->mode == DAEMON_RUN)
                say_where(s);
        if (s->notify.watchdog)
                timer_arm(&s->watchdog_timer, loop_now(s->loop));
}
