/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/nearest.h"
#include "sandbox/seccomp-private.h"

#define NEW_NAMESPACES                                                                             \
        (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
         CLONE_NEWCGROUP)

enum { NAME_MAX_LEN = 64 };

static void free_filter(scmp_filter_ctx *ctx)
{
        if (*ctx)
                seccomp_release(*ctx);
}

/* ---- names -------------------------------------------------------------------------- */

int seccomp_number(const char *name)
{
        int n = seccomp_syscall_resolve_name(name);
        return n >= 0 && n < SECCOMP_CALLS ? n : -1;
}

static const SeccompSet *find_set(Span name)
{
        for (size_t i = 0; i < seccomp_sets_size; i++)
                if (span_equal(name, span_of(seccomp_sets[i].name)))
                        return &seccomp_sets[i];
        return NULL;
}

/* False: too long to be one. */
static bool as_text(Span name, char room[static NAME_MAX_LEN])
{
        if (name.len == 0 || name.len >= NAME_MAX_LEN)
                return false;
        memcpy(room, name.ptr, name.len);
        room[name.len] = '\0';
        return true;
}

/* A name counts if any architecture has it: a configuration goes from machine to machine. */
static bool is_call(Span name)
{
        char text[NAME_MAX_LEN];
        return as_text(name, text) && seccomp_syscall_resolve_name(text) != __NR_SCMP_ERROR;
}

static const char *nearest_name(Span name, Arena *arena)
{
        Nearest n = NEAREST_INIT(name);
        char room[NAME_MAX_LEN];
        for (size_t i = 0; i < seccomp_sets_size; i++) {
                Span all = span_of(seccomp_sets[i].calls), part;
                nearest_offer(&n, seccomp_sets[i].name);
                while (*name.ptr != '@' && span_next(&all, ' ', &part)) {
                        const char *copy = as_text(part, room) ? arena_strdup(arena, part) : NULL;
                        if (copy)
                                nearest_offer(&n, copy);
                }
        }
        return n.best;
}

const char *seccomp_check_name(Span name, Arena *arena)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_VALUE);
        if (!span_is_empty(name) && (*name.ptr == '@' ? find_set(name) != NULL : is_call(name)))
                return NULL;
        const char *best = span_is_empty(name) ? NULL : nearest_name(name, arena);
        int r = buf_appendf(&text, "%.*s is no system call and no @set", (int)name.len, name.ptr);
        if (r == 0 && best)
                r = buf_appendf(&text, "; did you mean %s?", best);
        const char *copy = r < 0 ? NULL : arena_strdup(arena, buf_span(&text));
        return copy ? copy : "is no system call and no @set";
}

/* ---- which calls ---------------------------------------------------------------------- */

static void mark(SeccompChoice *c, Span name, uint8_t set, uint8_t clear)
{
        char text[NAME_MAX_LEN];
        int n = as_text(name, text) ? seccomp_number(text) : -1;
        if (n >= 0)
                c->calls[n] = (uint8_t)((c->calls[n] & ~clear) | set);
}

static void mark_calls(SeccompChoice *c, const char *calls, uint8_t set, uint8_t clear)
{
        Span all = span_of(calls), part;
        while (span_next(&all, ' ', &part))
                mark(c, part, set, clear);
}

static int mark_list(SeccompChoice *c, const ConfigList *list, uint8_t set, uint8_t clear, Arena *arena,
                     const char **ret_why)
{
        for (size_t i = 0; list && i < list->n; i++) {
                Span name = span_of(list->items[i].value);
                const char *why = seccomp_check_name(name, arena);
                if (why) {
                        *ret_why = why;
                        return SECCOMP_E_TEXT;
                }
                if (*name.ptr == '@')
                        mark_calls(c, find_set(name)->calls, set, clear);
                else
                        mark(c, name, set, clear);
        }
        return 0;
}

/* What this library knows by name; what is above is newer than it. */
static void know(SeccompChoice *c)
{
        for (int n = 0; n < SECCOMP_CALLS; n++) {
                char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), n);
                if (!name)
                        continue;
                free(name);
                c->calls[n] = CALL_KNOWN;
                c->highest = n;
        }
}

bool seccomp_choice_has(const SeccompChoice *c, const char *name, uint8_t flags)
{
        int n = seccomp_number(name);
        return n >= 0 && (c->calls[n] & flags) == flags;
}

