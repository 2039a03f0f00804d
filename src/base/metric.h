#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of metric-table.h as an enum and a table; cells for those of
 * this process that have no labels; and the text that Prometheus reads. Cells
 * have one writer or many and any number of readers: relaxed atomics. Who
 * keeps labelled values elsewhere (the scoreboard) writes them out with the
 * same functions: the head of a metric once, then its samples.
 */

#include <stdatomic.h>

#include "base/buf.h"
#include "base/metric-table.h"

typedef enum Metric {
#define M(id, kind, name, labels, unit, help) METRIC_##id,
        METRICS(M)
#undef M
                _METRIC_MAX,
} Metric;

typedef enum MetricKind {
        METRIC_KIND_counter,
        METRIC_KIND_gauge,
        METRIC_KIND_histogram,
        METRIC_KIND_histogram6,
        _METRIC_KIND_MAX,
} MetricKind;

typedef enum MetricUnit {
        METRIC_UNIT_NONE,
        METRIC_UNIT_BYTES,
        METRIC_UNIT_SECONDS,   /* kept as microseconds */
        METRIC_UNIT_RATIO,     /* kept as millionths */
        METRIC_UNIT_TIMESTAMP, /* kept as seconds since 1970 */
        _METRIC_UNIT_MAX,
} MetricUnit;

typedef struct MetricBucket {
        uint64_t bound; /* microseconds, itself inside */
        const char *text;
} MetricBucket;

typedef struct MetricRow {
        const char *name, *labels, *help;
        MetricKind kind;
        MetricUnit unit;
} MetricRow;

typedef struct MetricKindRow {
        const char *type;            /* as Prometheus calls it */
        const MetricBucket *buckets; /* histograms only */
        size_t n_buckets;
} MetricKindRow;

enum {
#define B(bound, text) +1
        METRIC_N_BUCKETS = METRIC_BUCKETS(B), /* the larger of the two sets */
#undef B
};

extern const MetricRow metric_table[_METRIC_MAX];
extern const MetricKindRow metric_kind_table[_METRIC_KIND_MAX];

/* One value for each metric without labels that is no histogram. */
typedef struct MetricSet {
        _Atomic uint64_t cells[_METRIC_MAX];
} MetricSet;

void metric_add(MetricSet *set, Metric m, uint64_t n);
void metric_sub(MetricSet *set, Metric m, uint64_t n); /* gauges; not below 0 */
void metric_set(MetricSet *set, Metric m, uint64_t value);
uint64_t metric_get(const MetricSet *set, Metric m);

/* One series of a histogram; of `cells` only as many are used as the row has
 * buckets, and one more for what is above them all. */
typedef struct MetricHistogram {
        _Atomic uint64_t cells[METRIC_N_BUCKETS + 1];
        _Atomic uint64_t sum; /* microseconds */
} MetricHistogram;

void metric_observe(MetricHistogram *h, Metric m, uint64_t usec);
/* Adds what another one has seen. */
void metric_merge(MetricHistogram *h, const MetricHistogram *other);
/* The microseconds that so many percent of the observations did not exceed, as well as buckets can tell.
 * False: there are none. */
bool metric_quantile(const MetricHistogram *h, Metric m, unsigned percent, uint64_t *ret_usec);

/* HELP and TYPE. */
int metric_write_head(Buf *b, Metric m) MUST_CHECK;
/* `labels`: as many values as the row has labels, in its order. */
int metric_write_sample(Buf *b, Metric m, const Span *labels, uint64_t value) MUST_CHECK;
int metric_write_histogram(Buf *b, Metric m, const Span *labels, const MetricHistogram *h) MUST_CHECK;
/* Head and sample of a metric without labels. */
int metric_write(Buf *b, const MetricSet *set, Metric m) MUST_CHECK;
