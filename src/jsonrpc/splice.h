#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message with a few places replaced: all other bytes pass as they are.
 * Borrows everything until it is written or appended; no allocation.
 */

#include "base/buf.h"

enum { SPLICE_EDITS = 8, SPLICE_PARTS = 2 * SPLICE_EDITS + 1 };

typedef struct SpliceEdit {
        size_t at, cut; /* in the text */
        Span put;
} SpliceEdit;

typedef struct Splice {
        Span text;
        SpliceEdit edits[SPLICE_EDITS]; /* by place */
        unsigned n;
} Splice;

void splice_init(Splice *s, Span text);
/* `old` lies in the text and overlaps no other edit; empty: `put` goes before that place. */
void splice_replace(Splice *s, Span old, Span put);

size_t splice_length(const Splice *s) PURE;
/* In order, none empty; how many. */
unsigned splice_parts(const Splice *s, Span ret[static SPLICE_PARTS]);
int splice_append(const Splice *s, Buf *b) MUST_CHECK;
