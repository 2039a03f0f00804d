#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by name, in sets: a row says what a set is for, whether
 * servers have it, and what is in it. A call that a kernel or an architecture
 * does not have is left out; one that is in no set is refused. Beside the
 * sets: rules that refuse a call by its arguments.
 */

#include "base/macro.h"

typedef struct SeccompSet {
        const char *name;  /* with its @ */
        bool usual;        /* servers have it */
        const char *doc;   /* a fragment */
        const char *calls; /* between blanks */
} SeccompSet;

extern const SeccompSet seccomp_sets[];
extern const size_t seccomp_sets_size;

enum { SECCOMP_WHEN_MAX = 2 };

/* An argument, by its low half: what the kernel looks at in an int. */
typedef struct SeccompWhen {
        unsigned arg;
        uint32_t mask, value;
} SeccompWhen;

typedef struct SeccompRefusal {
        const char *call;
        SeccompWhen when[SECCOMP_WHEN_MAX];
        size_t n;
        const char *doc;
} SeccompRefusal;

extern const SeccompRefusal seccomp_refusals[];
extern const size_t seccomp_refusals_size;
