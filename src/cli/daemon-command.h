#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands serve and run share: flags and environment variables
 * become keys that win over the file, and the daemon is called with them.
 * Knows no supervisor, only the entry that main passed.
 */

#include "cli/command.h"
#include "config/daemon.h"
#include "config/schema.h"

/* Each is a row of the table in daemon-command.c. */
typedef struct DaemonFlags {
        OptionList listen, allow_hosts;
        int log_level, log_format; /* indices of the words below; -1: not given */
        const char *token_file;    /* NULL: not given */
        bool insecure;
} DaemonFlags;

#define DAEMON_FLAGS_NONE                         \
        {                                         \
                .log_level = -1, .log_format = -1 \
        }
#define LOG_LEVEL_WORDS  "debug", "info", "warning", "error"
#define LOG_FORMAT_WORDS "text", "json"

/* A flag of the command line and the key that it sets. */
typedef struct FlagUse {
        const char *flag; /* as typed: "--net"; of the environment: the variable */
        SchemaOwner owner;
        const char *key;   /* relative to the owner */
        const char *value; /* NULL: any */
} FlagUse;

/* Whether the flag has an effect in this version; says on stderr when not. */
bool flag_is_built(const CommandCall *call, const FlagUse *use);

/* Adds to `ret` what the flags and the environment say, in the arena's memory, and takes MCPVISOR_TOKEN
 * out of the environment. Returns an exit status. */
int daemon_flags_apply(const CommandCall *call, const DaemonFlags *flags, Arena *arena,
                       DaemonOptions *ret) MUST_CHECK;
/* Becomes the daemon; returns its exit status. */
int daemon_start(const CommandCall *call, const DaemonOptions *options) MUST_CHECK;

/* A path as the daemon needs it, which has no directory of its own: absolute. NULL stays NULL. */
int daemon_path(Arena *arena, const char *path, const char **ret) MUST_CHECK;
/* A text as it is to be written where references are replaced: each $ twice. NULL: out of memory. */
const char *daemon_literal(Arena *arena, const char *text) MUST_CHECK;
