/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log-keys.h"

/* The limiter counts whole units a second: one record costs as many units as
 * it has seconds to wait. */
enum { PRICE = LIMIT_LOG_KEY_TIME };

static LogKey *log_keys_find(LogKeys *k, Span name)
{
        for (size_t i = 0; i < LIMIT_LOG_KEYS; i++)
                if (span_equal(span_of(k->keys[i].name), name))
                        return &k->keys[i];
        return NULL;
}

/* A free place, or that of the key that was silent longest. */
static LogKey *log_keys_new(LogKeys *k, const Clock *clock, Span name)
{
        LogKey *oldest = &k->keys[0];

        for (size_t i = 0; i < LIMIT_LOG_KEYS; i++) {
                LogKey *key = &k->keys[i];
                if (key->name[0] == '\0') {
                        oldest = key;
                        break;
                }
                if (key->used < oldest->used)
                        oldest = key;
        }
        *oldest = (LogKey){0};
        memcpy(oldest->name, name.ptr, name.len);
        rate_limit_init(&oldest->limit, clock, 1, LIMIT_LOG_KEY_BURST * PRICE);
        return oldest;
}

bool log_keys_take(LogKeys *k, const Clock *clock, const char *name, uint64_t *ret_suppressed)
{
        Span text = span_first(span_of(name), LOG_KEY_SIZE - 1);
        LogKey *key = log_keys_find(k, text);
        RateLimitReport report = {0};

        if (!key)
                key = log_keys_new(k, clock, text);
        key->used = clock_now(clock);
        if (!rate_limit_take(&key->limit, PRICE))
                return false;
        (void)rate_limit_report(&key->limit, 0, &report);
        *ret_suppressed = report.refused;
        return true;
}

bool log_keys_report(LogKeys *k, Nsec before, Span *ret_name, uint64_t *ret_suppressed)
{
        RateLimitReport report;

        for (size_t i = 0; i < LIMIT_LOG_KEYS; i++) {
                LogKey *key = &k->keys[i];
                if (key->used > before || !rate_limit_report(&key->limit, 0, &report))
                        continue;
                *ret_name = span_of(key->name);
                *ret_suppressed = report.refused;
                return true;
        }
        return false;
}

bool log_keys_owe(const LogKeys *k)
{
        for (size_t i = 0; i < LIMIT_LOG_KEYS; i++)
                if (k->keys[i].limit.refused > 0)
                        return true;
        return false;
}
