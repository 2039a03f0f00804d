#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out what this machine offers, by trying: each row of offer-table.h in
 * a process of its own, which ends with the errno. Blocks for some
 * milliseconds and waits for its own children only. What is tried goes
 * through a struct, so that a test can be any machine.
 */

#include "sandbox/machine.h"

typedef struct ProbeCalls {
        /* The errno that an offer is refused with, 0: it is there; negative: it could not be found out. */
        int (*try_offer)(void *data, SandboxOffer offer);
        /* The version, 0: none; negative errno. */
        int (*landlock_abi)(void *data);
        void *data;
} ProbeCalls;

/* This kernel, this process. */
extern const ProbeCalls probe_calls;

/* Control groups: an errno, 0: it is there. Looks at the v2 group that this process is in. */
int probe_cgroup(SandboxOffer offer);

int probe(const ProbeCalls *calls, SandboxMachine *ret) MUST_CHECK;
