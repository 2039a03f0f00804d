/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/enter.h"
#include "sandbox/role-filter.h"
#include "support/bpf.h"
#include "support/oom.h"

/* ---- a kernel that lacks something ------------------------------------------------------------ */

static long refused_number = -1; /* of syscall() */
static unsigned long refused_prctl;
static int refused_with;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

long __wrap_syscall(long number, ...)
{
        enum { ARGS = 6 };
        long a[ARGS];
        va_list ap;
        va_start(ap, number);
        for (size_t i = 0; i < ARGS; i++)
                a[i] = va_arg(ap, long);
        va_end(ap);
        if (number == refused_number ||
            (number == SYS_prctl && refused_prctl && (unsigned long)a[0] == refused_prctl)) {
                errno = refused_with;
                return -1;
        }
        return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __wrap_prctl(int option, ...)
{
        va_list ap;
        va_start(ap, option);
        unsigned long a = va_arg(ap, unsigned long);
        va_end(ap);
        if (refused_prctl && (unsigned long)option == refused_prctl) {
                errno = refused_with;
                return -1;
        }
        return __real_prctl(option, a, 0UL, 0UL, 0UL);
}

/* ---- rows --------------------------------------------------------------------------------------- */

static bool same_condition(const RoleCall *a, const RoleCall *b)
{
        return a->n == b->n && memcmp(a->when, b->when, sizeof(a->when)) == 0;
}

static void test_rows(void **state UNUSED)
{
        const SandboxRole *role = &sandbox_gateway;
        assert_true(role->n > 0);
        for (size_t i = 0; i < role->n; i++) {
                const RoleCall *c = &role->calls[i];
                assert_row(seccomp_syscall_resolve_name(c->call) != __NR_SCMP_ERROR, "%s", c->call);
                assert_row(c->why && *c->why && c->n <= ROLE_WHEN_MAX, "%s", c->call);
                for (size_t w = 0; w < c->n; w++)
                        assert_row(c->when[w].mask && !(c->when[w].value & ~c->when[w].mask), "%s", c->call);
                for (size_t k = 0; k < i; k++)
                        assert_row(strcmp(c->call, role->calls[k].call) != 0 ||
                                           !same_condition(c, &role->calls[k]),
                                   "%s, twice", c->call);
        }
}

static void test_words(void **state UNUSED)
{
        for (unsigned i = 0; i < _ROLE_FENCE_MAX; i++) {
                assert_non_null(role_fence_name(i));
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(role_fence_name(i), role_fence_name(k));
        }
        assert_null(role_fence_name(_ROLE_FENCE_MAX));
}

static void test_call_names(void **state UNUSED)
{
        char text[40];
        role_call_name((uint64_t)seccomp_syscall_resolve_name("execve"), text, sizeof(text));
        assert_string_equal(text, "execve");
        role_call_name(999999, text, sizeof(text));
        assert_string_equal(text, "999999");
        role_call_name(UINT64_MAX, text, sizeof(text));
        assert_string_equal(text, "18446744073709551615");
        role_call_name((uint64_t)seccomp_syscall_resolve_name("execve"), text, 5);
        assert_string_equal(text, "exec");
}

/* ---- the filter, run here ------------------------------------------------------------------------- */

enum { SELF = 4711 };

static const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64};

typedef struct Filter {
        Buf bytes;
        uint32_t arch;
} Filter;

static void compile(uint32_t arch, bool journal, Filter *ret)
{
        *ret = (Filter){.bytes = BUF_INIT(BUF_CAP_NONE), .arch = arch};
        const RoleFilterArgs args = {
                .role = &sandbox_gateway, .arch = arch, .self = SELF, .journal = journal};
        assert_int_equal(role_filter_compile(&args, &ret->bytes), 0);
        assert_int_equal(ret->bytes.len % sizeof(struct sock_filter), 0);
        assert_in_range(ret->bytes.len / sizeof(struct sock_filter), 1, BPF_MAXINSNS);
}

