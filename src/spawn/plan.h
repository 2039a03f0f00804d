#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the new process shall become, as flat bytes in a sealed memfd: written
 * by the supervisor, mapped and applied by the helper, which computes
 * nothing. Places are offsets from the first byte; the lists of strings are
 * slots of a pointer's size, which the leader turns into pointers in place.
 */

#include "base/span.h"

/* Where the helper finds what it is given; 0, 1, 2 are the server's already. */
enum {
        HELPER_FD_PLAN = 3,
        HELPER_FD_STATUS = 4, /* server: where reports go */
        HELPER_FD_ROLE = 4,   /* role: its descriptors, then the program */
};

/* argv of the helper: the kind, and for a server how its process was made. */
#define HELPER_SERVER "@server"
#define HELPER_ROLE   "@role"
#define HELPER_PLAIN  "plain"  /* no namespace: the warden is a subreaper */
#define HELPER_PIDNS  "pidns"  /* it is init of a pid namespace */
#define HELPER_USERNS "userns" /* and root of a user namespace */

enum { HELPER_FAILED = 125 }; /* exit status of what never came to run */

#define PLAN_MAGIC "mcpvplan"

typedef struct Plan {
        char magic[8];
        char build[64];
        uint64_t size; /* of all of it */
        bool change_ids;
        bool needs_pidns;          /* the sandbox is none without it */
        uint32_t uid, gid;         /* that it shall have */
        uint32_t own_uid, own_gid; /* the supervisor's */
        uint64_t nofile;
        int32_t nice, oom_score_adj;
        int32_t parent; /* role: the supervisor's pid */
        uint32_t n_fds; /* role */
        uint32_t n_argv, n_envp;
        uint64_t exe, cwd; /* offsets of strings; 0: none */
        uint64_t argv, envp;
        uint64_t sandbox, sandbox_size; /* a SandboxProgram; 0: none */
} Plan;

typedef struct PlanArgs {
        Plan head; /* numbers; what says where strings are is worked out */
        const char *exe, *cwd;
        const char *const *argv, *const *envp;
        Span sandbox;
} PlanArgs;

/* -E2BIG: over LIMIT_SPAWN_PLAN. -EINVAL: no argv[0]. */
int plan_make(const PlanArgs *args, int *ret_fd) MUST_CHECK;
