#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing past
 * U+10FFFF. And the escaping of foreign text for a log or a terminal.
 */

#include "base/buf.h"

/* Length of the well-formed sequence at the start of s (1 to 4), 0 if there is none. */
size_t utf8_sequence(Span s) PURE;
bool utf8_valid(Span s) PURE;
/* How many code points; a byte that begins no sequence counts as one. */
size_t utf8_length(Span s) PURE;

/* As utf8_sequence, but 0 also for what could move a cursor, end a line or turn its direction:
 * control characters, DEL, C1, the line and paragraph separators, bidirectional controls. */
size_t utf8_printable(Span s) PURE;

/* Appends s with all that is not printable, byte for byte, as \xNN, and the backslash doubled. */
int utf8_escape(Buf *b, Span s) MUST_CHECK;
enum { UTF8_LONGEST = 4 };
/* The bytes of a code point, and how many; 0 for a surrogate and past U+10FFFF. */
size_t utf8_put(uint32_t code, char room[static UTF8_LONGEST]);
/* Appends a code point; -EINVAL for a surrogate and past U+10FFFF. */
int utf8_append(Buf *b, uint32_t code) MUST_CHECK;
