/* SPDX-License-Identifier: Apache-2.0 */
#include "support/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/clone.h"

/* ---- a kernel of which a table says what it grants --------------------------- */

enum { CALLS_MAX = 16 };

typedef struct Kernel {
        int clone3, clone, fork, pidfd_open; /* 0 or -errno */
        int pidns, userns, into;             /* what a clone or clone3 with it gives */
        char log[256];
} Kernel;

static Kernel kernel;

static void note(const char *call, uint64_t flags, bool into)
{
        size_t n = strlen(kernel.log);
        (void)snprintf(kernel.log + n, sizeof(kernel.log) - n, "%s%s%s%s%s", n ? " " : "", call,
                       flags & CLONE_NEWPID ? "+p" : "", flags & CLONE_NEWUSER ? "+u" : "", into ? "+c" : "");
}

static int refusal(uint64_t flags)
{
        if (flags & CLONE_NEWUSER && kernel.userns)
                return kernel.userns;
        return flags & CLONE_NEWPID ? kernel.pidns : 0;
}

/* A child that waits to be told; each test ends it by its pidfd. */
static pid_t child(int *ret_pidfd)
{
        pid_t pid = clone_calls.fork();
        if (pid == 0) {
                (void)pause();
                _exit(0);
        }
        assert_true(pid > 0);
        if (ret_pidfd)
                *ret_pidfd = clone_calls.pidfd_open(pid);
        return pid;
}

static pid_t fake_clone3(uint64_t flags, int *ret_pidfd, int cgroup_fd)
{
        note("clone3", flags, cgroup_fd >= 0);
        int r = kernel.clone3 ? kernel.clone3 : refusal(flags);
        if (r == 0 && cgroup_fd >= 0)
                r = kernel.into;
        return r ? r : child(ret_pidfd);
}

static pid_t fake_clone(uint64_t flags, int *ret_pidfd)
{
        note("clone", flags, false);
        int r = kernel.clone ? kernel.clone : refusal(flags);
        return r ? r : child(ret_pidfd);
}

static pid_t fake_fork(void)
{
        note("fork", 0, false);
        return kernel.fork ? kernel.fork : child(NULL);
}

static int fake_pidfd_open(pid_t pid)
{
        note("pidfd_open", 0, false);
        return kernel.pidfd_open ? kernel.pidfd_open : clone_calls.pidfd_open(pid);
}

static const CloneCalls fakes = {fake_clone3, fake_clone, fake_fork, fake_pidfd_open};

typedef struct Row {
        const char *name;
        Kernel kernel;
        CloneWish wish;
        int r;
        const char *log, *again; /* the calls, and those of a second time */
        bool pidns, userns, in_cgroup;
} Row;

#define NONE                    \
        {                       \
                .cgroup_fd = -1 \
        }
#define PIDNS                                  \
        {                                      \
                .pidns = true, .cgroup_fd = -1 \
        }
#define USERNS                                                 \
        {                                                      \
                .pidns = true, .userns = true, .cgroup_fd = -1 \
        }
#define ALL                                   \
        {                                     \
                .pidns = true, .cgroup_fd = 5 \
        }

