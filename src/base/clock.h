#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as the tree knows it: nanoseconds of the monotonic clock, which never
 * jumps. Whoever decides by time takes a `const Clock *`, so that a test can
 * turn the hands. Wall-clock time is for people only (log lines).
 */

#include "base/macro.h"

typedef uint64_t Nsec;

#define NSEC_PER_USEC ((Nsec)1000)
#define NSEC_PER_MSEC ((Nsec)1000000)
#define NSEC_PER_SEC  ((Nsec)1000000000)
#define NSEC_NEVER    UINT64_MAX

typedef struct Clock Clock;
struct Clock {
        Nsec (*now)(const Clock *clock);
};

typedef struct FakeClock {
        Clock clock;
        Nsec at;
} FakeClock;

/* CLOCK_MONOTONIC. */
extern const Clock clock_monotonic;

void fake_clock_init(FakeClock *f, Nsec at);

static inline Nsec clock_now(const Clock *clock)
{
        return clock->now(clock);
}

/* a + b, with NSEC_NEVER for what is past it. */
static inline Nsec nsec_add(Nsec a, Nsec b)
{
        Nsec sum;
        return __builtin_add_overflow(a, b, &sum) ? NSEC_NEVER : sum;
}

/* a - b, at least 0. */
static inline Nsec nsec_sub(Nsec a, Nsec b)
{
        return a > b ? a - b : 0;
}
