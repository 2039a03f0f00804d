/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sandbox/apply-private.h"

/* ---- namespaces and limits --------------------------------------------------------------- */

static int apply_unshare(const ApplyStep *s)
{
        return call_result(syscall(SYS_unshare, (unsigned long)s->op->a));
}

static int apply_loopback(const ApplyStep *s UNUSED)
{
        struct ifreq request = {.ifr_name = "lo"};
        int fd = call_result(syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (fd < 0)
                return fd;
        int r = call_result(syscall(SYS_ioctl, fd, SIOCGIFFLAGS, &request));
        request.ifr_flags |= IFF_UP;
        if (r == 0)
                r = call_result(syscall(SYS_ioctl, fd, SIOCSIFFLAGS, &request));
        (void)syscall(SYS_close, fd);
        return r;
}

/* Lower only: a hard limit that is less already stays. */
static int apply_rlimit(const ApplyStep *s)
{
        struct rlimit64 limit = {s->op->b, s->op->c}, old;
        int r = call_result(syscall(SYS_prlimit64, 0, s->op->a, NULL, &old));
        if (r < 0)
                return r;
        limit.rlim_max = MIN(limit.rlim_max, old.rlim_max);
        limit.rlim_cur = MIN(limit.rlim_cur, limit.rlim_max);
        return call_result(syscall(SYS_prlimit64, 0, s->op->a, &limit, NULL));
}

/* ---- privileges ----------------------------------------------------------------------------- */

static int privilege(unsigned long what, unsigned long a, unsigned long b)
{
        return call_result(syscall(SYS_prctl, what, a, b, 0UL, 0UL));
}

static int apply_bounding(const ApplyStep *s)
{
        int r = 0;
        for (uint64_t cap = 0; r == 0 && cap <= s->op->a; cap++)
                r = privilege(PR_CAPBSET_DROP, cap, 0);
        return r == -EINVAL ? 0 : r; /* the kernel has no more of them */
}

static int apply_securebits(const ApplyStep *s)
{
        return privilege(PR_SET_SECUREBITS, s->op->a, 0);
}

static int apply_ambient(const ApplyStep *s UNUSED)
{
        return privilege(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
}

/* Looked at once more: what a filter around us swallows would be no fence. */
static int apply_capabilities(const ApplyStep *s UNUSED)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
        int r = call_result(syscall(SYS_capset, &head, data));
        if (r == 0)
                r = call_result(syscall(SYS_capget, &head, data));
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(data); i++)
                if (data[i].effective | data[i].permitted | data[i].inheritable)
                        r = -EPERM;
        return r;
}

/* ---- Landlock --------------------------------------------------------------------------------- */

enum { RULE_PATH_BENEATH = 1 };

/* execute, write-file, read-file, truncate, ioctl-dev: what a file can be given. */
#define FILE_RIGHTS (1ULL << 0 | 1ULL << 1 | 1ULL << 2 | 1ULL << 14 | 1ULL << 15)

typedef struct __attribute__((packed)) PathRule {
        uint64_t rights;
        int32_t fd;
} PathRule;

/* An older kernel takes no longer struct than it knows. */
static int apply_landlock(const ApplyStep *s)
{
        const uint64_t fenced[] = {s->op->a, s->op->b, s->op->c};
        size_t n = s->op->c ? 3 : s->op->b ? 2 : 1;
        int fd = call_result(syscall(SYS_landlock_create_ruleset, fenced, n * sizeof(*fenced), 0));
        if (fd < 0)
                return fd;
        s->apply->ruleset_fd = fd;
        return 0;
}

static int add_path(const ApplyStep *s, int fd)
{
        struct stat st;
        PathRule rule = {s->op->a, fd};
        int r = call_result(syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH));
        if (r < 0)
                return r;
        if (!S_ISDIR(st.st_mode))
                rule.rights &= FILE_RIGHTS;
        if (rule.rights == 0)
                return 0;
        return call_result(syscall(SYS_landlock_add_rule, s->apply->ruleset_fd, RULE_PATH_BENEATH, &rule, 0));
}

static int apply_landlock_path(const ApplyStep *s)
{
        int fd = call_result(syscall(SYS_openat, AT_FDCWD, s->text, O_PATH | O_CLOEXEC, 0));
        if (fd == -ENOENT && (s->op->b & STEP_OPTIONAL))
                return 0;
        if (fd < 0)
                return fd;
        int r = add_path(s, fd);
        (void)syscall(SYS_close, fd);
        return r;
}

