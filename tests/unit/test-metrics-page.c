/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "control/server-state.h"
#include "gateway/metrics-page.h"
#include "ipc/score-tools.h"
#include "support/oom.h"

#define NOW (100 * NSEC_PER_SEC)

/* ---- a strict reader of the text format ------------------------------------------ */

typedef struct Reader {
        Span name, type; /* of the family that is being read */
        bool helped, typed;
        size_t n_families, n_series;
        Span families[_METRIC_MAX], *series;
} Reader;

static bool is_name(Span s)
{
        for (size_t i = 0; i < s.len; i++)
                if (!strchr("abcdefghijklmnopqrstuvwxyz_", s.ptr[i]))
                        return false;
        return s.len > 0;
}

static void read_head(Reader *r, Span line, Span word)
{
        bool help = span_equal(word, SPAN("# HELP "));
        Span rest = span_skip(line, word.len), name = span_first(rest, span_find(rest, ' '));
        rest = span_skip(rest, name.len + 1);
        assert_true(is_name(name) && rest.len);
        if (help) {
                for (size_t i = 0; i < r->n_families; i++) /* no family twice */
                        assert_false(span_equal(r->families[i], name));
                r->families[r->n_families++] = r->name = name;
                r->typed = false;
                return;
        }
        assert_span_equal(name, r->name);
        assert_false(r->typed);
        r->typed = true;
        r->type = rest;
        assert_true(span_equal(rest, SPAN("counter")) || span_equal(rest, SPAN("gauge")) ||
                    span_equal(rest, SPAN("histogram")));
}

/* {a="b",c="d"}: what stands behind it. */
static Span read_labels(Span s)
{
        if (!span_starts(s, SPAN("{")))
                return s;
        do {
                s = span_skip(s, 1);
                size_t equals = span_find(s, '=');
                assert_true(is_name(span_first(s, equals)));
                s = span_skip(s, equals + 1);
                assert_true(span_starts(s, SPAN("\"")));
                for (s = span_skip(s, 1); s.len && s.ptr[0] != '"'; s = span_skip(s, 1))
                        if (s.ptr[0] == '\\') {
                                s = span_skip(s, 1);
                                assert_true(s.len && strchr("\\\"n", s.ptr[0]));
                        }
                assert_true(s.len > 0);
                s = span_skip(s, 1);
        } while (span_starts(s, SPAN(",")));
        assert_true(span_starts(s, SPAN("}")));
        return span_skip(s, 1);
}

static void read_sample(Reader *r, Span line)
{
        static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
        size_t end = MIN(span_find(line, '{'), span_find(line, ' '));
        Span name = span_first(line, end), rest = read_labels(span_skip(line, end)), of = SPAN_NONE;
        assert_true(r->typed);
        if (!span_equal(r->type, SPAN("histogram")))
                of = name;
        for (size_t i = 0; i < ARRAY_SIZE(suffixes) && !of.ptr; i++)
                if (span_ends(name, span_of(suffixes[i])))
                        of = span_first(name, name.len - strlen(suffixes[i]));
        assert_span_equal(of, r->name);
        r->series[r->n_series++] = span_first(line, line.len - rest.len);
        assert_true(span_starts(rest, SPAN(" ")) && rest.len > 1);
        for (size_t i = 1; i < rest.len; i++)
                assert_true(strchr("0123456789.", rest.ptr[i]));
}

static int compare(const void *a, const void *b)
{
        return span_compare(*(const Span *)a, *(const Span *)b);
}

/* The number of families. */
static size_t read_page(const Buf *b)
{
        Reader r = {.series = calloc(b->len / 8 + 1, sizeof(Span))};
        Span rest = buf_span(b), line;
        assert_non_null(r.series);
        assert_true(utf8_valid(rest) && span_ends(rest, SPAN("\n")));
        rest.len--;
        while (rest.len && span_next(&rest, '\n', &line)) {
                Span help = SPAN("# HELP "), type = SPAN("# TYPE ");
                assert_true(line.len > 0);
                if (span_starts(line, help) || span_starts(line, type))
                        read_head(&r, line, span_starts(line, help) ? help : type);
                else
                        read_sample(&r, line);
        }
        qsort(r.series, r.n_series, sizeof(*r.series), compare);
        for (size_t i = 1; i < r.n_series; i++)
                if (span_equal(r.series[i - 1], r.series[i]))
                        fail_msg("twice: %.*s", (int)r.series[i].len, r.series[i].ptr);
        free(r.series);
        return r.n_families;
}

