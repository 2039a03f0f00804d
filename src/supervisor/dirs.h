#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of a daemon and its lock. One supervisor a runtime
 * directory: the lock is a flock on RUNTIME/lock, kept as long as it lives. A
 * runtime directory that is not ours is refused.
 */

#include "base/diag.h"
#include "config/daemon.h"

typedef struct Dirs {
        char *runtime, *state; /* owned: absolute paths; NULL: there is none (run on a read-only system) */
        int runtime_fd, state_fd, lock_fd;
        bool own_runtime; /* RUNTIME/run-PID: removed at the end */
} Dirs;

enum { _DIRS_E_SUCCESS, DIRS_E_REFUSED };

/* Makes them (0700) where they are missing, takes the lock, clears run-* directories whose lock is free.
 * `run` takes RUNTIME/run-PID when the lock is held. DIRS_E_REFUSED: `why` says what and what to do
 * (another copy with its pid, not ours, not writable). 0 with a text in `why`: notes, one a line, about
 * what `run` goes on without. */
int dirs_open(const DaemonOptions *options, const char *runtime, const char *state, Dirs *ret,
              Buf *why) MUST_CHECK;
/* Removes what is ours: lock file, own_runtime. Does nothing to one that is all zero or closed. */
void dirs_close(Dirs *d);
/* RUNTIME/name; a socket that an earlier life left there is removed. -EEXIST: what is there is none. */
int dirs_clear_socket(const Dirs *d, const char *name) MUST_CHECK;
/* STATE/home/NAME, made 0700. Where that is another user's, STATE and STATE/home get o+x. */
int dirs_home(const Dirs *d, const char *server, uint64_t uid, uint64_t gid, Buf *ret_path) MUST_CHECK;
