#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), so that tokens can be kept as hashes in every build,
 * with or without OpenSSL.
 */

#include "base/span.h"

enum { SHA256_SIZE = 32 };

void sha256(Span s, uint8_t ret[static SHA256_SIZE]);
