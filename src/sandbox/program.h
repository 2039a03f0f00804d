#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a plan as flat bytes: computed by the daemon (plan), carried
 * inside the sealed plan of spawn, applied by the helper and the leader
 * (apply), which compute nothing. Both are of one build. Places are offsets
 * from the first byte of the program.
 */

#include "base/macro.h"
#include "sandbox/step-table.h"

typedef enum SandboxStepKind {
#define S(id, word, what, numbers) STEP_##id,
        SANDBOX_STEPS(S)
#undef S
                _STEP_MAX,
} SandboxStepKind;

/* When a step is done, and by whom. */
typedef enum SandboxPhase {
        PHASE_DAEMON,     /* before the process exists */
        PHASE_HELPER,     /* before the fork that leaves the warden */
        PHASE_PRIVILEGED, /* leader: while it is still who the daemon is */
        PHASE_UNMAPPED,   /* leader: it is who it shall be, in its last user namespace */
        PHASE_LAST,       /* leader: after no_new_privs, right before exec */
        PHASE_WARDEN,     /* the helper, when the leader is forked off and it stays behind */
        _PHASE_MAX,
} SandboxPhase;

enum {
        STEP_BIND_WRITE = 1U << 0,  /* else read-only */
        STEP_BIND_EXEC = 1U << 1,   /* else noexec */
        STEP_BIND_DEVICE = 1U << 2, /* else nodev */
        STEP_BIND_FILE = 1U << 3,   /* the place is a file, not a directory */
        STEP_BIND_PLAIN = 1U << 4,  /* without what is mounted below it */
        STEP_OPTIONAL = 1U << 5,    /* what is not there is left out */
};

typedef struct SandboxOp {
        uint32_t kind, phase;    /* SandboxStepKind, SandboxPhase */
        uint64_t a, b, c;        /* as the row of step-table.h says */
        uint32_t text, other;    /* offsets of strings; 0: none */
        uint32_t bytes, n_bytes; /* offset, 8-aligned */
} SandboxOp;

typedef struct SandboxProgram {
        uint32_t magic, size; /* size: of all of it */
        uint32_t n, ops;      /* offset of the first */
} SandboxProgram;

enum { SANDBOX_PROGRAM_MAGIC = 0x73626f78 };

/* Plain bytes: it crosses from the helper as it is. */
typedef struct SandboxError {
        uint32_t kind; /* SandboxStepKind */
        int32_t error; /* errno, positive */
        char detail[120];
} SandboxError;

/* NULL for a number that is no kind. */
const char *step_name(uint32_t kind);
const char *step_what(uint32_t kind);
