/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sandbox.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/seccomp-table.h"
#include "sandbox/seccomp.h"
#include "support/bpf.h"
#include "support/oom.h"

/* ---- the program, run here -------------------------------------------------------------- */

typedef struct Filter {
        Buf bytes;
        Arena arena;
} Filter;

static void compile(const SeccompArgs *args, Filter *ret)
{
        const char *why = NULL;
        *ret = (Filter){.bytes = BUF_INIT(BUF_CAP_NONE), .arena = ARENA_INIT(SIZE_MAX / 4)};
        assert_int_equal(seccomp_compile(args, &ret->arena, &ret->bytes, &why), 0);
        assert_int_equal(ret->bytes.len % sizeof(struct sock_filter), 0);
        assert_true(ret->bytes.len / sizeof(struct sock_filter) <= BPF_MAXINSNS);
}

static void filter_done(Filter *f)
{
        buf_done(&f->bytes);
        arena_done(&f->arena);
}

enum { ALLOW = 1, REFUSE, UNKNOWN, KILL };

static int verdict(const Filter *f, const struct seccomp_data *data)
{
        switch (bpf_run(buf_span(&f->bytes), data)) {
        case SECCOMP_RET_ALLOW:
                return ALLOW;
        case SECCOMP_RET_ERRNO | EPERM:
                return REFUSE;
        case SECCOMP_RET_ERRNO | ENOSYS:
                return UNKNOWN;
        case SECCOMP_RET_KILL_PROCESS:
                return KILL;
        default:
                return 0;
        }
}

static int call_on(const Filter *f, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
        int n = seccomp_syscall_resolve_name(name);
        assert_row(n >= 0, "%s", name);
        const struct seccomp_data data = {.nr = n, .arch = seccomp_arch_native(), .args = {a, b, c}};
        return verdict(f, &data);
}

static const SeccompArgs usual = {.ip = true, .unix_sockets = true};

/* ---- tables ------------------------------------------------------------------------------- */

/* Each call stands in one set: else a `deny` of one would be none. */
static void test_sets(void **state UNUSED)
{
        for (size_t i = 0; i < seccomp_sets_size; i++) {
                Span all = span_of(seccomp_sets[i].calls), part;
                assert_true(*seccomp_sets[i].name == '@');
                while (span_next(&all, ' ', &part)) {
                        unsigned found = 0;
                        for (size_t k = 0; k < seccomp_sets_size; k++) {
                                Span other = span_of(seccomp_sets[k].calls), name;
                                while (span_next(&other, ' ', &name))
                                        found += span_equal(name, part);
                        }
                        assert_row(found == 1 && part.len, "%.*s in %s: %u", (int)part.len, part.ptr,
                                   seccomp_sets[i].name, found);
                }
        }
}

/* No call that was known when the sets were written is forgotten, but those that no kernel has any more. */
static void test_every_call_is_decided(void **state UNUSED)
{
        static const char *const gone =
                " getpmsg putpmsg tuxcall security epoll_ctl_old epoll_wait_old vserver "
                "multiplexer ";
        for (int n = 0; n <= 469; n++) {
                char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), n), word[80];
                if (!name)
                        continue;
                bool found = false;
                for (size_t i = 0; i < seccomp_sets_size && !found; i++) {
                        Span all = span_of(seccomp_sets[i].calls), part;
                        while (span_next(&all, ' ', &part))
                                found |= span_equal(part, span_of(name));
                }
                (void)snprintf(word, sizeof(word), " %s ", name);
                assert_row(found || strstr(gone, word), "%s is in no set", name);
                free(name);
        }
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static void test_refused_calls(void **state UNUSED)
{
        static const char *const refused[] = {
                "add_key",
                "request_key",
                "keyctl",
                "bpf",
                "perf_event_open",
                "ptrace",
                "kcmp",
                "process_vm_readv",
                "process_vm_writev",
                "pidfd_getfd",
                "userfaultfd",
                "io_uring_setup",
                "io_uring_enter",
                "io_uring_register",
                "mount",
                "umount2",
                "pivot_root",
                "open_tree",
                "move_mount",
                "fsopen",
                "fsconfig",
                "fsmount",
                "fspick",
                "mount_setattr",
                "open_by_handle_at",
                "fanotify_init",
                "quotactl",
                "clock_settime",
                "settimeofday",
                "adjtimex",
                "acct",
                "syslog",
                "init_module",
                "finit_module",
                "delete_module",
                "kexec_load",
                "kexec_file_load",
                "reboot",
                "swapon",
                "swapoff",
                "unshare",
                "setns",
                "chroot",
                "sethostname",
                "iopl",
                "ioperm",
                "move_pages",
                "lookup_dcookie",
                "process_madvise",
        };
        static const char *const allowed[] = {
                "read",       "write",       "openat", "execve", "futex",        "mmap",
                "epoll_wait", "exit_group",  "kill",   "sendto", "rt_sigreturn", "landlock_restrict_self",
                "seccomp",    "memfd_create"};
        Filter f;
        compile(&usual, &f);
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                assert_row(call_on(&f, refused[i], 0, 0, 0) == REFUSE, "%s", refused[i]);
        for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
                assert_row(call_on(&f, allowed[i], 1, 2, 3) == ALLOW, "%s", allowed[i]);
        assert_int_equal(call_on(&f, "clone3", 0, 0, 0), UNKNOWN);
        filter_done(&f);
}

