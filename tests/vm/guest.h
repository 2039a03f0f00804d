#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of `guest` share: the one program of ours inside a VM. As
 * PID 1 it prepares the machine, forks the driver and becomes the program under
 * test; its other duties are words that the driver, a shell script, calls.
 */

#include "base/macro.h"

#include <sys/types.h>

enum { GUEST_BROKEN = 99, NS_PER_MS = 1000000, MS_PER_S = 1000 };

/* Ends by saying what and errno. */
void broken(const char *what) __attribute__((noreturn));
int64_t now_ms(void);
void write_file(const char *path, const char *text); /* broken when it cannot */
int open_events(const char *cgroup);
bool is_populated(int events);

/* Processes with such a name, their zombies apart. */
typedef struct Count {
        unsigned live, zombies;
        pid_t first; /* of those that live */
} Count;
/* With a pidfd of the first, if there is one. */
Count count_named(const char *name, int *ret_pidfd);

int duty_standin(char **args);
int guest_init(char **args) __attribute__((noreturn));
