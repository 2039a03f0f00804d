/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/filter.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "sandbox/capability.h"
#include "sandbox/landlock.h"
#include "sandbox/plan-private.h"
#include "sandbox/seccomp.h"

enum { INODE_BYTES = 4096, ROOT_BYTES = 1024 * 1024, INODES_LEAST = 64 };

/* The list while it grows; the first error sticks. */
typedef struct Steps {
        const SandboxArgs *args;
        SandboxPlan *plan;
        SandboxStep *items; /* of the arena */
        size_t n, room;
        SandboxPhase phase; /* of what is added */
        SandboxFence fence;
        int error;
} Steps;

static void add(Steps *s, const SandboxStep *step)
{
        if (s->error)
                return;
        if (s->n == s->room) {
                size_t room = MAX(s->room * 2, (size_t)128);
                SandboxStep *more = ARENA_NEW_N(&s->plan->arena, SandboxStep, room);
                if (!more) {
                        s->error = -ENOMEM;
                        return;
                }
                if (s->n)
                        memcpy(more, s->items, s->n * sizeof(*more));
                s->items = more;
                s->room = room;
        }
        s->items[s->n] = *step;
        s->items[s->n].phase = s->phase;
        s->items[s->n++].fence = s->fence;
}

#define ADD(s, k, ...) add((s), &(SandboxStep){.kind = STEP_##k, __VA_ARGS__})

static const char *decimal(Steps *s, uint64_t n)
{
        char room[32];
        (void)snprintf(room, sizeof(room), "%llu", (unsigned long long)n);
        const char *copy = arena_strdup(&s->plan->arena, span_of(room));
        if (!copy)
                s->error = -ENOMEM;
        return copy;
}

/* ---- control group ------------------------------------------------------------------------- */

#define HIGH_PERCENT 90
#define CPU_PERIOD   100000 /* microseconds */

static void add_memory(Steps *s, uint64_t memory)
{
        ADD(s, CGROUP_FILE, .text = "memory.high", .other = decimal(s, memory / 100 * HIGH_PERCENT));
        ADD(s, CGROUP_FILE, .text = "memory.max", .other = decimal(s, memory));
        ADD(s, CGROUP_FILE, .text = "memory.swap.max", .other = "0",
            .b = STEP_OPTIONAL); /* no swap, no file */
        ADD(s, CGROUP_FILE, .text = "memory.oom.group", .other = "1");
}

static void add_cpu(Steps *s, const ServerConfig *c)
{
        char room[64];
        if (c->sandbox.cpu != PARSE_NONE) {
                (void)snprintf(room, sizeof(room), "%llu %d",
                               (unsigned long long)(c->sandbox.cpu * (CPU_PERIOD / 100)), CPU_PERIOD);
                const char *copy = arena_strdup(&s->plan->arena, span_of(room));
                if (!copy)
                        s->error = -ENOMEM;
                ADD(s, CGROUP_FILE, .text = "cpu.max", .other = copy);
        }
        if (c->sandbox.cpu_weight != PARSE_NONE)
                ADD(s, CGROUP_FILE, .text = "cpu.weight", .other = decimal(s, c->sandbox.cpu_weight));
}

/* io.max names devices, which the daemon looks up: it is not in here. */
static void add_cgroup(Steps *s)
{
        const ServerConfig *c = s->args->server;
        s->phase = PHASE_DAEMON;
        s->fence = FENCE_MEMORY;
        if (plan_has(s->plan, FENCE_MEMORY))
                add_memory(s, c->sandbox.memory);
        s->fence = FENCE_PIDS;
        if (plan_has(s->plan, FENCE_PIDS))
                ADD(s, CGROUP_FILE, .text = "pids.max", .other = decimal(s, c->sandbox.pids));
        s->fence = FENCE_CPU;
        if (plan_has(s->plan, FENCE_CPU))
                add_cpu(s, c);
}

/* ---- namespaces and the file view ------------------------------------------------------------ */

static const struct {
        SandboxFence fence;
        uint64_t flag;
} namespaces[] = {
        {FENCE_MOUNTNS, CLONE_NEWNS}, {FENCE_IPCNS, CLONE_NEWIPC},       {FENCE_UTSNS, CLONE_NEWUTS},
        {FENCE_NETNS, CLONE_NEWNET},  {FENCE_CGROUPNS, CLONE_NEWCGROUP},
};

static void add_namespaces(Steps *s)
{
        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
                s->fence = namespaces[i].fence;
                if (plan_has(s->plan, s->fence))
                        ADD(s, UNSHARE, .a = namespaces[i].flag, .text = fence_name(s->fence));
        }
}

static uint64_t inodes_of(uint64_t bytes)
{
        return MAX(bytes / INODE_BYTES, (uint64_t)INODES_LEAST);
}

static void add_bind(Steps *s, const ViewItem *item, uint64_t flags)
{
        ADD(s, BIND, .text = item->path, .other = item->source,
            .a = flags | (item->file ? STEP_BIND_FILE : 0) | (item->optional ? STEP_OPTIONAL : 0));
}

