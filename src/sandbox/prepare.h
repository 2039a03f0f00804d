#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan for one server of a configuration on this machine: who it is, what
 * the file system looks like, and the plan made of both. For the daemon and
 * for `sandbox explain` alike, so that they cannot disagree.
 */

#include "sandbox/plan.h"

typedef struct PrepareArgs {
        const Config *config;
        const ServerConfig *server; /* of it */
        const SandboxMachine *machine;
        const char *const *own; /* directories and files of ours, ends with NULL */
        const char *home;       /* NULL: it has none */
        pid_t supervisor;       /* 0: not known */
} PrepareArgs;

typedef struct Prepared {
        SandboxSurvey survey; /* the plan borrows from it */
        SandboxPlan plan;
        uint64_t uid, gid; /* UINT64_MAX: ours */
} Prepared;

int sandbox_prepare(const PrepareArgs *args, Prepared *ret) MUST_CHECK;
void prepared_done(Prepared *p);
