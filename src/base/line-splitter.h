#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of bytes into lines. A line over the cap comes in pieces, as
 * does one whose end does not come for a while; every piece but the last is
 * marked partial. Pure: the owner reads, looks at the clock and asks again at
 * the deadline. The same bytes give the same lines however they were cut up
 * on their way. It holds memory only while the start of a line waits; when
 * there is none to be had, that start comes as a piece at once.
 */

#include "base/clock.h"
#include "base/limit-table.h"
#include "base/span.h"

typedef struct LineSplitter {
        char *part; /* owned: the start of a line whose end is still to come; may be NULL */
        size_t len, size;
        Nsec since;  /* when its first byte came */
        bool midway; /* a piece of this line was given already */
} LineSplitter;

typedef struct Line {
        Span text;    /* borrowed: until the next call, or from the bytes fed; without line end */
        bool partial; /* the line goes on in the next one */
} Line;

/* All zero is a beginning, too. */
void line_splitter_init(LineSplitter *l);
void line_splitter_done(LineSplitter *l);

/* Takes the next line off the front of *bytes; false when they are used up.
 * Call it until then: what is left of them is kept. */
bool line_splitter_next(LineSplitter *l, Span *bytes, Nsec now, Line *ret);
/* Gives up waiting for the end of the line: at the deadline, at end of file, at exit. */
bool line_splitter_flush(LineSplitter *l, Line *ret);
/* When to flush; NSEC_NEVER when nothing waits. */
Nsec line_splitter_deadline(const LineSplitter *l);
