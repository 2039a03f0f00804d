/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/parse.h"
#include "sandbox/landlock.h"
#include "sandbox/plan-private.h"

enum { NEEDS_MAX = 4, ABI_NET = 4, ABI_SCOPE = 6 };

/* What each fence is built from, and what does a part of its work without it. */
typedef struct FenceNeeds {
        SandboxOffer offers[NEEDS_MAX];
        size_t n;
        uint32_t abi;
        const char *instead;
} FenceNeeds;

#define NEEDS(...) {__VA_ARGS__}, sizeof((SandboxOffer[]){__VA_ARGS__}) / sizeof(SandboxOffer)

static const FenceNeeds needs[_FENCE_MAX] = {
        [FENCE_NO_NEW_PRIVS] = {NEEDS(OFFER_NO_NEW_PRIVS), 0, NULL},
        [FENCE_SECCOMP] = {NEEDS(OFFER_NO_NEW_PRIVS, OFFER_SECCOMP), 0, NULL},
        [FENCE_LANDLOCK] = {NEEDS(OFFER_NO_NEW_PRIVS, OFFER_LANDLOCK), 1, NULL},
        [FENCE_USERNS] = {NEEDS(OFFER_USERNS), 0, NULL},
        [FENCE_MOUNTNS] = {NEEDS(OFFER_MOUNTNS, OFFER_MOUNT_API, OFFER_PIVOT_ROOT), 0,
                           "Landlock keeps files outside of its view shut"},
        [FENCE_PIDNS] = {NEEDS(OFFER_PIDNS), 0, "seccomp refuses signals to the daemon and to everybody"},
        [FENCE_IPCNS] = {NEEDS(OFFER_IPCNS), 0, NULL},
        [FENCE_UTSNS] = {NEEDS(OFFER_UTSNS), 0, NULL},
        [FENCE_NETNS] = {NEEDS(OFFER_NETNS), 0, "seccomp refuses sockets of IP"},
        [FENCE_CGROUPNS] = {NEEDS(OFFER_CGROUPNS), 0, NULL},
        [FENCE_PROC] = {NEEDS(OFFER_PIDNS, OFFER_PROC), 0,
                        "Landlock keeps what is secret of other servers shut"},
        [FENCE_LANDLOCK_NET] = {NEEDS(OFFER_LANDLOCK), ABI_NET, NULL},
        [FENCE_LANDLOCK_SCOPE] = {NEEDS(OFFER_LANDLOCK), ABI_SCOPE, NULL},
        [FENCE_SECUREBITS] = {NEEDS(OFFER_SECUREBITS), 0, "no_new_privs"},
        [FENCE_GROUPS] = {NEEDS(OFFER_CHANGE_IDS), 0, NULL},
        [FENCE_MEMORY] = {NEEDS(OFFER_CGROUP, OFFER_CGROUP_MEMORY), 0, "RLIMIT_DATA for each process"},
        [FENCE_PIDS] = {NEEDS(OFFER_CGROUP, OFFER_CGROUP_PIDS), 0, "RLIMIT_NPROC, if the uid is its own"},
        [FENCE_CPU] = {NEEDS(OFFER_CGROUP, OFFER_CGROUP_CPU), 0, NULL},
        [FENCE_IO] = {NEEDS(OFFER_CGROUP, OFFER_CGROUP_IO), 0, NULL},
        [FENCE_TREE] = {NEEDS(OFFER_CGROUP), 0, "the warden looks for what descends from it"},
};

PRINTF(2, 0) static int text(SandboxPlan *p, const char *fmt, va_list ap, const char **ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_VALUE);
        int r = buf_vappendf(&b, fmt, ap);
        if (r < 0)
                return r;
        const char *copy = arena_strdup(&p->arena, buf_span(&b));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int plan_refuse(SandboxPlan *p, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = text(p, fmt, ap, &p->why);
        va_end(ap);
        if (r == 0)
                p->verdict = SANDBOX_REFUSED;
        return r;
}

