#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the validator, a process of this same executable in another role,
 * and takes what it leaves. Whoever wants a configuration goes through here,
 * at the first start, at a reload and for `check`: a file that crashes,
 * starves or stalls the parser hurts that process only.
 *
 * The child gets five empty memfds at fixed numbers. Its exit status says
 * which of them count.
 */

#include <sys/types.h>

#include "base/clock.h"
#include "base/loop-child.h"
#include "base/diag.h"
#include "config/validation.h"

typedef struct ValidateArgs {
        const char *path; /* "-": standard input, which the validator inherits; NULL with text_fd */
        bool strict;      /* warnings are errors */
        bool no_resolve;  /* do not look for commands, users, directories */
        bool keep_going;  /* a server that cannot be resolved is a warning, and has no command then */
        bool planned;     /* accept keys whose feature comes later */
        const char *exe;  /* NULL: this executable */
        Nsec timeout;     /* validate() only; 0: LIMIT_VALIDATOR_TIME */
        /* Keys that options or the environment set instead of the file; see config/override.h. */
        const char *const *set;
        size_t n_set;
        int text_fd; /* borrowed: a text, read from its beginning, instead of `path`; 0 or less: none */
} ValidateArgs;

/* One that runs. */
typedef struct Validation {
        pid_t pid;
        int pidfd;             /* owned: readable when it has ended */
        int fds[VALIDATE_FDS]; /* owned */
} Validation;

typedef struct ValidateResult {
        DiagList diags;
        bool valid;
        /* Owned, sealed; -EBADF unless valid. */
        int supervisor_fd, gateway_fd, text_fd;
        int certificate_fd; /* empty without TLS */
} ValidateResult;

enum { _VALIDATE_E_SUCCESS, VALIDATE_E_CRASHED, VALIDATE_E_TIMEOUT };

int validation_start(const ValidateArgs *args, Validation *ret) MUST_CHECK;
/* Takes the result of one whose pidfd is readable. VALIDATE_E_CRASHED: it died, diags says how. `path`:
 * that of its arguments, NULL with text_fd. */
int validation_finish(Validation *v, const char *path, ValidateResult *ret) MUST_CHECK;
/* The same when somebody else has reaped it, and knows how it ended. */
int validation_ended(Validation *v, const ChildExit *how, const char *path, ValidateResult *ret) MUST_CHECK;
/* Ends it, if it still runs, and reaps it. */
void validation_cancel(Validation *v);

/* Start, wait, finish: for commands, which may block. */
int validate(const ValidateArgs *args, ValidateResult *ret) MUST_CHECK;
void validate_result_done(ValidateResult *r);