static int choose(const SeccompArgs *args, Arena *arena, SeccompChoice *ret, const char **ret_why)
{
        *ret = (SeccompChoice){.args = args};
        know(ret);
        if (args->only)
                mark_calls(ret, args->only, CALL_ALLOWED, 0);
        for (size_t i = 0; !args->only && i < seccomp_sets_size; i++)
                if (seccomp_sets[i].usual)
                        mark_calls(ret, seccomp_sets[i].calls, CALL_ALLOWED, 0);
        if (args->untouchable && *args->untouchable) /* a descriptor does not say whom it means */
                mark(ret, SPAN("pidfd_send_signal"), 0, CALL_ALLOWED);
        int r = mark_list(ret, args->allow, CALL_ALLOWED | CALL_FREE, 0, arena, ret_why);
        if (r == 0)
                r = mark_list(ret, args->deny, 0, CALL_ALLOWED | CALL_FREE, arena, ret_why);
        /* Who may make namespaces may do it by clone. */
        if (r == 0 && seccomp_choice_has(ret, "unshare", CALL_ALLOWED) &&
            seccomp_choice_has(ret, "clone", CALL_ALLOWED))
                mark(ret, SPAN("clone"), CALL_FREE, 0);
        return r;
}

/* ---- what is allowed by its arguments --------------------------------------------------- */

#define LOW(n, v)         SCMP_CMP64(n, SCMP_CMP_MASKED_EQ, UINT32_MAX, (v))
#define LOW_MASK(n, m, v) SCMP_CMP64(n, SCMP_CMP_MASKED_EQ, (m), (v))

static int allow_if(scmp_filter_ctx ctx, int number, const struct scmp_arg_cmp *args, unsigned n)
{
        return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, n, args);
}

static int allow_clone(scmp_filter_ctx ctx, int number, const SeccompArgs *args UNUSED)
{
        return allow_if(ctx, number, &LOW_MASK(0, NEW_NAMESPACES, 0), 1);
}

static int allow_personality(scmp_filter_ctx ctx, int number, const SeccompArgs *args UNUSED)
{
        int r = allow_if(ctx, number, &LOW(0, 0), 1);
        return r < 0 ? r : allow_if(ctx, number, &LOW(0, UINT32_MAX), 1); /* what is it? */
}

static int allow_ip(scmp_filter_ctx ctx, int number)
{
        enum { TYPE_MASK = 0xf };
        static const uint32_t families[] = {AF_INET, AF_INET6};
        static const struct {
                uint32_t type, protocol;
        } kinds[] = {
                {SOCK_STREAM, 0}, {SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, 0}, {SOCK_DGRAM, IPPROTO_UDP}};
        int r = 0;
        for (size_t f = 0; f < ARRAY_SIZE(families); f++)
                for (size_t k = 0; r == 0 && k < ARRAY_SIZE(kinds); k++) {
                        const struct scmp_arg_cmp cmp[] = {LOW(0, families[f]),
                                                           LOW_MASK(1, TYPE_MASK, kinds[k].type),
                                                           LOW(2, kinds[k].protocol)};
                        r = allow_if(ctx, number, cmp, ARRAY_SIZE(cmp));
                }
        const struct scmp_arg_cmp routes[] = {LOW(0, AF_NETLINK), LOW(2, NETLINK_ROUTE)};
        return r < 0 ? r : allow_if(ctx, number, routes, ARRAY_SIZE(routes));
}

static int allow_socket(scmp_filter_ctx ctx, int number, const SeccompArgs *args)
{
        int r = args->ip ? allow_ip(ctx, number) : 0;
        return r == 0 && args->unix_sockets ? allow_if(ctx, number, &LOW(0, AF_UNIX), 1) : r;
}

static const struct {
        const char *call;
        int (*allow)(scmp_filter_ctx ctx, int number, const SeccompArgs *args);
        const char *doc;
} by_argument[] = {
        {"clone", allow_clone, "without new namespaces"},
        {"personality", allow_personality, "the usual one, or to ask"},
        {"socket", allow_socket, NULL},
};

static const char *socket_doc(const SeccompArgs *args)
{
        return args->ip && args->unix_sockets ? "TCP and UDP, routes by netlink, unix"
               : args->ip                     ? "TCP and UDP, routes by netlink"
               : args->unix_sockets           ? "unix"
                                              : "none of any kind";
}

/* Its row in by_argument, or -1. */
static int rule_of(const SeccompChoice *c, int number)
{
        for (size_t i = 0; i < ARRAY_SIZE(by_argument); i++)
                if (seccomp_number(by_argument[i].call) == number && !(c->calls[number] & CALL_FREE))
                        return (int)i;
        return -1;
}

