#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as editors write and read it: with comments, trailing commas, halves
 * of surrogate pairs in somebody's history, and numbers of any size. What
 * goes beyond JSON is blanked in place, so that lines and columns stay; the
 * rest is jansson's. Knows nothing of servers.
 */

#include <jansson.h>

#include "base/buf.h"

enum { _IMPORT_JSON_E_SUCCESS, IMPORT_JSON_E_INVALID };

/* *ret is NULL for a text with nothing in it. IMPORT_JSON_E_INVALID: `why` gets "LINE:COLUMN: error: text",
 * which quotes nothing of the file. */
int import_json(Buf *text, json_t **ret, Buf *why) MUST_CHECK;

/* For CLEANUP: json_decref() of what is not NULL. */
static inline void import_json_done(json_t **p)
{
        json_decref(*p);
}