static int apply_landlock_on(const ApplyStep *s)
{
        int fd = TAKE_FD(s->apply->ruleset_fd);
        int r = call_result(syscall(SYS_landlock_restrict_self, fd, 0));
        (void)syscall(SYS_close, fd);
        return r;
}

/* ---- seccomp ------------------------------------------------------------------------------------ */

static int apply_seccomp(const ApplyStep *s)
{
        const char *bytes = s->apply->program + s->op->bytes;
        const struct sock_fprog program = {
                .len = (unsigned short)s->op->a,
                .filter = (struct sock_filter *)(uintptr_t)bytes,
        };
        return call_result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static int (*const kinds[_STEP_MAX])(const ApplyStep *s) = {
        [STEP_UNSHARE] = apply_unshare,
        [STEP_PRIVATE] = apply_private,
        [STEP_ROOT] = apply_root,
        [STEP_DIRECTORY] = apply_directory,
        [STEP_SYMLINK] = apply_symlink,
        [STEP_BIND] = apply_bind,
        [STEP_TMPFS] = apply_tmpfs,
        [STEP_FRESH_PROC] = apply_fresh_proc,
        [STEP_MASK] = apply_mask,
        [STEP_READ_ONLY] = apply_read_only,
        [STEP_PIVOT] = apply_pivot,
        [STEP_LOOPBACK] = apply_loopback,
        [STEP_RLIMIT] = apply_rlimit,
        [STEP_BOUNDING] = apply_bounding,
        [STEP_SECUREBITS] = apply_securebits,
        [STEP_AMBIENT] = apply_ambient,
        [STEP_CAPABILITIES] = apply_capabilities,
        [STEP_LANDLOCK] = apply_landlock,
        [STEP_LANDLOCK_PATH] = apply_landlock_path,
        [STEP_LANDLOCK_ON] = apply_landlock_on,
        [STEP_SECCOMP] = apply_seccomp,
};

static bool is_text(const char *bytes, size_t size, uint32_t at)
{
        return at == 0 || (at < size && memchr(bytes + at, '\0', size - at));
}

static bool is_op(const char *bytes, size_t size, const SandboxOp *op)
{
        size_t filter = op->kind == STEP_SECCOMP ? op->a * sizeof(struct sock_filter) : 0;
        return op->kind < ARRAY_SIZE(kinds) && kinds[op->kind] && op->phase > PHASE_DAEMON &&
               op->phase < _PHASE_MAX && is_text(bytes, size, op->text) && is_text(bytes, size, op->other) &&
               op->bytes <= size && op->n_bytes <= size - op->bytes && filter == op->n_bytes &&
               op->a <= (op->kind == STEP_SECCOMP ? USHRT_MAX : UINT64_MAX);
}

int sandbox_apply_init(SandboxApply *s, const char *bytes, size_t n)
{
        const SandboxProgram *head = (const SandboxProgram *)(const void *)bytes;
        *s = (SandboxApply){.root_fd = -EBADF, .ruleset_fd = -EBADF};
        if (!bytes)
                return 0;
        if (n < sizeof(*head) || head->magic != SANDBOX_PROGRAM_MAGIC || head->size != n ||
            head->ops != sizeof(*head) || head->n > (n - sizeof(*head)) / sizeof(SandboxOp))
                return -EBADMSG;
        const SandboxOp *ops = (const SandboxOp *)(const void *)(bytes + head->ops);
        for (uint32_t i = 0; i < head->n; i++)
                if (!is_op(bytes, n, &ops[i]))
                        return -EBADMSG;
        s->program = bytes;
        return 0;
}

static int failed(const ApplyStep *s, int r, SandboxError *ret)
{
        *ret = (SandboxError){.kind = s->op->kind, .error = -r};
        for (size_t i = 0; i < sizeof(ret->detail) - 1 && s->text[i]; i++)
                ret->detail[i] = s->text[i];
        return r;
}

int sandbox_apply(SandboxApply *s, SandboxPhase phase, SandboxError *ret_error)
{
        if (!s->program)
                return 0;
        const SandboxProgram *head = (const SandboxProgram *)(const void *)s->program;
        const SandboxOp *ops = (const SandboxOp *)(const void *)(s->program + head->ops);
        for (uint32_t i = 0; i < head->n; i++) {
                if (ops[i].phase != phase)
                        continue;
                const ApplyStep step = {
                        .apply = s,
                        .op = &ops[i],
                        .text = ops[i].text ? s->program + ops[i].text : "",
                        .other = ops[i].other ? s->program + ops[i].other : "",
                };
                int r = kinds[ops[i].kind](&step);
                if (r < 0)
                        return failed(&step, r, ret_error);
        }
        return 0;
}
