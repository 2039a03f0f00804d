#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of other programs' files (Claude, Cursor, VS Code, Windsurf, Cline)
 * that are met in a configuration, and what becomes of each: one row a key.
 */

#include "config/schema.h"

typedef enum ForeignAct {
        FOREIGN_ALIAS,    /* another name of one of our keys */
        FOREIGN_SILENT,   /* means nothing to a daemon */
        FOREIGN_IGNORE,   /* the same, but somebody may have counted on it: a warning */
        FOREIGN_REFUSE,   /* an error that says why */
        FOREIGN_DISABLED, /* `disabled: true`: the server is left out */
        FOREIGN_TYPE,     /* the transport: stdio, or a remote server */
} ForeignAct;

typedef struct ForeignRow {
        SchemaOwner owner;
        const char *key;
        ForeignAct act;
        const char *text; /* ALIAS: our path; REFUSE, IGNORE: the sentence */
} ForeignRow;

extern const ForeignRow foreign_table[];
extern const size_t foreign_table_size;

const ForeignRow *foreign_find(SchemaOwner owner, Span key);
