/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/apply.h"
#include "sandbox/probe.h"

/* ---- system calls that fail --------------------------------------------------------------- */

static unsigned calls, fail_at; /* fail_at 0: none */
static int fail_with;
static long swallow = -1; /* a call that says yes and does nothing */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

/* Not by va_arg: callers give as many as the call has, and the rest is whatever is there. */
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
        if (number != SYS_close && ++calls == fail_at) {
                errno = fail_with;
                return -1;
        }
        return number == swallow ? 0 : __real_syscall(number, a, b, c, d, e, f);
}

/* ---- a plan for this machine ----------------------------------------------------------------- */

enum { UID = 61000 };

typedef struct World {
        SandboxMachine machine;
        SandboxSurvey survey;
        Config *config;
        SandboxPlan plan;
        Buf program;
        const char *home; /* borrowed: of the test */
        pid_t supervisor;
} World;

static bool is_able(const SandboxMachine *m)
{
        return machine_has(m, OFFER_MOUNT_API) && machine_has(m, OFFER_PIVOT_ROOT) &&
               machine_has(m, OFFER_PROC) && machine_has(m, OFFER_LANDLOCK) &&
               machine_has(m, OFFER_SECCOMP) && machine_has(m, OFFER_CHANGE_IDS);
}

static void world_init(World *w, const char *home, const char *sandbox, bool namespaces)
{
        const char *const own[] = {"/etc/mcpvisor", NULL};
        *w = (World){.program = BUF_INIT(BUF_CAP_NONE), .home = home, .supervisor = getpid()};
        assert_int_equal(probe(&probe_calls, &w->machine), 0);
        if (!is_able(&w->machine))
                skip();
        for (unsigned i = OFFER_PIDNS; !namespaces && i <= OFFER_CGROUPNS; i++)
                w->machine.refused[i] = EPERM;
        assert_int_equal(chown(home, UID, UID), 0);
        assert_int_equal(survey_make(&(SurveyArgs){.own = own, .uid = UID, .gid = UID}, &w->survey), 0);
        w->config = sandbox_config(sandbox, NULL);
        ServerConfig *s = (ServerConfig *)(uintptr_t)config_server(w->config, 0);
        s->resolved.command.value = "/bin/sh";
        const SandboxArgs args = {.server = s,
                                  .machine = &w->machine,
                                  .survey = &w->survey,
                                  .home = home,
                                  .uid = UID,
                                  .gid = UID,
                                  .supervisor = getpid()};
        assert_int_equal(sandbox_plan_make(&args, &w->plan), 0);
        assert_row(w->plan.verdict != SANDBOX_REFUSED, "%s", w->plan.why ? w->plan.why : "-");
        assert_int_equal(sandbox_plan_encode(&w->plan, &w->program), 0);
}

static void world_done(World *w)
{
        buf_done(&w->program);
        sandbox_plan_done(&w->plan);
        survey_done(&w->survey);
        config_unref(w->config);
}

/* What a failing child says; everything that is not told goes by the exit status. */
typedef struct Told {
        int result;
        unsigned calls, fds;
        SandboxError error;
} Told;