/* ---- a world ------------------------------------------------------------------------ */

typedef struct World {
        Scoreboard *s, *g;
        ScoreTools *tools;
        Buf page;
} World;

static void world_open(World *w, uint32_t servers, uint32_t tools)
{
        *w = (World){.page = BUF_INIT(LIMIT_METRICS_PAGE)};
        assert_int_equal(scoreboard_new(servers, tools, &w->s), 0);
        assert_int_equal(scoreboard_map(fcntl(scoreboard_fd(w->s), F_DUPFD_CLOEXEC, 0), servers, &w->g), 0);
        assert_int_equal(score_tools_new(w->g, &w->tools), 0);
}

static void world_close(World *w)
{
        buf_done(&w->page);
        score_tools_free(w->tools);
        scoreboard_free(w->g);
        scoreboard_free(w->s);
}

static ScoreServer *add_server(World *w, const char *name, uint32_t *ret_row, uint64_t *ret_generation)
{
        assert_int_equal(scoreboard_take(w->s, name, ret_row, ret_generation), 0);
        return scoreboard_server(w->s, *ret_row);
}

static void write_page(World *w)
{
        buf_clear(&w->page);
        assert_int_equal(metrics_page(w->g, NOW, &w->page), 0);
        (void)read_page(&w->page);
}

static bool has(const World *w, const char *line)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_appendf(&b, "\n%s\n", line), 0);
        return strstr(w->page.data, b.data) != NULL;
}

#define assert_has(w, line) assert_row(has((w), (line)), "%s", line)

/* ---- tests --------------------------------------------------------------------------- */

/* Every row of METRICS but those that nobody fills yet. */
static void test_families(void **state UNUSED)
{
        static const Metric later[] = {METRIC_SERVER_PRESSURE, METRIC_GPU_UTILIZATION, METRIC_GPU_MEMORY_USED,
                                       METRIC_GPU_MEMORY_TOTAL, METRIC_SERVER_GPU_MEMORY};
        World w;
        size_t at = 0;
        world_open(&w, 2, 2);
        write_page(&w);
        for (int m = 0; m < _METRIC_MAX; m++) {
                CLEANUP(buf_done) Buf head = BUF_INIT(BUF_CAP_NONE);
                bool wanted = true;
                for (size_t i = 0; i < ARRAY_SIZE(later); i++)
                        wanted &= (int)later[i] != m;
                assert_int_equal(metric_write_head(&head, (Metric)m), 0);
                size_t found = span_find_span(span_skip(buf_span(&w.page), at), buf_span(&head));
                assert_row((at + found < w.page.len) == wanted, "%s", metric_table[m].name);
                if (wanted)
                        at += found;
        }
        world_close(&w);
}

