#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token bucket: `burst` units at once, `rate` units a second in the long
 * run. What does not fit is refused and counted, so that the owner can say
 * once in a while how much was left out. Asks the clock it was given, never
 * another; a clock that stands still or goes back adds nothing.
 */

#include "base/clock.h"

typedef struct RateLimit {
        const Clock *clock; /* borrowed, outlives us */
        uint64_t rate;      /* units a second; 0: only the first burst */
        uint64_t full;      /* the burst, in units of 1/NSEC_PER_SEC */
        uint64_t level;     /* what is left, in the same */
        Nsec at;            /* when `level` was true */
        Nsec report_at;     /* not before this moment */
        uint64_t refused, refused_units;
} RateLimit;

/* What was refused since the last report: how often, and how many units. */
typedef struct RateLimitReport {
        uint64_t refused, refused_units;
} RateLimitReport;

/* The largest burst that the arithmetic holds; more is taken as this. */
#define RATE_LIMIT_BURST_MAX (UINT64_MAX / NSEC_PER_SEC)

void rate_limit_init(RateLimit *l, const Clock *clock, uint64_t rate, uint64_t burst);

/* Takes n units, all or nothing; false: refused and counted. */
bool rate_limit_take(RateLimit *l, uint64_t n);

/* True, and the counts start anew, when something was refused and the last
 * report is `every` or more ago. */
bool rate_limit_report(RateLimit *l, Nsec every, RateLimitReport *ret);
