/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

static Nsec monotonic_now(const Clock *clock UNUSED)
{
        struct timespec ts;
        int r = clock_gettime(CLOCK_MONOTONIC, &ts);
        assert(r == 0); /* cannot fail for this clock and a valid pointer */
        (void)r;
        return (Nsec)ts.tv_sec * NSEC_PER_SEC + (Nsec)ts.tv_nsec;
}

const Clock clock_monotonic = {.now = monotonic_now};

static Nsec fake_now(const Clock *clock)
{
        return CONTAINER_OF(clock, const FakeClock, clock)->at;
}

void fake_clock_init(FakeClock *f, Nsec at)
{
        *f = (FakeClock){.clock = {.now = fake_now}, .at = at};
}
