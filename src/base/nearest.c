/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

enum { NEAREST_LONGEST = 64 };

static char lower(char c)
{
        if (c >= 'A' && c <= 'Z')
                return (char)(c - 'A' + 'a');
        return c == '-' ? '_' : c;
}

unsigned nearest_distance(Span a, Span b)
{
        if (a.len > NEAREST_LONGEST || b.len > NEAREST_LONGEST)
                return UINT32_MAX;

        unsigned rows[3][NEAREST_LONGEST + 1];
        for (unsigned j = 0; j <= b.len; j++)
                rows[0][j] = j;
        for (unsigned i = 1; i <= a.len; i++) {
                unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
                now[0] = i;
                for (unsigned j = 1; j <= b.len; j++) {
                        bool same = lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]);
                        now[j] = MIN(MIN(before[j] + 1, now[j - 1] + 1), before[j - 1] + !same);
                        if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
                            lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]))
                                now[j] = MIN(now[j], two[j - 2] + 1);
                }
        }
        return rows[a.len % 3][b.len];
}

void nearest_offer(Nearest *n, const char *candidate)
{
        Span c = span_of(candidate);
        unsigned d = nearest_distance(n->word, c);
        unsigned most = (unsigned)MAX(n->word.len, c.len) / 3; /* a third of it may be wrong */
        if (d > MAX(most, 1U) || d >= MAX(n->word.len, c.len))
                return;
        if (!n->best || d < n->distance) {
                n->best = candidate;
                n->distance = d;
        }
}
