#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines of one source, in a fixed number of bytes: a new line pushes
 * out as many of the oldest as it needs room. Read with a cursor, from the
 * oldest to the newest; a cursor may be kept and asked again later, and then
 * tells how many lines it missed. Owned by whoever the lines are about; knows
 * nothing of levels or formats.
 */

#include "base/span.h"

typedef struct LogRing {
        char *bytes; /* owned */
        size_t size;
        size_t head;    /* the oldest entry */
        size_t tail;    /* where the next one goes */
        size_t end;     /* where the entries before the wrap end, when tail <= head */
        uint64_t first; /* number of the oldest entry */
        uint64_t next;  /* number of the next one */
        size_t max;     /* it grows to this as lines come */
} LogRing;

typedef struct LogRingLine {
        Span text;         /* borrowed: until the next push */
        int64_t wall_usec; /* when, for people */
        uint64_t number;   /* counts up from 0, never reused */
        bool partial;      /* the line goes on in the next one */
} LogRingLine;

/* Starts at the oldest line when zeroed. */
typedef struct LogRingCursor {
        uint64_t number; /* of the line to read next */
        uint64_t missed; /* lines that went before they were read */
        size_t at;
        bool placed;
} LogRingCursor;

int log_ring_init(LogRing *ring, size_t size) MUST_CHECK;
/* Takes its memory in steps as lines come, up to `max` bytes; without memory it stays as large as it is. */
void log_ring_init_growing(LogRing *ring, size_t max);
void log_ring_done(LogRing *ring);

/* Copies the line; one that is larger than the ring loses its end, or is lost when the ring could not
 * even begin to grow. */
void log_ring_push(LogRing *ring, const LogRingLine *line);
/* Drops every line; numbers go on. */
void log_ring_clear(LogRing *ring);

bool log_ring_read(const LogRing *ring, LogRingCursor *cursor, LogRingLine *ret);
/* A cursor at the last n lines. */
LogRingCursor log_ring_last(const LogRing *ring, uint64_t n);
/* How many lines it holds. */
uint64_t log_ring_count(const LogRing *ring);
