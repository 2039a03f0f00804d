#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the steps of a program, in order. Runs between clone and exec, in the
 * helper and in the leader: raw system calls, no heap, no stdio, nothing is
 * computed. Whoever calls it ends when a step fails.
 */

#include "sandbox/program.h"

typedef struct SandboxApply {
        const char *program;     /* borrowed: the bytes of a SandboxProgram; NULL: no steps */
        int root_fd, ruleset_fd; /* owned between two steps */
} SandboxApply;

/* -EBADMSG: these are no program, or not one of this build. `bytes` may be NULL: nothing to do. */
int sandbox_apply_init(SandboxApply *s, const char *bytes, size_t n) MUST_CHECK;
/* All steps of one phase. On failure *ret_error says which one. */
int sandbox_apply(SandboxApply *s, SandboxPhase phase, SandboxError *ret_error) MUST_CHECK;
