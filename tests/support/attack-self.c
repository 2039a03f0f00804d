/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to become more than it is: ids, capabilities, limits, and to outlive its warden. */
#include "support/attacker.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int control(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(SYS_prctl, a->args[0], a->args[1], a->args[2], a->args[3], a->args[4]));
}

/* A file system id is changed silently or not at all: the next call tells. */
static int file_id(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        (void)syscall(SYS_setfsuid, 0L);
        return syscall(SYS_setfsuid, -1L) == 0 ? 0 : EPERM;
}

static int root_group(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        gid_t none = 0;
        return attack_result(syscall(SYS_setgroups, 1L, &none));
}

/* number: a capability, to be had in all sets. */
static int gain(const AttackContext *c UNUSED, const Attempt *a)
{
        struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2] = {{0}, {0}};
        data[a->number / 32].effective = data[a->number / 32].permitted = 1U << (a->number % 32);
        return attack_result(syscall(SYS_capset, &head, data));
}

/* What a program that it runs would have: of what it may hand on. */
static int raise_ambient(const AttackContext *c UNUSED, const Attempt *a)
{
        struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2];
        if (syscall(SYS_capget, &head, data) < 0)
                return errno;
        data[0].inheritable |= 1U << a->number;
        if (syscall(SYS_capset, &head, data) < 0)
                return errno;
        return attack_result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, a->number, 0, 0));
}

static int raise_limit(const AttackContext *c UNUSED, const Attempt *a)
{
        struct rlimit now;
        if (getrlimit((__rlimit_resource_t)a->number, &now) < 0)
                return errno;
        if (now.rlim_max == RLIM_INFINITY)
                return 0;
        now.rlim_max++;
        return attack_result(setrlimit((__rlimit_resource_t)a->number, &now));
}

/* A core that a program is piped into: 1 is as good as none, and its limit cannot be raised. */
static int leave_core(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        struct rlimit all = {1 << 20, 1 << 20};
        return attack_result(setrlimit(RLIMIT_CORE, &all));
}

static int be_nice(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(setpriority(PRIO_PROCESS, 0, (int)a->number));
}

/* number: a class of real time. */
static int be_real_time(const AttackContext *c UNUSED, const Attempt *a)
{
        struct sched_param p = {.sched_priority = 1};
        int r = attack_result(sched_setscheduler(0, (int)a->number, &p));
        struct sched_param usual = {0};
        (void)sched_setscheduler(0, SCHED_OTHER, &usual);
        return r;
}

static int have_deadline(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        enum { PERIOD = 100000000, RUNTIME = 1000000 };
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } attr = {sizeof(attr), SCHED_DEADLINE, 0, 0, 0, RUNTIME, PERIOD, PERIOD};
        return attack_result(syscall(SYS_sched_setattr, 0L, &attr, 0L));
}

