/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "control/server-state.h"
#include "gateway/metrics-page.h"
#include "gateway/metrics-rows.h"

enum { LABELS = 3 }; /* of a family, at most */

typedef struct Page {
        Scoreboard *board;
        Nsec now;
        Buf *b;
        PageRows rows;
} Page;

/* A family and who writes its samples; `offset`: of the cell, where one is all that it needs. */
typedef struct Family Family;
struct Family {
        Metric metric;
        int (*write)(const Page *p, const Family *f);
        size_t offset;
};

static const ScoreCell *cell_at(const void *base, size_t offset)
{
        return (const ScoreCell *)(const void *)((const char *)base + offset);
}

/* ---- servers: one sample for each ------------------------------------------- */

static int server_sample(const Page *p, Metric m, const PageServer *s, uint64_t value)
{
        Span label = span_of(s->name);
        return metric_write_sample(p->b, m, &label, value);
}

#define EACH_SERVER(p, s, r)                                                                                 \
        for (const PageServer *s = (p)->rows.servers; s < (p)->rows.servers + (p)->rows.n_servers && r == 0; \
             s++)

static int write_cell(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        r = server_sample(p, f->metric, s, score_get(cell_at(s->cells, f->offset)));
        return r;
}

/* What nobody could measure has no sample. */
static int write_usage(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        if (score_get(&s->cells->ours.pids))
                r = server_sample(p, f->metric, s, score_get(cell_at(s->cells, f->offset)));
        return r;
}

static int write_up(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        r = server_sample(p, f->metric, s, score_get(&s->cells->ours.state) == SERVER_STATE_READY);
        return r;
}

static int write_backoff(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        r = server_sample(p, f->metric, s,
                          nsec_sub(score_get(&s->cells->ours.next_start), p->now) / NSEC_PER_USEC);
        return r;
}

static int write_waiting(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        {
                uint64_t since = score_get(&s->cells->gateway.queue_since);
                r = server_sample(p, f->metric, s, since ? nsec_sub(p->now, since) / NSEC_PER_USEC : 0);
        }
        return r;
}

static int write_duration(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        {
                Span label = span_of(s->name);
                r = metric_write_histogram(p->b, f->metric, &label, &s->cells->gateway.duration);
        }
        return r;
}

/* ---- servers: one sample for each and each word ------------------------------ */

static int server_word(const Page *p, Metric m, const PageServer *s, const char *word, uint64_t value)
{
        const Span labels[] = {span_of(s->name), span_of(word)};
        return metric_write_sample(p->b, m, labels, value);
}

static int write_states(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        {
                uint64_t state = score_get(&s->cells->ours.state);
                for (int i = 0; i < SERVER_STATE_FREED && r == 0; i++)
                        r = server_word(p, f->metric, s, server_state_name((ServerState)i),
                                        state == (uint64_t)i);
        }
        return r;
}

static int write_classes(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        {
                const ScoreCell *cells = cell_at(s->cells, f->offset);
                for (int i = 0; i < _EXIT_CLASS_MAX && r == 0; i++)
                        r = server_word(p, f->metric, s, exit_class_name((ExitClass)i), score_get(&cells[i]));
        }
        return r;
}

static_assert((int)_EXIT_CLASS_MAX <= (int)SCORE_EXIT_CLASSES, "each class has a cell");

/* Cells of a server that are one family, told apart by a word. */
static const struct {
        Metric metric;
        const char *word;
        size_t offset;
        size_t less; /* what that other cell has is not in it; 0: no other */
} words[] = {
        {METRIC_SERVER_BUDGET, "short", offsetof(ScoreServer, ours.budget_short), 0},
        {METRIC_SERVER_BUDGET, "long", offsetof(ScoreServer, ours.budget_long), 0},
        {METRIC_REQUEST_BYTES, "in", offsetof(ScoreServer, gateway.bytes_in), 0},
        {METRIC_REQUEST_BYTES, "out", offsetof(ScoreServer, gateway.bytes_out), 0},
        {METRIC_LOG_LINES, "kept", offsetof(ScoreServer, ours.log_kept),
         offsetof(ScoreServer, ours.log_partial)},
        {METRIC_LOG_LINES, "partial", offsetof(ScoreServer, ours.log_partial), 0},
        {METRIC_LOG_LINES, "suppressed", offsetof(ScoreServer, ours.log_suppressed), 0},
};

