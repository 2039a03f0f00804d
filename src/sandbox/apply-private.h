#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between apply.c (the table, privileges, filters) and apply-mount.c (the
 * new root). The rule of both: raw system calls only, by syscall(), so that
 * a test can make each of them fail.
 */

#include <sys/syscall.h>

#include "sandbox/apply.h"

/* One step, as its kind wants it. */
typedef struct ApplyStep {
        SandboxApply *apply;
        const SandboxOp *op;
        const char *text, *other; /* "" when there is none */
} ApplyStep;

static inline int call_result(long r)
{
        return r < 0 ? -errno : (int)r;
}

int apply_private(const ApplyStep *s) MUST_CHECK;
int apply_root(const ApplyStep *s) MUST_CHECK;
int apply_directory(const ApplyStep *s) MUST_CHECK;
int apply_symlink(const ApplyStep *s) MUST_CHECK;
int apply_bind(const ApplyStep *s) MUST_CHECK;
int apply_tmpfs(const ApplyStep *s) MUST_CHECK;
int apply_fresh_proc(const ApplyStep *s) MUST_CHECK;
int apply_mask(const ApplyStep *s) MUST_CHECK;
int apply_read_only(const ApplyStep *s) MUST_CHECK;
int apply_pivot(const ApplyStep *s) MUST_CHECK;
