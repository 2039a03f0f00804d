#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between seccomp.c, which knows names, and seccomp-head.c, which writes what
 * stands before libseccomp's part of a filter.
 */

#include "sandbox/seccomp-table.h"
#include "sandbox/seccomp.h"

enum { SECCOMP_CALLS = 1024 }; /* numbers that are looked at; the kernel is far below */

/* What is known of each number. */
enum {
        CALL_KNOWN = 1U << 0,
        CALL_ALLOWED = 1U << 1,
        CALL_FREE = 1U << 2, /* by name in `allow`: no rule about its arguments */
};

typedef struct SeccompChoice {
        const SeccompArgs *args;
        uint8_t calls[SECCOMP_CALLS];
        int highest; /* number that has a name */
} SeccompChoice;

/* Its number on this architecture, or -1. */
int seccomp_number(const char *name);
bool seccomp_choice_has(const SeccompChoice *c, const char *name, uint8_t flags);

int seccomp_head_write(const SeccompChoice *c, Buf *b) MUST_CHECK;
