/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/view-private.h"

const char *const view_hidden[] = {
        "/home", "/root", "/run",     "/var/run", "/var/lib",    "/proc", "/sys",
        "/dev",  "/tmp",  "/var/tmp", "/boot",    "/lost+found", NULL,
};

/* What `strict` shows, if it is there. */
static const char *const strict_system[] = {
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/etc/passwd",
        "/etc/group",
        "/etc/hosts",
        "/etc/ssl",
        "/etc/resolv.conf",
        "/etc/localtime",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/etc/nsswitch.conf",
        "/etc/ca-certificates",
        "/etc/ca-certificates.conf",
        "/etc/alternatives",
        NULL,
};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty", NULL};

static const struct {
        const char *path, *to;
} device_links[] = {
        {"/dev/fd", "/proc/self/fd"},
        {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"},
};

/* Of /proc: what tells of the machine or reaches into it. */
static const char *const proc_masked[] = {
        "acpi",        "asound",      "interrupts", "kallsyms",    "kcore",
        "keys",        "kpagecgroup", "kpagecount", "kpageflags",  "latency_stats",
        "sched_debug", "scsi",        "timer_list", "timer_stats", NULL,
};
static const char *const proc_locked[] = {"bus", "fs", "irq", "sys", "sysrq-trigger", NULL};

enum { TMP_MODE = 01777, DIR_MODE = 0755, SMALL = 64 * 1024, DEPTH_MAX = 16 };

static const SurveyEntry *entry_of(const SandboxSurvey *s, const char *path)
{
        const char *name = path_name(path);
        size_t parent = (size_t)(name - path);
        const SurveyDirectory *d = survey_directory(s, span_from(path, MAX(parent, (size_t)2) - 1));
        for (size_t i = 0; d && i < d->n; i++)
                if (strcmp(d->entries[i].name, name) == 0)
                        return &d->entries[i];
        return NULL;
}

static void add_entry(ViewBuild *b, const char *path, const SurveyEntry *e)
{
        static const char key[] = "the system";
        if (e->type == SURVEY_SYMLINK)
                view_add(b, &(ViewItem){.kind = VIEW_LINK, .path = path, .source = e->link, .key = key});
        else if (e->type == SURVEY_DIRECTORY || e->type == SURVEY_FILE)
                view_add(b, &(ViewItem){.kind = VIEW_READ,
                                        .path = path,
                                        .source = path,
                                        .key = key,
                                        .file = e->type == SURVEY_FILE});
}

/* All of a directory but what is hidden: as one place, or by what stands in it. A directory that nobody
 * has looked into is not shown at all. What is ours goes the same way, or is covered (add_covers). */
static void add_tree(ViewBuild *b, const char *path, unsigned depth)
{
        const SurveyDirectory *d = survey_directory(b->args->survey, span_of(path));
        const char *const *own = b->args->own_root ? NULL : b->args->survey->own;
        for (size_t i = 0; d && depth < DEPTH_MAX && i < d->n && !b->error; i++) {
                const SurveyEntry *e = &d->entries[i];
                const char *below = view_textf(b, "%s/%s", path[1] ? path : "", e->name);
                if (path_in(below, view_hidden) || path_in(below, own))
                        continue;
                if (path_holds(below, view_hidden) || path_holds(below, own))
                        add_tree(b, below, depth + 1);
                else
                        add_entry(b, below, e);
        }
}

static void add_strict(ViewBuild *b)
{
        for (size_t i = 0; strict_system[i]; i++) {
                const SurveyEntry *e = entry_of(b->args->survey, strict_system[i]);
                if (e)
                        add_entry(b, strict_system[i], e);
        }
}

/* A mount over what is ours costs less than one for each neighbour. */
static void add_covers(ViewBuild *b)
{
        const SandboxSurvey *s = b->args->survey;
        for (size_t i = 0; b->args->own_root && s->own && s->own[i]; i++) {
                const SurveyPath *p = survey_path(s, s->own[i]);
                bool directory = !p || p->type == SURVEY_DIRECTORY;
                if (view_right_now(b, s->own[i]) != VIEW_RIGHT_NONE)
                        view_add(b, &(ViewItem){.kind = directory ? VIEW_MEMORY : VIEW_MASK,
                                                .path = s->own[i],
                                                .key = "mcpvisor's own",
                                                .size = SMALL,
                                                .mode = DIR_MODE,
                                                .sealed = directory,
                                                .optional = true});
        }
}

/* What /etc/resolv.conf is a link to is often hidden. */
static void add_resolver(ViewBuild *b)
{
        const SurveyPath *p = survey_path(b->args->survey, "/etc/resolv.conf");
        if (!p || !p->real || p->type != SURVEY_FILE || server_net(b->args->server) == NET_NONE)
                return;
        if (view_right_now(b, p->real) == VIEW_RIGHT_NONE)
                view_add(b, &(ViewItem){.kind = VIEW_READ,
                                        .path = p->real,
                                        .source = p->real,
                                        .key = "the resolver",
                                        .file = true});
}

static void add_memory(ViewBuild *b, const char *path, uint32_t mode, uint64_t size)
{
        view_add(b,
                 &(ViewItem){
                         .kind = VIEW_MEMORY, .path = path, .key = "the system", .size = size, .mode = mode});
}

static void add_dev(ViewBuild *b)
{
        static const char key[] = "the system";
        const ServerConfig *s = b->args->server;
        for (size_t i = 0; devices[i]; i++) {
                const char *path = view_textf(b, "/dev/%s", devices[i]);
                view_add(b, &(ViewItem){.kind = VIEW_DEVICE,
                                        .path = path,
                                        .source = path,
                                        .key = key,
                                        .file = true,
                                        .optional = true});
        }
        if (!b->args->own_root)
                return;
        view_add(b, &(ViewItem){.kind = VIEW_MEMORY,
                                .path = "/dev",
                                .key = key,
                                .size = SMALL,
                                .mode = DIR_MODE,
                                .sealed = true});
        add_memory(b, "/dev/shm", TMP_MODE, s->sandbox.tmp_size);
        for (size_t i = 0; i < ARRAY_SIZE(device_links); i++)
                view_add(b, &(ViewItem){.kind = VIEW_LINK,
                                        .path = device_links[i].path,
                                        .source = device_links[i].to,
                                        .key = key});
}

static void add_below_proc(ViewBuild *b, ViewKind kind, const char *const *names)
{
        for (size_t i = 0; names[i]; i++)
                view_add(b, &(ViewItem){.kind = kind,
                                        .path = view_textf(b, "/proc/%s", names[i]),
                                        .key = "the system",
                                        .optional = true});
}

void view_system(ViewBuild *b)
{
        const ServerConfig *s = b->args->server;
        if (s->sandbox.profile == PROFILE_STRICT)
                add_strict(b);
        else
                add_tree(b, "/", 0);
        add_covers(b);
        add_resolver(b);
        add_dev(b);
        view_add(b, &(ViewItem){.kind = VIEW_PROC, .path = "/proc", .source = "/proc", .key = "the system"});
        if (!b->args->own_root)
                return;
        add_below_proc(b, VIEW_MASK, proc_masked);
        add_below_proc(b, VIEW_LOCKED, proc_locked);
        add_memory(b, "/tmp", TMP_MODE, s->sandbox.tmp_size);
        add_memory(b, "/var/tmp", TMP_MODE, s->sandbox.tmp_size);
        add_memory(b, "/run", DIR_MODE, s->sandbox.tmp_size);
        view_add(b,
                 &(ViewItem){.kind = VIEW_LINK, .path = "/var/run", .source = "/run", .key = "the system"});
}
