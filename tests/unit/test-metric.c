/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/metric.h"

static bool has_word(const char *name, const char *word)
{
        CLEANUP(buf_done) Buf end = BUF_INIT(64), total = BUF_INIT(64);
        assert_int_equal(buf_appendf(&end, "_%s", word), 0);
        assert_int_equal(buf_appendf(&total, "_%s_total", word), 0);
        return span_ends(span_of(name), buf_span(&end)) || span_ends(span_of(name), buf_span(&total));
}

static void check_name(const MetricRow *row)
{
        const char *units[_METRIC_UNIT_MAX] = {
                [METRIC_UNIT_BYTES] = "bytes",
                [METRIC_UNIT_SECONDS] = "seconds",
                [METRIC_UNIT_RATIO] = "ratio",
                [METRIC_UNIT_TIMESTAMP] = "timestamp_seconds",
        };
        assert_true(span_starts(span_of(row->name), SPAN("mcpvisor_")) ||
                    span_starts(span_of(row->name), SPAN("mcp_")));
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_int_equal(span_ends(span_of(row->name), SPAN("_total")), row->kind == METRIC_KIND_counter);
        for (size_t u = METRIC_UNIT_BYTES; u < _METRIC_UNIT_MAX; u++) {
                if (u == METRIC_UNIT_SECONDS && has_word(row->name, "timestamp_seconds"))
                        continue;
                if (has_word(row->name, units[u]) != (row->unit == u))
                        fail_msg("%s: the name and the unit differ", row->name);
        }
}

static void test_rows(void **state UNUSED)
{
        for (size_t i = 0; i < _METRIC_MAX; i++) {
                const MetricRow *row = &metric_table[i];
                size_t help = strlen(row->help);

                check_name(row);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(row->name, metric_table[k].name);
                assert_true(help > 10 && row->help[help - 1] == '.');
                assert_true(row->help[0] == '1' || (row->help[0] >= 'A' && row->help[0] <= 'Z'));
                assert_null(strpbrk(row->help, "\\\n"));
                assert_int_equal(strspn(row->labels, "abcdefghijklmnopqrstuvwxyz,"), strlen(row->labels));
                if (metric_kind_table[row->kind].n_buckets)
                        assert_int_equal(row->unit, METRIC_UNIT_SECONDS);
        }
}

/* The suffixes that a histogram adds must not make a name that is there already. */
static void test_histogram_names(void **state UNUSED)
{
        static const char *const suffixes[] = {"bucket", "sum", "count"};
        for (size_t i = 0; i < _METRIC_MAX; i++)
                for (size_t k = 0; k < ARRAY_SIZE(suffixes); k++) {
                        CLEANUP(buf_done) Buf name = BUF_INIT(256);
                        assert_int_equal(buf_appendf(&name, "%s_%s", metric_table[i].name, suffixes[k]), 0);
                        for (size_t j = 0; j < _METRIC_MAX; j++)
                                assert_string_not_equal(name.data, metric_table[j].name);
                }
}

/* The text of a bound is its number, and they ascend. */
static void test_buckets(void **state UNUSED)
{
        assert_int_equal(metric_kind_table[METRIC_KIND_histogram6].n_buckets, 6);
        for (size_t i = 0; i < _METRIC_KIND_MAX; i++) {
                const MetricKindRow *kind = &metric_kind_table[i];
                assert_non_null(kind->type);
                for (size_t k = 0; k < kind->n_buckets; k++) {
                        char text[64];
                        (void)snprintf(text, sizeof(text), "%g", (double)kind->buckets[k].bound / 1e6);
                        assert_string_equal(kind->buckets[k].text, text);
                        assert_true(k == 0 || kind->buckets[k].bound > kind->buckets[k - 1].bound);
                }
        }
}

