/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "spawn/id-map.h"
#include "spawn/plan.h"
#include "spawn/record.h"
#include "spawn/spawner.h"

enum { NOFILE_DEFAULT = 1024, SERVER_FDS = HELPER_FD_STATUS + 1 };

static const char *const tree_names[] = {
        [SPAWN_TREE_CGROUP] = "cgroup",
        [SPAWN_TREE_PIDNS] = "pidns",
        [SPAWN_TREE_BEST_EFFORT] = "best-effort",
};

const char *spawn_tree_name(SpawnTree tree)
{
        return (unsigned)tree < ARRAY_SIZE(tree_names) ? tree_names[tree] : NULL;
}

/* Both sides of everything that connects us; numbered as the server has them. */
typedef struct Ends {
        int theirs[SERVER_FDS];
        int ours[SERVER_FDS];
        int go[2];  /* the new process waits on [0] for its control group */
        bool waits; /* if it is not born there */
} Ends;

static void ends_close(Ends *e)
{
        for (size_t i = 0; i < SERVER_FDS; i++) {
                fd_close_p(&e->theirs[i]);
                fd_close_p(&e->ours[i]);
        }
        fd_close_p(&e->go[0]);
        fd_close_p(&e->go[1]);
}

/* Takes over both, closed if it fails. */
static int keep_pair(int mine, int other, int *ret_ours, int *ret_theirs)
{
        CLEANUP_FD int high = fd_move_high(mine);
        CLEANUP_FD int theirs = fd_move_high(other);
        if (high < 0 || theirs < 0)
                return high < 0 ? high : theirs;
        *ret_ours = TAKE_FD(high);
        *ret_theirs = TAKE_FD(theirs);
        return 0;
}

static int pipe_for(Ends *e, int number)
{
        int p[2];
        if (pipe2(p, O_CLOEXEC) < 0)
                return -errno;
        bool in = number == STDIN_FILENO;
        int r = keep_pair(p[in], p[!in], &e->ours[number], &e->theirs[number]);
        return r < 0 ? r : fd_set_nonblock(e->ours[number], true);
}