/* Before anything else: a number means another call elsewhere. */
static void test_architecture(void **state UNUSED)
{
        Filter f;
        struct seccomp_data data = {.nr = 0, .arch = seccomp_arch_native()};
        compile(&usual, &f);
        data.arch ^= 1;
        assert_int_equal(verdict(&f, &data), KILL);
        data.arch = SCMP_ARCH_X86;
        assert_int_equal(verdict(&f, &data), KILL);
        data.arch = seccomp_arch_native();
        for (uint32_t nr = 440; nr < 0x40000000; nr += nr < 2000 ? 1 : 0x1234567) {
                data.nr = (int)nr;
                int v = verdict(&f, &data);
                assert_row(nr < 1024 ? v == UNKNOWN || v == ALLOW || v == REFUSE : v == UNKNOWN, "%u: %d", nr,
                           v);
        }
        if (seccomp_arch_native() == SCMP_ARCH_X86_64)
                for (uint64_t nr = 0x40000000; nr <= UINT32_MAX; nr += 0x8000001) {
                        data.nr = (int)(uint32_t)nr;
                        assert_row(verdict(&f, &data) == KILL, "x32 %llx", (unsigned long long)nr);
                }
        filter_done(&f);
}

typedef struct ArgumentRow {
        const char *call;
        uint64_t a, b, c;
        int want;
} ArgumentRow;

#define HIGH 0x700000000ULL /* what the kernel does not look at in an int */

static void test_arguments(void **state UNUSED)
{
        static const ArgumentRow rows[] = {
                {"ioctl", 0, TIOCSTI, 0, REFUSE},
                {"ioctl", 0, HIGH | TIOCSTI, 0, REFUSE},
                {"ioctl", 0, TIOCLINUX, 0, REFUSE},
                {"ioctl", 0, TIOCGWINSZ, 0, ALLOW},
                {"prctl", PR_SET_PDEATHSIG, 0, 0, REFUSE},
                {"prctl", HIGH | PR_SET_PDEATHSIG, HIGH, 0, REFUSE},
                {"prctl", PR_SET_PDEATHSIG, 9, 0, ALLOW},
                {"prctl", PR_SET_NAME, 0, 0, ALLOW},
                {"clone", SIGCHLD, 0, 0, ALLOW},
                {"clone", CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, ALLOW},
                {"clone", CLONE_NEWUSER | SIGCHLD, 0, 0, REFUSE},
                {"clone", CLONE_NEWNS, 0, 0, REFUSE},
                {"clone", CLONE_NEWPID, 0, 0, REFUSE},
                {"clone", CLONE_NEWNET, 0, 0, REFUSE},
                {"clone", CLONE_NEWIPC, 0, 0, REFUSE},
                {"clone", CLONE_NEWUTS, 0, 0, REFUSE},
                {"clone", CLONE_NEWCGROUP, 0, 0, REFUSE},
                {"clone", HIGH | CLONE_NEWUSER, 0, 0, REFUSE},
                {"personality", 0, 0, 0, ALLOW},
                {"personality", 0xffffffff, 0, 0, ALLOW},
                {"personality", 0x40000, 0, 0, REFUSE}, /* ADDR_NO_RANDOMIZE */
                {"socket", AF_UNIX, SOCK_STREAM, 0, ALLOW},
                {"socket", AF_UNIX, SOCK_SEQPACKET, 0, ALLOW},
                {"socket", AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ALLOW},
                {"socket", AF_INET6, SOCK_STREAM, 6, ALLOW},
                {"socket", AF_INET6, SOCK_DGRAM, 17, ALLOW},
                {"socket", AF_INET, SOCK_RAW, 1, REFUSE},
                {"socket", AF_INET, SOCK_RAW, 0, REFUSE},
                {"socket", AF_INET, SOCK_DGRAM, 1, REFUSE}, /* ping */
                {"socket", AF_INET, SOCK_STREAM, 132, REFUSE},
                {"socket", AF_NETLINK, SOCK_RAW, 0, ALLOW},
                {"socket", AF_NETLINK, SOCK_RAW, 9, REFUSE},
                {"socket", 38, SOCK_SEQPACKET, 0, REFUSE}, /* ALG */
                {"socket", 40, SOCK_STREAM, 0, REFUSE},    /* VSOCK */
                {"socket", 17, SOCK_RAW, 0, REFUSE},       /* PACKET */
                {"socketpair", AF_UNIX, SOCK_STREAM, 0, ALLOW},
        };
        Filter f;
        compile(&usual, &f);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(call_on(&f, rows[i].call, rows[i].a, rows[i].b, rows[i].c) == rows[i].want,
                           "%zu %s: %d", i, rows[i].call,
                           call_on(&f, rows[i].call, rows[i].a, rows[i].b, rows[i].c));
        filter_done(&f);
}