/* A program in memory, where no path stands for it: it runs, and behind the same fence. */
static int from_memory(const AttackContext *c, const Attempt *a)
{
        char buf[65536];
        ssize_t n = 0;
        FILE *from = fopen("/proc/self/exe", "re");
        int fd = memfd_create("attacker", MFD_CLOEXEC), status;
        if (!from || fd < 0)
                return errno;
        while ((n = (ssize_t)fread(buf, 1, sizeof(buf), from)) > 0)
                if (write(fd, buf, (size_t)n) != n)
                        return errno;
        (void)c;
        pid_t pid = fork();
        if (pid == 0) {
                const char *argv[] = {"attacker", a->other, NULL}, *envp[] = {NULL};
                (void)syscall(SYS_execveat, (long)fd, "", argv, envp, 0x1000L /* AT_EMPTY_PATH */);
                _exit(errno);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                attack_broken();
        return WEXITSTATUS(status);
}

/* clang-format off */
#define CALL(name) attack_call, .number = SYS_##name
/* In a user namespace of one id there is no other to become. */
#define UNMAPPED .rootless = "EPERM EINVAL"
#define PRCTL(...) control, .args = {__VA_ARGS__}
const Attempt attack_self[] = {
        {"setuid-root", CALL(setuid), .args = {0}, UNMAPPED},
        {"setgid-root", CALL(setgid), .args = {0}, UNMAPPED},
        {"setreuid-root", CALL(setreuid), .args = {0, 0}, UNMAPPED},
        {"setresuid-root", CALL(setresuid), .args = {UINT64_MAX, 0, UINT64_MAX}, UNMAPPED},
        {"setresgid-root", CALL(setresgid), .args = {0, 0, 0}, UNMAPPED},
        {"setfsuid-root", file_id, .unfenced = "done"},
        {"setgroups", root_group, .unfenced = "done"},
        {"setgroups-none", CALL(setgroups), .args = {0, 0}},
        {"setuid-other", CALL(setuid), .args = {61183}, UNMAPPED},
        {"capset-sys-admin", gain, .number = CAP_SYS_ADMIN},
        {"capset-net-raw", gain, .number = CAP_NET_RAW},
        {"capset-dac-override", gain, .number = CAP_DAC_OVERRIDE},
        {"capset-bpf", gain, .number = 39 /* CAP_BPF */},
        {"ambient-raise", raise_ambient, .number = CAP_NET_RAW},
        {"bounding-drop", PRCTL(PR_CAPBSET_DROP, CAP_SYS_BOOT), .note = "of this process alone"},
        {"securebits-clear", PRCTL(PR_SET_SECUREBITS, 0)},
        {"securebits-set", PRCTL(PR_SET_SECUREBITS, SECBIT_NOROOT)},
        {"keepcaps", PRCTL(PR_SET_KEEPCAPS, 1), .plain = "EPERM done", .note = "without securebits it may be set, and keeps nothing"},
        {"outlive-warden", PRCTL(PR_SET_PDEATHSIG, 0)},
        {"outlive-warden-high", PRCTL(PR_SET_PDEATHSIG | (1ULL << 32), 0), .note = "the kernel drops the high half of an option"},
        {"io-flusher", PRCTL(57 /* PR_SET_IO_FLUSHER */, 1, 0, 0, 0), .needs = "cap:SYS_RESOURCE"},
        {"limit-files", raise_limit, .number = RLIMIT_NOFILE, .needs = "cap:SYS_RESOURCE"},
        {"limit-core", leave_core, .needs = "cap:SYS_RESOURCE"},
        {"limit-locked", raise_limit, .number = RLIMIT_MEMLOCK, .standard = "EPERM done", .needs = "cap:SYS_RESOURCE", .note = "done: it was without limit"},
        {"limit-nice", raise_limit, .number = RLIMIT_NICE, .needs = "cap:SYS_RESOURCE"},
        {"limit-real-time", raise_limit, .number = RLIMIT_RTPRIO, .needs = "cap:SYS_RESOURCE"},
        {"nice", be_nice, .number = -20, .standard = "EACCES EPERM"},
        {"real-time-fifo", be_real_time, .number = SCHED_FIFO, .unfenced = "done EPERM", .needs = "cap:SYS_NICE"},
        {"real-time-rr", be_real_time, .number = SCHED_RR, .unfenced = "done EPERM", .needs = "cap:SYS_NICE"},
        {"deadline", have_deadline, .unfenced = "done EPERM EBUSY", .needs = "cap:SYS_NICE"},
        {"ioprio-real-time", CALL(ioprio_set), .args = {1, 0, 1 << 13}, .needs = "cap:SYS_NICE"},
        {"memory-exec-unshare", from_memory, .other = "unshare", .note = "the program runs, and what it tries is refused"},
        {"memory-exec-raw", from_memory, .other = "raw"},
        {"memory-exec-root", from_memory, .other = "euid"},
        {0},
};
/* clang-format on */
