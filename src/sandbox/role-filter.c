/* SPDX-License-Identifier: Apache-2.0 */
#include <seccomp.h>

#include "base/fd.h"
#include "sandbox/role-filter.h"

static void free_filter(scmp_filter_ctx *ctx)
{
        if (*ctx)
                seccomp_release(*ctx);
}

static int add_row(scmp_filter_ctx ctx, const RoleFilterArgs *a, const RoleCall *row)
{
        struct scmp_arg_cmp cmp[ROLE_WHEN_MAX + 1];
        unsigned n = 0;
        if (seccomp_syscall_resolve_name_arch(a->arch, row->call) < 0 || (row->journal && !a->journal))
                return 0;
        for (size_t i = 0; i < row->n; i++)
                cmp[n++] = SCMP_CMP64(row->when[i].arg, SCMP_CMP_MASKED_EQ, row->when[i].mask,
                                      row->when[i].value);
        if (row->self)
                cmp[n++] = SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)a->self);
        uint32_t action = row->verdict == ROLE_ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES);
        /* a number of the architecture that we are of, whichever it is for: the library translates */
        return seccomp_rule_add_array(ctx, action, seccomp_syscall_resolve_name(row->call), n, cmp);
}

/* A call of another architecture is no mistake of ours: no handler is asked. */
static int make(const RoleFilterArgs *a, scmp_filter_ctx ctx)
{
        enum { BINARY_TREE = 2 };
        uint32_t native = seccomp_arch_native();
        int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0)
                r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
        if (r == 0 && a->arch != native)
                r = seccomp_arch_add(ctx, a->arch);
        if (r == 0 && a->arch != native)
                r = seccomp_arch_remove(ctx, native);
        for (size_t i = 0; r == 0 && i < a->role->n; i++)
                r = add_row(ctx, a, &a->role->calls[i]);
        return r;
}

static int export_filter(scmp_filter_ctx ctx, Buf *b)
{
        CLEANUP_FD int fd = -EBADF;
        int r = fd_memfd_new("mcpvisor-filter", &fd);
        if (r == 0)
                r = seccomp_export_bpf(ctx, fd);
        if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
                r = -errno;
        return r < 0 ? r : fd_read_all(fd, b);
}

int role_filter_compile(const RoleFilterArgs *args, Buf *b)
{
        RoleFilterArgs a = *args;
        CLEANUP(free_filter) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
        if (!ctx)
                return -ENOMEM;
        if (a.arch == 0)
                a.arch = seccomp_arch_native();
        int r = make(&a, ctx);
        return r < 0 ? r : export_filter(ctx, b);
}

void role_call_name(uint64_t number, char *ret, size_t size)
{
        char *name = number <= INT32_MAX
                             ? seccomp_syscall_resolve_num_arch(seccomp_arch_native(), (int)number)
                             : NULL;
        if (name)
                (void)snprintf(ret, size, "%s", name);
        else
                (void)snprintf(ret, size, "%llu", (unsigned long long)number);
        free(name);
}
