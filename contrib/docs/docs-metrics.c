/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"
#include "docs.h"

void docs_metrics(FILE *f)
{
        fputs("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
              "<!-- Written by `make docs` from src/base/metric-table.h; do not edit. -->\n\n"
              "# Metrics\n\n"
              "What /metrics serves, in the text format of Prometheus. Counters of one server begin at 0 "
              "again\n"
              "when the daemon starts, not when the server or the gateway does.\n\n"
              "| Name | Type | Labels | Meaning |\n"
              "|---|---|---|---|\n",
              f);
        for (int i = 0; i < _METRIC_MAX; i++) {
                const MetricRow *row = &metric_table[i];
                fprintf(f, "| `%s` | %s | %s%s%s | %s |\n", row->name, metric_kind_table[row->kind].type,
                        *row->labels ? "`" : "", row->labels, *row->labels ? "`" : "", row->help);
        }
}
