#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before the k-th try: min(max, min * 2^(k-1)), times a
 * factor drawn from [0.5, 1.5) so that things which died together do not come
 * back together. Pure: the randomness is handed in.
 */

#include "base/clock.h"
#include "base/random.h"

/* k counts from 1; 0 is taken as 1. */
Nsec backoff_delay(Nsec min, Nsec max, uint32_t k, Random *random);
/* The same without the factor: what the k-th delay is on average. */
Nsec backoff_base(Nsec min, Nsec max, uint32_t k);
/* `t` times a factor drawn from [1 - percent/100, 1 + percent/100). */
Nsec backoff_jitter(Nsec t, uint32_t percent, Random *random);
