/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"
#include "base/utf8.h"

enum { MICRO = 1000000 };

#define B(bound, text) {(bound), (text)},
static const MetricBucket request_buckets[] = {METRIC_BUCKETS(B)};
static const MetricBucket tool_buckets[] = {METRIC_TOOL_BUCKETS(B)};
#undef B

static_assert(ARRAY_SIZE(request_buckets) == METRIC_N_BUCKETS, "as many cells as buckets");
static_assert(ARRAY_SIZE(tool_buckets) <= METRIC_N_BUCKETS, "the smaller set fits");

const MetricKindRow metric_kind_table[_METRIC_KIND_MAX] = {
        [METRIC_KIND_counter] = {.type = "counter"},
        [METRIC_KIND_gauge] = {.type = "gauge"},
        [METRIC_KIND_histogram] = {"histogram", request_buckets, ARRAY_SIZE(request_buckets)},
        [METRIC_KIND_histogram6] = {"histogram", tool_buckets, ARRAY_SIZE(tool_buckets)},
};

const MetricRow metric_table[_METRIC_MAX] = {
#define M(id, kind, name, labels, unit, help) \
        [METRIC_##id] = {(name), (labels), (help), METRIC_KIND_##kind, METRIC_UNIT_##unit},
        METRICS(M)
#undef M
};

static const MetricKindRow *metric_kind(Metric m)
{
        return &metric_kind_table[metric_table[m].kind];
}

/* A metric that has one cell in a MetricSet. */
static bool metric_is_plain(Metric m)
{
        return metric_table[m].labels[0] == '\0' && metric_kind(m)->n_buckets == 0;
}

void metric_add(MetricSet *set, Metric m, uint64_t n)
{
        assert(metric_is_plain(m));
        atomic_fetch_add_explicit(&set->cells[m], n, memory_order_relaxed);
}

void metric_sub(MetricSet *set, Metric m, uint64_t n)
{
        assert(metric_is_plain(m) && metric_table[m].kind == METRIC_KIND_gauge);
        uint64_t old = atomic_load_explicit(&set->cells[m], memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&set->cells[m], &old, old - MIN(n, old),
                                                      memory_order_relaxed, memory_order_relaxed))
                ;
}

void metric_set(MetricSet *set, Metric m, uint64_t value)
{
        assert(metric_is_plain(m) && metric_table[m].kind == METRIC_KIND_gauge);
        atomic_store_explicit(&set->cells[m], value, memory_order_relaxed);
}

uint64_t metric_get(const MetricSet *set, Metric m)
{
        return atomic_load_explicit(&set->cells[m], memory_order_relaxed);
}

void metric_observe(MetricHistogram *h, Metric m, uint64_t usec)
{
        const MetricKindRow *kind = metric_kind(m);
        size_t i = 0;

        assert(kind->n_buckets > 0);
        while (i < kind->n_buckets && usec > kind->buckets[i].bound)
                i++;
        atomic_fetch_add_explicit(&h->cells[i], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&h->sum, usec, memory_order_relaxed);
}

static uint64_t histogram_cell(const MetricHistogram *h, size_t i)
{
        return atomic_load_explicit(&h->cells[i], memory_order_relaxed);
}

void metric_merge(MetricHistogram *h, const MetricHistogram *other)
{
        for (size_t i = 0; i < ARRAY_SIZE(h->cells); i++)
                atomic_fetch_add_explicit(&h->cells[i], histogram_cell(other, i), memory_order_relaxed);
        atomic_fetch_add_explicit(&h->sum, atomic_load_explicit(&other->sum, memory_order_relaxed),
                                  memory_order_relaxed);
}

/* Of a bucket from `low` to `high` with n observations, the k-th, as if they were spread evenly. The
 * numbers may be anybody's: they are taken as fractions, so that nothing can overflow. */
static uint64_t within(uint64_t low, uint64_t high, uint64_t k, uint64_t n)
{
        return low + (uint64_t)((double)(high - low) * ((double)MIN(k, n) / (double)n));
}

bool metric_quantile(const MetricHistogram *h, Metric m, unsigned percent, uint64_t *ret_usec)
{
        const MetricKindRow *kind = metric_kind(m);
        uint64_t cells[METRIC_N_BUCKETS + 1], all = 0, below = 0;

        assert(kind->n_buckets > 0 && percent <= 100);
        for (size_t i = 0; i <= kind->n_buckets; i++) {
                cells[i] = histogram_cell(h, i);
                all += cells[i];
        }
        if (all == 0)
                return false;
        uint64_t rank = all / 100 * percent + (all % 100 * percent + 99) / 100;
        rank = MAX(rank, 1U);
        for (size_t i = 0; i < kind->n_buckets; i++) {
                if (below + cells[i] >= rank && cells[i]) {
                        *ret_usec = within(i ? kind->buckets[i - 1].bound : 0, kind->buckets[i].bound,
                                           rank - below, cells[i]);
                        return true;
                }
                below += cells[i];
        }
        *ret_usec = kind->buckets[kind->n_buckets - 1].bound; /* or more */
        return true;
}

