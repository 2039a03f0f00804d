#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock, for people: moments in answers, records and log lines.
 * Nothing is decided by it.
 */

#include "base/json-writer.h"

/* Microseconds since 1970. */
int64_t when_now(void);

enum { WHEN_ROOM = 64 };
/* 2026-11-20T17:00:00.123Z, with that many decimals: 0 to 6. A day that no calendar has is "". */
const char *when_text(int64_t usec, unsigned decimals, char room[static WHEN_ROOM]);
/* The same as the value of `key`; such a day is null. */
void when_json(JsonWriter *w, const char *key, int64_t usec, unsigned decimals);
