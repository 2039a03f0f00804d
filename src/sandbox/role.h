#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a role of our own still may do once it has fenced itself: for each role
 * the system calls that are left to it, one row each, with the reason. The
 * rows are data; role-filter.c makes the filter of them, enter.c puts it on.
 */

#include "base/macro.h"

typedef enum RoleVerdict {
        ROLE_ALLOW,
        ROLE_REFUSE, /* EACCES: libraries try files that they can do without */
} RoleVerdict;

enum { ROLE_WHEN_MAX = 2 };

/* An argument: the bits of `mask` are those of `value`. */
typedef struct RoleWhen {
        unsigned arg;
        uint64_t mask, value;
} RoleWhen;

/* Several rows of one call: any of them. One that an architecture does not have is left out there. */
typedef struct RoleCall {
        const char *call;
        RoleVerdict verdict;
        RoleWhen when[ROLE_WHEN_MAX];
        size_t n;     /* of `when`; all must hold */
        bool self;    /* only if the first argument is this process */
        bool journal; /* only where the log goes to the journal */
        const char *why;
} RoleCall;

typedef struct SandboxRole {
        const char *name;
        const RoleCall *calls;
        size_t n;
} SandboxRole;

extern const SandboxRole sandbox_gateway;

/* What a role puts on, each with its word on status. */
/* clang-format off */
#define ROLE_FENCES(F)                         \
        F(NO_NEW_PRIVS,   "no-new-privs")      \
        F(CAPABILITIES,   "capabilities")      \
        F(SECUREBITS,     "securebits")        \
        F(LANDLOCK,       "landlock")          \
        F(LANDLOCK_NET,   "landlock-net")      \
        F(LANDLOCK_SCOPE, "landlock-scope")    \
        F(SECCOMP,        "seccomp")
/* clang-format on */

typedef enum RoleFence {
#define F(id, word) ROLE_FENCE_##id,
        ROLE_FENCES(F)
#undef F
                _ROLE_FENCE_MAX,
} RoleFence;

/* NULL for a number that is none. */
const char *role_fence_name(unsigned fence);