static void test_server(void **state UNUSED)
{
        World w;
        uint32_t row;
        uint64_t generation;
        world_open(&w, 4, 4);
        ScoreServer *s = add_server(&w, "fs", &row, &generation);
        ScoreServerOurs *o = &s->ours;
        score_set(&o->state, SERVER_STATE_BACKOFF);
        score_set(&o->breaker, BREAKER_HALF_OPEN);
        score_set(&o->starts, 7);
        score_set(&o->restarts[EXIT_CLASS_OOM], 3);
        score_set(&o->exits[EXIT_CLASS_PLANNED], 4);
        score_set(&o->budget_short, 2);
        score_set(&o->next_start, NOW + 1500 * NSEC_PER_MSEC);
        score_set(&o->log_kept, 10);
        score_set(&o->log_partial, 4);
        score_set(&o->log_suppressed, 5);
        ScoreServerGateway *g = &scoreboard_server(w.g, row)->gateway;
        score_set(&g->in_flight, 3);
        score_set(&g->queue_since, NOW - 250 * NSEC_PER_MSEC);
        score_set(&g->bytes_in, 11);
        score_request(g, SCORE_METHOD_TOOLS_CALL, SCORE_STATUS_OK, 2000);
        score_request(g, SCORE_METHOD_TOOLS_CALL, SCORE_STATUS_TIMEOUT, 400000000);
        write_page(&w);
        assert_has(&w, "mcpvisor_server_state{server=\"fs\",state=\"backoff\"} 1");
        assert_has(&w, "mcpvisor_server_state{server=\"fs\",state=\"ready\"} 0");
        assert_has(&w, "mcpvisor_server_up{server=\"fs\"} 0");
        assert_has(&w, "mcpvisor_server_starts_total{server=\"fs\"} 7");
        assert_has(&w, "mcpvisor_server_restarts_total{server=\"fs\",class=\"oom\"} 3");
        assert_has(&w, "mcpvisor_server_exits_total{server=\"fs\",class=\"planned\"} 4");
        assert_has(&w, "mcpvisor_server_budget_remaining{server=\"fs\",window=\"short\"} 2");
        assert_has(&w, "mcpvisor_server_breaker_state{server=\"fs\"} 2");
        assert_has(&w, "mcpvisor_server_backoff_seconds{server=\"fs\"} 1.5");
        assert_has(&w, "mcpvisor_log_lines_total{server=\"fs\",result=\"kept\"} 6");
        assert_has(&w, "mcpvisor_log_lines_total{server=\"fs\",result=\"partial\"} 4");
        assert_has(&w, "mcpvisor_log_lines_total{server=\"fs\",result=\"suppressed\"} 5");
        assert_has(&w, "mcpvisor_requests_total{server=\"fs\",method=\"tools/call\",status=\"timeout\"} 1");
        assert_has(&w, "mcpvisor_requests_total{server=\"fs\",method=\"tools/call\",status=\"refused\"} 0");
        assert_null(strstr(w.page.data, "prompts/get"));
        assert_has(&w, "mcpvisor_request_duration_seconds_bucket{server=\"fs\",le=\"0.0025\"} 1");
        assert_has(&w, "mcpvisor_request_duration_seconds_bucket{server=\"fs\",le=\"+Inf\"} 2");
        assert_has(&w, "mcpvisor_request_duration_seconds_sum{server=\"fs\"} 400.002");
        assert_has(&w, "mcpvisor_requests_in_flight{server=\"fs\"} 3");
        assert_has(&w, "mcpvisor_queue_seconds{server=\"fs\"} 0.25");
        assert_has(&w, "mcpvisor_request_bytes_total{server=\"fs\",direction=\"in\"} 11");
        assert_has(&w, "mcp_circuit_breaker_state{server=\"fs\"} 2");
        assert_has(&w, "mcp_server_health{server=\"fs\"} 0");
        assert_has(&w, "mcp_active_requests 3");
        assert_has(&w, "mcp_request_duration_seconds_count 2");
        assert_null(strstr(w.page.data, "memory_bytes{server=")); /* not known */
        score_set(&o->pids, 2);
        score_set(&o->memory, 4096);
        score_set(&o->cpu_usec, 1000001);
        score_set(&o->state, SERVER_STATE_READY);
        write_page(&w);
        assert_has(&w, "mcpvisor_server_memory_bytes{server=\"fs\"} 4096");
        assert_has(&w, "mcpvisor_server_cpu_seconds_total{server=\"fs\"} 1.000001");
        assert_has(&w, "mcpvisor_server_pids{server=\"fs\"} 2");
        assert_has(&w, "mcp_server_health{server=\"fs\"} 1");
        world_close(&w);
}

