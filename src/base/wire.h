#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flat, length-prefixed bytes between processes of one build on one machine:
 * native byte order, no alignment. The writer appends to a Buf; the reader
 * checks every length against what is left and remembers its first failure,
 * after which every read gives zero. Neither trusts the other side.
 */

#include "base/buf.h"

typedef struct WireReader {
        Span left; /* borrowed */
        bool bad;  /* ran past the end, or the caller found nonsense */
} WireReader;

int wire_put_u8(Buf *b, uint8_t v) MUST_CHECK;
int wire_put_u32(Buf *b, uint32_t v) MUST_CHECK;
int wire_put_u64(Buf *b, uint64_t v) MUST_CHECK;
/* u32 length and the bytes. */
int wire_put_span(Buf *b, Span s) MUST_CHECK;

uint8_t wire_get_u8(WireReader *r);
uint32_t wire_get_u32(WireReader *r);
uint64_t wire_get_u64(WireReader *r);
/* Borrowed from the reader's bytes. */
Span wire_get_span(WireReader *r);