static int status_for(Ends *e)
{
        int p[2], on = 1;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) < 0)
                return -errno;
        int r = keep_pair(p[0], p[1], &e->ours[HELPER_FD_STATUS], &e->theirs[HELPER_FD_STATUS]);
        if (r < 0)
                return r;
        if (setsockopt(e->ours[HELPER_FD_STATUS], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                return -errno;
        return fd_set_nonblock(e->ours[HELPER_FD_STATUS], true);
}

static int ends_open(Ends *e)
{
        int p[2];
        for (int i = 0; i <= STDERR_FILENO; i++) {
                int r = pipe_for(e, i);
                if (r < 0)
                        return r;
        }
        int r = status_for(e);
        if (r < 0)
                return r;
        if (pipe2(p, O_CLOEXEC) < 0)
                return -errno;
        return keep_pair(p[1], p[0], &e->go[1], &e->go[0]);
}

static bool changes_ids(const SpawnArgs *a)
{
        return (a->uid != UINT64_MAX && a->uid != geteuid()) ||
               (a->gid != UINT64_MAX && a->gid != getegid()) ||
               ((a->uid != UINT64_MAX || a->gid != UINT64_MAX) && geteuid() == 0);
}

static int make_plan(const SpawnArgs *a, bool change_ids, int *ret_fd)
{
        const PlanArgs args = {
                .head =
                        {
                                .change_ids = change_ids,
                                .needs_pidns = a->needs_pidns,
                                .uid = a->uid == UINT64_MAX ? geteuid() : (uint32_t)a->uid,
                                .gid = a->gid == UINT64_MAX ? getegid() : (uint32_t)a->gid,
                                .own_uid = geteuid(),
                                .own_gid = getegid(),
                                .nofile = a->nofile ? a->nofile : NOFILE_DEFAULT,
                                .nice = a->nice,
                                .oom_score_adj = a->oom_score_adj,
                        },
                .exe = a->exe,
                .cwd = a->cwd,
                .argv = a->argv,
                .envp = a->envp,
                .sandbox = a->sandbox,
        };
        CLEANUP_FD int fd = -EBADF;
        int r = plan_make(&args, &fd);
        if (r == 0)
                r = *ret_fd = fd_move_high(TAKE_FD(fd));
        return MIN(r, 0);
}

/* ---- the new process, until it is the helper -------------------------------- */

static _Noreturn void give_up(const Ends *e, SpawnStage stage, int r, const char *detail)
{
        StepError error;
        (void)spawn_error(&error, stage, r, detail);
        spawn_record_failed(e->theirs[HELPER_FD_STATUS], &error);
        _exit(HELPER_FAILED);
}

/* True: our group is settled. False: the supervisor is gone. */
static bool wait_for_go(const Ends *e)
{
        char c;
        ssize_t n;
        (void)close(e->go[1]);
        do
                n = read(e->go[0], &c, 1);
        while (n < 0 && errno == EINTR);
        return n == 1;
}

static _Noreturn void begin(const Spawner *s, const Ends *e, const Cloned *c, const IdMap *map)
{
        const char *how = c->userns ? HELPER_USERNS : c->pidns ? HELPER_PIDNS : HELPER_PLAIN;
        int r;
        if (c->userns) {
                (void)prctl(PR_SET_DUMPABLE, 1); /* else the map is root's file */
                r = id_map_write(map);
                if (r < 0)
                        give_up(e, SPAWN_STAGE_ID_MAP, r, "/proc/self/uid_map");
        }
        if (e->waits && !c->in_cgroup && !wait_for_go(e))
                give_up(e, SPAWN_STAGE_PARENT, -EOWNERDEAD, "");
        r = spawner_enter(s, e->theirs, SERVER_FDS, HELPER_SERVER, how);
        give_up(e, SPAWN_STAGE_HELPER, r, "");
}

/* ---- this side -------------------------------------------------------------- */

/* Without CLONE_INTO_CGROUP: we write its number there. */
static bool join_cgroup(int cgroup_fd, pid_t pid)
{
        char text[24];
        char *end = number_text(text, pid);
        CLEANUP_FD int fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        return fd >= 0 && write(fd, text, (size_t)(end - text)) == end - text;
}

static SpawnTree tree_of(const SpawnArgs *a, const Cloned *c)
{
        if (c->in_cgroup && faccessat(a->cgroup_fd, "cgroup.kill", F_OK, 0) == 0)
                return SPAWN_TREE_CGROUP;
        return c->pidns ? SPAWN_TREE_PIDNS : SPAWN_TREE_BEST_EFFORT;
}

static int spawn_cloned(Spawner *s, const SpawnArgs *args, Ends *e, bool change_ids, Spawned *ret)
{
        Cloned c;
        /* As they are before: in a new user namespace nothing has a number yet. */
        const IdMap map = {.outside_uid = geteuid(), .outside_gid = getegid()};
        const CloneWish wish = spawner_wish(s, args->cgroup_fd, change_ids);
        int r = spawner_clone(s, &wish, &c);
        if (r < 0)
                return r;
        if (c.pid == 0)
                begin(s, e, &c, &map);
        if (e->waits && !c.in_cgroup) {
                c.in_cgroup = join_cgroup(args->cgroup_fd, c.pid);
                (void)!write(e->go[1], "", 1); /* a pipe of ours with nothing in it takes one byte */
        }
        *ret = (Spawned){
                .pid = c.pid,
                .pidfd = c.pidfd,
                .stdin_fd = TAKE_FD(e->ours[STDIN_FILENO]),
                .stdout_fd = TAKE_FD(e->ours[STDOUT_FILENO]),
                .stderr_fd = TAKE_FD(e->ours[STDERR_FILENO]),
                .status_fd = TAKE_FD(e->ours[HELPER_FD_STATUS]),
                .tree = tree_of(args, &c),
                .pidns = c.pidns,
                .userns = c.userns,
        };
        return 0;
}

int spawn_server(Spawner *s, const SpawnArgs *args, Spawned *ret, StepError *ret_error)
{
        CLEANUP(ends_close) Ends e;
        bool change_ids = changes_ids(args);
        memset(&e, 0xff, sizeof(e)); /* -1: none */
        e.waits = args->cgroup_fd >= 0;
        int r = ends_open(&e);
        if (r < 0)
                return spawn_error(ret_error, SPAWN_STAGE_PIPES, r, "");
        r = make_plan(args, change_ids, &e.theirs[HELPER_FD_PLAN]);
        if (r < 0)
                return spawn_error(ret_error, SPAWN_STAGE_PLAN, r, r == -EINVAL ? "no argument at all" : "");
        r = spawn_cloned(s, args, &e, change_ids, ret);
        return r < 0 ? spawn_error(ret_error, SPAWN_STAGE_CLONE, r, "") : 0;
}
