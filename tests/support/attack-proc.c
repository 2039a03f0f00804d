/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by way of /proc: what other processes and the kernel show there, and take from there. */
#include "support/attacker.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Where the descriptor, the root or the program of another process leads. */
static int follow(const AttackContext *c, const Attempt *a)
{
        char path[512], target[512];
        snprintf(path, sizeof(path), "/proc/%s/%s", attack_place(c, a->text), a->other);
        return attack_result(readlink(path, target, sizeof(target)));
}

static int file_of(const AttackContext *c, const Attempt *a)
{
        char path[512];
        snprintf(path, sizeof(path), "/proc/%s/%s", attack_place(c, a->text), attack_place(c, a->other));
        Attempt file = {.text = path, .number = a->number};
        return attack_open(c, &file);
}

/* Is it said of any of them where it leads? */
static int any_descriptor(const AttackContext *c, const Attempt *a)
{
        char path[64], target[512];
        snprintf(path, sizeof(path), "/proc/%s/fd", attack_place(c, a->text));
        DIR *d = opendir(path);
        int r = d ? ENODATA : errno;
        for (struct dirent *e; d && r != 0 && (e = readdir(d));)
                if (e->d_name[0] != '.')
                        r = attack_result(readlinkat(dirfd(d), e->d_name, target, sizeof(target)));
        return r;
}

static int there(const AttackContext *c, const Attempt *a)
{
        char path[64];
        struct stat st;
        snprintf(path, sizeof(path), "/proc/%s", attack_place(c, a->text));
        return attack_result(stat(path, &st));
}

static int memory_of(const AttackContext *c, const Attempt *a)
{
        char path[64], byte;
        snprintf(path, sizeof(path), "/proc/%s/mem", attack_place(c, a->text));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno;
        return pread(fd, &byte, 1, (off_t)attack_number(c, a->other)) == 1 ? 0 : errno;
}

static int descriptor_of(const AttackContext *c, const Attempt *a)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%s/fd/%ld", attack_place(c, a->text), attack_number(c, a->other));
        Attempt file = {.text = path, .number = O_RDONLY};
        return attack_open(c, &file);
}

static int warden(const AttackContext *c, const Attempt *a)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)c->parent, a->text);
        Attempt file = {.text = path, .number = a->number};
        return attack_open(c, &file);
}

static int write_self(const AttackContext *c, const Attempt *a)
{
        int fd = open(a->text, O_WRONLY | O_CLOEXEC);
        (void)c;
        return fd < 0 ? errno : attack_result(write(fd, a->other, strlen(a->other)));
}

/* What is there already: to be allowed is enough. */
static int write_of(const AttackContext *c, const Attempt *a)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%s/%s", attack_place(c, a->text), a->other);
        Attempt same = {.text = path, .other = strcmp(a->other, "clear_refs") == 0 ? "1" : "0"};
        return write_self(c, &same);
}

static int addresses(const AttackContext *c UNUSED, const Attempt *a)
{
        char line[512];
        int r = ENODATA;
        FILE *f = fopen(a->text, "re");
        if (!f)
                return errno;
        while (r != 0 && fgets(line, sizeof(line), f))
                r = strtoull(line, NULL, 16) != 0 ? 0 : ENODATA;
        (void)fclose(f);
        return r;
}

