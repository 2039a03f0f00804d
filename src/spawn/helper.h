#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of mcpvisor-exec: the helper (what comes first), the leader (who
 * becomes the server) and the warden (who stays). Raw system calls and static
 * memory only: no heap, no stdio, no log; everything here may run between
 * fork and exec.
 */

#include <sys/types.h>

#include "sandbox/apply.h"
#include "spawn/plan.h"
#include "spawn/record.h"

/* argv as the helper got it: {name, kind, how, NULL}. Do not return unless argv is none of ours. */
int helper_main(int argc, char **argv);

typedef struct Leader {
        char *plan; /* mapped privately: the leader writes into it */
        const Plan *head;
        SandboxApply *sandbox;
        bool userns;
        pid_t warden;
        int status_fd;
        int pipe_fd;  /* to the warden, close-on-exec: StepErrors, GO before the exec */
        int ready_fd; /* from the warden: a byte when it is behind its own fences */
} Leader;

/* One record of the pipe is a StepError; with this stage it says: exec is next. */
enum { LEADER_GO = SPAWN_STAGE_NONE };

_Noreturn void leader_run(const Leader *l);

/* What a step of the sandbox says, as ours do. */
void step_sandbox_error(StepError *e, const SandboxError *from);

/* What a server and a role have in common. */
int step_session(void);
int step_core_limit(void);
int step_die_with(int signo, pid_t parent);
void signals_default(void);
/* Turns the offsets of a list into pointers, in place. */
char **plan_list(char *plan, uint64_t offset, size_t n);

typedef struct Warden {
        int status_fd;
        int pipe_fd; /* from the leader */
        pid_t leader;
        bool pidns;
} Warden;

_Noreturn void warden_run(const Warden *w);

/* Sends signo to each process that descends from the caller, as /proc says. How many of
 * them live; -errno: no /proc. */
int descendants_signal(int signo) MUST_CHECK;
/* The same by the kernel's lists of children. -ENOSYS: there are none; -EOVERFLOW: not all of them got it. */
int walk_signal(int signo) MUST_CHECK;
/* Or gone. */
bool process_is_zombie(pid_t pid);