static void test_tools(void **state UNUSED)
{
        World w;
        uint32_t row[2];
        uint64_t generation[2];
        char name[] = "new\nline \"and\" \\";
        world_open(&w, 4, 3);
        for (int i = 0; i < 2; i++)
                (void)add_server(&w, i ? "b" : "a", &row[i], &generation[i]);
        score_tool_call(score_tools_find(w.tools, row[1], generation[1], SPAN("read")), SCORE_STATUS_OK,
                        20000);
        score_tool_call(score_tools_find(w.tools, row[0], generation[0], SPAN("read")), SCORE_STATUS_ERROR,
                        1);
        score_tool_call(score_tools_find(w.tools, row[0], generation[0], span_of(name)), SCORE_STATUS_OK, 1);
        score_tool_call(score_tools_find(w.tools, row[0], generation[0], SPAN("too many")), SCORE_STATUS_OK,
                        1);
        write_page(&w);
        assert_has(&w, "mcpvisor_tool_requests_total{server=\"b\",tool=\"read\",status=\"ok\"} 1");
        assert_has(&w, "mcpvisor_tool_requests_total{server=\"a\",tool=\"read\",status=\"error\"} 1");
        assert_has(&w, "mcpvisor_tool_requests_total{server=\"a\",tool=\"other\",status=\"ok\"} 1");
        assert_has(&w, "mcpvisor_tool_requests_total{server=\"a\",tool=\"new\\nline \\\"and\\\" "
                       "\\\\\",status=\"ok\"} 1");
        assert_has(&w,
                   "mcpvisor_tool_request_duration_seconds_bucket{server=\"b\",tool=\"read\",le=\"0.01\"} 0");
        assert_has(&w,
                   "mcpvisor_tool_request_duration_seconds_bucket{server=\"b\",tool=\"read\",le=\"0.05\"} 1");
        assert_has(&w, "mcp_requests_total{tool=\"read\",status=\"ok\"} 1");
        assert_has(&w, "mcp_requests_total{tool=\"read\",status=\"error\"} 1");
        assert_null(strstr(w.page.data, "server=\"b\",tool=\"other\""));
        scoreboard_give(w.s, row[0]);
        write_page(&w);
        assert_null(strstr(w.page.data, "server=\"a\""));
        assert_has(&w, "mcp_requests_total{tool=\"read\",status=\"error\"} 0");
        world_close(&w);
}

static void test_process(void **state UNUSED)
{
        World w;
        world_open(&w, 1, 0);
        ScoreProcess *s = scoreboard_process(w.s, SCORE_SUPERVISOR),
                     *g = scoreboard_process(w.g, SCORE_GATEWAY);
        metric_add(&s->metrics, METRIC_GATEWAY_RESTARTS, 3);
        metric_set(&g->metrics, METRIC_SESSIONS, 4);
        score_set(&s->reloads_failed, 2);
        score_set(&g->lag_usec, 1500);
        score_add(&g->http_requests[SCORE_ROUTE_MCP][score_code_of(200)], 5);
        score_add(&g->http_requests[SCORE_ROUTE_LIVEZ][score_code_of(777)], 6);
        score_add(&g->limit_hits[SCORE_LIMIT_MAX_BODY], 7);
        write_page(&w);
        assert_has(&w, "mcpvisor_gateway_restarts_total 3");
        assert_has(&w, "mcpvisor_sessions 4");
        assert_has(&w, "mcpvisor_reloads_total{result=\"failed\"} 2");
        assert_has(&w, "mcpvisor_loop_lag_seconds{role=\"gateway\"} 0.0015");
        assert_has(&w, "mcpvisor_http_requests_total{route=\"mcp\",code=\"200\"} 5");
        assert_has(&w, "mcpvisor_http_requests_total{route=\"livez\",code=\"other\"} 6");
        assert_has(&w, "mcpvisor_limit_hits_total{limit=\"max_body\"} 7");
        assert_null(strstr(w.page.data, "mcpvisor_tls_certificate_expiry_timestamp_seconds 0"));
        metric_set(&g->metrics, METRIC_TLS_EXPIRY, 1800000000);
        write_page(&w);
        assert_has(&w, "mcpvisor_tls_certificate_expiry_timestamp_seconds 1800000000");
        world_close(&w);
}

/* A server that has gone and not ended yet beside the one that came back under its name. */
static void test_same_name(void **state UNUSED)
{
        World w;
        uint32_t row[3];
        uint64_t generation[3];
        world_open(&w, 4, 4);
        for (int i = 0; i < 3; i++) {
                ScoreServer *s = add_server(&w, i == 1 ? "b" : "a", &row[i], &generation[i]);
                score_set(&s->ours.starts, (uint64_t)i + 1);
                score_tool_call(score_tools_find(w.tools, row[i], generation[i], SPAN("t")), SCORE_STATUS_OK,
                                1);
        }
        write_page(&w);
        assert_has(&w, "mcpvisor_server_starts_total{server=\"a\"} 3");
        assert_has(&w, "mcpvisor_server_starts_total{server=\"b\"} 2");
        assert_has(&w, "mcpvisor_tool_requests_total{server=\"a\",tool=\"t\",status=\"ok\"} 1");
        world_close(&w);
}