static void add_item(Steps *s, const ViewItem *item)
{
        uint64_t optional = item->optional ? STEP_OPTIONAL : 0;
        switch (item->kind) {
        case VIEW_READ:
                add_bind(s, item, STEP_BIND_EXEC);
                break;
        case VIEW_WRITE:
                add_bind(s, item, STEP_BIND_EXEC | STEP_BIND_WRITE);
                break;
        case VIEW_DEVICE:
                add_bind(s, item, STEP_BIND_DEVICE | STEP_BIND_WRITE | STEP_BIND_PLAIN);
                break;
        case VIEW_LINK:
                ADD(s, SYMLINK, .text = item->path, .other = item->source);
                break;
        case VIEW_MEMORY:
                ADD(s, TMPFS, .text = item->path, .a = item->size, .b = inodes_of(item->size),
                    .c = item->mode);
                break;
        case VIEW_PROC:
                if (plan_has(s->plan, FENCE_PROC))
                        ADD(s, FRESH_PROC, .text = item->path);
                else
                        add_bind(s, item, STEP_BIND_WRITE);
                break;
        case VIEW_MASK:
                ADD(s, MASK, .text = item->path, .a = optional);
                break;
        case VIEW_LOCKED:
                ADD(s, READ_ONLY, .text = item->path, .a = STEP_BIND_PLAIN | optional);
                break;
        case _VIEW_KIND_MAX:
                break;
        }
}

static void add_view(Steps *s)
{
        const FilesystemView *v = &s->plan->view;
        s->fence = FENCE_MOUNTNS;
        ADD(s, PRIVATE, 0);
        ADD(s, ROOT, .a = ROOT_BYTES, .b = inodes_of(ROOT_BYTES * 4));
        for (size_t i = 0; i < v->n; i++) {
                s->fence = path_is_below(v->items[i].path, "/proc") ? FENCE_PROC : FENCE_MOUNTNS;
                add_item(s, &v->items[i]);
        }
        s->fence = FENCE_MOUNTNS;
        for (size_t i = 0; i < v->n; i++)
                if (v->items[i].sealed)
                        ADD(s, READ_ONLY, .text = v->items[i].path, .a = 0);
        ADD(s, READ_ONLY, .text = "/", .a = 0);
        ADD(s, PIVOT, 0);
}

static void add_helper(Steps *s)
{
        s->phase = PHASE_HELPER;
        add_namespaces(s);
        if (plan_has(s->plan, FENCE_MOUNTNS))
                add_view(s);
        s->fence = FENCE_NETNS;
        if (plan_has(s->plan, FENCE_NETNS) && server_net(s->args->server) == NET_LOOPBACK)
                ADD(s, LOOPBACK, 0);
}

/* ---- limits and privileges ------------------------------------------------------------------- */

static void add_rlimit(Steps *s, const char *name, uint64_t resource, uint64_t value)
{
        ADD(s, RLIMIT, .text = name, .a = resource, .b = value, .c = value);
}

static void add_limits(Steps *s)
{
        const ServerConfig *c = s->args->server;
        s->fence = FENCE_CPU;
        if (c->sandbox.time != NSEC_NEVER)
                add_rlimit(s, "cpu", RLIMIT_CPU, MAX(c->sandbox.time / NSEC_PER_SEC, (Nsec)1));
        s->fence = FENCE_MEMORY;
        if (s->plan->missing & FENCE_BIT(FENCE_MEMORY))
                add_rlimit(s, "data", RLIMIT_DATA, c->sandbox.memory);
}

/* The kernel counts all processes of a uid: a limit is none of this server's where others have it, too.
 * In a user namespace it counts those inside. */
static bool uid_is_own(const Steps *s)
{
        const char *user = s->args->server->user.value;
        if (plan_has(s->plan, FENCE_USERNS))
                return true;
        return plan_is_privileged(s->args) && s->args->uid != UINT64_MAX &&
               (!user || strcmp(user, "dynamic") == 0);
}

static void add_pid_limit(Steps *s)
{
        s->fence = FENCE_PIDS;
        if ((s->plan->missing & FENCE_BIT(FENCE_PIDS)) && uid_is_own(s))
                add_rlimit(s, "nproc", RLIMIT_NPROC, s->args->server->sandbox.pids);
}

static void add_securebits(Steps *s)
{
        s->fence = FENCE_SECUREBITS;
        if (!plan_has(s->plan, FENCE_SECUREBITS))
                return;
        ADD(s, BOUNDING, .a = capability_highest());
        ADD(s, SECUREBITS, .a = capability_securebits());
}

/* A user namespace gives everything anew, so what is locked is locked in the last one. With privileges it
 * is locked while there still are some. */
static void add_privileges(Steps *s)
{
        bool privileged = plan_is_privileged(s->args);
        s->phase = PHASE_PRIVILEGED;
        add_limits(s);
        if (privileged)
                add_securebits(s);
        s->phase = PHASE_UNMAPPED;
        add_pid_limit(s);
        if (!privileged && plan_has(s->plan, FENCE_USERNS))
                add_securebits(s);
        s->fence = FENCE_CAPABILITIES;
        if (!plan_has(s->plan, FENCE_CAPABILITIES))
                return;
        ADD(s, AMBIENT, 0);
        ADD(s, CAPABILITIES, 0);
}

