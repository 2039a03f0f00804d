#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes: pointer and length, no NUL needed, never owned.
 * Valid as long as the bytes it looks at; a function that keeps one past its
 * return says whose bytes they are.
 */

#include "base/macro.h"

typedef struct Span {
        const char *ptr; /* borrowed */
        size_t len;
} Span;

#define SPAN(lit) ((Span){(lit), sizeof(lit) - 1})
#define SPAN_NONE ((Span){NULL, 0})

static inline Span span_of(const char *s)
{
        return (Span){s, s ? strlen(s) : 0};
}

static inline Span span_from(const char *ptr, size_t len)
{
        return (Span){ptr, len};
}

static inline bool span_is_empty(Span s)
{
        return s.len == 0;
}

/* The rest of `s` after its first n bytes (all of it at most). */
static inline Span span_skip(Span s, size_t n)
{
        n = MIN(n, s.len);
        return (Span){s.len ? s.ptr + n : s.ptr, s.len - n};
}

static inline Span span_first(Span s, size_t n)
{
        return (Span){s.ptr, MIN(n, s.len)};
}

bool span_equal(Span a, Span b) PURE;
bool span_equal_nocase(Span a, Span b) PURE; /* ASCII only */
bool span_starts(Span s, Span prefix) PURE;
bool span_ends(Span s, Span suffix) PURE;
int span_compare(Span a, Span b) PURE; /* as strcmp of the bytes */

/* Offset of the first `c`, or of `needle`; s.len when there is none. */
size_t span_find(Span s, char c) PURE;
size_t span_find_span(Span s, Span needle) PURE;

/* Without white space (space, tab, CR, LF) at both ends. */
Span span_trim(Span s) PURE;

/* Takes what stands before the next `sep` off the front of *s; false when *s was used up.
 * "a,b" gives "a", "b"; "a," gives "a", ""; "" gives "" once; SPAN_NONE gives nothing. */
bool span_next(Span *s, char sep, Span *ret_part);
