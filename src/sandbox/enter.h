#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role of ours fences itself: with all its descriptors in hand, and before
 * the first byte of anybody it does not trust. From then on it has no
 * privilege, opens no file, binds and connects nothing, starts nothing, and a
 * system call that is no row of its role ends it. Knows nothing of what the
 * role is for.
 */

#include <stdatomic.h>

#include "sandbox/role.h"

typedef struct SandboxEnterArgs {
        const SandboxRole *role;
        bool journal; /* its log goes there */
        _Atomic uint64_t *
                refused_call; /* borrowed, outlives the process: gets 1 + the number of a call that ends it */
} SandboxEnterArgs;

/*
 * What this kernel or this process cannot have is left out: *ret_missing has a
 * bit for each RoleFence. An error means that something else went wrong, and
 * that the role should not go on.
 */
int sandbox_enter(const SandboxEnterArgs *args, uint32_t *ret_missing) MUST_CHECK;

/* Why this build puts on next to nothing, in words; NULL: it puts on all. */
const char *sandbox_enter_restrained(void);
