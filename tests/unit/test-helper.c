/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "config.h"

#include "support/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/exec.h"
#include "spawn/plan.h"
#include "spawn/record.h"

/* ---- system calls that fail when asked ------------------------------------------- */

/* This program is its own helper; the call that shall fail there stands in argv[1] of the server that is
 * never reached: "FAIL NAME N ERRNO". */
typedef struct Failing {
        char name[32];
        int nth, error;
} Failing;

static Failing failing;

static bool fails(const char *name)
{
        if (strcmp(failing.name, name) != 0 || --failing.nth != 0)
                return false;
        errno = failing.error;
        return true;
}

#define WRAP(ret, name, params, args, ...)                          \
        ret __real_##name params;                                   \
        ret __wrap_##name params;                                   \
        ret __wrap_##name params                                    \
        {                                                           \
                return fails(#name) ? (ret)-1 : __real_##name args; \
        }

WRAP(pid_t, setsid, (void), ())
WRAP(int, setrlimit, (int what, const struct rlimit *l), (what, l))
WRAP(int, setpriority, (int which, id_t who, int n), (which, who, n))
WRAP(int, setgroups, (size_t n, const gid_t *list), (n, list))
WRAP(int, setresgid, (gid_t a, gid_t b, gid_t c), (a, b, c))
WRAP(int, setresuid, (uid_t a, uid_t b, uid_t c), (a, b, c))
WRAP(int, unshare, (int flags), (flags))
WRAP(int, chdir, (const char *path), (path))
WRAP(int, execve, (const char *path, char *const *argv, char *const *envp), (path, argv, envp))
WRAP(pid_t, fork, (void), ())
WRAP(int, pipe2, (int *p, int flags), (p, flags))
WRAP(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t off),
     (at, n, prot, flags, fd, off))
WRAP(int, socketpair, (int family, int type, int proto, int *p), (family, type, proto, p))
WRAP(int, setsockopt, (int fd, int level, int name, const void *v, socklen_t n), (fd, level, name, v, n))
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags))
WRAP(int, sigprocmask, (int how, const sigset_t *set, sigset_t *old), (how, set, old))

int __real_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
        const char *name = option == PR_SET_PDEATHSIG         ? "pdeathsig"
                           : option == PR_SET_NO_NEW_PRIVS    ? "no_new_privs"
                           : option == PR_SET_CHILD_SUBREAPER ? "subreaper"
                                                              : "";
        return *name && fails(name) ? -1 : __real_prctl(option, a, b, c, d);
}

int __real_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode)
{
        return fails("open") ? -1 : __real_open(path, flags, mode);
}

static void read_plan(void)
{
        char text[64 * 1024];
        ssize_t n = pread(HELPER_FD_PLAN, text, sizeof(text) - 1, 0);
        const char *at = n > 0 ? memmem(text, (size_t)n, "FAIL ", 5) : NULL;
        if (!at)
                return;
        text[n] = '\0';
        (void)sscanf(at, "FAIL %31s %d %d", failing.name, &failing.nth, &failing.error);
}

/* ---- the rows ------------------------------------------------------------------------ */

static char self[PATH_MAX];

typedef struct FailRow {
        const char *call;
        int nth;
        SpawnStage stage;
        bool plain; /* without a pid namespace */
        bool root;  /* with another uid */
} FailRow;

/* What happens in the helper and the leader. */
static const FailRow inside[] = {
        {.call = "mmap", .nth = 1, .stage = SPAWN_STAGE_PLAN},
        {.call = "pdeathsig", .nth = 1, .stage = SPAWN_STAGE_PARENT},
        {.call = "subreaper", .nth = 1, .stage = SPAWN_STAGE_WARDEN, .plain = true},
        {.call = "pipe2", .nth = 1, .stage = SPAWN_STAGE_WARDEN},
        {.call = "fork", .nth = 1, .stage = SPAWN_STAGE_WARDEN},
        {.call = "setsid", .nth = 1, .stage = SPAWN_STAGE_SESSION},
        {.call = "open", .nth = 1, .stage = SPAWN_STAGE_OOM_SCORE},
        {.call = "setrlimit", .nth = 1, .stage = SPAWN_STAGE_RLIMIT},
        {.call = "setrlimit", .nth = 2, .stage = SPAWN_STAGE_RLIMIT},
        {.call = "setpriority", .nth = 1, .stage = SPAWN_STAGE_NICE},
        {.call = "setgroups", .nth = 1, .stage = SPAWN_STAGE_GROUPS, .root = true},
        {.call = "setresgid", .nth = 1, .stage = SPAWN_STAGE_GID, .root = true},
        {.call = "setresuid", .nth = 1, .stage = SPAWN_STAGE_UID, .root = true},
        {.call = "chdir", .nth = 1, .stage = SPAWN_STAGE_CWD},
        {.call = "no_new_privs", .nth = 1, .stage = SPAWN_STAGE_PRIVILEGES},
        {.call = "pdeathsig", .nth = 2, .stage = SPAWN_STAGE_PARENT},
        {.call = "sigprocmask", .nth = 2, .stage = SPAWN_STAGE_EXEC},
        {.call = "execve", .nth = 1, .stage = SPAWN_STAGE_EXEC},
};

static const int errors[] = {EPERM, ENOENT, EIO, EAGAIN, ENOMEM, EACCES, EINVAL, ENOSYS, EMFILE};