/* -1: no such call there. */
static uint32_t run(const Filter *f, const char *call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
        int n = seccomp_syscall_resolve_name_arch(f->arch, call);
        const struct seccomp_data data = {.nr = n, .arch = f->arch, .args = {a, b, c, d}};
        return n < 0 ? UINT32_MAX : bpf_run(buf_span(&f->bytes), &data);
}

static bool allows(const Filter *f, const char *call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
        return run(f, call, a, b, c, d) == SECCOMP_RET_ALLOW;
}

/* Each call that there is: in a row without conditions, or without a row. */
static void decided(const Filter *f, bool journal)
{
        enum { CALLS = 600 };
        for (int n = 0; n < CALLS; n++) {
                char *name = seccomp_syscall_resolve_num_arch(f->arch, n);
                uint32_t want = SECCOMP_RET_TRAP;
                bool conditions = false;
                for (size_t i = 0; name && i < sandbox_gateway.n; i++) {
                        const RoleCall *c = &sandbox_gateway.calls[i];
                        if (strcmp(c->call, name) != 0 || (c->journal && !journal))
                                continue;
                        conditions |= c->n || c->self;
                        want = c->verdict == ROLE_ALLOW ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EACCES;
                }
                const struct seccomp_data data = {.nr = n, .arch = f->arch};
                if (!conditions)
                        assert_row(bpf_run(buf_span(&f->bytes), &data) == want, "%d %s", n, name);
                free(name);
        }
}

static void test_every_call_is_decided(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
                for (unsigned journal = 0; journal < 2; journal++) {
                        Filter f;
                        compile(archs[i], journal, &f);
                        decided(&f, journal);
                        buf_done(&f.bytes);
                }
}

/* What no role of this kind may ever be given, whatever its arguments. */
static void test_never(void **state UNUSED)
{
        static const char *const calls[] = {
                "execve",
                "execveat",
                "fork",
                "vfork",
                "clone",
                "clone3",
                "ptrace",
                "process_vm_readv",
                "process_vm_writev",
                "pidfd_open",
                "pidfd_getfd",
                "pidfd_send_signal",
                "kill",
                "tkill",
                "rt_sigqueueinfo",
                "rt_sigaction",
                "bind",
                "listen",
                "socketpair",
                "ioctl",
                "prctl",
                "seccomp",
                "bpf",
                "mount",
                "umount2",
                "unshare",
                "setns",
                "chroot",
                "pivot_root",
                "openat2",
                "creat",
                "unlink",
                "unlinkat",
                "rename",
                "renameat2",
                "mkdir",
                "mkdirat",
                "link",
                "linkat",
                "symlink",
                "chmod",
                "fchmod",
                "fchmodat",
                "chown",
                "fchown",
                "io_uring_setup",
                "io_uring_enter",
                "userfaultfd",
                "perf_event_open",
                "keyctl",
                "add_key",
                "capset",
                "setuid",
                "setresuid",
                "setgid",
                "setgroups",
                "personality",
                "landlock_create_ruleset",
                "shmat",
                "pkey_mprotect",
                "open_by_handle_at",
                "init_module",
                "kexec_load",
                "reboot",
                "modify_ldt",
                "arch_prctl",
        };
        for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
                Filter f;
                compile(archs[i], true, &f);
                for (size_t k = 0; k < ARRAY_SIZE(calls); k++) {
                        uint32_t got = run(&f, calls[k], 0, 0, 0, 0);
                        assert_row(got == SECCOMP_RET_TRAP || got == UINT32_MAX, "%s", calls[k]);
                }
                buf_done(&f.bytes);
        }
}

