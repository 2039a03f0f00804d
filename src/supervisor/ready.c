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

void ready_check(Supervisor *s)
{
        char text[120];
        size_t all = 0, ready = 0;
        const Server *server;
        watch_gateway(s);
        if (s->announced_ready || !supervisor_is_ready(s))
                return;
        s->announced_ready = true;
        s->state = DAEMON_STATE_RUNNING;
        TAILQ_FOREACH(server, &s->servers, link)
        {
                all++;
                ready += server_state(server) == SERVER_STATE_READY;
        }
        snprintf(text, sizeof(text), "%zu of %zu servers are ready", ready, all);
        log_info("ready: %s", text);
        event_log_add(&s->events,
                      &(const Event){.type = "daemon", .from = "starting", .to = "running", .text = text});
        askers_event_added(s);
        notify_ready(&s->notify, text);
        if (s->notify.watchdog)
                timer_arm(&s->watchdog_timer, loop_now(s->loop));
}
