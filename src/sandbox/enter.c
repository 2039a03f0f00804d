/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/filter.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/buf.h"
#include "base/limit-table.h"
#include "sandbox/apply.h"
#include "sandbox/capability.h"
#include "sandbox/enter.h"
#include "sandbox/landlock.h"
#include "sandbox/probe.h"
#include "sandbox/role-filter.h"

/* ---- steps, as the helper does them --------------------------------------------------------- */

enum { OPS_MAX = 2, BEHIND_ONE = sizeof(SandboxProgram) + sizeof(SandboxOp) };

enum { BY_SECCOMP = 1 }; /* si_code of a SIGSYS; not every libc has its name, SYS_SECCOMP */

/* Each fence is a program of its own, so that one that cannot be had leaves the others. */
static int do_steps(const SandboxOp *ops, uint32_t n, Span bytes)
{
        CLEANUP(buf_done) Buf program = BUF_INIT(LIMIT_SANDBOX_FILTER);
        SandboxApply apply;
        SandboxError error;
        const SandboxProgram head = {
                .magic = SANDBOX_PROGRAM_MAGIC,
                .size = (uint32_t)(sizeof(head) + n * sizeof(*ops) + bytes.len),
                .n = n,
                .ops = sizeof(head),
        };
        int r = buf_append(&program, &head, sizeof(head));
        if (r == 0)
                r = buf_append(&program, ops, n * sizeof(*ops));
        if (r == 0 && bytes.len)
                r = buf_append(&program, bytes.ptr, bytes.len);
        if (r == 0)
                r = sandbox_apply_init(&apply, program.data, program.len);
        return r < 0 ? r : sandbox_apply(&apply, PHASE_LAST, &error);
}

static int do_step(SandboxStepKind kind, uint64_t a)
{
        return do_steps(&(SandboxOp){.kind = kind, .phase = PHASE_LAST, .a = a}, 1, SPAN_NONE);
}

/* ---- each fence ------------------------------------------------------------------------------- */

static int no_new_privs(const SandboxEnterArgs *args UNUSED)
{
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int securebits(const SandboxEnterArgs *args UNUSED)
{
        int r = do_step(STEP_BOUNDING, capability_highest());
        return r < 0 ? r : do_step(STEP_SECUREBITS, capability_securebits());
}

static int capabilities(const SandboxEnterArgs *args UNUSED)
{
        int r = do_step(STEP_AMBIENT, 0);
        return r < 0 ? r : do_step(STEP_CAPABILITIES, 0);
}

static LandlockRights landlock_here(void)
{
        int abi = probe_calls.landlock_abi(NULL);
        return landlock_known(abi > 0 ? (uint32_t)abi : 0);
}

/* Everything that this kernel knows, and not one rule that gives anything back. */
static int landlock(const SandboxEnterArgs *args UNUSED)
{
        LandlockRights all = landlock_here();
        const SandboxOp ops[OPS_MAX] = {
                {.kind = STEP_LANDLOCK, .phase = PHASE_LAST, .a = all.files, .b = all.net, .c = all.scopes},
                {.kind = STEP_LANDLOCK_ON, .phase = PHASE_LAST},
        };
        return all.files ? do_steps(ops, OPS_MAX, SPAN_NONE) : -EOPNOTSUPP;
}

/* Done by the one above, as far as the kernel knows of it. */
static int landlock_net(const SandboxEnterArgs *args UNUSED)
{
        return landlock_here().net ? 0 : -EOPNOTSUPP;
}

static int landlock_scope(const SandboxEnterArgs *args UNUSED)
{
        return landlock_here().scopes ? 0 : -EOPNOTSUPP;
}

/* ---- seccomp ------------------------------------------------------------------------------------ */

/* A handler has no argument to carry it in. */
static _Atomic uint64_t *refused_call;

/*
 * The kernel says here which call it was. The next one is refused as well, while the signal is blocked and
 * its handler is gone: that is the end, by SIGSYS, as it is where there is no handler at all.
 */
static void refused(int signo UNUSED, siginfo_t *info, void *context UNUSED)
{
        if (refused_call && info->si_code == BY_SECCOMP)
                atomic_store_explicit(refused_call, (uint64_t)(unsigned)info->si_syscall + 1,
                                      memory_order_relaxed);
        (void)syscall(SYS_rt_sigaction, SIGSYS, NULL, NULL, sizeof(uint64_t));
        _exit(128 + SIGSYS);
}

static int filter(const SandboxEnterArgs *args)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(LIMIT_SANDBOX_FILTER);
        struct sigaction action = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};
        const RoleFilterArgs filter_args = {.role = args->role, .self = getpid(), .journal = args->journal};
        int r = role_filter_compile(&filter_args, &bytes);
        if (r < 0)
                return r;
        refused_call = args->refused_call;
        if (sigaction(SIGSYS, &action, NULL) < 0)
                return -errno;
        const SandboxOp op = {.kind = STEP_SECCOMP,
                              .phase = PHASE_LAST,
                              .a = bytes.len / sizeof(struct sock_filter),
                              .bytes = BEHIND_ONE,
                              .n_bytes = (uint32_t)bytes.len};
        return do_steps(&op, 1, buf_span(&bytes));
}

/* ---- all of them ---------------------------------------------------------------------------------- */

/* In this order: each takes away what the ones before it need. */
static const struct {
        RoleFence fence;
        int (*put_on)(const SandboxEnterArgs *args);
        bool restrained; /* put on by every build */
} fences[] = {
        {ROLE_FENCE_NO_NEW_PRIVS, no_new_privs, true},
        {ROLE_FENCE_SECUREBITS, securebits, false},
        {ROLE_FENCE_CAPABILITIES, capabilities, false},
        {ROLE_FENCE_LANDLOCK, landlock, false},
        {ROLE_FENCE_LANDLOCK_NET, landlock_net, false},
        {ROLE_FENCE_LANDLOCK_SCOPE, landlock_scope, false},
        {ROLE_FENCE_SECCOMP, filter, false},
};

const char *sandbox_enter_restrained(void)
{
#if defined(ASAN_BUILD)
        return "the sanitizers of this build open files and look into the process";
#elif defined(MCPVISOR_COVERAGE)
        return "the counters of this build are written to files at the end";
#else
        return NULL;
#endif
}

int sandbox_enter(const SandboxEnterArgs *args, uint32_t *ret_missing)
{
        uint32_t missing = 0;
        tzset(); /* reads files; times in the log are asked for later */
        for (size_t i = 0; i < ARRAY_SIZE(fences); i++) {
                bool left_out = sandbox_enter_restrained() && !fences[i].restrained;
                int r = left_out ? -EOPNOTSUPP : fences[i].put_on(args);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        missing |= 1U << fences[i].fence;
        }
        if (missing & 1U << ROLE_FENCE_LANDLOCK)
                missing |= 1U << ROLE_FENCE_LANDLOCK_NET | 1U << ROLE_FENCE_LANDLOCK_SCOPE;
        *ret_missing = missing;
        return 0;
}
