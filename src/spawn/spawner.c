/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "spawn/id-map.h"
#include "spawn/plan.h"
#include "spawn/record.h"
#include "spawn/spawner.h"

#define HELPER_NAME "mcpvisor-exec"
#define SELF_EXE    "/proc/self/exe"

int fd_move_high(int fd)
{
        int high = fcntl(fd, F_DUPFD_CLOEXEC, LIMIT_SPAWN_LOW_FDS);
        int r = high >= 0 ? high : errno == EINVAL ? -EMFILE : -errno; /* above the limit */
        (void)close(fd);
        return r;
}

int spawn_error(StepError *ret_error, SpawnStage stage, int r, const char *detail)
{
        *ret_error = (StepError){.stage = stage, .error = -r};
        step_detail(ret_error, (const char *const[3]){detail});
        return r;
}

/* ---- what is opened once --------------------------------------------------- */

static int open_program(const char *path)
{
        struct stat st;
        CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EACCES;
        return fd_move_high(TAKE_FD(fd));
}

#ifndef MCPVISOR_SINGLE
static int open_helper(void)
{
        char path[PATH_MAX];
        ssize_t n = readlink(SELF_EXE, path, sizeof(path) - sizeof(HELPER_NAME));
        char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
        if (slash) {
                memcpy(slash + 1, HELPER_NAME, sizeof(HELPER_NAME));
                int fd = open_program(path);
                if (fd != -ENOENT)
                        return fd;
        }
        return open_program(PKGLIBEXECDIR "/" HELPER_NAME);
}
#else
static int open_helper(void)
{
        return open_program(SELF_EXE);
}
#endif

static bool is_admin(void)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
        return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & (1U << CAP_SYS_ADMIN));
}

/* ---- whether the user namespaces that we need can be had -------------------- */

/* As the new process and the leader will: in, root, and back to our own number. */
static int try_namespaces(const IdMap *in, const IdMap *back)
{
        (void)prctl(PR_SET_DUMPABLE, 1);
        int r = id_map_write(in);
        if (r == 0 && unshare(CLONE_NEWUSER) < 0)
                r = -errno;
        return r == 0 ? id_map_write(back) : r;
}

/* Some systems grant the namespace and then nothing inside it. A refusal is no error. */
static int probe_userns(Spawner *s)
{
        const uint32_t uid = geteuid(), gid = getegid();
        const CloneWish wish = {.pidns = true, .userns = true, .cgroup_fd = -1};
        Cloned c;
        int status = 0;
        int r = spawner_clone(s, &wish, &c);
        if (r < 0)
                return r;
        if (c.pid == 0) {
                if (c.userns)
                        r = try_namespaces(&(IdMap){.outside_uid = uid, .outside_gid = gid},
                                           &(IdMap){.inside_uid = uid, .inside_gid = gid});
                _exit(r < 0 ? HELPER_FAILED : EXIT_SUCCESS);
        }
        while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
                ;
        fd_close_p(&c.pidfd);
        if (c.userns && status != 0)
                s->no_userns = true;
        return 0;
}

int spawner_init(Spawner *s, const char *helper)
{
        Spawner made = {.helper_fd = -EBADF, .program_fd = -EBADF};
#ifdef MCPVISOR_SINGLE
        made.single = true;
#endif
        CLEANUP_FD int program = open_program(SELF_EXE);
        if (program < 0)
                return program;
        CLEANUP_FD int help = helper ? open_program(helper) : open_helper();
        if (help < 0)
                return help;
        if (!is_admin()) {
                int r = probe_userns(&made);
                if (r < 0)
                        return r;
        }
        made.helper_fd = TAKE_FD(help);
        made.program_fd = TAKE_FD(program);
        *s = made;
        return 0;
}

void spawner_done(Spawner *s)
{
        fd_close_p(&s->helper_fd);
        fd_close_p(&s->program_fd);
}

/* ---- the clone -------------------------------------------------------------- */

/* An ordinary user has namespaces through a user namespace only, and that has one uid. */
CloneWish spawner_wish(const Spawner *s, int cgroup_fd, bool change_ids)
{
        CloneWish w = {.cgroup_fd = cgroup_fd};
        bool admin = is_admin();
        w.userns = !admin && !s->no_userns && !change_ids;
        w.pidns = !s->no_pidns && (admin || w.userns);
        return w;
}

int spawner_clone(Spawner *s, const CloneWish *wish, Cloned *ret)
{
        CloneRefused refused = {s->no_clone3, s->no_clone, s->no_pidns, s->no_userns, s->no_into_cgroup};
        sigset_t all, before;
        sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        Cloned c;
        int r = clone_process(&clone_calls, &refused, wish, &c);
        if (r == 0 && c.pid == 0) {
                *ret = c;
                return 0;
        }
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        s->no_clone3 = refused.clone3;
        s->no_clone = refused.clone;
        s->no_pidns = refused.pidns;
        s->no_userns = refused.userns;
        s->no_into_cgroup = refused.into_cgroup;
        if (r == 0)
                *ret = c;
        return r;
}

int spawner_enter(const Spawner *s, const int *fds, size_t n, const char *kind, const char *how)
{
        const char *argv[] = {HELPER_NAME, "@exec", kind, how, NULL};
        const char **args = argv;
        char *none[] = {NULL};
        if (!s->single) {
                argv[1] = HELPER_NAME;
                args++;
        }
        for (size_t i = 0; i < n; i++)
                if (dup2(fds[i], (int)i) < 0)
                        return -errno;
        (void)syscall(SYS_execveat, s->helper_fd, "", (char *const *)(uintptr_t)args, none, AT_EMPTY_PATH);
        return -errno;
}