static void test_fewer_sockets(void **state UNUSED)
{
        Filter f;
        compile(&(SeccompArgs){0}, &f);
        assert_int_equal(call_on(&f, "socket", AF_UNIX, SOCK_STREAM, 0), REFUSE);
        assert_int_equal(call_on(&f, "socket", AF_INET, SOCK_STREAM, 0), REFUSE);
        assert_int_equal(call_on(&f, "socket", AF_NETLINK, SOCK_RAW, 0), REFUSE);
        assert_int_equal(call_on(&f, "socketpair", AF_UNIX, SOCK_STREAM, 0), ALLOW);
        filter_done(&f);
}

static void test_untouchable(void **state UNUSED)
{
        static const pid_t pids[] = {4321, 77, 0};
        static const ArgumentRow rows[] = {
                {"kill", 4321, 9, 0, REFUSE},
                {"kill", (uint64_t)-4321, 9, 0, REFUSE},
                {"kill", 77, 0, 0, REFUSE},
                {"kill", UINT64_MAX, 9, 0, REFUSE},
                {"kill", UINT32_MAX, 9, 0, REFUSE},
                {"kill", 0, 9, 0, ALLOW}, /* its own group */
                {"kill", 4322, 9, 0, ALLOW},
                {"tgkill", 4321, 4321, 9, REFUSE},
                {"tkill", 77, 9, 0, REFUSE},
                {"rt_sigqueueinfo", 4321, 9, 0, REFUSE},
                {"pidfd_send_signal", 5, 9, 0, REFUSE},
                {"prlimit64", 0, 7, 0, ALLOW},
                {"prlimit64", 4321, 7, 0, REFUSE},
                {"prlimit64", 4322, 7, 0, REFUSE},
                {"prlimit64", 4321ULL << 32, 7, 0, ALLOW}, /* the kernel drops the high half */
                {"sched_setaffinity", 0, 8, 0, ALLOW},
                {"sched_setaffinity", 4321, 8, 0, REFUSE},
                {"sched_setattr", 4321, 0, 0, REFUSE},
                {"sched_setparam", 4321, 0, 0, REFUSE},
                {"sched_setscheduler", 4321, 0, 0, REFUSE},
                {"setpriority", 0, 0, 19, ALLOW},
                {"setpriority", 0, 4321, 19, REFUSE},
                {"setpriority", 1, 0, 19, REFUSE}, /* a group, */
                {"setpriority", 2, 0, 19, REFUSE}, /* all of the uid */
                {"ioprio_set", 1, 0, 0, ALLOW},
                {"ioprio_set", 1, 4321, 0, REFUSE},
                {"ioprio_set", 3, 0, 0, REFUSE},
        };
        Filter f;
        compile(&(SeccompArgs){.untouchable = pids}, &f);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(call_on(&f, rows[i].call, rows[i].a, rows[i].b, rows[i].c) == rows[i].want, "%zu",
                           i);
        filter_done(&f);
        compile(&usual, &f);
        assert_int_equal(call_on(&f, "kill", UINT64_MAX, 9, 0), ALLOW);
        assert_int_equal(call_on(&f, "prlimit64", 4321, 7, 0), ALLOW);
        assert_int_equal(call_on(&f, "setpriority", 0, 4321, 19), ALLOW);
        filter_done(&f);
}

