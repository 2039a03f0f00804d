#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a pipe into lines: one buffer that begins small, grows to the cap
 * as a line needs it, and is kept until line_reader_shrink gives it back. A line
 * that is longer than the cap is told once and skipped to its end. The lines are
 * the caller's to change and valid until the next call.
 */

#include "base/buf.h"

enum { LINE_READER_ROOM = 16 * 1024 };

typedef struct LineReader {
        char *data;        /* owned */
        size_t start, end; /* what is there and not yet given out */
        size_t looked;     /* no line end before this */
        size_t size, max;  /* allocated; longest line, its end not counted */
        bool skipping;
} LineReader;

enum { LINE_READER_NONE, LINE_READER_LINE, LINE_READER_TOO_LONG };

void line_reader_init(LineReader *r, size_t max);
void line_reader_done(LineReader *r);

/* Where to read into, at least one byte. -ENOMEM. */
int line_reader_room(LineReader *r, char **ret_room, size_t *ret_size) MUST_CHECK;
void line_reader_filled(LineReader *r, size_t n);
/* LINE_READER_LINE: one line without its end and without a CR before it. LINE_READER_TOO_LONG: the first
 * `max` bytes of a line whose rest is being skipped. */
int line_reader_next(LineReader *r, char **ret_line, size_t *ret_n) MUST_CHECK;
/* The end of the stream: what stands there without a line end, as a line. */
int line_reader_last(LineReader *r, char **ret_line, size_t *ret_n) MUST_CHECK;
/* Gives memory back beyond what is in use; for quiet moments. */
void line_reader_shrink(LineReader *r);
