#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of privileges, as numbers: every capability goes from each of
 * the five sets, and root's ways to get them back are locked.
 */

#include "base/macro.h"

/* SECBIT_: NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each locked, and KEEP_CAPS locked off. */
uint32_t capability_securebits(void) PURE;
/* The highest capability that the steps have to try; the kernel says EINVAL above its own last one. */
uint32_t capability_highest(void) PURE;