/* ---- allow and deny ---------------------------------------------------------------------------- */

static void test_lists(void **state UNUSED)
{
        static const ConfigText allow_items[] = {{.value = "ptrace"},
                                                 {.value = "@namespaces"},
                                                 {.value = "personality"}},
                                deny_items[] = {
                                        {.value = "@network"}, {.value = "ptrace"}, {.value = "shmget"}};
        const ConfigList allow = {allow_items, 3}, allow_one = {allow_items, 1}, deny = {deny_items, 3};
        Filter f;
        compile(&(SeccompArgs){.allow = &allow, .ip = true}, &f);
        assert_int_equal(call_on(&f, "ptrace", 0, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "unshare", 0, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "clone3", 0, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "clone", CLONE_NEWUSER, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "personality", 0x40000, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "bpf", 0, 0, 0), REFUSE);
        filter_done(&f);
        compile(&(SeccompArgs){.allow = &allow_one, .deny = &deny, .ip = true}, &f); /* deny wins */
        assert_int_equal(call_on(&f, "ptrace", 0, 0, 0), REFUSE);
        assert_int_equal(call_on(&f, "socket", AF_INET, SOCK_STREAM, 0), REFUSE);
        assert_int_equal(call_on(&f, "connect", 0, 0, 0), REFUSE);
        assert_int_equal(call_on(&f, "shmget", 0, 0, 0), REFUSE);
        assert_int_equal(call_on(&f, "shmat", 0, 0, 0), ALLOW);
        assert_int_equal(call_on(&f, "sendto", 0, 0, 0), ALLOW);
        filter_done(&f);
}

static void test_names(void **state UNUSED)
{
        static const struct {
                const char *name, *say;
        } rows[] = {
                {"openat", NULL},
                {"@ptrace", NULL},
                {"fadvise64_64", NULL}, /* of other machines */
                {"opnat", "did you mean openat?"},
                {"@keyrings", "did you mean @keyring?"},
                {"@", "is no system call"},
                {"", "is no system call"},
                {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                 "is no system call"},
        };
        CLEANUP(arena_done) Arena arena = ARENA_INIT(SIZE_MAX / 4);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *why = seccomp_check_name(span_of(rows[i].name), &arena);
                assert_row(rows[i].say ? why && strstr(why, rows[i].say) : !why, "%s: %s", rows[i].name,
                           why ? why : "-");
        }
}

/* ---- in the kernel ---------------------------------------------------------------------------------- */

static int inside(const Filter *f)
{
        struct sock_filter *code = (void *)f->bytes.data;
        const struct sock_fprog program = {(unsigned short)(f->bytes.len / sizeof(*code)), code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                return 1;
        if (syscall(SYS_unshare, CLONE_NEWUSER) == 0 || errno != EPERM)
                return 2;
        if (syscall(SYS_clone3, NULL, 0) == 0 || errno != ENOSYS)
                return 3;
        if (ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM)
                return 4;
        if (socket(AF_INET, SOCK_RAW, 1) >= 0 || errno != EPERM)
                return 5;
        return getpid() > 0 ? 0 : 6;
}

static void test_kernel_takes_it(void **state UNUSED)
{
        Filter f;
        int status = -1;
        compile(&usual, &f);
        pid_t pid = fork();
        if (pid == 0)
                _exit(inside(&f));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        filter_done(&f);
}

static int compile_once(void *data UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(arena_done) Arena arena = ARENA_INIT(SIZE_MAX / 4);
        const char *why;
        return seccomp_compile(&usual, &arena, &b, &why);
}

static void test_out_of_memory(void **state UNUSED)
{
        (void)oom_each(compile_once, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sets),          cmocka_unit_test(test_every_call_is_decided),
                cmocka_unit_test(test_refused_calls), cmocka_unit_test(test_architecture),
                cmocka_unit_test(test_arguments),     cmocka_unit_test(test_fewer_sockets),
                cmocka_unit_test(test_untouchable),   cmocka_unit_test(test_lists),
                cmocka_unit_test(test_names),         cmocka_unit_test(test_kernel_takes_it),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
