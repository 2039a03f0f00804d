#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4: places for keys that a stranger chose. Under a key of the
 * kernel's nobody can choose many that fall on one place.
 */

#include "base/span.h"

typedef struct SipKey {
        uint64_t a, b;
} SipKey;

uint64_t siphash(const SipKey *key, Span s) PURE;
