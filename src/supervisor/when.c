/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "supervisor/when.h"

int64_t when_now(void)
{
        struct timespec t;
        if (clock_gettime(CLOCK_REALTIME, &t) < 0)
                return 0;
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void when_json(JsonWriter *w, const char *key, int64_t usec)
{
        char text[48], day[32];
        struct tm tm;
        time_t seconds = (time_t)(usec / 1000000);
        json_write_key(w, key);
        if (!gmtime_r(&seconds, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
                json_write_null(w);
                return;
        }
        snprintf(text, sizeof(text), "%s.%06dZ", day, (int)(usec % 1000000));
        json_write_str(w, text);
}

void when_seconds_json(JsonWriter *w, const char *key, uint64_t nsec)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(nsec / NSEC_PER_SEC),
                         (unsigned long long)(nsec % NSEC_PER_SEC / NSEC_PER_MSEC));
        json_write_key(w, key);
        json_write_raw(w, span_from(text, (size_t)n));
}