/* What the kernel lets a uid do to all of its processes, and Landlock does not fence: where the daemon's are
 * among them, each may do it to itself alone, which is 0. */
static const struct {
        const char *call;
        bool what;      /* its first argument says what the second one is the number of */
        uint32_t value; /* of a process */
} of_itself[] = {
        {"prlimit64", false, 0},
        {"sched_setaffinity", false, 0},
        {"sched_setattr", false, 0},
        {"sched_setparam", false, 0},
        {"sched_setscheduler", false, 0},
        {"setpriority", true, PRIO_PROCESS},
        {"ioprio_set", true, IOPRIO_WHO_PROCESS},
};

/* Its row in of_itself, or -1. */
static int itself_of(const SeccompChoice *c, int number)
{
        if (!c->args->untouchable || !*c->args->untouchable || c->calls[number] & CALL_FREE)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(of_itself); i++)
                if (seccomp_number(of_itself[i].call) == number)
                        return (int)i;
        return -1;
}

static int allow_call(scmp_filter_ctx ctx, const SeccompChoice *c, int number)
{
        int rule = rule_of(c, number), itself = itself_of(c, number);
        if (itself >= 0) {
                bool what = of_itself[itself].what;
                const struct scmp_arg_cmp cmp[] = {LOW(what, 0), LOW(0, of_itself[itself].value)};
                return allow_if(ctx, number, cmp, what ? 2 : 1);
        }
        return rule < 0 ? allow_if(ctx, number, NULL, 0) : by_argument[rule].allow(ctx, number, c->args);
}

/* ---- the program -------------------------------------------------------------------------- */

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

int seccomp_compile(const SeccompArgs *args, Arena *arena, Buf *b, const char **ret_why)
{
        enum { BINARY_TREE = 2 };
        SeccompChoice c;
        int r = choose(args, arena, &c, ret_why);
        if (r != 0)
                return r;
        CLEANUP(free_filter) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!ctx)
                return -ENOMEM;
        r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0)
                r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
        for (int n = 0; r == 0 && n < SECCOMP_CALLS; n++)
                if (c.calls[n] & CALL_ALLOWED)
                        r = allow_call(ctx, &c, n);
        if (r == 0)
                r = seccomp_head_write(&c, b);
        return r < 0 ? r : export_filter(ctx, b);
}

/* ---- for people ---------------------------------------------------------------------------- */

static int describe_call(const SeccompChoice *c, int number, const char *name, Buf *b)
{
        int rule = rule_of(c, number);
        if (rule < 0)
                return buf_appendf(b, "allow  %s%s\n", name, itself_of(c, number) < 0 ? "" : ": of itself");
        const char *doc = by_argument[rule].doc;
        return buf_appendf(b, "allow  %s: %s\n", name, doc ? doc : socket_doc(c->args));
}

static int describe_calls(const SeccompChoice *c, uint8_t flags, uint8_t want, Buf *b)
{
        int r = 0;
        for (int n = 0; r == 0 && n < SECCOMP_CALLS; n++) {
                char *name = (c->calls[n] & flags) == want
                                     ? seccomp_syscall_resolve_num_arch(seccomp_arch_native(), n)
                                     : NULL;
                if (!name)
                        continue;
                r = want & CALL_ALLOWED ? describe_call(c, n, name, b) : buf_appendf(b, "EPERM  %s\n", name);
                free(name);
        }
        return r;
}

int seccomp_describe(const SeccompArgs *args, Arena *arena, Buf *b, const char **ret_why)
{
        SeccompChoice c;
        int r = choose(args, arena, &c, ret_why);
        if (r != 0)
                return r;
        r = buf_append_str(
                b, "kill   another architecture, or numbers of x32\nENOSYS numbers above those known\n");
        if (r == 0 && !seccomp_choice_has(&c, "clone3", CALL_ALLOWED))
                r = buf_append_str(b, "ENOSYS clone3\n");
        for (size_t i = 0; r == 0 && i < seccomp_refusals_size; i++)
                if (!seccomp_choice_has(&c, seccomp_refusals[i].call, CALL_FREE))
                        r = buf_appendf(b, "EPERM  %s: %s\n", seccomp_refusals[i].call,
                                        seccomp_refusals[i].doc);
        if (r == 0 && args->untouchable && *args->untouchable)
                r = buf_append_str(b, "EPERM  kill: the daemon, or everybody\n");
        if (r == 0)
                r = describe_calls(&c, CALL_ALLOWED, CALL_ALLOWED, b);
        return r < 0 ? r : describe_calls(&c, CALL_KNOWN | CALL_ALLOWED, CALL_KNOWN, b);
}