/* ---- the last two ------------------------------------------------------------------------------ */

static int add_landlock(Steps *s)
{
        const LandlockArgs args = {
                .abi = s->args->machine->landlock_abi,
                .view = &s->plan->view,
                .own_root = plan_has(s->plan, FENCE_MOUNTNS),
                .tcp = server_net(s->args->server) != NET_NONE,
                .scopes = plan_has(s->plan, FENCE_LANDLOCK_SCOPE),
        };
        LandlockRuleset set;
        int r = landlock_make(&args, &s->plan->arena, &set);
        if (r < 0)
                return r;
        s->fence = FENCE_LANDLOCK;
        ADD(s, LANDLOCK, .a = set.fenced.files, .b = set.fenced.net, .c = set.fenced.scopes);
        for (size_t i = 0; i < set.n; i++)
                ADD(s, LANDLOCK_PATH, .text = set.rules[i].path, .a = set.rules[i].rights,
                    .b = set.rules[i].optional ? STEP_OPTIONAL : 0);
        ADD(s, LANDLOCK_ON, 0);
        return s->error;
}

static int add_filter(Steps *s, const SeccompArgs *args)
{
        CLEANUP(buf_done) Buf program = BUF_INIT(LIMIT_SANDBOX_ARENA);
        const char *why = NULL;
        int r = seccomp_compile(args, &s->plan->arena, &program, &why);
        if (r == SECCOMP_E_TEXT)
                return plan_refuse(s->plan, "servers.%s.sandbox.seccomp: %s", s->args->server->head.name,
                                   why);
        if (r < 0)
                return r;
        const char *bytes = arena_strdup(&s->plan->arena, buf_span(&program));
        if (!bytes)
                return -ENOMEM;
        s->fence = FENCE_SECCOMP;
        ADD(s, SECCOMP, .bytes = span_from(bytes, program.len),
            .a = program.len / sizeof(struct sock_filter));
        return s->error;
}

static int add_seccomp(Steps *s)
{
        const ServerConfig *c = s->args->server;
        const pid_t untouchable[] = {s->args->supervisor, 0};
        const SeccompArgs args = {
                .allow = &c->sandbox.seccomp.allow,
                .deny = &c->sandbox.seccomp.deny,
                /* In a network of its own a socket reaches nothing, and programs understand that better. */
                .ip = server_net(c) == NET_HOST || plan_has(s->plan, FENCE_NETNS),
                .unix_sockets = plan_has(s->plan, FENCE_MOUNTNS) || c->sandbox.unix_sockets,
                .untouchable = plan_has(s->plan, FENCE_PIDNS) ? NULL : untouchable,
        };
        return add_filter(s, &args);
}

/* ---- the warden ---------------------------------------------------------------------------------- */

/* What AddressSanitizer does before a function that does not return, and to say what it has found. */
#ifdef ASAN_BUILD
#define CALLS_OF_BUILD " sigaltstack gettid mmap"
#else
#define CALLS_OF_BUILD ""
#endif

/* All that warden.c, walk.c and descend.c do; what libc reads a directory or waits by, too. */
static const char warden_calls[] =
        "read write close open openat getdents64 poll ppoll wait4 kill rt_sigtimedwait "
        "rt_sigprocmask rt_sigreturn signalfd4 sendto clock_gettime getpid munmap "
        "restart_syscall exit exit_group" CALLS_OF_BUILD;

/* It has the server's uid and outlives its filters: a server that could take it over would be out. It
 * reads /proc, and opens nothing else. */
static int add_warden(Steps *s)
{
        const LandlockRights fenced = landlock_known(s->args->machine->landlock_abi);
        const uint64_t read = landlock_reading() & fenced.files;
        const SeccompArgs args = {.only = warden_calls};
        s->phase = PHASE_WARDEN;
        s->fence = FENCE_LANDLOCK;
        if (plan_has(s->plan, FENCE_LANDLOCK)) {
                ADD(s, LANDLOCK, .a = fenced.files, .b = fenced.net);
                ADD(s, LANDLOCK_PATH, .text = "/proc", .a = read);
                ADD(s, LANDLOCK_ON, 0);
        }
        return plan_has(s->plan, FENCE_SECCOMP) ? add_filter(s, &args) : s->error;
}

int plan_steps(const SandboxArgs *args, SandboxPlan *p)
{
        Steps s = {.args = args, .plan = p};
        add_cgroup(&s);
        add_helper(&s);
        add_privileges(&s);
        s.phase = PHASE_LAST;
        int r = s.error;
        if (r == 0 && plan_has(p, FENCE_LANDLOCK))
                r = add_landlock(&s);
        if (r == 0 && plan_has(p, FENCE_SECCOMP))
                r = add_seccomp(&s);
        if (r == 0 && p->verdict != SANDBOX_REFUSED)
                r = add_warden(&s);
        p->steps = s.items;
        p->n = s.n;
        return r;
}