/* clang-format off */
#define REACHED .standard = "ENOENT", .plain = "done", .as = AS_UID, .note = "who has its uid may; only a pid namespace hides it (pidns)"
#define FIRST     .standard = "EACCES EPERM"
#define NO_FIRST  .standard = "EACCES EPERM ENOENT"
#define GONE      .standard = "ENOENT", .plain = "EACCES EPERM"
#define LOCKED    .standard = "EROFS EACCES ENOENT", .plain = "EACCES ENOENT"
#define MASKED    .standard = "EACCES ENODATA ENXIO ENOENT EROFS", .plain = "EACCES ENOENT EPERM"
#define OPENED    .number = O_WRONLY, .note = "opened only"
const Attempt attack_proc[] = {
        {"init-root", attack_open, "/proc/1/root/root/secret", NO_FIRST},
        {"init-cwd", follow, "1", "cwd", FIRST},
        {"init-exe", follow, "1", "exe", FIRST},
        {"init-environ", attack_open, "/proc/1/environ", FIRST},
        {"init-auxv", attack_open, "/proc/1/auxv", FIRST},
        {"init-maps", attack_open, "/proc/1/maps", FIRST},
        {"init-mem", attack_open, "/proc/1/mem", .number = O_RDWR, FIRST},
        {"init-fd", any_descriptor, "1", .standard = "EACCES EPERM"},
        {"init-stack", attack_open, "/proc/1/stack", NO_FIRST},
        {"init-syscall", attack_open, "/proc/1/syscall", NO_FIRST},
        {"init-io", attack_open, "/proc/1/io", .standard = "EACCES EPERM ENOENT"},
        {"init-mountns", follow, "1", "ns/mnt", FIRST},
        {"init-oom", attack_open, "/proc/1/oom_score_adj", .number = O_WRONLY, NO_FIRST, .rootless = "EACCES EPERM done",
         .note = "opened only; a warden of its uid can be made to die before others, and the server with it"},
        {"init-task-mem", attack_open, "/proc/1/task/1/mem", .number = O_RDWR, FIRST},
        {"warden-environ", warden, "environ", FIRST},
        {"warden-mem", warden, "mem", .number = O_RDWR, FIRST},
        {"warden-maps", warden, "maps", FIRST},
        {"warden-root", warden, "root/root/secret", NO_FIRST},
        {"sibling-seen", there, "@sibling", .standard = "ENOENT", .plain = "done", .as = AS_UID,
         .note = "without a pid namespace processes are seen, as status tells (pidns)"},
        {"sibling-cmdline", file_of, "@sibling", "cmdline", .standard = "ENOENT", .plain = "done EACCES", .as = AS_UID,
         .note = "without a pid namespace command lines are seen, as status tells (pidns)"},
        {"sibling-environ", file_of, "@sibling", "environ", GONE, .as = AS_UID},
        {"sibling-maps", file_of, "@sibling", "maps", GONE, .as = AS_UID},
        {"sibling-smaps", file_of, "@sibling", "smaps", GONE, .as = AS_UID},
        {"sibling-pagemap", file_of, "@sibling", "pagemap", GONE, .unfenced = "EINVAL", .as = AS_UID, .note = "it was opened: one byte of it cannot be read"},
        {"sibling-auxv", file_of, "@sibling", "auxv", GONE, .as = AS_UID},
        {"sibling-mem-read", memory_of, "@sibling", "sibling_address", GONE, .as = AS_UID},
        {"sibling-mem-write", file_of, "@sibling", "mem", .number = O_RDWR, GONE, .as = AS_UID},
        {"sibling-pipe", descriptor_of, "@sibling", "sibling_fd", GONE, .as = AS_UID},
        {"sibling-stdin", file_of, "@sibling", "fd/0", .number = O_WRONLY, GONE},
        {"sibling-stdout", file_of, "@sibling", "fd/1", .number = O_WRONLY, GONE},
        {"sibling-root", follow, "@sibling", "root", GONE, .as = AS_UID},
        {"sibling-cwd", follow, "@sibling", "cwd", GONE, .as = AS_UID},
        {"sibling-exe", follow, "@sibling", "exe", GONE, .as = AS_UID},
        {"sibling-ns", follow, "@sibling", "ns/net", GONE, .as = AS_UID},
        {"sibling-syscall", file_of, "@sibling", "syscall", .standard = "ENOENT", .plain = "EACCES EPERM ENOENT", .as = AS_UID, .needs = "file:/proc/self/syscall"},
        {"sibling-clear-refs", write_of, "@sibling", "clear_refs", REACHED},
        {"sibling-oom", write_of, "@sibling", "oom_score_adj", REACHED},
        {"supervisor-oom", write_of, "@supervisor", "oom_score_adj", .standard = "ENOENT", .plain = "EACCES EPERM"},
        {"supervisor-environ", file_of, "@supervisor", "environ", GONE},
        {"supervisor-mem", file_of, "@supervisor", "mem", .number = O_RDWR, GONE},
        {"supervisor-fd", descriptor_of, "@supervisor", "supervisor_fd", GONE},
        {"supervisor-root", file_of, "@supervisor", "root/root/secret", .standard = "ENOENT", .plain = "EACCES EPERM"},
        {"gateway-mem", file_of, "@gateway", "mem", .number = O_RDWR, GONE},
        {"gateway-fd", descriptor_of, "@gateway", "gateway_fd", GONE},
        {"sys-hostname", attack_open, "/proc/sys/kernel/hostname", OPENED, LOCKED},
        {"sys-core-pattern", attack_open, "/proc/sys/kernel/core_pattern", OPENED, LOCKED},
        {"sys-modprobe", attack_open, "/proc/sys/kernel/modprobe", OPENED, LOCKED, .needs = "file:/proc/sys/kernel/modprobe"},
        {"sys-last-pid", write_self, "/proc/sys/kernel/ns_last_pid", "21000\n", .standard = "EROFS EACCES ENOENT", .plain = "EPERM EACCES ENOENT", .needs = "file:/proc/sys/kernel/ns_last_pid", .note = "of the test's own pid namespace"},
        {"sys-randomize", attack_open, "/proc/sys/kernel/randomize_va_space", OPENED, LOCKED},
        {"sys-panic", attack_open, "/proc/sys/kernel/panic", OPENED, LOCKED},
        {"sys-sysrq", attack_open, "/proc/sys/kernel/sysrq", OPENED, LOCKED, .needs = "file:/proc/sys/kernel/sysrq"},
        {"sys-forward", attack_open, "/proc/sys/net/ipv4/ip_forward", OPENED, LOCKED},
        {"sys-drop-caches", attack_open, "/proc/sys/vm/drop_caches", OPENED, LOCKED},
        {"sys-overcommit", attack_open, "/proc/sys/vm/overcommit_memory", OPENED, LOCKED},
        {"sys-links", attack_open, "/proc/sys/fs/protected_symlinks", OPENED, LOCKED},
        {"sys-binfmt", attack_open, "/proc/sys/fs/binfmt_misc/register", OPENED, LOCKED, .needs = "file:/proc/sys/fs/binfmt_misc/register"},
        {"sys-shmmax", attack_open, "/proc/sys/kernel/shmmax", OPENED, LOCKED},
        {"sysrq-trigger", attack_open, "/proc/sysrq-trigger", OPENED, LOCKED, .needs = "file:/proc/sysrq-trigger"},
        {"irq-affinity", attack_open, "/proc/irq/default_smp_affinity", OPENED, LOCKED, .needs = "file:/proc/irq/default_smp_affinity"},
        {"kcore", attack_open, "/proc/kcore", MASKED, .needs = "file:/proc/kcore"},
        {"kallsyms", addresses, "/proc/kallsyms", .standard = "EACCES ENODATA", .needs = "file:/proc/kallsyms", .note = "lines without addresses tell nothing"},
        {"keys", attack_open, "/proc/keys", .unfenced = "done ENODATA", .standard = "EACCES ENODATA ENXIO ENOENT EROFS", .plain = "done ENODATA EACCES", .needs = "file:/proc/keys", .note = "a masked /proc has none; of an unmasked one only keys that it may view anyway"},
        {"timer-list", attack_open, "/proc/timer_list", MASKED, .needs = "file:/proc/timer_list"},
        {"kpagecount", attack_open, "/proc/kpagecount", .unfenced = "done EINVAL", MASKED, .needs = "file:/proc/kpagecount"},
        {"kmsg-proc", attack_open, "/proc/kmsg", .number = O_RDWR, .standard = "EACCES EPERM ENOENT", .note = "opened only: to read it would take lines away from others"},
        {"slabinfo", attack_open, "/proc/slabinfo", .standard = "EACCES", .needs = "file:/proc/slabinfo"},
        {"vmallocinfo", attack_open, "/proc/vmallocinfo", .standard = "EACCES", .needs = "file:/proc/vmallocinfo"},
        {"kernel-pci", attack_open, "/proc/bus/pci/devices", .number = O_RDWR, LOCKED, .needs = "file:/proc/bus/pci/devices", .unfenced = "EACCES done"},
        {"self-oom", write_self, "/proc/self/oom_score_adj", "-1000", .standard = "EACCES EPERM", .needs = "cap:SYS_RESOURCE"},
        {"self-loginuid", attack_open, "/proc/self/loginuid", .number = O_WRONLY, .standard = "EACCES EPERM ENOENT done", .unfenced = "done EPERM", .needs = "file:/proc/self/loginuid", .note = "opened only; what the audit log calls it, when nobody has said so before"},
        {0},
};
/* clang-format on */
