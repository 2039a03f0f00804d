/* SPDX-License-Identifier: Apache-2.0 */
#include "config/schema-doc.h"
#include "docs.h"

/* Memory that runs out here leaves a document that the test calls stale. */
static void write_made(FILE *f, int (*make)(Buf *b))
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        if (make(&b) == 0)
                fputs(buf_text(&b), f);
}

void docs_configuration(FILE *f)
{
        write_made(f, schema_write_markdown);
}

void docs_man5(FILE *f)
{
        write_made(f, schema_write_man);
}

void docs_schema(FILE *f)
{
        write_made(f, schema_write_json);
}
