/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to look into other processes, to change what they may, and to take what they have open. */
#include "support/attacker.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

static pid_t target(const AttackContext *c, const Attempt *a)
{
        return strcmp(a->text, "warden") == 0 ? c->parent : (pid_t)attack_number(c, a->text);
}

/* number: PTRACE_ATTACH, which stops it first, or PTRACE_SEIZE. */
static int trace(const AttackContext *c, const Attempt *a)
{
        pid_t pid = target(c, a);
        if (syscall(SYS_ptrace, a->number, (long)pid, 0L, 0L) < 0)
                return errno;
        if (a->number == PTRACE_ATTACH && waitpid(pid, NULL, __WALL) == pid)
                (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
        return 0;
}

static int be_traced(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        return attack_result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int own_child(const AttackContext *c, const Attempt *a)
{
        char byte;
        pid_t pid = fork();
        if (pid < 0)
                return errno;
        if (pid == 0) {
                pause();
                _exit(0);
        }
        struct iovec here = {&byte, 1}, there = {(void *)c->zeros, 1};
        int r = a->number == SYS_ptrace
                        ? attack_result(syscall(SYS_ptrace, (long)PTRACE_SEIZE, (long)pid, 0L, 0L))
                        : attack_result(process_vm_readv(pid, &here, 1, &there, 1, 0));
        (void)kill(pid, SIGKILL);
        return r;
}

/* number: SYS_process_vm_readv or _writev; with the same byte that is there. */
static int vm(const AttackContext *c, const Attempt *a)
{
        char byte = 't';
        struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)attack_number(c, a->other), 1};
        return attack_result(syscall(a->number, (long)target(c, a), &here, 1L, &there, 1L, 0L));
}

static int steal_descriptor(const AttackContext *c, const Attempt *a)
{
        int pidfd = (int)syscall(SYS_pidfd_open, (long)target(c, a), 0L);
        if (pidfd < 0)
                return errno;
        return attack_result(syscall(SYS_pidfd_getfd, (long)pidfd, 0L, 0L));
}

static int open_pidfd(const AttackContext *c, const Attempt *a)
{
        return attack_result(syscall(SYS_pidfd_open, (long)target(c, a), 0L));
}

static int compare(const AttackContext *c, const Attempt *a)
{
        return attack_result(
                syscall(SYS_kcmp, (long)target(c, a), (long)target(c, a), 2L /* KCMP_FILES */, 0L, 0L));
}

/* To what it already is. */
static int limit(const AttackContext *c, const Attempt *a)
{
        struct rlimit r;
        pid_t pid = target(c, a);
        if (prlimit(pid, RLIMIT_CPU, NULL, &r) < 0)
                return errno;
        return attack_result(prlimit(pid, RLIMIT_CPU, &r, NULL));
}

static int read_limit(const AttackContext *c, const Attempt *a)
{
        struct rlimit r;
        return attack_result(prlimit(target(c, a), RLIMIT_CPU, NULL, &r));
}

static int weaken(const AttackContext *c, const Attempt *a)
{
        errno = 0;
        int now = getpriority(PRIO_PROCESS, (id_t)target(c, a));
        if (errno != 0)
                return errno;
        return attack_result(setpriority(PRIO_PROCESS, (id_t)target(c, a), now));
}

static int pin(const AttackContext *c, const Attempt *a)
{
        cpu_set_t set;
        if (sched_getaffinity(target(c, a), sizeof(set), &set) < 0)
                return errno;
        return attack_result(sched_setaffinity(target(c, a), sizeof(set), &set));
}

static int schedule(const AttackContext *c, const Attempt *a)
{
        struct sched_param p = {0};
        return attack_result(sched_setscheduler(target(c, a), SCHED_OTHER, &p));
}

static int io_class(const AttackContext *c, const Attempt *a)
{
        enum { WHO_PROCESS = 1, BEST_EFFORT_4 = 2 << 13 | 4 };
        return attack_result(
                syscall(SYS_ioprio_set, (long)WHO_PROCESS, (long)target(c, a), (long)BEST_EFFORT_4));
}

static int move_pages_of(const AttackContext *c, const Attempt *a)
{
        return attack_result(syscall(SYS_move_pages, (long)target(c, a), 0L, 0L, 0L, 0L, 0L));
}

static int robust_list(const AttackContext *c, const Attempt *a)
{
        void *head;
        size_t length;
        return attack_result(syscall(SYS_get_robust_list, (long)target(c, a), &head, &length));
}

/* Advice that changes nothing, or nothing to release: the process is not dying. */
static int by_pidfd(const AttackContext *c, const Attempt *a)
{
        char byte = 0;
        struct iovec v = {&byte, 0};
        int pidfd = (int)syscall(SYS_pidfd_open, (long)getpid(), 0L);
        (void)c;
        return attack_result(a->number == SYS_process_madvise
                                     ? syscall(a->number, (long)pidfd, &v, 1L, 20L /* MADV_COLD */, 0L)
                                     : syscall(a->number, (long)pidfd, 0L));
}

/* ---- System V and POSIX, by names that the sibling has made ---------------------------------- */

