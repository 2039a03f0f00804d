#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor run` in the command table, and what its options fill:
 * one server without a file.
 */

#include "cli/daemon-command.h"
#include "config/config.h"

typedef struct RunOptions {
        DaemonFlags flags;
        OptionList env, ro, rw;
        const char *name, *env_file, *workdir, *user, *cpus, *state_dir, *runtime_dir;
        int net, profile, share, restart; /* indices of the words below and in config.h; -1: not given */
        uint64_t memory, pids;            /* 0: not given */
        Nsec timeout;                     /* 0: not given */
} RunOptions;

#define RUN_NET_WORDS "none", "loopback", "host"

extern const Command cmd_run;
