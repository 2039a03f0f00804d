#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an end was: from what the kernel, the helper and the gateway say to
 * one class and a sentence. Pure.
 */

#include "base/clock.h"
#include "control/server-state.h"
#include "spawn/report.h"

typedef enum ExitCause {
        EXIT_CAUSE_LEADER, /* the leader ended: code and status say how */
        EXIT_CAUSE_WARDEN, /* the warden ended without a word: "tree killed" */
        EXIT_CAUSE_SPAWN,  /* it never came to run: error says where */
        EXIT_CAUSE_START_TIMEOUT,
        EXIT_CAUSE_HANDSHAKE,
        EXIT_CAUSE_PROTOCOL,
        EXIT_CAUSE_UNRESPONSIVE,
        _EXIT_CAUSE_MAX,
} ExitCause;

typedef struct ExitFacts {
        ExitCause cause;
        int code, status;   /* as in SpawnReport; code 0: not known. LEADER; else what came afterwards */
        StepError error;    /* SPAWN */
        bool planned;       /* we asked for the end */
        bool our_kill;      /* we have sent KILL */
        bool handshake;     /* it had been ready */
        uint64_t oom_kills; /* in its group, since it began */
        const char *text;   /* HANDSHAKE, PROTOCOL, UNRESPONSIVE: what the gateway says; may be NULL */
        Nsec start_timeout; /* START_TIMEOUT: how long it had; 0: not told */
} ExitFacts;

typedef struct ExitVerdict {
        ExitClass exit_class;
        int code;         /* -1: none */
        int signal;       /* 0: none */
        char reason[200]; /* for a person: "exit 1", "killed by signal 9 (not ours)", "exec: No such file ..."
                           */
} ExitVerdict;

void exit_classify(const ExitFacts *f, ExitVerdict *ret);
/* Will it be retried? A fragment for the log: "retried with backoff", "not retried", ... */
const char *exit_class_consequence(ExitClass c);
