/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json-writer.h"
#include "gateway/health-page.h"

enum { P95 = 95 };

static bool counts_as_ready(const HealthServer *s)
{
        return s->state == SERVER_STATE_READY || s->state == SERVER_STATE_IDLE;
}

static size_t count_ready(const Health *h)
{
        size_t n = 0;
        for (size_t i = 0; i < h->n; i++)
                n += counts_as_ready(&h->servers[i]);
        return n;
}

static bool critical_are_ready(const Health *h)
{
        for (size_t i = 0; i < h->n; i++)
                if (h->servers[i].critical && !counts_as_ready(&h->servers[i]))
                        return false;
        return true;
}

bool health_is_ready(const Health *h)
{
        size_t ready = count_ready(h);
        if (h->draining)
                return false;
        if (h->mode == READY_ALL)
                return ready == h->n;
        return h->mode == READY_ANY ? ready > 0 || h->n == 0 : critical_are_ready(h);
}

/* ---- writing ---------------------------------------------------------------- */

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

static void key_bool(JsonWriter *w, const char *key, bool v)
{
        json_write_key(w, key);
        json_write_bool(w, v);
}

/* Milliseconds of so many microseconds, with three decimals. */
static void key_msec(JsonWriter *w, const char *key, bool known, uint64_t usec)
{
        json_write_key(w, key);
        if (known)
                json_write_decimal(w, usec, 3);
        else
                json_write_null(w);
}

int health_live_page(Buf *b)
{
        return buf_append_str(b, "{\"status\":\"ok\"}\n");
}

static const char *not_ready_reason(const Health *h)
{
        static const char *const reasons[] = {[READY_ALL] = "not all servers are ready",
                                              [READY_CRITICAL] = "a critical server is not ready",
                                              [READY_ANY] = "no server is ready"};
        if (health_is_ready(h))
                return NULL;
        return h->draining ? "draining" : reasons[h->mode];
}

static void write_ready(const Health *h, JsonWriter *w)
{
        key_bool(w, "ready", health_is_ready(h));
        key_str(w, "reason", not_ready_reason(h));
        key_uint(w, "servers_ready", count_ready(h));
        key_uint(w, "servers_all", h->n);
}

static int write_end(JsonWriter *w, Buf *b)
{
        json_write_object_end(w);
        int r = json_write_done(w);
        return r < 0 ? r : buf_append_char(b, '\n');
}

int health_ready_page(const Health *h, Buf *b)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        write_ready(h, &w);
        return write_end(&w, b);
}

static void write_figures(const ScoreServerGateway *g, JsonWriter *w)
{
        uint64_t usec = 0;
        bool known = metric_quantile(&g->duration, METRIC_REQUEST_DURATION, P95, &usec);
        json_write_key(w, "tools");
        if (score_get(&g->tools_known) != SCORE_TOOLS_UNKNOWN)
                json_write_uint(w, score_get(&g->tools));
        else
                json_write_null(w);
        key_uint(w, "calls", score_get(&g->calls));
        key_uint(w, "errors", score_get(&g->errors));
        key_uint(w, "in_flight", score_get(&g->in_flight));
        key_uint(w, "queue_depth", score_get(&g->queue_depth));
        key_msec(w, "p95_ms", known, usec);
}

static void write_server(const HealthServer *s, JsonWriter *w)
{
        static const ScoreServerGateway none;
        json_write_object(w);
        key_str(w, "name", s->name);
        key_str(w, "state", server_state_name(s->state));
        key_bool(w, "ready", counts_as_ready(s));
        key_bool(w, "critical", s->critical);
        key_str(w, "breaker", breaker_name(s->breaker));
        write_figures(s->figures ? s->figures : &none, w);
        json_write_object_end(w);
}

static const char *status_word(const Health *h)
{
        if (!health_is_ready(h))
                return "unavailable";
        return count_ready(h) == h->n ? "ok" : "degraded";
}

int health_detailed_page(const Health *h, Buf *b)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        key_str(&w, "status", status_word(h));
        write_ready(h, &w);
        key_str(&w, "version", PACKAGE_VERSION);
        key_uint(&w, "uptime_s", h->uptime / NSEC_PER_SEC);
        key_uint(&w, "sessions", h->sessions);
        key_uint(&w, "connections", h->connections);
        key_uint(&w, "streams", h->streams);
        json_write_key(&w, "servers");
        json_write_array(&w);
        for (size_t i = 0; i < h->n; i++)
                write_server(&h->servers[i], &w);
        json_write_array_end(&w);
        return write_end(&w, b);
}