static unsigned open_fds(void)
{
        unsigned n = 0;
        for (int fd = 0; fd < 128; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static int apply_all(const World *w, SandboxError *e)
{
        SandboxApply a;
        int r = sandbox_apply_init(&a, w->program.data, w->program.len);
        if (r == 0)
                r = sandbox_apply(&a, PHASE_HELPER, e);
        if (r == 0)
                r = sandbox_apply(&a, PHASE_PRIVILEGED, e);
        if (r == 0 &&
            (setgroups(0, NULL) < 0 || setresgid(UID, UID, UID) < 0 || setresuid(UID, UID, UID) < 0))
                r = -errno;
        if (r == 0)
                r = sandbox_apply(&a, PHASE_UNMAPPED, e);
        if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                r = -errno;
        return r < 0 ? r : sandbox_apply(&a, PHASE_LAST, e);
}

/* Runs `then` (NULL: nothing) in a process behind the fences, in a pid namespace. Gives its exit status. */
static int fenced(const World *w, int (*then)(const World *w), Told *ret)
{
        int p[2], status = -1;
        assert_int_equal(pipe(p), 0);
        pid_t outer = fork();
        if (outer == 0) {
                if (unshare(CLONE_NEWPID) < 0)
                        _exit(90);
                pid_t inner = fork();
                if (inner == 0) {
                        Told t = {.fds = open_fds()};
                        calls = 0;
                        t.result = apply_all(w, &t.error);
                        t.calls = calls;
                        fail_at = 0;
                        t.fds = open_fds() - t.fds;
                        (void)!write(p[1], &t, sizeof(t));
                        _exit(t.result == 0 && then ? then(w) : 0);
                }
                (void)waitpid(inner, &status, 0);
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 91);
        }
        close(p[1]);
        assert_int_equal(read(p[0], ret, sizeof(*ret)), sizeof(*ret));
        close(p[0]);
        assert_int_equal(waitpid(outer, &status, 0), outer);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* ---- behind the fences ----------------------------------------------------------------------------- */

#define REFUSED(call, error)                         \
        do {                                         \
                errno = 0;                           \
                if ((call) >= 0 || errno != (error)) \
                        return __LINE__ % 80 + 1;    \
        } while (0)
#define WORKS(call)                               \
        do {                                      \
                if ((call) < 0)                   \
                        return __LINE__ % 80 + 1; \
        } while (0)

static int try_files(const World *w)
{
        char path[PATH_MAX];
        (void)snprintf(path, sizeof(path), "%s/x", w->home);
        WORKS(open(path, O_CREAT | O_WRONLY, 0600));
        WORKS(open("/tmp/x", O_CREAT | O_WRONLY, 0600));
        WORKS(open("/dev/null", O_RDWR));
        WORKS(open("/usr/bin", O_RDONLY | O_DIRECTORY));
        REFUSED(open("/usr/bin/x", O_CREAT | O_WRONLY, 0600), EROFS);
        REFUSED(open("/x", O_CREAT | O_WRONLY, 0600), EROFS);
        REFUSED(open("/home", O_RDONLY), ENOENT);
        REFUSED(open("/root", O_RDONLY), ENOENT);
        REFUSED(open("/sys", O_RDONLY), ENOENT);
        REFUSED(open("/etc/shadow", O_RDONLY), EACCES);
        int covered = open("/proc/kallsyms", O_RDONLY);
        if (covered >= 0 && read(covered, path, sizeof(path)) != 0)
                return 72;
        REFUSED(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
        REFUSED(mkdir("/proc/x", 0700), ENOENT);
        REFUSED(chmod("/usr", 0700), EROFS);
        return 0;
}

static int try_calls(const World *w UNUSED)
{
        REFUSED(unshare(CLONE_NEWUSER), EPERM);
        REFUSED(setuid(0), EPERM);
        REFUSED(chroot("/"), EPERM);
        REFUSED(syscall(SYS_mount, "a", "/tmp", "tmpfs", 0, NULL), EPERM);
        REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM);
        REFUSED(syscall(SYS_ptrace, 0, 0, 0, 0), EPERM);
        REFUSED(prctl(PR_CAPBSET_READ, 64, 0, 0, 0), EINVAL);
        for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, 0, 0, 0, 0) >= 0 && cap <= 40; cap++)
                if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
                        return 80;
        REFUSED(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
        return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0xef ? 0 : 81;
}

/* Its own numbers only, and no way to the machine's processes. */
static int try_processes(const World *w UNUSED)
{
        if (getpid() != 1)
                return 70;
        REFUSED(kill(2, 0), ESRCH);
        REFUSED(open("/proc/2", O_RDONLY), ENOENT);
        return access("/proc/1/status", R_OK) == 0 ? 0 : 71;
}

static void test_fences(void **state)
{
        static int (*const tries[])(const World *w) = {try_files, try_calls, try_processes};
        World w;
        Told t;
        world_init(&w, *state, "{net: none}", true);
        for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
                int status = fenced(&w, tries[i], &t);
                assert_row(t.result == 0, "%zu: %s %s: %s", i, step_name(t.error.kind), t.error.detail,
                           strerror(t.error.error));
                assert_int_equal(t.fds, 0);
                assert_row(status == 0, "%zu: %d", i, status);
        }
        world_done(&w);
}

