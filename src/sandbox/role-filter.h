#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of a role: what its rows allow, a quiet no for what they refuse,
 * and for all else SIGSYS, which says the number of the call. Made by the role
 * itself, right before it enters.
 */

#include "base/buf.h"
#include "sandbox/role.h"

typedef struct RoleFilterArgs {
        const SandboxRole *role;
        uint32_t arch; /* as libseccomp says it; 0: this one */
        pid_t self;
        bool journal;
} RoleFilterArgs;

/* The program, as sock_filter structs, appended to *b. */
int role_filter_compile(const RoleFilterArgs *args, Buf *b) MUST_CHECK;
/* "execve", or "462" where the library knows no name; of the architecture that this is. */
void role_call_name(uint64_t number, char *ret, size_t size);
