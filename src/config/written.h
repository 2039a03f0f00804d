#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the keys of a snapshot were written, and what is said about them
 * there. For whoever judges a snapshot when its nodes are gone: verify, and
 * the validator's look at the machine. Knows no rule itself.
 */

#include "base/diag.h"
#include "config/config.h"
#include "config/schema.h"

/* A key of a struct of the snapshot. */
typedef struct WrittenKey {
        SchemaOwner owner;
        const ConfigHead *head;
        const char *local; /* its path in the struct; "": the struct as a whole */
} WrittenKey;

/* Where a row was written in this struct, or NULL. */
const ConfigWritten *config_written(const ConfigHead *head, const SchemaRow *row) PURE;
bool written_has(WrittenKey key);

/* Notes a finding where the key was written, else where its struct was. */
void written_say(DiagList *diags, const char *file, DiagSeverity severity, WrittenKey key, const char *fmt,
                 ...) PRINTF(5, 6);
void written_vsay(DiagList *diags, const char *file, DiagSeverity severity, WrittenKey key, const char *fmt,
                  va_list ap) PRINTF(5, 0);
