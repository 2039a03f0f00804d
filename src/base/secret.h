#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing bytes of which some are secret: the time it takes says nothing
 * about where two of them differ. Pure.
 */

#include "base/macro.h"

/* 0 when all `n` bytes are the same. For several pieces: what each gives, one or the other. */
uint64_t secret_differ(const void *a, const void *b, size_t n) MUST_CHECK;
bool equal_in_constant_time(const void *a, const void *b, size_t n) MUST_CHECK;
