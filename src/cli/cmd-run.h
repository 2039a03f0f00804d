#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor run` in the command table, and what its options fill:
 * one server without a file.
 */

#include "cli/daemon-command.h"

typedef struct RunOptions {
        DaemonFlags flags;
        OptionList env, ro, rw;
        const char *name, *env_file, *workdir, *user, *cpus, *state_dir, *runtime_dir;
        int net, profile, share, restart; /* indices of the words below; -1: not given */
        uint64_t memory, pids;            /* 0: not given */
        Nsec timeout;                     /* 0: not given */
} RunOptions;

#define RUN_NET_WORDS     "none", "loopback", "host"
#define RUN_PROFILE_WORDS "none", "standard", "strict"
#define RUN_SHARE_WORDS   "shared", "session", "exclusive"
#define RUN_RESTART_WORDS "always", "on-failure", "never"
enum { RUN_RESTART_NEVER = 2 };

extern const Command cmd_run;
