#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a server's configuration and what the machine offers to an ordered
 * list of steps, and a verdict. Pure: no descriptor, no clock, no log; who
 * applies the steps computes nothing. Owned by whoever made it; everything in
 * it is of its arena. What the plan needs to know of the file system it is
 * told by a survey.
 */

#include <sys/types.h>

#include "sandbox/filesystem-view.h"
#include "sandbox/machine.h"
#include "sandbox/profile.h"
#include "sandbox/program.h"

typedef enum SandboxVerdict {
        SANDBOX_OK,
        SANDBOX_DEGRADED, /* it may start; `missing` says without what */
        SANDBOX_REFUSED,
} SandboxVerdict;

/* One fence: what was asked for, what there will be, and why not. */
typedef struct FenceState {
        bool wanted, effective;
        SandboxOffer lacking; /* the first thing that is not there; when wanted and not effective */
        uint32_t needs_abi;   /* of Landlock; 0: any */
        const char *instead;  /* what does a part of its work then; NULL: nothing */
} FenceState;

typedef struct SandboxStep {
        SandboxStepKind kind;
        SandboxPhase phase;
        SandboxFence fence; /* that it is a part of */
        uint64_t a, b, c;
        const char *text, *other; /* NULL: none */
        Span bytes;
} SandboxStep;

typedef struct SandboxArgs {
        const ServerConfig *server;
        const SandboxMachine *machine;
        const SandboxSurvey *survey;
        const char *home;  /* the server's directory; it is the daemon's to make */
        uint64_t uid, gid; /* that it will have; UINT64_MAX: the daemon's */
        pid_t supervisor;  /* 0: not known (`explain`) */
} SandboxArgs;

typedef struct SandboxPlan {
        Arena arena;
        SandboxProfile profile;
        SandboxVerdict verdict;
        FenceState fences[_FENCE_MAX];
        uint32_t missing;         /* FENCE_BITs */
        const char *why;          /* of a refusal: what, where, what to do; NULL otherwise */
        const char *tmpdir;       /* what TMPDIR has to say; NULL: as ever */
        FilesystemView view;      /* empty without a view */
        const SandboxStep *steps; /* in the order in which they are applied */
        size_t n;
} SandboxPlan;

/* A configuration or machine that cannot be is no error here but a verdict, with words. */
int sandbox_plan_make(const SandboxArgs *args, SandboxPlan *ret) MUST_CHECK;
void sandbox_plan_done(SandboxPlan *p);
/* As the helper gets it: everything that is not the daemon's to do. */
int sandbox_plan_encode(const SandboxPlan *p, Buf *b) MUST_CHECK;
