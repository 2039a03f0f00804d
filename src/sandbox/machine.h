#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine offers to build fences from: for each row of
 * offer-table.h 0 or the errno that it was refused with, the ABI of
 * Landlock, and who we are. Plain numbers: filled by probe(), or by a test
 * that plays another machine. Knows no configuration.
 */

#include "base/macro.h"
#include "sandbox/offer-table.h"

typedef enum SandboxOffer {
#define F(id, word, what, remedy) OFFER_##id,
        SANDBOX_OFFERS(F)
#undef F
                _OFFER_MAX,
} SandboxOffer;

typedef struct SandboxMachine {
        uint16_t refused[_OFFER_MAX]; /* errno; 0: it is there */
        uint32_t landlock_abi;        /* 0: none */
        uint32_t uid, gid;            /* the daemon's */
        bool no_groups;               /* it has no supplementary groups that would have to go */
} SandboxMachine;

/* NULL for a number that is none. */
const char *offer_name(SandboxOffer offer);
const char *offer_what(SandboxOffer offer);
const char *offer_remedy(SandboxOffer offer);

static inline bool machine_has(const SandboxMachine *m, SandboxOffer offer)
{
        return m->refused[offer] == 0;
}

/* Namespaces come by privilege, not by a user namespace. */
static inline bool machine_is_privileged(const SandboxMachine *m)
{
        return machine_has(m, OFFER_CHANGE_IDS);
}

/* Nothing is there: what a test begins with, and what holds before anything was tried. */
void machine_init(SandboxMachine *m);