/* ---- which fences --------------------------------------------------------------------- */

/* Without privileges the user namespace comes with the clone that makes the pid namespace, or not at all. */
static SandboxOffer stands_for(const SandboxMachine *m, SandboxOffer offer)
{
        bool by_userns = offer >= OFFER_SECUREBITS && offer <= OFFER_CGROUPNS && !machine_is_privileged(m);
        return by_userns && machine_has(m, OFFER_USERNS) && !machine_has(m, OFFER_PIDNS) ? OFFER_PIDNS
                                                                                         : offer;
}

static void judge(const SandboxMachine *m, const FenceNeeds *n, FenceState *f)
{
        f->effective = true;
        for (size_t i = 0; i < n->n && f->effective; i++) {
                SandboxOffer offer = stands_for(m, n->offers[i]);
                if (!machine_has(m, offer)) {
                        f->effective = false;
                        f->lacking = offer;
                }
        }
        if (f->effective && n->abi > m->landlock_abi) {
                f->effective = false;
                f->lacking = OFFER_LANDLOCK;
                f->needs_abi = n->abi;
        }
        if (!f->effective)
                f->instead = n->instead;
}

static void judge_all(const SandboxArgs *a, SandboxPlan *p)
{
        const SandboxMachine *m = a->machine;
        uint32_t wanted = profile_fences_of(a->server);
        if (plan_is_privileged(a))
                wanted &= ~FENCE_BIT(FENCE_USERNS);
        for (unsigned i = 0; i < _FENCE_MAX; i++) {
                judge(m, &needs[i], &p->fences[i]);
                p->fences[i].wanted = wanted & FENCE_BIT(i);
        }
        /* One of two is enough, or nothing is to be done. */
        if (m->no_groups)
                p->fences[FENCE_GROUPS].effective = true;
        if (machine_has(m, OFFER_PIDNS))
                p->fences[FENCE_TREE].effective = true;
        /* Its mount is one of the view's. */
        if (p->fences[FENCE_PROC].effective && !p->fences[FENCE_MOUNTNS].effective) {
                p->fences[FENCE_PROC].effective = false;
                p->fences[FENCE_PROC].lacking = p->fences[FENCE_MOUNTNS].lacking;
                p->fences[FENCE_PROC].instead = needs[FENCE_PROC].instead;
        }
        for (unsigned i = 0; i < _FENCE_MAX; i++)
                if (p->fences[i].wanted && !p->fences[i].effective)
                        p->missing |= FENCE_BIT(i);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static int list_fences(uint32_t set, Buf *b)
{
        int r = 0;
        for (unsigned i = 0; r == 0 && i < _FENCE_MAX; i++)
                if (set & FENCE_BIT(i))
                        r = buf_appendf(b, "%s%s", b->len ? ", " : "", fence_name((SandboxFence)i));
        return r;
}

static unsigned first_of(uint32_t set)
{
        return (unsigned)__builtin_ctz(set);
}

/* What, why, and what to do about the first of them. */
static int refuse_fences(const SandboxArgs *a, SandboxPlan *p, uint32_t set)
{
        CLEANUP(buf_done) Buf names = BUF_INIT(LIMIT_CONFIG_VALUE);
        const FenceState *f = &p->fences[first_of(set)];
        int r = list_fences(set, &names);
        if (r < 0)
                return r;
        if (f->needs_abi && a->machine->landlock_abi)
                return plan_refuse(p,
                                   "sandbox: %s not available: this kernel has Landlock ABI %u, and %u is "
                                   "needed; take a newer kernel, or sandbox.degrade: warn",
                                   buf_text(&names), a->machine->landlock_abi, f->needs_abi);
        return plan_refuse(p, "sandbox: %s not available: %s is refused (%s); %s", buf_text(&names),
                           offer_what(f->lacking), strerror(a->machine->refused[f->lacking]),
                           offer_remedy(f->lacking));
}

static uint32_t floor_of(uint32_t set)
{
        uint32_t below = 0;
        for (unsigned i = 0; i < _FENCE_MAX; i++)
                if ((set & FENCE_BIT(i)) && fence_is_floor((SandboxFence)i))
                        below |= FENCE_BIT(i);
        return below;
}

/* A limit under `none` is wished for, not a fence to stand or fall by. */
static int decide(const SandboxArgs *a, SandboxPlan *p)
{
        uint32_t below = floor_of(p->missing);
        p->verdict = p->missing ? SANDBOX_DEGRADED : SANDBOX_OK;
        if (below)
                return refuse_fences(a, p, below);
        if (p->missing && server_degrade(a->server) == DEGRADE_REFUSE)
                return refuse_fences(a, p, p->missing);
        return 0;
}

/* ---- who it is, where to ------------------------------------------------------------------------ */

static int check_ids(const SandboxArgs *a, SandboxPlan *p)
{
        uint64_t uid = a->uid == UINT64_MAX ? a->machine->uid : a->uid;
        if (uid != 0 || p->profile == PROFILE_NONE)
                return 0;
        return plan_refuse(p,
                           "servers.%s.user: root, even without privileges, owns files of the system; take "
                           "`user: dynamic` or another user, or sandbox.profile: none",
                           a->server->head.name);
}

static int check_net(const SandboxArgs *a, SandboxPlan *p)
{
        if (server_net(a->server) != NET_ALLOW)
                return 0;
        return plan_refuse(p,
                           "servers.%s.sandbox.net: a list of hosts needs a proxy that this version does "
                           "not have; take none, loopback or host",
                           a->server->head.name);
}

/* Without a view of its own /tmp is everybody's, and closed. */
static int decide_tmpdir(const SandboxArgs *a, SandboxPlan *p)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        if (plan_has(p, FENCE_MOUNTNS)) {
                p->tmpdir = "/tmp";
                return 0;
        }
        if (!a->home)
                return 0;
        int r = buf_appendf(&path, "%s/tmp", a->home);
        if (r < 0)
                return r;
        p->tmpdir = arena_strdup(&p->arena, buf_span(&path));
        return p->tmpdir ? 0 : -ENOMEM;
}

