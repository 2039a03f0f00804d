#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process into being: pipes, control group, clone with every fall-back, and
 * the helper that makes of the new process what the arguments say. Owns
 * nothing afterwards: the ends and the pidfd are the caller's. Does not wait:
 * what becomes of the process comes over the status socket (report.h).
 */

#include "base/clock.h"
#include "base/span.h"
#include "spawn/report.h"

/* How the whole tree of an instance can be ended. */
typedef enum SpawnTree {
        SPAWN_TREE_CGROUP,      /* cgroup.kill */
        SPAWN_TREE_PIDNS,       /* the warden is init of a pid namespace */
        SPAWN_TREE_BEST_EFFORT, /* the warden looks for its descendants */
        _SPAWN_TREE_MAX,
} SpawnTree;

/* "cgroup", "pidns", "best-effort". */
const char *spawn_tree_name(SpawnTree tree);

/* Opened once at start; remembers what the kernel has refused, so that it is not asked each time. */
typedef struct Spawner {
        int helper_fd;  /* owned, O_PATH: mcpvisor-exec */
        int program_fd; /* owned, O_PATH: this executable, for roles */
        bool single;    /* one executable holds the helper's role as well */
        bool no_clone3, no_clone, no_pidns, no_userns, no_into_cgroup;
} Spawner;

/* `helper`: NULL: beside this executable, else in the package's libexec directory. -ENOENT: found in
 * neither. Where not to look for namespaces (tests, `--tree`): set the no_ fields afterwards. */
int spawner_init(Spawner *s, const char *helper) MUST_CHECK;
void spawner_done(Spawner *s);

typedef struct SpawnArgs {
        const char *exe;         /* resolved path of the program */
        const char *const *argv; /* ends with NULL */
        const char *const *envp; /* ends with NULL */
        const char *cwd;         /* NULL: / */
        uint64_t uid, gid;       /* UINT64_MAX: ours; groups are dropped when one is given */
        uint64_t nofile;         /* soft limit; 0: 1024 */
        int nice, oom_score_adj;
        int cgroup_fd;    /* directory of the instance's group; -1: none */
        Span sandbox;     /* as sandbox_plan_encode() makes it; empty: no fences but those of every server */
        bool needs_pidns; /* the sandbox was planned for a pid namespace: it starts in one, or not at all */
} SpawnArgs;

typedef struct Spawned {
        pid_t pid; /* the warden's */
        int pidfd;
        int stdin_fd, stdout_fd, stderr_fd; /* our ends, non-blocking */
        int status_fd;                      /* non-blocking */
        SpawnTree tree;
        bool pidns, userns;
} Spawned;

/* A server with its warden. On failure *ret is untouched and *ret_error says where (errno is its error). */
int spawn_server(Spawner *s, const SpawnArgs *args, Spawned *ret, StepError *ret_error) MUST_CHECK;

/* One of our own roles: this executable (or `exe`), no warden, stdin from /dev/null, stdout and stderr
 * ours, `fds` at 3 and up, a session of its own, dies with us. */
typedef struct SpawnRoleArgs {
        const char *exe;         /* NULL: this executable */
        const char *const *argv; /* {"mcpvisor", "@gateway", NULL} */
        const int *fds;
        size_t n_fds;
        const char *const *envp; /* ends with NULL; NULL: what a role needs of ours */
} SpawnRoleArgs;

int spawn_role(Spawner *s, const SpawnRoleArgs *args, pid_t *ret_pid, int *ret_pidfd,
               StepError *ret_error) MUST_CHECK;