/* ALLOW, EACCES, or the end; by an argument. */
static void test_arguments(void **state UNUSED)
{
        const uint64_t high = 1ULL << 32; /* the kernel does not look at it in an int */
        for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
                Filter f;
                compile(archs[i], false, &f);
                assert_true(allows(&f, "mmap", 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE));
                assert_int_equal(run(&f, "mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE),
                                 SECCOMP_RET_TRAP);
                assert_int_equal(run(&f, "mprotect", 0, 4096, PROT_EXEC, 0), SECCOMP_RET_TRAP);
                assert_true(allows(&f, "fcntl", 5, F_GETFL, 0, 0));
                assert_true(allows(&f, "fcntl", 5, high | F_GETFL, 0, 0));
                assert_int_equal(run(&f, "fcntl", 5, F_SETOWN, 1, 0), SECCOMP_RET_TRAP);
                assert_int_equal(run(&f, "fcntl", 5, F_ADD_SEALS, 1, 0), SECCOMP_RET_TRAP);
                assert_true(allows(&f, "tgkill", SELF, SELF, SIGABRT, 0));
                assert_int_equal(run(&f, "tgkill", 1, 1, SIGKILL, 0), SECCOMP_RET_TRAP);
                assert_true(allows(&f, "prlimit64", 0, 7, 0, 4096));
                assert_int_equal(run(&f, "prlimit64", 0, 7, high, 0), SECCOMP_RET_TRAP);
                assert_int_equal(run(&f, "prlimit64", 1, 7, 0, 4096), SECCOMP_RET_TRAP);
                assert_true(allows(&f, "newfstatat", 5, 4096, 4096, AT_EMPTY_PATH));
                assert_int_equal(run(&f, "newfstatat", 5, 4096, 4096, 0), SECCOMP_RET_ERRNO | EACCES);
                assert_int_equal(run(&f, "openat", 5, 4096, 0, 0), SECCOMP_RET_ERRNO | EACCES);
                assert_int_equal(run(&f, "socket", AF_UNIX, SOCK_DGRAM, 0, 0), SECCOMP_RET_TRAP);
                assert_int_equal(run(&f, "connect", 5, 4096, 16, 0), SECCOMP_RET_TRAP);
                buf_done(&f.bytes);
        }
}

static void test_journal(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
                Filter f;
                compile(archs[i], true, &f);
                assert_true(allows(&f, "socket", AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0));
                assert_int_equal(run(&f, "socket", AF_UNIX, SOCK_STREAM, 0, 0), SECCOMP_RET_TRAP);
                assert_int_equal(run(&f, "socket", AF_INET, SOCK_DGRAM, 0, 0), SECCOMP_RET_TRAP);
                assert_true(allows(&f, "connect", 5, 4096, 16, 0));
                buf_done(&f.bytes);
        }
}

static void test_other_architecture(void **state UNUSED)
{
        enum { X32_BIT = 0x40000000 };
        Filter f;
        compile(SCMP_ARCH_X86_64, false, &f);
        struct seccomp_data data = {.nr = 0, .arch = SCMP_ARCH_X86};
        assert_int_equal(bpf_run(buf_span(&f.bytes), &data), SECCOMP_RET_KILL_PROCESS);
        data = (struct seccomp_data){.nr = X32_BIT, .arch = SCMP_ARCH_X86_64};
        assert_int_equal(bpf_run(buf_span(&f.bytes), &data), SECCOMP_RET_KILL_PROCESS);
        buf_done(&f.bytes);
}

static int compile_once(void *data UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return role_filter_compile(&(RoleFilterArgs){.role = &sandbox_gateway, .self = SELF}, &b);
}

static void test_out_of_memory(void **state UNUSED)
{
        (void)oom_each(compile_once, NULL);
}

/* ---- the real thing, in a process of its own ------------------------------------------------------- */

typedef struct Shared {
        _Atomic uint64_t refused_call;
        uint32_t missing;
} Shared;

static Shared *shared;

/* How it ends: `act` runs behind the fences, and its result is the exit status. */
static int fenced(int (*act)(void))
{
        int status;
        *shared = (Shared){0};
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                const SandboxEnterArgs args = {&sandbox_gateway, false, &shared->refused_call};
                int r = sandbox_enter(&args, &shared->missing);
                _exit(r < 0 ? 100 : act());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static int act_nothing(void)
{
        return 0;
}

static int act_open(void)
{
        return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 42 : 1;
}

static int act_exec(void)
{
        char *const argv[] = {NULL};
        (void)execve("/bin/true", argv, argv);
        return 1;
}

static int act_handler(void)
{
        return sigaction(SIGSYS, &(struct sigaction){.sa_handler = SIG_IGN}, NULL) < 0 ? 1 : 2;
}

static int act_abort(void)
{
        abort();
}

static int act_signal(void)
{
        return syscall(SYS_tgkill, 1, 1, 0) < 0 ? 1 : 2;
}

static int act_capabilities(void)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        return (int)syscall(SYS_capget, &head, NULL) & 1;
}

