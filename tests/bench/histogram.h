#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times counted in cells that grow with the time: 64 cells for each power of
 * two, so a quantile is off by 1.6 % at most, whatever its size. Of fixed
 * size, no allocation. Knows nothing of what is measured.
 */

#include "base/macro.h"

enum { HISTOGRAM_SUB = 64, HISTOGRAM_CELLS = 59 * HISTOGRAM_SUB };

typedef struct Histogram {
        uint64_t count;
        uint64_t max;
        uint64_t cells[HISTOGRAM_CELLS];
} Histogram;

static inline void histogram_add(Histogram *h, uint64_t value)
{
        unsigned shift = value < HISTOGRAM_SUB ? 0 : 57 - (unsigned)__builtin_clzll(value);
        h->cells[shift * HISTOGRAM_SUB + (value >> shift)]++;
        h->count++;
        h->max = MAX(h->max, value);
}

void histogram_clear(Histogram *h);
/* The middle of the cell in which the quantile (0 to 1) lies; 0 when nothing was counted. */
double histogram_quantile(const Histogram *h, double quantile);
