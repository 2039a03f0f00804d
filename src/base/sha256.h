#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), so that tokens can be kept as hashes in every build,
 * with or without OpenSSL.
 */

#include "base/span.h"

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64 };

void sha256(Span s, uint8_t ret[static SHA256_SIZE]);

/* The same of what comes in pieces. */
typedef struct Sha256 {
        uint32_t h[8];
        uint8_t tail[SHA256_BLOCK]; /* what is no whole block yet */
        uint64_t length;            /* of all so far */
} Sha256;

void sha256_begin(Sha256 *s);
void sha256_add(Sha256 *s, Span piece);
/* Ends it: `s` is used up. */
void sha256_end(Sha256 *s, uint8_t ret[static SHA256_SIZE]);