static uint64_t word_value(const PageServer *s, size_t i)
{
        uint64_t value = score_get(cell_at(s->cells, words[i].offset));
        uint64_t less = words[i].less ? score_get(cell_at(s->cells, words[i].less)) : 0;
        return value - MIN(value, less);
}

static int write_words(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
                if (words[i].metric == f->metric)
                        r = server_word(p, f->metric, s, words[i].word, word_value(s, i));
        return r;
}

static bool any(const ScoreCell *cells, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (score_get(&cells[i]))
                        return true;
        return false;
}

static int write_statuses(const Page *p, Metric m, Span labels[static LABELS], size_t at,
                          const ScoreCell *cells)
{
        int r = 0;
        for (int i = 0; i < _SCORE_STATUS_MAX && r == 0; i++) {
                labels[at] = span_of(score_status_name((ScoreStatus)i));
                r = metric_write_sample(p->b, m, labels, score_get(&cells[i]));
        }
        return r;
}

/* Of methods that a server was asked for: most are asked for one. */
static int write_requests(const Page *p, const Family *f)
{
        int r = 0;
        EACH_SERVER(p, s, r)
        for (int i = 0; i < _SCORE_METHOD_MAX && r == 0; i++) {
                const ScoreCell *cells = s->cells->gateway.requests[i];
                Span labels[LABELS] = {span_of(s->name), span_of(score_method_name((ScoreMethod)i))};
                if (any(cells, _SCORE_STATUS_MAX))
                        r = write_statuses(p, f->metric, labels, 2, cells);
        }
        return r;
}

/* ---- tools ------------------------------------------------------------------ */

static int write_tool_requests(const Page *p, const Family *f)
{
        int r = 0;
        for (uint32_t i = 0; i < p->rows.n_tools && r == 0; i++) {
                const PageTool *t = &p->rows.tools[i];
                Span labels[LABELS] = {t->server, t->name};
                r = write_statuses(p, f->metric, labels, 2, t->cells->statuses);
        }
        return r;
}

static int write_tool_duration(const Page *p, const Family *f)
{
        int r = 0;
        for (uint32_t i = 0; i < p->rows.n_tools && r == 0; i++) {
                const PageTool *t = &p->rows.tools[i];
                const Span labels[] = {t->server, t->name};
                r = metric_write_histogram(p->b, f->metric, labels, &t->cells->duration);
        }
        return r;
}

/* ---- the processes ----------------------------------------------------------- */

static const char *const roles[_SCORE_ROLE_MAX] = {
        [SCORE_SUPERVISOR] = "supervisor", [SCORE_GATEWAY] = "gateway"};

static int write_role_cell(const Page *p, const Family *f)
{
        int r = 0;
        for (int i = 0; i < _SCORE_ROLE_MAX && r == 0; i++) {
                Span label = span_of(roles[i]);
                const ScoreProcess *cells = scoreboard_process(p->board, (ScoreRole)i);
                r = metric_write_sample(p->b, f->metric, &label, score_get(cell_at(cells, f->offset)));
        }
        return r;
}

static uint64_t plain(const Page *p, Metric m)
{
        uint64_t sum = 0;
        for (int i = 0; i < _SCORE_ROLE_MAX; i++)
                sum += metric_get(&scoreboard_process(p->board, (ScoreRole)i)->metrics, m);
        return sum;
}

static int write_plain(const Page *p, const Family *f)
{
        return metric_write_sample(p->b, f->metric, NULL, plain(p, f->metric));
}