/* The plain container: no mount hides anything. */
static int try_landlock(const World *w)
{
        char path[PATH_MAX];
        (void)snprintf(path, sizeof(path), "%s/x", w->home);
        WORKS(open(path, O_CREAT | O_WRONLY, 0600));
        WORKS(open("/usr/bin", O_RDONLY | O_DIRECTORY));
        WORKS(open("/etc/passwd", O_RDONLY));
        WORKS(open("/dev/null", O_RDWR));
        REFUSED(open("/", O_RDONLY), EACCES);
        REFUSED(open("/home", O_RDONLY), EACCES);
        REFUSED(open("/tmp", O_RDONLY), EACCES);
        REFUSED(open("/tmp/x", O_CREAT | O_WRONLY, 0600), EACCES);
        REFUSED(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
        REFUSED(kill(-1, 0), EPERM);
        REFUSED(kill(w->supervisor, 0), EPERM);
        REFUSED(syscall(SYS_socket, 1, 1, 0), EPERM); /* unix: no mount hides our sockets */
        return 0;
}

static void test_landlock_alone(void **state)
{
        World w;
        Told t;
        world_init(&w, *state, "{}", false);
        int status = fenced(&w, try_landlock, &t);
        assert_row(t.result == 0, "%s %s: %s", step_name(t.error.kind), t.error.detail,
                   strerror(t.error.error));
        assert_row(status == 0, "%d", status);
        world_done(&w);
}

/* A filter around us may answer a call in the kernel's place. */
static void test_privileges_are_looked_at(void **state)
{
        World w;
        Told t;
        world_init(&w, *state, "{}", true);
        swallow = SYS_capset;
        (void)fenced(&w, NULL, &t);
        swallow = -1;
        assert_int_equal(t.result, -EPERM);
        assert_int_equal(t.error.kind, STEP_CAPABILITIES);
        world_done(&w);
}

/* Each call fails once: the process ends there, says where, and holds nothing. What is no failure is what
 * the step can do without. */
static void check_faults(const World *w, int error)
{
        Told t;
        unsigned all, survived = 0;
        fail_at = 0;
        (void)fenced(w, NULL, &t);
        assert_int_equal(t.result, 0);
        all = t.calls;
        assert_true(all > 100);
        fail_with = error;
        for (unsigned n = 1; n <= all; n++) {
                fail_at = n;
                (void)fenced(w, NULL, &t);
                survived += t.result == 0;
                assert_row(t.result == 0 || t.result == -error || t.result == -EINVAL, "call %u: %d", n,
                           t.result);
                assert_row(t.result == 0 || (t.error.kind > STEP_NONE && t.error.kind < _STEP_MAX &&
                                             t.error.error == -t.result),
                           "call %u: %u %d", n, t.error.kind, t.error.error);
                assert_row(t.fds == 0 || (t.fds <= 2 && t.result < 0), "call %u: %u descriptors", n, t.fds);
        }
        fail_at = 0;
        assert_int_equal(survived, 0);
}

static void test_each_call_fails(void **state)
{
        World w;
        world_init(&w, *state, "{profile: strict, net: loopback, degrade: warn}", true);
        check_faults(&w, EPERM);
        check_faults(&w, ENOMEM);
        world_done(&w);
}

/* ---- the program ------------------------------------------------------------------------------------ */

static void test_nonsense(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m = sandbox_machine();
        Planned p;
        SandboxApply a;
        SandboxError e;
        plan_of(&m, "{}", NULL, &p);
        assert_int_equal(sandbox_plan_encode(&p.plan, &b), 0);
        assert_int_equal(sandbox_apply_init(&a, b.data, b.len), 0);
        assert_int_equal(sandbox_apply_init(&a, b.data, b.len - 1), -EBADMSG);
        assert_int_equal(sandbox_apply_init(&a, b.data, 3), -EBADMSG);
        assert_int_equal(sandbox_apply_init(&a, NULL, 0), 0);
        assert_int_equal(sandbox_apply(&a, PHASE_HELPER, &e), 0); /* nothing to do */
        SandboxProgram *head = (void *)b.data;
        SandboxOp *ops = (void *)(b.data + head->ops);
        const SandboxOp good = ops[0];
        const SandboxOp bad[] = {
                {.kind = STEP_NONE, .phase = PHASE_HELPER},
                {.kind = STEP_CGROUP_FILE, .phase = PHASE_HELPER},
                {.kind = _STEP_MAX, .phase = PHASE_HELPER},
                {.kind = STEP_AMBIENT, .phase = PHASE_DAEMON},
                {.kind = STEP_AMBIENT, .phase = _PHASE_MAX},
                {.kind = STEP_AMBIENT, .phase = PHASE_LAST, .text = (uint32_t)b.len},
                {.kind = STEP_AMBIENT, .phase = PHASE_LAST, .other = UINT32_MAX},
                {.kind = STEP_SECCOMP, .phase = PHASE_LAST, .a = 1, .bytes = 0, .n_bytes = 16},
                {.kind = STEP_SECCOMP, .phase = PHASE_LAST, .a = 2, .bytes = (uint32_t)b.len, .n_bytes = 16},
                {.kind = STEP_SECCOMP, .phase = PHASE_LAST, .a = 65536 * 2, .n_bytes = 65536 * 16},
        };
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                ops[0] = bad[i];
                assert_row(sandbox_apply_init(&a, b.data, b.len) == -EBADMSG, "%zu", i);
        }
        ops[0] = good;
        head->n = UINT32_MAX;
        assert_int_equal(sandbox_apply_init(&a, b.data, b.len), -EBADMSG);
        planned_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_fences, test_dir_setup, test_dir_teardown),
                cmocka_unit_test_setup_teardown(test_landlock_alone, test_dir_setup, test_dir_teardown),
                cmocka_unit_test_setup_teardown(test_privileges_are_looked_at, test_dir_setup,
                                                test_dir_teardown),
                cmocka_unit_test_setup_teardown(test_each_call_fails, test_dir_setup, test_dir_teardown),
                cmocka_unit_test(test_nonsense),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
