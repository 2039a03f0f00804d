/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "spawn/plan.h"
#include "spawn/spawner.h"

extern char **environ;

/* What a role has of our environment: how it speaks, and what the sanitizers of a test build read. */
static const char *const role_env[] = {
        "LANG",         "LC_ALL",       "PATH",          "TERM", "TZ",
#ifdef ASAN_BUILD
        "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
#endif
};

static bool has_name(const char *item, const char *name)
{
        size_t n = strlen(name);
        return strncmp(item, name, n) == 0 && item[n] == '=';
}

static void role_environment(const char **ret)
{
        size_t n = 0;
        for (size_t i = 0; i < ARRAY_SIZE(role_env); i++)
                for (char **p = environ; p && *p; p++)
                        if (has_name(*p, role_env[i])) {
                                ret[n++] = *p;
                                break;
                        }
        ret[n] = NULL;
}

static int make_plan(const SpawnRoleArgs *a, int *ret_fd)
{
        const char *envp[ARRAY_SIZE(role_env) + 1];
        role_environment(envp);
        const PlanArgs args = {
                .head = {.parent = getpid(), .n_fds = (uint32_t)a->n_fds},
                .argv = a->argv,
                .envp = a->envp ? a->envp : envp,
        };
        CLEANUP_FD int fd = -EBADF;
        int r = plan_make(&args, &fd);
        if (r == 0)
                r = *ret_fd = fd_move_high(TAKE_FD(fd));
        return MIN(r, 0);
}

typedef struct RoleFds {
        int null, plan, program;         /* owned */
        int out, err;                    /* owned: copies of 1 and 2, or of null */
        int given[LIMIT_SPAWN_ROLE_FDS]; /* owned: copies out of the way */
} RoleFds;

static void role_fds_close(RoleFds *f)
{
        fd_close_p(&f->null);
        fd_close_p(&f->plan);
        fd_close_p(&f->program);
        fd_close_p(&f->out);
        fd_close_p(&f->err);
        for (size_t i = 0; i < ARRAY_SIZE(f->given); i++)
                fd_close_p(&f->given[i]);
}

static int copy_high(int fd)
{
        int high = fcntl(fd, F_DUPFD_CLOEXEC, LIMIT_SPAWN_LOW_FDS);
        return high >= 0 ? high : errno == EINVAL ? -EMFILE : -errno;
}

static int open_high(const char *path, int flags)
{
        int fd = open(path, flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd_move_high(fd);
}

/* Ours, or nothing where we have none. */
static int copy_output(int fd, int null)
{
        int high = copy_high(fd);
        return high == -EBADF ? copy_high(null) : high;
}

static int role_fds_open(const Spawner *s, const SpawnRoleArgs *a, RoleFds *f)
{
        f->null = open_high("/dev/null", O_RDWR);
        if (f->null < 0)
                return f->null;
        f->out = copy_output(STDOUT_FILENO, f->null);
        if (f->out < 0)
                return f->out;
        f->err = copy_output(STDERR_FILENO, f->null);
        if (f->err < 0)
                return f->err;
        for (size_t i = 0; i < a->n_fds; i++) {
                f->given[i] = copy_high(a->fds[i]);
                if (f->given[i] < 0)
                        return f->given[i];
        }
        f->program = a->exe ? open_high(a->exe, O_PATH) : copy_high(s->program_fd);
        return MIN(f->program, 0);
}

static _Noreturn void begin(const Spawner *s, const RoleFds *f, size_t n)
{
        int fds[HELPER_FD_ROLE + LIMIT_SPAWN_ROLE_FDS + 1] = {f->null, f->out, f->err, f->plan};
        for (size_t i = 0; i < n; i++)
                fds[HELPER_FD_ROLE + i] = f->given[i];
        fds[HELPER_FD_ROLE + n] = f->program;
        (void)spawner_enter(s, fds, HELPER_FD_ROLE + n + 1, HELPER_ROLE, "");
        _exit(HELPER_FAILED);
}

int spawn_role(Spawner *s, const SpawnRoleArgs *args, pid_t *ret_pid, int *ret_pidfd, StepError *ret_error)
{
        CLEANUP(role_fds_close) RoleFds f;
        const CloneWish wish = {.cgroup_fd = -1};
        Cloned c;
        memset(&f, 0xff, sizeof(f)); /* -1: none */
        if (args->n_fds > LIMIT_SPAWN_ROLE_FDS)
                return spawn_error(ret_error, SPAWN_STAGE_PIPES, -E2BIG, "");
        int r = role_fds_open(s, args, &f);
        if (r < 0)
                return spawn_error(ret_error, SPAWN_STAGE_PIPES, r, "");
        r = make_plan(args, &f.plan);
        if (r < 0)
                return spawn_error(ret_error, SPAWN_STAGE_PLAN, r, "");
        r = spawner_clone(s, &wish, &c);
        if (r < 0)
                return spawn_error(ret_error, SPAWN_STAGE_CLONE, r, "");
        if (c.pid == 0)
                begin(s, &f, args->n_fds);
        *ret_pid = c.pid;
        *ret_pidfd = c.pidfd;
        return 0;
}
