#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generated documents: each is written from tables of the program to a
 * stream. Nothing here is part of what is installed, only what it writes.
 * Errors stick to the stream; docs-main.c looks at the end.
 */

#include "base/macro.h"

typedef struct Document {
        const char *name;
        const char *file; /* where its text is kept in the source tree */
        void (*write)(FILE *f);
} Document;

void docs_configuration(FILE *f); /* docs/configuration.md, from the schema table */
void docs_man5(FILE *f);          /* mcpvisor.yaml(5) */
void docs_schema(FILE *f);        /* the JSON Schema */
void docs_limits(FILE *f);        /* docs/limits.md, from base/limit-table.h */
void docs_man1(FILE *f);          /* mcpvisor(1), from the command table */
void docs_methods(FILE *f);       /* docs/methods.md, from mcp/method.h */
void docs_metrics(FILE *f);       /* docs/metrics.md, from base/metric-table.h */
void docs_states(FILE *f);        /* docs/states.md, from control/server-state.h */