static int shared_memory(const AttackContext *c, const Attempt *a)
{
        int id = shmget((key_t)attack_number(c, a->text), 1, 0600);
        void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
        return at == (void *)-1 ? errno : 0; // NOLINT: the value that shmat() fails with
}

static int semaphore(const AttackContext *c, const Attempt *a)
{
        return attack_result(semget((key_t)attack_number(c, a->text), 1, 0600));
}

static int queue(const AttackContext *c, const Attempt *a)
{
        return attack_result(msgget((key_t)attack_number(c, a->text), 0600));
}

/* clang-format off */
#define NONE_SUCH .standard = "ESRCH", .plain = "EPERM"
const Attempt attack_process[] = {
        {"ptrace-attach-sibling", trace, "sibling", .number = PTRACE_ATTACH, .as = AS_UID},
        {"ptrace-seize-sibling", trace, "sibling", .number = PTRACE_SEIZE, .as = AS_UID},
        {"ptrace-seize-supervisor", trace, "supervisor", .number = PTRACE_SEIZE},
        {"ptrace-seize-gateway", trace, "gateway", .number = PTRACE_SEIZE},
        {"ptrace-seize-warden", trace, "warden", .number = PTRACE_SEIZE},
        {"ptrace-traceme", be_traced, .unfenced = "done"},
        {"ptrace-own-child", own_child, .number = SYS_ptrace},
        {"vm-read-sibling", vm, "sibling", "sibling_address", .number = SYS_process_vm_readv, .as = AS_UID},
        {"vm-write-sibling", vm, "sibling", "sibling_address", .number = SYS_process_vm_writev, .as = AS_UID, .unfenced = "EFAULT", .note = "its secret is constant: a write that is allowed fails at the page"},
        {"vm-read-supervisor", vm, "supervisor", "supervisor_address", .number = SYS_process_vm_readv},
        {"vm-read-gateway", vm, "gateway", "gateway_address", .number = SYS_process_vm_readv},
        {"vm-read-own-child", own_child, .number = SYS_process_vm_readv},
        {"pidfd-open-sibling", open_pidfd, "sibling", .standard = "ESRCH", .plain = "done", .as = AS_UID, .note = "it names a process, and gives no right over it"},
        {"pidfd-getfd-sibling", steal_descriptor, "sibling", .standard = "ESRCH", .plain = "EPERM", .as = AS_UID},
        {"pidfd-getfd-supervisor", steal_descriptor, "supervisor", NONE_SUCH},
        {"pidfd-getfd-gateway", steal_descriptor, "gateway", NONE_SUCH},
        {"pidfd-getfd-warden", steal_descriptor, "warden", .unfenced = "done"},
        {"kcmp-sibling", compare, "sibling", .as = AS_UID, .unfenced = "done ENOSYS"},
        {"process-madvise", by_pidfd, .number = SYS_process_madvise},
        {"process-mrelease", by_pidfd, .number = SYS_process_mrelease, .unfenced = "EINVAL"},
        {"limit-sibling", limit, "sibling", .as = AS_UID, NONE_SUCH},
        {"limit-supervisor", limit, "supervisor", NONE_SUCH},
        {"read-limit-gateway", read_limit, "gateway", NONE_SUCH},
        {"nice-sibling", weaken, "sibling", .as = AS_UID, NONE_SUCH},
        {"nice-supervisor", weaken, "supervisor", NONE_SUCH},
        {"nice-everybody", attack_call, .number = SYS_setpriority, .args = {PRIO_USER, 0, 19}, .as = AS_UID, .standard = "done", .rootless = "done EPERM", .plain = "EPERM", .note = "all of its uid that its pid namespace holds: itself"},
        {"affinity-sibling", pin, "sibling", .as = AS_UID, NONE_SUCH},
        {"affinity-supervisor", pin, "supervisor", NONE_SUCH},
        {"scheduler-sibling", schedule, "sibling", .as = AS_UID, NONE_SUCH},
        {"scheduler-gateway", schedule, "gateway", NONE_SUCH},
        {"ioprio-sibling", io_class, "sibling", .as = AS_UID, NONE_SUCH},
        {"ioprio-supervisor", io_class, "supervisor", NONE_SUCH},
        {"robust-list-supervisor", robust_list, "supervisor", NONE_SUCH},
        {"robust-list-sibling", robust_list, "sibling", NONE_SUCH, .as = AS_UID},
        {"move-pages-sibling", move_pages_of, "sibling", .as = AS_UID, .unfenced = "done ENOSYS"},
        {"shm-sibling", shared_memory, "ipc_key", .standard = "ENOENT", .plain = "done", .as = AS_UID,
         .note = "without an ipc namespace keys are the machine's, as status tells (ipcns)"},
        {"sem-sibling", semaphore, "ipc_key", .standard = "ENOENT", .plain = "done", .as = AS_UID,
         .note = "without an ipc namespace keys are the machine's, as status tells (ipcns)"},
        {"msg-sibling", queue, "ipc_key", .standard = "ENOENT", .plain = "done", .as = AS_UID,
         .note = "without an ipc namespace keys are the machine's, as status tells (ipcns)"},
        {0},
};
/* clang-format on */
