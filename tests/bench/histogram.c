/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

void histogram_clear(Histogram *h)
{
        *h = (Histogram){0};
}

/* Cells of the first two powers are exact; from there on `shift` bits of a value are forgotten. */
static double middle_of(size_t cell)
{
        if (cell < 2 * HISTOGRAM_SUB)
                return (double)cell;
        size_t shift = cell / HISTOGRAM_SUB - 1;
        uint64_t low = (uint64_t)(cell - shift * HISTOGRAM_SUB) << shift;
        return (double)low + (double)((uint64_t)1 << shift) / 2;
}

double histogram_quantile(const Histogram *h, double quantile)
{
        uint64_t wanted = (uint64_t)(quantile * (double)h->count), seen = 0;
        for (size_t i = 0; i < HISTOGRAM_CELLS; i++) {
                seen += h->cells[i];
                if (h->cells[i] && seen > wanted)
                        return MIN(middle_of(i), (double)h->max);
        }
        return (double)h->max;
}
