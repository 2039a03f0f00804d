#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client connection that is told that nothing is served: reads what comes
 * first, answers 503 once, closes. Bounded in bytes and time; a client that
 * says nothing is not answered.
 */

#include "base/loop.h"

typedef struct Refusal Refusal;

typedef struct RefusalOps {
        void (*ended)(Refusal *r); /* once; removes it from where it is and frees it */
} RefusalOps;

struct Refusal {
        TAILQ_ENTRY(Refusal) link;
        LoopSource source;
        Timer deadline;
        int fd;                /* owned */
        const RefusalOps *ops; /* borrowed: a table */
        void *owner;           /* borrowed: who keeps it */
        size_t read, written;
        bool heard;
};

typedef TAILQ_HEAD(RefusalList, Refusal) RefusalList;

/* Takes over `fd` on success. */
int refusal_new(Loop *loop, const RefusalOps *ops, int fd, Nsec wait, Refusal **ret) MUST_CHECK;
Refusal *refusal_free(Refusal *r);
DEFINE_CLEANUP(Refusal, refusal_free)
