#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness that a caller hands in: the kernel's for real use, a seeded
 * sequence for tests. Not for keys: those take getrandom themselves.
 */

#include "base/macro.h"

typedef struct Random Random;
struct Random {
        uint64_t (*next)(Random *random);
};

typedef struct SeededRandom {
        Random random;
        uint64_t state;
} SeededRandom;

/* Seeded once from the kernel (falls back to the clock when getrandom has nothing yet). */
void random_init(SeededRandom *r);
void random_init_seed(SeededRandom *r, uint64_t seed);

static inline uint64_t random_next(Random *random)
{
        return random->next(random);
}

/* Uniform in [0, n); n > 0. */
uint64_t random_below(Random *random, uint64_t n);
