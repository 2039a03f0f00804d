/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/parse.h"
#include "docs.h"

enum { VALUE_CAP = 64 };

/* 1048576 bytes are easier to read as 1M. */
static void write_value(FILE *f, const LimitRow *row)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(VALUE_CAP);
        bool bytes = strcmp(row->unit, "bytes") == 0;
        if (bytes && format_size(&text, (uint64_t)row->value) == 0)
                fputs(buf_text(&text), f);
        else
                fprintf(f, "%lld %s", row->value, row->unit);
}

void docs_limits(FILE *f)
{
        fputs("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
              "<!-- Written by `make docs` from src/base/limit-table.h; do not edit. -->\n\n"
              "# Limits\n\n"
              "Bounds that are not configuration keys. What users tune is a key; these are the same for\n"
              "everyone, and an excess is an error that names the limit. K, M and G are bytes, in powers of "
              "1024.\n\n"
              "| Name | Value | What it bounds |\n"
              "|---|---|---|\n",
              f);
        for (unsigned i = 0; i < limit_table_size; i++) {
                fprintf(f, "| `%s` | ", limit_table[i].name);
                write_value(f, &limit_table[i]);
                fprintf(f, " | %s |\n", limit_table[i].doc);
        }
}
