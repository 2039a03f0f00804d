#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What spawn_server() and spawn_role() share: descriptors out of the way of
 * the helper's fixed numbers, the clone with signals blocked, and the way
 * from there into the helper.
 */

#include "spawn/clone.h"
#include "spawn/spawn.h"

/* A copy clear of the helper's fixed numbers, close-on-exec; `fd` is closed. Gives the copy, or -errno. */
int fd_move_high(int fd) MUST_CHECK;

/* As clone_process(), with all signals blocked in the new process; remembers in *s what was refused. */
int spawner_clone(Spawner *s, const CloneWish *wish, Cloned *ret) MUST_CHECK;

/* Which namespaces to ask for. */
CloneWish spawner_wish(const Spawner *s, int cgroup_fd, bool change_ids);

/* In the new process: fds[i] to number i, then the helper. Gives -errno if it cannot. */
int spawner_enter(const Spawner *s, const int *fds, size_t n, const char *kind, const char *how);

/* Fills *ret_error, gives r. */
int spawn_error(StepError *ret_error, SpawnStage stage, int r, const char *detail);
