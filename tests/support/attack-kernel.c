/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts at the parts of the kernel that servers have no business with.
 * Those that could do harm have arguments that are looked at after the right
 * to call it, and are wrong: EINVAL, EBADF or EFAULT say that it was had.
 */
#include "support/attacker.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/fanotify.h>

enum { AFTER_RIGHTS = 1 };

static int count_event(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_CPU_CLOCK,
        };
        return attack_result(syscall(SYS_perf_event_open, &attr, 0L, -1L, -1L, 0L));
}

/* A map of one number. */
static int make_map(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        struct {
                uint32_t type, key, value, entries, rest[28];
        } attr = {2 /* BPF_MAP_TYPE_ARRAY */, 4, 4, 1, {0}};
        return attack_result(syscall(SYS_bpf, 0L /* BPF_MAP_CREATE */, &attr, sizeof(attr)));
}

static int ring(const AttackContext *c, const Attempt *a UNUSED)
{
        return attack_result(syscall(SYS_io_uring_setup, 1L, c->zeros));
}

static int key(const AttackContext *c UNUSED, const Attempt *a)
{
        enum { PROCESS_KEYRING = -2 };
        return attack_result(syscall(SYS_add_key, a->text, "attacker", "x", 1L, (long)PROCESS_KEYRING));
}

static int watch_all(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(fanotify_init((unsigned)a->number | FAN_CLOEXEC, O_RDONLY));
}

static int set_name(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(a->number, "attacker", 8L));
}

static int by_name(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(a->number, a->text, 0L));
}