static void ends_by(int (*act)(void), const char *call)
{
        char name[40];
        int status = fenced(act);
        assert_row(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status %d", call, status);
        assert_true(shared->refused_call > 0);
        role_call_name(shared->refused_call - 1, name, sizeof(name));
        assert_string_equal(name, call);
}

static bool has_seccomp(void)
{
        return fenced(act_nothing) == 0 && !(shared->missing & 1U << ROLE_FENCE_SECCOMP);
}

static void test_behind(void **state UNUSED)
{
        if (!has_seccomp())
                skip();
        int status = fenced(act_open);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
        ends_by(act_exec, "execve");
        ends_by(act_handler, "rt_sigaction");
        ends_by(act_signal, "tgkill");
        ends_by(act_capabilities, "capget");
        status = fenced(act_abort);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_int_equal(shared->refused_call, 0);
}

/* ---- and where something is missing ----------------------------------------------------------------- */

static uint32_t missing_without(long number, unsigned long option, int error)
{
        refused_number = number;
        refused_prctl = option;
        refused_with = error;
        int status = fenced(act_nothing);
        refused_number = -1;
        refused_prctl = 0;
        assert_int_equal(status, 0);
        return shared->missing;
}

#define BIT(id) (1U << ROLE_FENCE_##id)

static void test_missing(void **state UNUSED)
{
        const uint32_t landlock = BIT(LANDLOCK) | BIT(LANDLOCK_NET) | BIT(LANDLOCK_SCOPE);
        assert_int_equal(fenced(act_nothing), 0);
        uint32_t here = shared->missing;
        assert_int_equal(missing_without(SYS_landlock_create_ruleset, 0, ENOSYS), here | landlock);
        assert_int_equal(missing_without(SYS_landlock_restrict_self, 0, EPERM), here | landlock);
        assert_int_equal(missing_without(SYS_seccomp, 0, ENOSYS), here | BIT(SECCOMP));
        assert_int_equal(missing_without(SYS_seccomp, 0, EINVAL), here | BIT(SECCOMP));
        assert_int_equal(missing_without(-1, PR_SET_SECUREBITS, EPERM), here | BIT(SECUREBITS));
        assert_int_equal(missing_without(SYS_capset, 0, EPERM), here | BIT(CAPABILITIES));
        assert_int_equal(missing_without(-1, PR_SET_NO_NEW_PRIVS, EINVAL) & BIT(NO_NEW_PRIVS),
                         BIT(NO_NEW_PRIVS));
}

static void test_restrained(void **state UNUSED)
{
        assert_int_equal(fenced(act_nothing), 0);
        if (sandbox_enter_restrained())
                assert_int_equal(shared->missing, (1U << _ROLE_FENCE_MAX) - 1 - BIT(NO_NEW_PRIVS));
        else
                assert_false(shared->missing & (BIT(NO_NEW_PRIVS) | BIT(CAPABILITIES)));
}

/* Where there is no memory it goes no further. */
static void test_no_memory(void **state UNUSED)
{
        int status;
        if (sandbox_enter_restrained())
                skip();
        pid_t pid = fork();
        if (pid == 0) {
                uint32_t missing = 77;
                oom_arm(1);
                int r = sandbox_enter(&(SandboxEnterArgs){&sandbox_gateway, false, NULL}, &missing);
                _exit(r == -ENOMEM && missing == 77 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),          cmocka_unit_test(test_words),
                cmocka_unit_test(test_call_names),    cmocka_unit_test(test_every_call_is_decided),
                cmocka_unit_test(test_never),         cmocka_unit_test(test_arguments),
                cmocka_unit_test(test_journal),       cmocka_unit_test(test_other_architecture),
                cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_behind),
                cmocka_unit_test(test_missing),       cmocka_unit_test(test_restrained),
                cmocka_unit_test(test_no_memory),
        };
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                return EXIT_FAILURE;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
