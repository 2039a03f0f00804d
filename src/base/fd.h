#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owned file descriptors: closing by cleanup, whole reads and writes with a
 * byte limit, memfds that nobody can change any more. A variable that owns a
 * descriptor holds -EBADF when it owns none; TAKE_FD moves it out.
 */

#include "base/buf.h"

#define CLEANUP_FD CLEANUP(fd_close_p)

/* Closes what *fd owns, if anything; errno is kept. */
void fd_close_p(int *fd);

int fd_set_nonblock(int fd, bool on) MUST_CHECK;
int fd_set_cloexec(int fd, bool on) MUST_CHECK;

/* Writes all of it (the descriptor may block). */
int fd_write_all(int fd, Span s) MUST_CHECK;
/* Reads to end of file, appending; -ENOBUFS when there is more than `b` may hold. */
int fd_read_all(int fd, Buf *b) MUST_CHECK;

/* A memfd, close-on-exec, that can be sealed. */
int fd_memfd_new(const char *name, int *ret_fd) MUST_CHECK;
/* No more writes, no change of size, no more seals: what is mapped stays as it is. */
int fd_memfd_seal(int fd) MUST_CHECK;
