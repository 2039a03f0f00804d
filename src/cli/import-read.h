#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the file of a host application to servers in an Import: finds where
 * they stand, and gives each key its meaning by the schema table and the
 * table of foreign keys. What cannot be taken is left out with a reason; only
 * a file that cannot be read at all is an error.
 */

#include "cli/import-host.h"

enum { _IMPORT_READ_E_SUCCESS, IMPORT_READ_E_INVALID };

/* IMPORT_READ_E_INVALID: `why` gets "FILE:LINE:COLUMN: error: text", fit for a terminal. */
int import_read(Import *im, const ImportFile *file, unsigned places, Buf *why) MUST_CHECK;
/* The same for a text in memory, which is changed. */
int import_read_text(Import *im, const ImportFile *file, unsigned places, Buf *text, Buf *why) MUST_CHECK;