static int write_plain_if_any(const Page *p, const Family *f)
{
        return plain(p, f->metric) ? write_plain(p, f) : 0;
}

static int write_build(const Page *p, const Family *f)
{
        Span label = SPAN(PACKAGE_VERSION);
        return metric_write_sample(p->b, f->metric, &label, 1);
}

static int write_reloads(const Page *p, const Family *f)
{
        const ScoreProcess *s = scoreboard_process(p->board, SCORE_SUPERVISOR);
        Span ok = SPAN("ok"), failed = SPAN("failed");
        int r = metric_write_sample(p->b, f->metric, &ok, score_get(&s->reloads_ok));
        return r == 0 ? metric_write_sample(p->b, f->metric, &failed, score_get(&s->reloads_failed)) : r;
}

static int write_limits(const Page *p, const Family *f)
{
        int r = 0;
        for (int i = 0; i < _SCORE_LIMIT_MAX && r == 0; i++) {
                Span label = span_of(score_limit_name((ScoreLimit)i));
                uint64_t sum = 0;
                for (int k = 0; k < _SCORE_ROLE_MAX; k++)
                        sum += score_get(&scoreboard_process(p->board, (ScoreRole)k)->limit_hits[i]);
                r = metric_write_sample(p->b, f->metric, &label, sum);
        }
        return r;
}

static int write_http(const Page *p, const Family *f)
{
        const ScoreProcess *s = scoreboard_process(p->board, SCORE_GATEWAY);
        int r = 0;
        for (int i = 0; i < _SCORE_ROUTE_MAX; i++)
                for (int k = 0; k < _SCORE_CODE_MAX && r == 0; k++) {
                        uint64_t n = score_get(&s->http_requests[i][k]);
                        const Span labels[] = {span_of(score_route_name((ScoreRoute)i)),
                                               span_of(score_code_name((ScoreCode)k))};
                        if (n)
                                r = metric_write_sample(p->b, f->metric, labels, n);
                }
        return r;
}

/* ---- names that existing dashboards know -------------------------------------- */

/* Tools of one name stand side by side. */
static int write_mcp_requests(const Page *p, const Family *f)
{
        const PageTool *t = p->rows.tools, *end = t + p->rows.n_tools;
        int r = 0;
        while (t < end && r == 0) {
                ScoreCell sums[_SCORE_STATUS_MAX] = {0};
                Span labels[LABELS] = {t->name};
                for (; t < end && span_equal(t->name, labels[0]); t++)
                        for (size_t i = 0; i < _SCORE_STATUS_MAX; i++)
                                score_add(&sums[i], score_get(&t->cells->statuses[i]));
                r = write_statuses(p, f->metric, labels, 1, sums);
        }
        return r;
}

static int write_mcp_duration(const Page *p, const Family *f)
{
        MetricHistogram sum = {0};
        for (uint32_t i = 0; i < p->rows.n_servers; i++)
                metric_merge(&sum, &p->rows.servers[i].cells->gateway.duration);
        return metric_write_histogram(p->b, f->metric, NULL, &sum);
}

static int write_mcp_active(const Page *p, const Family *f)
{
        uint64_t sum = 0;
        for (uint32_t i = 0; i < p->rows.n_servers; i++)
                sum += score_get(&p->rows.servers[i].cells->gateway.in_flight);
        return metric_write_sample(p->b, f->metric, NULL, sum);
}

/* ---- all of them, in the order of METRICS -------------------------------------- */

#define SERVER_CELL(field)  offsetof(ScoreServer, field)
#define PROCESS_CELL(field) offsetof(ScoreProcess, field)

