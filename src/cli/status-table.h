#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's status object as the table that people read. Pure: an object
 * in, text out. Knows no socket; fields it does not know are left alone, and
 * those that are missing or null show as `-`.
 */

#include <jansson.h>

#include "base/buf.h"

typedef struct StatusLook {
        unsigned width; /* columns; 0: as wide as it gets */
        bool color;
} StatusLook;

/* Appends the lines above the table, the table, and nothing when there is no server but that. */
int status_table(const json_t *status, const StatusLook *look, Buf *ret) MUST_CHECK;

/* Whether all servers of the object are in this state. */
bool status_all_are(const json_t *status, const char *state);
