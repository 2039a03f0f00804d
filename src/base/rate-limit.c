/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rate-limit.h"

void rate_limit_init(RateLimit *l, const Clock *clock, uint64_t rate, uint64_t burst)
{
        uint64_t full = MIN(burst, RATE_LIMIT_BURST_MAX) * NSEC_PER_SEC;
        *l = (RateLimit){.clock = clock, .rate = rate, .full = full, .level = full, .at = clock_now(clock)};
}

static void rate_limit_refill(RateLimit *l)
{
        Nsec now = clock_now(l->clock), passed = nsec_sub(now, l->at);
        uint64_t more;

        if (__builtin_mul_overflow(passed, l->rate, &more) || more > l->full - l->level)
                l->level = l->full;
        else
                l->level += more;
        l->at = MAX(l->at, now);
}

bool rate_limit_take(RateLimit *l, uint64_t n)
{
        uint64_t price;

        rate_limit_refill(l);
        if (__builtin_mul_overflow(n, NSEC_PER_SEC, &price) || price > l->level) {
                l->refused++;
                if (__builtin_add_overflow(l->refused_units, n, &l->refused_units))
                        l->refused_units = UINT64_MAX;
                return false;
        }
        l->level -= price;
        return true;
}

bool rate_limit_report(RateLimit *l, Nsec every, RateLimitReport *ret)
{
        if (l->refused == 0)
                return false;
        Nsec now = clock_now(l->clock);
        if (now < l->report_at)
                return false;
        *ret = (RateLimitReport){l->refused, l->refused_units};
        l->refused = l->refused_units = 0;
        l->report_at = nsec_add(now, every);
        return true;
}
