#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file in which a server's lists of tools, prompts and resources outlive
 * a restart: header with length and checksum, then bytes that mean something
 * to the gateway only. The supervisor opens it (0600), the gateway reads and
 * rewrites it through the descriptor. A torn or foreign file is an empty one.
 */

#include "base/buf.h"

/* Opens or makes STATE_DIR_FD/catalogue/NAME. */
int catalogue_open(int state_dir_fd, const char *name, int *ret_fd) MUST_CHECK;
/* CATALOGUE_E_EMPTY: new, torn, or of an unknown version. */
enum { _CATALOGUE_E_SUCCESS, CATALOGUE_E_EMPTY };
int catalogue_read(int fd, Buf *ret) MUST_CHECK;
int catalogue_write(int fd, Span bytes) MUST_CHECK;
