#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rate limit for each call key (what goes wrong, and with whom), so that
 * what happens a thousand times a second is told some times and then counted.
 * A fixed table: when it is full, the key that was silent longest makes room.
 * Part of base/log.h.
 */

#include "base/limit-table.h"
#include "base/rate-limit.h"
#include "base/span.h"

enum { LOG_KEY_SIZE = 64 };

typedef struct LogKey {
        char name[LOG_KEY_SIZE]; /* longer names are one if they begin alike; empty: free */
        RateLimit limit;
        Nsec used;
} LogKey;

typedef struct LogKeys {
        LogKey keys[LIMIT_LOG_KEYS];
} LogKeys;

/* May a record with this key pass now? When it may, *ret_suppressed is how
 * many did not since the last one that did. */
bool log_keys_take(LogKeys *k, const Clock *clock, const char *name, uint64_t *ret_suppressed);
/* The next key with suppressed records that has been silent since `before`: its count is handed
 * over and starts anew. False when there is none. */
bool log_keys_report(LogKeys *k, Nsec before, Span *ret_name, uint64_t *ret_suppressed);
/* Whether any key has suppressed records that were not told yet. */
bool log_keys_owe(const LogKeys *k);