static const Family families[] = {
        {METRIC_SERVER_STATE, write_states, 0},
        {METRIC_SERVER_UP, write_up, 0},
        {METRIC_SERVER_STARTS, write_cell, SERVER_CELL(ours.starts)},
        {METRIC_SERVER_RESTARTS, write_classes, SERVER_CELL(ours.restarts)},
        {METRIC_SERVER_EXITS, write_classes, SERVER_CELL(ours.exits)},
        {METRIC_SERVER_BUDGET, write_words, 0},
        {METRIC_SERVER_BREAKER, write_cell, SERVER_CELL(ours.breaker)},
        {METRIC_SERVER_BACKOFF, write_backoff, 0},
        {METRIC_SERVER_MEMORY, write_usage, SERVER_CELL(ours.memory)},
        {METRIC_SERVER_CPU, write_usage, SERVER_CELL(ours.cpu_usec)},
        {METRIC_SERVER_PIDS, write_usage, SERVER_CELL(ours.pids)},
        {METRIC_SERVER_OOM_KILLS, write_cell, SERVER_CELL(ours.oom_kills)},
        {METRIC_REQUESTS, write_requests, 0},
        {METRIC_REQUEST_DURATION, write_duration, 0},
        {METRIC_REQUESTS_IN_FLIGHT, write_cell, SERVER_CELL(gateway.in_flight)},
        {METRIC_QUEUE_DEPTH, write_cell, SERVER_CELL(gateway.queue_depth)},
        {METRIC_QUEUE_TIME, write_waiting, 0},
        {METRIC_REQUEST_BYTES, write_words, 0},
        {METRIC_LATE_ANSWERS, write_cell, SERVER_CELL(gateway.late_answers)},
        {METRIC_STRAY_STDOUT_LINES, write_cell, SERVER_CELL(gateway.stray_lines)},
        {METRIC_CATALOGUE_CACHE_HITS, write_cell, SERVER_CELL(gateway.cache_hits)},
        {METRIC_TOOL_REQUESTS, write_tool_requests, 0},
        {METRIC_TOOL_DURATION, write_tool_duration, 0},
        {METRIC_HTTP_REQUESTS, write_http, 0},
        {METRIC_SESSIONS, write_plain, 0},
        {METRIC_CONNECTIONS, write_plain, 0},
        {METRIC_CONNECTIONS_MAX, write_plain, 0},
        {METRIC_STREAMS, write_plain, 0},
        {METRIC_TLS_EXPIRY, write_plain_if_any, 0},
        {METRIC_BUILD_INFO, write_build, 0},
        {METRIC_RELOADS, write_reloads, 0},
        {METRIC_GATEWAY_RESTARTS, write_plain, 0},
        {METRIC_ZOMBIES_REAPED, write_plain, 0},
        {METRIC_LOG_LINES, write_words, 0},
        {METRIC_LIMIT_HITS, write_limits, 0},
        {METRIC_EVENTS_DROPPED, write_role_cell, PROCESS_CELL(events_dropped)},
        {METRIC_LOOP_LAG, write_role_cell, PROCESS_CELL(lag_usec)},
        {METRIC_PROCESS_MEMORY, write_role_cell, PROCESS_CELL(memory)},
        {METRIC_PROCESS_CPU, write_role_cell, PROCESS_CELL(cpu_usec)},
        {METRIC_PROCESS_FDS, write_role_cell, PROCESS_CELL(fds)},
        {METRIC_MCP_REQUESTS, write_mcp_requests, 0},
        {METRIC_MCP_REQUEST_DURATION, write_mcp_duration, 0},
        {METRIC_MCP_ACTIVE_REQUESTS, write_mcp_active, 0},
        {METRIC_MCP_BREAKER, write_cell, SERVER_CELL(ours.breaker)},
        {METRIC_MCP_SERVER_HEALTH, write_up, 0},
};

int metrics_page(Scoreboard *s, Nsec now, Buf *b)
{
        Page p = {.board = s, .now = now, .b = b};
        int r = page_rows_gather(s, &p.rows);
        for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++) {
                r = metric_write_head(b, families[i].metric);
                if (r == 0)
                        r = families[i].write(&p, &families[i]);
        }
        page_rows_done(&p.rows);
        return r;
}
