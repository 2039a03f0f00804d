/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

Nsec backoff_base(Nsec min, Nsec max, uint32_t k)
{
        Nsec t = min;
        for (uint32_t i = 1; i < k && t && t < max; i++)
                if (__builtin_mul_overflow(t, (Nsec)2, &t))
                        t = NSEC_NEVER;
        return MIN(t, max);
}

Nsec backoff_jitter(Nsec t, uint32_t percent, Random *random)
{
        assert(percent <= 100);
        unsigned __int128 width = (unsigned __int128)t * 2 * percent / 100;
        if (width == 0 || t == NSEC_NEVER)
                return t;
        Nsec low = t - (Nsec)((unsigned __int128)t * percent / 100);
        Nsec draw = random_below(random, width > UINT64_MAX ? UINT64_MAX : (uint64_t)width);
        return nsec_add(low, draw);
}

Nsec backoff_delay(Nsec min, Nsec max, uint32_t k, Random *random)
{
        return backoff_jitter(backoff_base(min, max, k), 50, random);
}