static const Row rows[] = {
        {"plain", {0}, NONE, 0, "clone3", "clone3", 0, 0, 0},
        {"all", {0}, ALL, 0, "clone3+p+c", "clone3+p+c", true, 0, true},
        {"userns", {0}, USERNS, 0, "clone3+p+u", "clone3+p+u", true, true, 0},
        {"docker",
         {.clone3 = -ENOSYS, .userns = -EPERM},
         USERNS,
         0,
         "clone3+p+u clone+p+u clone",
         "clone",
         0,
         0,
         0},
        {"no clone3", {.clone3 = -ENOSYS}, ALL, 0, "clone3+p+c clone+p", "clone+p", true, 0, 0},
        {"old", {.clone3 = -E2BIG}, PIDNS, 0, "clone3+p clone+p", "clone+p", true, 0, 0},
        {"filter", {.clone3 = -EPERM}, PIDNS, 0, "clone3+p clone+p", "clone+p", true, 0, 0},
        {"filter, plain", {.clone3 = -EPERM}, NONE, 0, "clone3 clone", "clone", 0, 0, 0},
        {"flags unknown", {.clone3 = -EINVAL}, NONE, 0, "clone3 clone", "clone", 0, 0, 0},
        {"no pidns", {.pidns = -EPERM}, PIDNS, 0, "clone3+p clone+p clone3", "clone3", 0, 0, 0},
        {"no pidns here", {.pidns = -EINVAL}, ALL, 0, "clone3+p+c clone+p clone3+c", "clone3+c", 0, 0, true},
        {"no userns", {.userns = -EPERM}, USERNS, 0, "clone3+p+u clone+p+u clone3", "clone3", 0, 0, 0},
        {"userns used up", {.userns = -ENOSPC}, USERNS, 0, "clone3+p+u clone3", "clone3+p+u clone3", 0, 0, 0},
        {"too deep", {.userns = -EUSERS}, USERNS, 0, "clone3+p+u clone3", "clone3+p+u clone3", 0, 0, 0},
        {"filter and no ns",
         {.clone3 = -EPERM, .pidns = -EPERM},
         PIDNS,
         0,
         "clone3+p clone+p clone3 clone",
         "clone",
         0,
         0,
         0},
        {"domain busy", {.into = -EBUSY}, ALL, 0, "clone3+p+c clone3+p", "clone3+p", true, 0, 0},
        {"threaded", {.into = -EOPNOTSUPP}, ALL, 0, "clone3+p+c clone3+p", "clone3+p", true, 0, 0},
        {"not delegated", {.into = -EACCES}, ALL, 0, "clone3+p+c clone3+p", "clone3+p", true, 0, 0},
        {"group gone", {.into = -ENODEV}, ALL, -ENODEV, "clone3+p+c", "clone3+p+c", 0, 0, 0},
        {"fork only",
         {.clone3 = -ENOSYS, .clone = -EPERM},
         PIDNS,
         0,
         "clone3+p clone+p clone fork pidfd_open",
         "fork pidfd_open",
         0,
         0,
         0},
        {"no pidfd",
         {.clone3 = -ENOSYS, .clone = -ENOSYS, .pidfd_open = -ENOSYS},
         NONE,
         -ENOSYS,
         "clone3 clone fork pidfd_open",
         "fork pidfd_open",
         0,
         0,
         0},
        {"too many", {.clone3 = -EAGAIN}, ALL, -EAGAIN, "clone3+p+c", "clone3+p+c", 0, 0, 0},
        {"no memory", {.clone3 = -ENOMEM}, USERNS, -ENOMEM, "clone3+p+u", "clone3+p+u", 0, 0, 0},
        {"no memory later",
         {.clone3 = -ENOSYS, .clone = -ENOMEM},
         NONE,
         -ENOMEM,
         "clone3 clone",
         "clone",
         0,
         0,
         0},
        {"no memory at last",
         {.clone3 = -ENOSYS, .clone = -ENOSYS, .fork = -EAGAIN},
         NONE,
         -EAGAIN,
         "clone3 clone fork",
         "fork",
         0,
         0,
         0},
};

static void one(const Row *row, CloneRefused *refused, const char *log)
{
        Cloned c = {.pid = -7};
        kernel = row->kernel;
        int r = clone_process(&fakes, refused, &row->wish, &c);
        assert_row(r == row->r, "%s: %d", row->name, r);
        assert_row(strcmp(kernel.log, log) == 0, "%s: %s", row->name, kernel.log);
        if (r < 0) {
                assert_int_equal(c.pid, -7);
                return;
        }
        assert_row(c.pidns == row->pidns && c.userns == row->userns && c.in_cgroup == row->in_cgroup, "%s",
                   row->name);
        assert_int_equal(kill(c.pid, SIGKILL), 0);
        assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
        assert_true(c.pidfd >= 0);
        fd_close_p(&c.pidfd);
}

static void test_ladder(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CloneRefused refused = {0};
                one(&rows[i], &refused, rows[i].log);
                one(&rows[i], &refused, rows[i].again);
        }
}

/* ---- the kernel of this machine ---------------------------------------------- */

static void test_real(void **state UNUSED)
{
        static const CloneRefused refusals[] = {
                {0},
                {.clone3 = true},
                {.clone3 = true, .clone = true},
        };
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                CloneRefused refused = refusals[i];
                const CloneWish wish = {.pidns = geteuid() == 0, .cgroup_fd = -1};
                Cloned c;
                int status;
                assert_int_equal(clone_process(&clone_calls, &refused, &wish, &c), 0);
                if (c.pid == 0)
                        _exit(c.pidns == (getpid() == 1) ? 7 : 8);
                assert_int_equal(fcntl(c.pidfd, F_GETFD), FD_CLOEXEC);
                assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
                assert_int_equal(WEXITSTATUS(status), 7);
                assert_int_equal(c.pidns, wish.pidns && !refused.clone);
                fd_close_p(&c.pidfd);
        }
}

int main(void)
{
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
        const struct CMUnitTest tests[] = {CHECKED(test_ladder), CHECKED(test_real)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
