#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of one pass over JSON text, for the files of this layer only.
 * Each takes a place in the text and gives the one behind what it read, or
 * NULL, and then says in the scan what is wrong and where. It reads no byte at
 * or behind `end`, whatever stands there. Nested values take no stack.
 */

#include "base/span.h"

typedef struct Scan {
        const char *begin, *end; /* borrowed */
        char *writable;          /* `begin` where line ends between tokens become spaces; NULL: they stay */
        uint32_t depth;          /* levels of objects and arrays that may still be opened */
        bool escaped;            /* a string had an escape since this was set to false */
        const char *why, *at;    /* what is wrong, a text that lives for ever; NULL: nothing yet */
} Scan;

/* What the two who read objects say alike. */
#define SCAN_TOO_DEEP  "objects and arrays are nested too deep"
#define SCAN_IN_OBJECT "a comma or } should stand here"

Scan scan_of(Span text, uint32_t depth);

/* Notes what is wrong; NULL for the caller to return. */
const char *scan_fail(Scan *s, const char *at, const char *why);
/* The same for a place where something else should stand, or anything at all. */
const char *scan_expected(Scan *s, const char *at, const char *why);

/* White space; never NULL. */
const char *scan_blank_run(Scan *s, const char *p);
/* A member's name, which is given without its quotes, the colon, and the white space around that. */
const char *scan_name(Scan *s, const char *p, Span *ret_name);
/* Any value, without the white space around it. */
const char *scan_value(Scan *s, const char *p);

static inline char scan_peek(const Scan *s, const char *p)
{
        return p < s->end ? *p : '\0'; /* a NUL is right nowhere outside of a string, nor in one */
}

static inline const char *scan_blank(Scan *s, const char *p)
{
        return LIKELY(p < s->end && (uint8_t)*p > ' ') ? p : scan_blank_run(s, p);
}