int metric_write_head(Buf *b, Metric m)
{
        const MetricRow *row = &metric_table[m];
        return buf_appendf(b, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                           metric_kind(m)->type);
}

/* Backslash, quote and line feed as the text format wants them; what is no UTF-8 as U+FFFD. */
static int metric_escape(Buf *b, Span s)
{
        int r = 0;
        while (s.len && r == 0) {
                size_t n = utf8_sequence(s);
                if (n == 0)
                        r = buf_append_str(b, "\xef\xbf\xbd");
                else if (s.ptr[0] == '\\' || s.ptr[0] == '"')
                        r = buf_appendf(b, "\\%c", s.ptr[0]);
                else if (s.ptr[0] == '\n')
                        r = buf_append_str(b, "\\n");
                else
                        r = buf_append(b, s.ptr, n);
                s = span_skip(s, MAX(n, (size_t)1));
        }
        return r;
}

static int metric_write_label(Buf *b, Span name, Span value, char *before)
{
        int r = buf_append_char(b, *before);
        *before = ',';
        if (r == 0)
                r = buf_append_span(b, name);
        if (r == 0)
                r = buf_append_str(b, "=\"");
        if (r == 0)
                r = metric_escape(b, value);
        return r == 0 ? buf_append_char(b, '"') : r;
}

/* {a="1",b="2",le="..."}, or nothing at all. */
static int metric_write_labels(Buf *b, Metric m, const Span *values, const char *le)
{
        Span names = span_of(metric_table[m].labels), name;
        char before = '{';
        int r = 0;

        while (r == 0 && names.len && span_next(&names, ',', &name))
                r = metric_write_label(b, name, *values++, &before);
        if (r == 0 && le)
                r = metric_write_label(b, SPAN("le"), span_of(le), &before);
        return r == 0 && before == ',' ? buf_append_char(b, '}') : r;
}

static int metric_write_value(Buf *b, MetricUnit unit, uint64_t value)
{
        bool micro = unit == METRIC_UNIT_SECONDS || unit == METRIC_UNIT_RATIO;
        uint64_t whole = micro ? value / MICRO : value;
        unsigned fraction = micro ? (unsigned)(value % MICRO) : 0;
        int digits = 6;

        if (fraction == 0)
                return buf_appendf(b, " %llu\n", (unsigned long long)whole);
        for (; fraction % 10 == 0; fraction /= 10)
                digits--;
        return buf_appendf(b, " %llu.%0*u\n", (unsigned long long)whole, digits, fraction);
}

int metric_write_sample(Buf *b, Metric m, const Span *labels, uint64_t value)
{
        assert(metric_kind(m)->n_buckets == 0);
        int r = buf_append_str(b, metric_table[m].name);
        if (r == 0)
                r = metric_write_labels(b, m, labels, NULL);
        return r == 0 ? metric_write_value(b, metric_table[m].unit, value) : r;
}

static int metric_write_part(Buf *b, Metric m, const Span *labels, const char *suffix, const char *le)
{
        int r = buf_appendf(b, "%s_%s", metric_table[m].name, suffix);
        return r == 0 ? metric_write_labels(b, m, labels, le) : r;
}

int metric_write_histogram(Buf *b, Metric m, const Span *labels, const MetricHistogram *h)
{
        const MetricKindRow *kind = metric_kind(m);
        uint64_t count = 0;
        int r = 0;

        assert(kind->n_buckets > 0);
        for (size_t i = 0; i <= kind->n_buckets && r == 0; i++) {
                count += histogram_cell(h, i);
                r = metric_write_part(b, m, labels, "bucket",
                                      i < kind->n_buckets ? kind->buckets[i].text : "+Inf");
                if (r == 0)
                        r = metric_write_value(b, METRIC_UNIT_NONE, count);
        }
        if (r == 0)
                r = metric_write_part(b, m, labels, "sum", NULL);
        if (r == 0)
                r = metric_write_value(b, METRIC_UNIT_SECONDS,
                                       atomic_load_explicit(&h->sum, memory_order_relaxed));
        if (r == 0)
                r = metric_write_part(b, m, labels, "count", NULL);
        return r == 0 ? metric_write_value(b, METRIC_UNIT_NONE, count) : r;
}

int metric_write(Buf *b, const MetricSet *set, Metric m)
{
        assert(metric_is_plain(m));
        int r = metric_write_head(b, m);
        return r == 0 ? metric_write_sample(b, m, NULL, metric_get(set, m)) : r;
}
