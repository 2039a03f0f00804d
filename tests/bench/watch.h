#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other processes have used up between two looks: CPU time, all threads
 * of each, and the calls of malloc that tests/bench/count-malloc.c counts in
 * a shared file. Owned by the Load.
 */

#include "base/clock.h"

enum { WATCH_PIDS = 256, WATCH_COUNTERS = 4 };

typedef struct Watch {
        size_t n;
        int pids[WATCH_PIDS];
        Nsec began[WATCH_PIDS];
        Nsec used[WATCH_PIDS];
        const volatile uint64_t *counters; /* mapped: malloc, calloc, realloc, free; NULL: none */
        uint64_t counters_began[WATCH_COUNTERS];
        uint64_t counted[WATCH_COUNTERS];
} Watch;

/* "1,2,3"; -EINVAL, -ENOBUFS. */
int watch_add_pids(Watch *w, const char *list) MUST_CHECK;
int watch_map_counters(Watch *w, const char *path) MUST_CHECK;

void watch_begin(Watch *w);
void watch_end(Watch *w);