static int make_view(const SandboxArgs *a, SandboxPlan *p)
{
        const ViewArgs args = {
                .server = a->server,
                .survey = a->survey,
                .home = a->home,
                .own_root = plan_has(p, FENCE_MOUNTNS),
                .own_proc = plan_has(p, FENCE_PROC),
        };
        const char *why = NULL;
        int r = view_make(&args, &p->arena, &p->view, &why);
        if (r != VIEW_E_REFUSED)
                return r;
        p->why = why;
        p->verdict = SANDBOX_REFUSED;
        return 0;
}

static int make(const SandboxArgs *a, SandboxPlan *p)
{
        judge_all(a, p);
        int r = decide(a, p);
        if (r == 0 && p->verdict != SANDBOX_REFUSED)
                r = check_ids(a, p);
        if (r < 0 || p->verdict == SANDBOX_REFUSED)
                return r;
        if (p->profile != PROFILE_NONE) {
                r = check_net(a, p);
                if (r == 0 && p->verdict != SANDBOX_REFUSED)
                        r = decide_tmpdir(a, p);
                if (r == 0 && p->verdict != SANDBOX_REFUSED)
                        r = make_view(a, p);
        }
        return r < 0 || p->verdict == SANDBOX_REFUSED ? r : plan_steps(a, p);
}

int sandbox_plan_make(const SandboxArgs *args, SandboxPlan *ret)
{
        SandboxPlan p = {
                .arena = ARENA_INIT(LIMIT_SANDBOX_ARENA),
                .profile = (SandboxProfile)args->server->sandbox.profile,
        };
        int r = make(args, &p);
        if (r < 0) {
                arena_done(&p.arena);
                return r;
        }
        *ret = p;
        return 0;
}

void sandbox_plan_done(SandboxPlan *p)
{
        arena_done(&p->arena);
        *p = (SandboxPlan){0};
}
