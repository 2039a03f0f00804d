/* SPDX-License-Identifier: Apache-2.0 */
#include "base/when.h"

enum { USEC_PER_SEC = 1000000, USEC_DECIMALS = 6 };

int64_t when_now(void)
{
        struct timespec t = {0};
        (void)clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

const char *when_text(int64_t usec, unsigned decimals, char room[static WHEN_ROOM])
{
        int64_t fraction = (usec % USEC_PER_SEC + USEC_PER_SEC) % USEC_PER_SEC;
        time_t seconds = (time_t)((usec - fraction) / USEC_PER_SEC);
        char text[WHEN_ROOM / 2];
        struct tm tm;
        if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return "";
        for (unsigned i = decimals; i < USEC_DECIMALS; i++)
                fraction /= 10;
        if (decimals)
                (void)snprintf(room, WHEN_ROOM, "%s.%0*uZ", text, (int)decimals, (unsigned)fraction);
        else
                (void)snprintf(room, WHEN_ROOM, "%sZ", text);
        return room;
}

void when_json(JsonWriter *w, const char *key, int64_t usec, unsigned decimals)
{
        char room[WHEN_ROOM];
        const char *text = when_text(usec, decimals, room);
        json_write_key(w, key);
        json_write_str(w, *text ? text : NULL);
}