static void test_set(void **state UNUSED)
{
        MetricSet set = {0};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);

        metric_add(&set, METRIC_ZOMBIES_REAPED, 2);
        metric_add(&set, METRIC_ZOMBIES_REAPED, 3);
        metric_set(&set, METRIC_SESSIONS, 7);
        metric_sub(&set, METRIC_SESSIONS, 2);
        assert_int_equal(metric_get(&set, METRIC_ZOMBIES_REAPED), 5);
        assert_int_equal(metric_get(&set, METRIC_SESSIONS), 5);
        metric_sub(&set, METRIC_SESSIONS, 6);
        assert_int_equal(metric_get(&set, METRIC_SESSIONS), 0);
        metric_set(&set, METRIC_TLS_EXPIRY, 1900000000);

        assert_int_equal(metric_write(&b, &set, METRIC_ZOMBIES_REAPED), 0);
        assert_int_equal(metric_write(&b, &set, METRIC_TLS_EXPIRY), 0);
        assert_string_equal(b.data, "# HELP mcpvisor_zombies_reaped_total Exited processes reaped that were "
                                    "nobody's child any more.\n"
                                    "# TYPE mcpvisor_zombies_reaped_total counter\n"
                                    "mcpvisor_zombies_reaped_total 5\n"
                                    "# HELP mcpvisor_tls_certificate_expiry_timestamp_seconds When the TLS "
                                    "certificate expires, in "
                                    "seconds since 1970.\n"
                                    "# TYPE mcpvisor_tls_certificate_expiry_timestamp_seconds gauge\n"
                                    "mcpvisor_tls_certificate_expiry_timestamp_seconds 1900000000\n");
}

static void sample(Metric m, const Span *labels, uint64_t value, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(metric_write_sample(&b, m, labels, value), 0);
        assert_string_equal(b.data, want);
}

static void test_samples(void **state UNUSED)
{
        const Span server[] = {SPAN("fs")}, three[] = {SPAN("fs"), SPAN("read"), SPAN("ok")};
        const Span odd[] = {SPAN("a\"b\\c\nd\xff\xc3\xa4")};

        sample(METRIC_TOOL_REQUESTS, three, UINT64_MAX,
               "mcpvisor_tool_requests_total{server=\"fs\",tool=\"read\",status=\"ok\"} "
               "18446744073709551615\n");
        sample(METRIC_SERVER_CPU, server, 1500000, "mcpvisor_server_cpu_seconds_total{server=\"fs\"} 1.5\n");
        sample(METRIC_SERVER_CPU, server, 2000001,
               "mcpvisor_server_cpu_seconds_total{server=\"fs\"} 2.000001\n");
        sample(METRIC_SERVER_CPU, server, 10, "mcpvisor_server_cpu_seconds_total{server=\"fs\"} 0.00001\n");
        sample(METRIC_SERVER_CPU, server, 0, "mcpvisor_server_cpu_seconds_total{server=\"fs\"} 0\n");
        sample(METRIC_GPU_UTILIZATION, server, 1000000, "mcpvisor_gpu_utilization_ratio{gpu=\"fs\"} 1\n");
        sample(METRIC_SERVER_MEMORY, server, 4096, "mcpvisor_server_memory_bytes{server=\"fs\"} 4096\n");
        sample(METRIC_SERVER_UP, odd, 1,
               "mcpvisor_server_up{server=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xa4\"} 1\n");
}

static void test_histogram(void **state UNUSED)
{
        MetricHistogram h = {0};
        const Span labels[] = {SPAN("fs"), SPAN("read")};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);

        metric_observe(&h, METRIC_TOOL_DURATION, 10000); /* the bound itself is inside */
        metric_observe(&h, METRIC_TOOL_DURATION, 10001);
        metric_observe(&h, METRIC_TOOL_DURATION, 5000000);
        metric_observe(&h, METRIC_TOOL_DURATION, 31000000);
        assert_int_equal(metric_write_histogram(&b, METRIC_TOOL_DURATION, labels, &h), 0);
