#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict readers of single values, and the writers that are their inverse:
 * the whole span must be the value, nothing may stand before or after it, no
 * sign, no white space, no octal, no locale. -EINVAL: not of that form.
 * -ERANGE: of that form, but too large. What is written in canonical form
 * reads back as the same value; a size or duration that no unit divides (no
 * reader gives one) is written as a bare number, for people only.
 */

#include "base/buf.h"
#include "base/clock.h"

#define PARSE_NONE UINT64_MAX /* a size or percentage "none" */

int parse_u64(Span s, uint64_t *ret) MUST_CHECK;
int parse_i64(Span s, int64_t *ret) MUST_CHECK; /* an optional '-' */
int parse_bool(Span s, bool *ret) MUST_CHECK;   /* true | false */

/* Bytes: a number with an optional K, M, G or T (powers of 1024). A unit is
 * needed unless the number is 0: -EDOM when it is missing. "none" is PARSE_NONE. */
int parse_size(Span s, uint64_t *ret) MUST_CHECK;
/* Nanoseconds from ms, s, m, h or d, one unit: 250ms, 30s, 10m. -EDOM when the unit is missing
 * (0 needs none); "never" is NSEC_NEVER. */
int parse_duration(Span s, Nsec *ret) MUST_CHECK;
/* "150%" -> 150. -EDOM when only the % is missing. "none" is PARSE_NONE. */
int parse_percent(Span s, uint64_t *ret) MUST_CHECK;
/* 0 to 1 with at most six decimals, as millionths: "0.01" -> 10000. */
int parse_ratio(Span s, uint64_t *ret) MUST_CHECK;
/* A file mode in octal, at most 07777: "0660" or "660". */
int parse_mode(Span s, uint32_t *ret) MUST_CHECK;
/* 64 hexadecimal digits and the like: exactly 2 * n of them. */
int parse_hex(Span s, uint8_t *ret_bytes, size_t n) MUST_CHECK;

int format_size(Buf *b, uint64_t v) MUST_CHECK;  /* 536870912 -> 512M; PARSE_NONE -> none */
int format_duration(Buf *b, Nsec v) MUST_CHECK;  /* the largest unit that divides it */
int format_ratio(Buf *b, uint64_t v) MUST_CHECK; /* 10000 -> 0.01 */
int format_hex(Buf *b, const uint8_t *bytes, size_t n) MUST_CHECK;
