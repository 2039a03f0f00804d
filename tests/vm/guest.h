#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of `guest` share: the one program of ours inside a VM. As
 * PID 1 it prepares the machine, forks the driver and becomes the program under
 * test; its other duties are words that the driver, a shell script, calls.
 */

#include "base/macro.h"

#include <sys/types.h>

enum { GUEST_BROKEN = 99 };

/* Ends by saying what and errno. */
void broken(const char *what) __attribute__((noreturn));
int guest_init(char **args) __attribute__((noreturn));
