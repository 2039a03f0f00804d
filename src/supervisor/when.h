#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock, for people: moments in answers and records. Nothing is
 * decided by it.
 */

#include "base/json-writer.h"

/* Microseconds since 1970. */
int64_t when_now(void);
/* "2026-11-20T17:00:00.123456Z" as the value of `key`. */
void when_json(JsonWriter *w, const char *key, int64_t usec);
/* Nanoseconds as seconds with a millisecond's decimals: 12.501. */
void when_seconds_json(JsonWriter *w, const char *key, uint64_t nsec);
