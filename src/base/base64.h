#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648), to the letter: no white space, padding exactly where the
 * alphabet has it, no bits left over, so that each run of bytes has one text.
 */

#include "base/span.h"

typedef enum Base64 {
        BASE64_PLAIN, /* + and /, padded */
        BASE64_URL,   /* - and _, not padded */
} Base64;

/* Characters of the text of n bytes, padding included. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(bytes.len) characters at most, and says how many; no NUL. */
size_t base64_encode(Base64 kind, Span bytes, char *ret);
/* Writes at most text.len / 4 * 3 + 2 bytes; `ret` may be where the text stands. False: not such a text,
 * and what stands in `ret` is nothing. */
bool base64_decode(Base64 kind, Span text, uint8_t *ret, size_t *ret_n);
