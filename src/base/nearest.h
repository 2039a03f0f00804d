#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the known word nearest to a mistyped one, by edit distance
 * with swapped neighbours as one edit. Feed it each candidate in turn.
 */

#include "base/span.h"

typedef struct Nearest {
        Span word;        /* borrowed: what was typed */
        const char *best; /* borrowed: NULL when nothing is near enough */
        unsigned distance;
} Nearest;

#define NEAREST_INIT(w) ((Nearest){.word = (w)})

void nearest_offer(Nearest *n, const char *candidate);
unsigned nearest_distance(Span a, Span b) PURE;
