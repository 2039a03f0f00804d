#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan while it is made: what plan.c (which fences, which verdict),
 * plan-step.c (the steps of each) and plan-encode.c share, and nobody else.
 */

#include "sandbox/plan.h"

/* Gives r when the text could be made, else -ENOMEM. */
int plan_refuse(SandboxPlan *p, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;

static inline bool plan_has(const SandboxPlan *p, SandboxFence fence)
{
        return p->fences[fence].wanted && p->fences[fence].effective;
}

/* Changes ids by privilege, or is an ordinary user's. */
static inline bool plan_is_privileged(const SandboxArgs *a)
{
        return machine_is_privileged(a->machine);
}

/* The steps of all fences that are in effect, in order. */
int plan_steps(const SandboxArgs *args, SandboxPlan *p) MUST_CHECK;
