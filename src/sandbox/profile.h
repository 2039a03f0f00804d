#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which fences a profile of the configuration means. Pure: rows of
 * fence-table.h, and what a server's other keys add to them.
 */

#include "config/config.h"
#include "sandbox/fence-table.h"

typedef enum SandboxFence {
#define F(id, word, floor, standard, strict, lost) FENCE_##id,
        SANDBOX_FENCES(F)
#undef F
                _FENCE_MAX,
} SandboxFence;

#define FENCE_BIT(fence) (1U << (fence))

/* NULL for a number that is no fence. */
const char *fence_name(SandboxFence fence);
const char *fence_lost(SandboxFence fence);
bool fence_is_floor(SandboxFence fence) PURE;

/* "none", "standard", "strict"; NULL for any other number. */
const char *profile_name(SandboxProfile profile);
/* FENCE_BITs of a profile by itself. */
uint32_t profile_fences(SandboxProfile profile) PURE;
/* The same for one server: `net`, `memory`, `cpu`, `cpu_weight` and `io` ask for more. */
uint32_t profile_fences_of(const ServerConfig *s) PURE;
