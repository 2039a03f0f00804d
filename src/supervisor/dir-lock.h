#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a directory: a flock on a file in it that holds the pid of
 * whoever has it, for people. The holder removes the file before it lets go.
 */

#include "base/macro.h"

#define DIR_LOCK_NAME "lock"

enum {
        _DIR_LOCK_SUCCESS,
        DIR_LOCK_E_BUSY, /* somebody has it */
        DIR_LOCK_E_GONE, /* the directory itself was removed meanwhile */
};

int dir_lock_take(int dir, int *ret_fd) MUST_CHECK;
int dir_lock_write_pid(int fd) MUST_CHECK;
/* 0: it says nothing that is a pid. */
uint64_t dir_lock_read_pid(int dir);
/* Is what is open still what the name stands for? */
bool dir_lock_same_file(int fd, int dir, const char *name);
