#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway writes down of one instance for the gateway after it: a
 * sealed 64 KiB memfd. The supervisor makes it and passes it on; it never
 * looks inside, but for the one question that decides about a restart.
 */

#include "base/span.h"

enum { NOTEBOOK_SIZE = 64 * 1024 };

typedef struct Notebook Notebook; /* the mapping */

int notebook_new(int *ret_fd) MUST_CHECK;
/* For the gateway; the descriptor stays the caller's. -EBADMSG: it is none. */
int notebook_map(int fd, Notebook **ret) MUST_CHECK;
Notebook *notebook_free(Notebook *n);
DEFINE_CLEANUP(Notebook, notebook_free)

/* Set before a write that may be partial, cleared after its end. */
void notebook_set_mid_line(Notebook *n, bool on);
bool notebook_mid_line(const Notebook *n);
/* The handshake is done: its result, to be used by the next gateway. -ENOBUFS. */
int notebook_set_initialized(Notebook *n, Span result) MUST_CHECK;
/* False: not initialized. */
bool notebook_initialized(const Notebook *n, Span *ret_result);