static void run_row(const FailRow *row, int error)
{
        Spawner s;
        Ran r;
        char text[64];
        const char *const argv[] = {"/bin/true", text, NULL};
        SpawnArgs a = test_args(argv);
        (void)snprintf(text, sizeof(text), "FAIL %s %d %d", row->call, row->nth, error);
        a.oom_score_adj = row->stage == SPAWN_STAGE_OOM_SCORE ? -1 : 0; /* what must not be left undone */
        a.nice = row->stage == SPAWN_STAGE_NICE ? -1 : 0;
        if (row->root)
                a.uid = a.gid = 12345;
        assert_int_equal(spawner_init(&s, self), 0);
        s.no_pidns = row->plain;
        ran_start(&s, &a, &r);
        ran_finish(&r);
        assert_row(r.failed && !r.execed && !r.exited, "%s %d", row->call, error);
        assert_row(r.error.stage == row->stage, "%s: %s", row->call, spawn_stage_name(r.error.stage));
        assert_int_equal(r.error.error, error);
        assert_true(WIFEXITED(r.warden_status) && WEXITSTATUS(r.warden_status) == HELPER_FAILED);
        spawner_done(&s);
}

static void test_inside(void **state UNUSED)
{
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
                for (size_t k = 0; k < ARRAY_SIZE(errors); k++)
                        run_row(&inside[i], errors[k]);
}

static const FailRow outside[] = {
        {.call = "pipe2", .nth = 1, .stage = SPAWN_STAGE_PIPES},
        {.call = "pipe2", .nth = 2, .stage = SPAWN_STAGE_PIPES},
        {.call = "pipe2", .nth = 3, .stage = SPAWN_STAGE_PIPES},
        {.call = "pipe2", .nth = 4, .stage = SPAWN_STAGE_PIPES},
        {.call = "socketpair", .nth = 1, .stage = SPAWN_STAGE_PIPES},
        {.call = "setsockopt", .nth = 1, .stage = SPAWN_STAGE_PIPES},
        {.call = "memfd_create", .nth = 1, .stage = SPAWN_STAGE_PLAN},
        {.call = "sigprocmask", .nth = 1, .stage = SPAWN_STAGE_CLONE},
};

static void test_outside(void **state UNUSED)
{
        Spawner s;
        const char *const argv[] = {"/bin/true", NULL};
        SpawnArgs a = test_args(argv);
        assert_int_equal(spawner_init(&s, test_helper()), 0);
        for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
                for (size_t k = 0; k < ARRAY_SIZE(errors); k++) {
                        StepError e = {0};
                        Spawned none = {.pid = -7};
                        failing = (Failing){.nth = outside[i].nth, .error = errors[k]};
                        (void)snprintf(failing.name, sizeof(failing.name), "%s", outside[i].call);
                        int r = spawn_server(&s, &a, &none, &e);
                        failing = (Failing){0};
                        assert_row(r == -errors[k], "%s: %d", outside[i].call, r);
                        assert_row(e.stage == outside[i].stage, "%s", outside[i].call);
                        assert_int_equal(e.error, errors[k]);
                        assert_int_equal(none.pid, -7);
                }
        spawner_done(&s);
}

/* ---- a plan that is not ours ----------------------------------------------------------- */

static void run_plan(size_t at, char c, size_t cut, SpawnStage stage, int error)
{
        int p[2], status;
        SpawnRecord got;
        const char *const argv[] = {"/bin/true", NULL};
        const PlanArgs args = {.exe = "/bin/true", .argv = argv, .envp = argv + 1};
        CLEANUP_FD int made = -EBADF, plan = -EBADF;
        char bytes[4096];
        assert_int_equal(plan_make(&args, &made), 0);
        ssize_t n = pread(made, bytes, sizeof(bytes), 0);
        assert_true(n > (ssize_t)sizeof(Plan));
        bytes[at] = c;
        assert_int_equal(fd_memfd_new("plan", &plan), 0);
        assert_int_equal(fd_write_all(plan, span_from(bytes, cut ? cut : (size_t)n)), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), 0);
        pid_t pid = fork();
        if (pid == 0) {
                int high = fcntl(p[1], F_DUPFD_CLOEXEC, 64);
                (void)dup2(plan, HELPER_FD_PLAN);
                (void)dup2(high, HELPER_FD_STATUS);
                execl(test_helper(), "mcpvisor-exec", HELPER_SERVER, HELPER_PLAIN, NULL);
                _exit(1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), HELPER_FAILED);
        assert_int_equal(recv(p[0], &got, sizeof(got), MSG_DONTWAIT), sizeof(got));
        assert_int_equal(got.error.stage, stage);
        assert_int_equal(got.error.error, error);
        fd_close_p(&p[0]);
        fd_close_p(&p[1]);
}

static void test_foreign_plan(void **state UNUSED)
{
#ifdef MCPVISOR_SINGLE
        skip();
#endif
        run_plan(offsetof(Plan, build), '!', 0, SPAWN_STAGE_BUILD, ESTALE);
        run_plan(0, '!', 0, SPAWN_STAGE_PLAN, EBADMSG);
        run_plan(0, PLAN_MAGIC[0], 10, SPAWN_STAGE_PLAN, EBADMSG);
        run_plan(0, PLAN_MAGIC[0], sizeof(Plan) + 3, SPAWN_STAGE_PLAN, EBADMSG);
}

static int setup_self(void)
{
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        return n < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
        int skip_word = argc > 1 && strcmp(argv[1], "@exec") == 0; /* in a single executable */
        if (argc > 1 + skip_word && strcmp(argv[1 + skip_word], HELPER_SERVER) == 0) {
                read_plan();
                return exec_main(argc - skip_word, argv + skip_word);
        }
        if (setup_self() < 0)
                return 1;
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
        const struct CMUnitTest tests[] = {CHECKED(test_inside), CHECKED(test_outside),
                                           CHECKED(test_foreign_plan)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
