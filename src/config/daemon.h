#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line and the environment say to a daemon beside its
 * configuration file: filled by the commands serve and run, used by the
 * supervisor, which neither knows the other.
 */

#include "base/macro.h"

typedef enum DaemonMode { DAEMON_SERVE, DAEMON_RUN } DaemonMode;

/* Milliseconds; 0: as the table of limits says. */
typedef struct DaemonTimes {
        uint32_t ping;         /* GATEWAY_PING */
        uint32_t gateway_good; /* GATEWAY_GOOD */
        uint32_t critical;     /* CRITICAL_TIME */
        uint32_t reload_pause; /* RELOAD_PAUSE */
        uint32_t pipe_quiet;   /* PIPE_QUIET */
} DaemonTimes;

typedef struct DaemonOptions {
        DaemonMode mode;
        const char *path; /* serve: the configuration file */
        int text_fd;      /* run: a memfd with the configuration, written by the command; else -1 */
        /* "PLACE KEY=YAML": keys that flags or the environment set; see config/override.h. */
        const char *const *set;
        size_t n_set;
        const char *runtime_dir, *state_dir; /* NULL: as the file or the default says */
        const char *token;                   /* MCPVISOR_TOKEN; NULL: none */
        bool keep_going;
        bool listen_given;  /* run: the address is the user's choice, so it is no other */
        const char *helper; /* NULL: the installed one */
        /* Only tests set these: the program has no way to. */
        const char *gateway_exe;         /* NULL: this executable */
        const char *const *gateway_envp; /* NULL: what it needs of ours */
        bool no_cgroup, no_pidns;        /* as if the kernel refused them */
        bool no_first_look;              /* a lazy server is started by a call alone */
        DaemonTimes times;               /* likewise */
} DaemonOptions;

/* Returns the exit status of the daemon. Signals are blocked already. */
typedef int DaemonEntry(const DaemonOptions *options);
