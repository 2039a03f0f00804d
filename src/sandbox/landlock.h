#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of Landlock by ABI, as data: which rights a kernel of that ABI knows
 * (all that it knows are fenced), and which of them each place of a file view
 * is given. Numbers of our own, since headers may be older than the kernel.
 */

#include "sandbox/filesystem-view.h"

typedef struct LandlockRights {
        uint64_t files, net, scopes;
} LandlockRights;

/* What ABI `abi` can fence; of an ABI above our table: the last row's. All zero for 0. */
LandlockRights landlock_known(uint32_t abi) PURE;

typedef struct LandlockRule {
        const char *path;
        uint64_t rights; /* over files; within those that the ABI knows */
        bool optional;
} LandlockRule;

typedef struct LandlockRuleset {
        LandlockRights fenced;
        const LandlockRule *rules;
        size_t n;
} LandlockRuleset;

typedef struct LandlockArgs {
        uint32_t abi;
        const FilesystemView *view;
        bool own_root; /* names outside of the view are none */
        bool tcp;      /* may be used */
        bool scopes;   /* abstract sockets and signals stay inside */
} LandlockArgs;

int landlock_make(const LandlockArgs *args, Arena *arena, LandlockRuleset *ret) MUST_CHECK;
/* Rights to read files and directories, and nothing else. */
uint64_t landlock_reading(void) PURE;
/* "read-file": the name of one right over files; NULL for a number that is none. */
const char *landlock_right_name(unsigned bit);
