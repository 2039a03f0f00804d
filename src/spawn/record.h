#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message of the status socket as bytes, and its sending. Both ends are of
 * one build, which the plan makes sure of before the first record that is no
 * failure. Runs between clone and exec: no heap, no stdio.
 */

#include "spawn/report.h"

enum { SPAWN_RECORD_MAGIC = 0x6d637673 };

typedef struct SpawnRecord {
        uint32_t magic, kind; /* SpawnReportKind */
        StepError error;      /* FAILED */
        int32_t code, status; /* EXITED */
        struct rusage usage;  /* EXITED */
} SpawnRecord;

/* Nobody who sends can do anything about a record that does not arrive: the supervisor is gone then. */
void spawn_record_send(int status_fd, const SpawnRecord *r);
void spawn_record_failed(int status_fd, const StepError *e);

/* The parts one after the other, cut where the room ends; NULL ends them early. */
void step_detail(StepError *e, const char *const parts[static 3]);