/* clang-format off */
#define CALL(name) attack_call, .number = SYS_##name
#define WRONG .note = "wrong arguments, looked at after the right"
const Attempt attack_kernel[] = {
        {"bpf-map", make_map, .unfenced = "done"},
        {"bpf-program", CALL(bpf), .args = {5, ZEROS, 48}, .unfenced = "E2BIG", .note = "a program of no instructions"},
        {"perf-event", count_event, .unfenced = "done"},
        {"io-uring-setup", ring, .unfenced = "done ENOSYS"},
        {"io-uring-enter", CALL(io_uring_enter), .args = {UINT64_MAX, 0, 0, 0}, .unfenced = "EBADF ENOSYS EINVAL"},
        {"io-uring-register", CALL(io_uring_register), .args = {UINT64_MAX, 0, 0, 0}, .unfenced = "EBADF ENOSYS EINVAL"},
        {"userfaultfd", CALL(userfaultfd), .args = {0}},
        {"userfaultfd-user", CALL(userfaultfd), .args = {AFTER_RIGHTS}},
        {"add-key", key, "user", .unfenced = "done"},
        {"add-keyring", key, "keyring", .unfenced = "EINVAL", .note = "a keyring has no contents"},
        {"request-key", CALL(request_key), .args = {ZEROS, ZEROS, 0, 0}, .unfenced = "EINVAL ENOKEY ENOENT"},
        {"keyctl-session", CALL(keyctl), .args = {1, 0}, .note = "a new session keyring, of this process alone"},
        {"keyctl-id", CALL(keyctl), .args = {0, (uint64_t)-4, 0}},
        {"fanotify-init", watch_all, .number = FAN_CLASS_CONTENT},
        {"fanotify-init-user", watch_all, .number = FAN_CLASS_NOTIF | FAN_REPORT_FID},
        {"fanotify-mark", CALL(fanotify_mark), .args = {UINT64_MAX, FAN_MARK_ADD, FAN_OPEN, (uint64_t)AT_FDCWD, ZEROS}, .unfenced = "EBADF"},
        {"name-to-handle", CALL(name_to_handle_at), .args = {UINT64_MAX, ZEROS, ZEROS, ZEROS, 0}, .unfenced = "EINVAL EOVERFLOW ENOENT EBADF"},
        {"open-by-handle", CALL(open_by_handle_at), .args = {UINT64_MAX, ZEROS, 0}, .unfenced = "EBADF EINVAL"},
        {"quotactl", CALL(quotactl), .args = {0x80000100, 0, 0, 0}, .unfenced = "done ENOSYS EINVAL ENODEV", .note = "writes quotas to the disk"},
        {"quotactl-fd", CALL(quotactl_fd), .args = {UINT64_MAX, 0x80000100, 0, 0}, .unfenced = "EBADF ENOSYS"},
        {"acct", by_name, "/nonexistent/file", .number = SYS_acct, .unfenced = "ENOENT ENOSYS"},
        {"swapon", by_name, "/nonexistent/file", .number = SYS_swapon, .unfenced = "ENOENT ENOSYS"},
        {"swapoff", by_name, "/nonexistent/file", .number = SYS_swapoff, .unfenced = "ENOENT ENOSYS EINVAL"},
        {"reboot", CALL(reboot), .args = {1, 1, 1, 0}, .unfenced = "EINVAL", .note = "the magic numbers are wrong"},
        {"kexec-load", CALL(kexec_load), .args = {0, 100, ZEROS, 0}, .unfenced = "EINVAL ENOSYS", WRONG},
        {"kexec-file-load", CALL(kexec_file_load), .args = {UINT64_MAX, UINT64_MAX, 0, 0, UINT64_MAX}, .unfenced = "EINVAL ENOSYS", WRONG},
        {"init-module", CALL(init_module), .args = {ZEROS, 16, ZEROS}, .unfenced = "ENOEXEC ENOSYS", WRONG},
        {"finit-module", CALL(finit_module), .args = {UINT64_MAX, ZEROS, 0}, .unfenced = "EBADF ENOSYS", WRONG},
        {"delete-module", by_name, "no_such_module", .number = SYS_delete_module, .unfenced = "ENOENT ENOSYS", WRONG},
        {"settimeofday", CALL(settimeofday), .args = {0, 0}, .note = "neither a time nor a zone: nothing is set"},
        {"clock-settime", CALL(clock_settime), .args = {0, 0}, .unfenced = "EFAULT", WRONG},
        {"clock-settime-monotonic", CALL(clock_settime), .args = {1, ZEROS}, .unfenced = "EINVAL"},
        {"adjtimex", CALL(adjtimex), .args = {ZEROS}, .note = "asks only"},
        {"clock-adjtime", CALL(clock_adjtime), .args = {0, ZEROS}, .note = "asks only"},
        {"syslog-size", CALL(syslog), .args = {10, 0, 0}},
        {"syslog-unread", CALL(syslog), .args = {9, 0, 0}},
        {"syslog-read-all", CALL(syslog), .args = {3, ZEROS, 4096}},
        {"syslog-console", CALL(syslog), .args = {8, 0, 100}, .unfenced = "EINVAL", .note = "no such level"},
        {"vhangup", CALL(vhangup), .note = "it has no terminal"},
        {"sethostname", set_name, .number = SYS_sethostname},
        {"setdomainname", set_name, .number = SYS_setdomainname},
        {"personality-linux32", CALL(personality), .args = {8}},
        {"personality-read-implies-exec", CALL(personality), .args = {0x0400000}},
        {"personality-no-randomize", CALL(personality), .args = {0x0040000}},
        {"personality-high", CALL(personality), .args = {0x100040000}, .note = "the kernel drops the high half, a filter must too"},
        {"memfd-secret", CALL(memfd_secret), .args = {0}, .unfenced = "done ENOSYS"},
        {"migrate-pages", CALL(migrate_pages), .args = {0, 0, 0, 0}, .unfenced = "EINVAL ENOSYS", .note = "to no node"},
        {"sysfs-call", CALL(sysfs), .args = {3}, .unfenced = "done ENOSYS"},
        {"ustat", CALL(ustat), .args = {UINT64_MAX, ZEROS}, .unfenced = "EINVAL ENOSYS"},
#if defined(__x86_64__)
        {"iopl", CALL(iopl), .args = {3}, .unfenced = "done ENOSYS", .note = "of this process alone"},
        {"ioperm", CALL(ioperm), .args = {0x80, 1, 1}, .unfenced = "done ENOSYS", .note = "of this process alone"},
        {"modify-ldt", CALL(modify_ldt), .args = {0, ZEROS, 16}, .unfenced = "done ENOSYS"},
#endif
        {0},
};
/* clang-format on */