/* Whatever another process has left in the cells: the page stays readable. */
static void test_anything(void **state UNUSED)
{
        SeededRandom random;
        World w;
        test_random_init(&random);
        world_open(&w, 3, 3);
        uint32_t row;
        uint64_t generation;
        ScoreServer *s = add_server(&w, "fs", &row, &generation);
        for (int i = 0; i < 200; i++) {
                test_random_bytes(&random.random, &s->gateway, sizeof(s->gateway));
                test_random_bytes(&random.random, scoreboard_tool(w.s, 0), sizeof(ScoreTool));
                test_random_bytes(&random.random, &s->ours.state,
                                  sizeof(s->ours) - offsetof(ScoreServerOurs, state));
                write_page(&w);
        }
        world_close(&w);
}

static void test_cap(void **state UNUSED)
{
        World w;
        world_open(&w, 1, 0);
        w.page.cap = 1000;
        assert_int_equal(metrics_page(w.g, NOW, &w.page), -ENOBUFS);
        world_close(&w);
}

/* As many servers as may be by default, all in use: the page stays below its limit. */
static void test_large(void **state UNUSED)
{
        enum { SERVERS = 1000, TOOLS = 2000 };
        World w;
        world_open(&w, SERVERS, TOOLS);
        for (uint32_t i = 0; i < SERVERS; i++) {
                char name[16], tool[16];
                uint32_t row;
                uint64_t generation;
                (void)snprintf(name, sizeof(name), "server%u", i);
                ScoreServer *s = add_server(&w, name, &row, &generation);
                for (int k = 0; k < 3; k++) { /* one too many */
                        (void)snprintf(tool, sizeof(tool), "tool%d", k);
                        score_tool_call(score_tools_find(w.tools, row, generation, span_of(tool)),
                                        SCORE_STATUS_OK, 1);
                }
                for (int m = 0; m < _SCORE_METHOD_MAX; m++)
                        score_request(&s->gateway, (ScoreMethod)m, SCORE_STATUS_OK, 1);
        }
        Nsec before = clock_now(&clock_monotonic);
        assert_int_equal(metrics_page(w.g, NOW, &w.page), 0);
        print_message("%zu bytes in %llu ms\n", w.page.len,
                      (unsigned long long)((clock_now(&clock_monotonic) - before) / NSEC_PER_MSEC));
        assert_true(w.page.len < LIMIT_METRICS_PAGE / 2);
        (void)read_page(&w.page);
        world_close(&w);
}

static int op_page(void *arg)
{
        World *w = arg;
        oom_hold();
        buf_done(&w->page);
        w->page = BUF_INIT(LIMIT_METRICS_PAGE);
        oom_release();
        return metrics_page(w->g, NOW, &w->page);
}

static void test_oom(void **state UNUSED)
{
        World w;
        uint32_t row;
        uint64_t generation;
        world_open(&w, 2, 2);
        (void)add_server(&w, "fs", &row, &generation);
        assert_true(oom_each(op_page, &w) > 3);
        world_close(&w);
}

/* What Prometheus' own tool says, where it is installed. */
static void test_promtool(void **state UNUSED)
{
        World w;
        uint32_t row;
        uint64_t generation;
        int status, in[2];
        world_open(&w, 2, 2);
        (void)add_server(&w, "fs", &row, &generation);
        write_page(&w);
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                (void)dup2(in[0], STDIN_FILENO);
                (void)close(in[1]);
                (void)execlp("promtool", "promtool", "check", "metrics", (char *)NULL);
                _exit(127);
        }
        (void)close(in[0]);
        (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        (void)!fd_write_all(in[1], buf_span(&w.page));
        (void)close(in[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        world_close(&w);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                skip();
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_families),  cmocka_unit_test(test_server),
                cmocka_unit_test(test_tools),     cmocka_unit_test(test_process),
                cmocka_unit_test(test_same_name), cmocka_unit_test(test_anything),
                cmocka_unit_test(test_cap),       cmocka_unit_test(test_large),
                cmocka_unit_test(test_oom),       cmocka_unit_test(test_promtool),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