#define NAME   "mcpvisor_tool_request_duration_seconds"
#define LABELS "{server=\"fs\",tool=\"read\""
        assert_string_equal(b.data, NAME "_bucket" LABELS ",le=\"0.01\"} 1\n" NAME "_bucket" LABELS
                                         ",le=\"0.05\"} 2\n" NAME "_bucket" LABELS ",le=\"0.25\"} 2\n" NAME
                                         "_bucket" LABELS ",le=\"1\"} 2\n" NAME "_bucket" LABELS
                                         ",le=\"5\"} 3\n" NAME "_bucket" LABELS ",le=\"30\"} 3\n" NAME
                                         "_bucket" LABELS ",le=\"+Inf\"} 4\n" NAME "_sum" LABELS
                                         "} 36.020001\n" NAME "_count" LABELS "} 4\n");
        buf_clear(&b);
        h = (MetricHistogram){0};
        assert_int_equal(metric_write_head(&b, METRIC_MCP_REQUEST_DURATION), 0);
        assert_int_equal(metric_write_histogram(&b, METRIC_MCP_REQUEST_DURATION, NULL, &h), 0);
        assert_non_null(strstr(b.data, "# TYPE mcp_request_duration_seconds histogram\n"
                                       "mcp_request_duration_seconds_bucket{le=\"0.001\"} 0\n"));
        assert_non_null(strstr(b.data, "mcp_request_duration_seconds_sum 0\n"
                                       "mcp_request_duration_seconds_count 0\n"));
}

/* A buffer that is full at any byte gives the error, not half a metric taken for whole. */
static void test_full(void **state UNUSED)
{
        const Span labels[] = {SPAN("f\"s"), SPAN("read")};
        MetricHistogram h = {0};
        size_t whole = 0;

        for (size_t cap = 0;; cap++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                int r = metric_write_histogram(&b, METRIC_TOOL_DURATION, labels, &h);
                if (r == 0) {
                        whole = b.len;
                        break;
                }
                assert_int_equal(r, -ENOBUFS);
        }
        assert_true(whole > 500);
}

static void test_quantile(void **state)
{
        (void)state;
        MetricHistogram h = {0}, sum = {0};
        uint64_t usec = 7;
        assert_false(metric_quantile(&h, METRIC_REQUEST_DURATION, 95, &usec));
        assert_int_equal(usec, 7);
        metric_observe(&h, METRIC_REQUEST_DURATION, 1);
        assert_true(metric_quantile(&h, METRIC_REQUEST_DURATION, 95, &usec));
        assert_int_equal(usec, 1000); /* all that the first bucket tells */
        for (int i = 1; i < 94; i++)
                metric_observe(&h, METRIC_REQUEST_DURATION, 1000);
        for (int i = 0; i < 6; i++)
                metric_observe(&h, METRIC_REQUEST_DURATION, 40000);
        assert_true(metric_quantile(&h, METRIC_REQUEST_DURATION, 94, &usec));
        assert_int_equal(usec, 1000);
        assert_true(metric_quantile(&h, METRIC_REQUEST_DURATION, 95, &usec));
        assert_int_equal(usec, 25000 + 25000 / 6);
        assert_true(metric_quantile(&h, METRIC_REQUEST_DURATION, 100, &usec));
        assert_int_equal(usec, 50000);
        assert_true(metric_quantile(&h, METRIC_REQUEST_DURATION, 0, &usec));
        assert_int_equal(usec, 10);
        metric_merge(&sum, &h);
        metric_merge(&sum, &h);
        assert_int_equal(sum.sum, 2 * h.sum);
        assert_int_equal(sum.cells[0], 188);
        metric_observe(&sum, METRIC_REQUEST_DURATION, UINT64_MAX);
        assert_true(metric_quantile(&sum, METRIC_REQUEST_DURATION, 100, &usec));
        assert_int_equal(usec, 300000000);
}

/* Cells of somebody who writes what he likes. */
static void test_quantile_of_anything(void **state)
{
        (void)state;
        MetricHistogram h;
        uint64_t usec;
        memset(&h, 0xff, sizeof(h));
        for (unsigned percent = 0; percent <= 100; percent++) {
                usec = UINT64_MAX;
                assert_true(metric_quantile(&h, METRIC_TOOL_DURATION, percent, &usec));
                assert_true(usec <= 30000000);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_histogram_names),
                cmocka_unit_test(test_buckets),
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_samples),
                cmocka_unit_test(test_histogram),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_quantile),
                cmocka_unit_test(test_quantile_of_anything),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
