/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/random.h>

#include "base/clock.h"
#include "base/random.h"

/* splitmix64: one addition and three xor-shifts a number, every seed is good. */
static uint64_t seeded_next(Random *random)
{
        SeededRandom *r = CONTAINER_OF(random, SeededRandom, random);
        uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
}

void random_init_seed(SeededRandom *r, uint64_t seed)
{
        *r = (SeededRandom){.random = {.next = seeded_next}, .state = seed};
}

void random_init(SeededRandom *r)
{
        uint64_t seed;
        if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
                seed = clock_now(&clock_monotonic) ^ ((uint64_t)getpid() << 32);
        random_init_seed(r, seed);
}

uint64_t random_below(Random *random, uint64_t n)
{
        assert(n > 0);
        return (uint64_t)(((unsigned __int128)random_next(random) * n) >> 64);
}
