#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where on the way from clone to exec something failed, and the error that
 * says so. Status, log and the exit class name the stage by its word. One
 * table for the parent, the helper and the warden.
 */

#include "base/macro.h"
#include "sandbox/step-table.h"

/* clang-format off */
#define SPAWN_STAGES(S)                                                                     \
        S(NONE,       "none",       "nothing failed")                                       \
        S(PIPES,      "pipes",      "pipes and descriptors for the new process")            \
        S(PLAN,       "plan",       "what the new process shall become, as data")           \
        S(CGROUP,     "cgroup",     "the control group of the instance")                    \
        S(CLONE,      "clone",      "the new process itself")                               \
        S(ID_MAP,     "id-map",     "the user namespace's map of ids")                      \
        S(HELPER,     "helper",     "the small program between clone and exec")             \
        S(BUILD,      "build",      "the helper is of another build of mcpvisor")           \
        S(PARENT,     "parent",     "the supervisor ended in the meantime")                 \
        S(NAMESPACE,  "namespace",  "further namespaces")                                   \
        S(WARDEN,     "warden",     "the process that stays with the server")               \
        S(SESSION,    "session",    "a session of its own")                                 \
        S(OOM_SCORE,  "oom-score",  "oom_score_adj")                                        \
        S(RLIMIT,     "rlimit",     "resource limits")                                      \
        S(NICE,       "nice",       "the nice value")                                       \
        S(GROUPS,     "groups",     "supplementary groups")                                 \
        S(GID,        "gid",        "the group id")                                         \
        S(UID,        "uid",        "the user id")                                          \
        S(USERNS,     "userns",     "the second user namespace")                            \
        S(CWD,        "cwd",        "the working directory")                                \
        S(PRIVILEGES, "privileges", "giving up privileges")                                 \
        S(STDIO,      "stdio",      "standard input, output and error")                     \
        S(EXEC,       "exec",       "the program itself")
/* clang-format on */

typedef enum SpawnStage {
#define S(id, name, doc) SPAWN_STAGE_##id,
        SPAWN_STAGES(S)
#undef S
/* And each kind of step of a sandbox: "sandbox-bind". */
#define S(id, word, what, numbers) SPAWN_STAGE_SANDBOX_##id,
                SANDBOX_STEPS(S)
#undef S
                        _SPAWN_STAGE_MAX,
} SpawnStage;

/* Plain bytes: it crosses from the helper as it is. */
typedef struct StepError {
        uint32_t stage; /* SpawnStage */
        int32_t error;  /* errno, positive */
        char detail[120];
} StepError;

/* NULL for a number that is no stage. */
const char *spawn_stage_name(uint32_t stage);
const char *spawn_stage_doc(uint32_t stage);
