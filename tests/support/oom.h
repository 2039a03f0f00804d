#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a chosen allocation of the code under test fail. Works on what is
 * linked from our own objects (malloc, calloc, realloc, strdup, strndup), not
 * inside shared libraries: link the test with $(OOM_WRAPS), which wraps
 * those names. One thread. Leaks are left to AddressSanitizer to find.
 */

#include <stdbool.h>

/* The n-th allocation from now fails (1: the next), the others do not; 0: none fails. */
void oom_arm(unsigned n);
/* No allocation fails any more. True if one did since oom_arm(). */
bool oom_disarm(void);
/* Allocations since oom_arm(), the failed one among them. */
unsigned oom_allocations(void);
/* Between the two, allocations neither fail nor count: for what a test needs itself. */
void oom_hold(void);
void oom_release(void);

/* Runs op(arg) with its 1st allocation failing, then its 2nd, and so on, until one run comes through
 * without a failure. Each run must do all its own setting up and cleaning up. It must give -ENOMEM when an
 * allocation failed and 0 in the last run, else the test fails. Returns how many allocations it has;
 * none at all is a failure too. */
unsigned oom_each(int (*op)(void *arg), void *arg);
