/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "base/sha256.h"
#include "spawn/cgroup-file.h"
#include "spawn/cgroup-place.h"
#include "spawn/cgroup.h"

enum { HASH_BYTES = 8, CLEAR_STEP = 50, DIR_MODE = 0755 };

static int read_file(const char *path, Buf *b)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd_read_all(fd, b);
}

/* ---- the group of this life ------------------------------------------------- */

static int find_place(CgroupPlace *ret)
{
        CLEANUP(buf_done) Buf mounts = BUF_INIT(LIMIT_PROC_FILE), self = BUF_INIT(LIMIT_PROC_FILE);
        int r = read_file("/proc/self/mountinfo", &mounts);
        if (r == 0)
                r = read_file("/proc/self/cgroup", &self);
        if (r < 0)
                return r == -ENOMEM ? r : CGROUP_PLACE_E_NONE;
        return cgroup_place_find(buf_span(&mounts), buf_span(&self), ret);
}

static int name_prefix(const char *runtime_dir, Buf *b)
{
        uint8_t hash[SHA256_SIZE];
        sha256(span_of(runtime_dir), hash);
        int r = buf_append_str(b, "mcpvisor-");
        if (r == 0)
                r = format_hex(b, hash, HASH_BYTES);
        return r < 0 ? r : buf_append_char(b, '-');
}

/* Kills and waits; what does not end in time stays where it is. */
static int clear_one(void *data, int child, const char *name)
{
        const Nsec *until = data;
        CLEANUP_FD int events = openat(child, "cgroup.events", O_RDONLY | O_CLOEXEC);
        uint64_t populated = 1;
        (void)name;
        while (events >= 0 && clock_now(&clock_monotonic) < *until) {
                int r = cgroup_number(child, "cgroup.events", "populated", &populated);
                if (r < 0 || populated == 0)
                        return 0;
                r = cgroup_kill_dir(child);
                if (r == -ENOMEM)
                        return r;
                struct pollfd p = {.fd = events, .events = POLLPRI};
                (void)poll(&p, 1, CLEAR_STEP); /* again then: one may have come by fork */
                char c;
                (void)!pread(events, &c, 1, 0); /* else it stays ready */
        }
        return 0;
}

static int remove_one(void *data, int child UNUSED, const char *name)
{
        const int *parent = data;
        int r = cgroup_remove(*parent, name);
        return r == -ENOMEM ? r : 0;
}

static int clear_left(int parent, const char *prefix)
{
        Nsec until = nsec_add(clock_now(&clock_monotonic), LIMIT_SPAWN_CLEAR * NSEC_PER_SEC);
        int r = cgroup_each_child(parent, prefix, clear_one, &until);
        return r < 0 ? r : cgroup_each_child(parent, prefix, remove_one, &parent);
}

/* A refusal of the system, or something that should not be. */
static const char *why_not(int r)
{
        switch (r) {
        case -EACCES:
        case -EPERM:
                return "control groups may not be made here (not delegated to this user)";
        case -EROFS:
                return "the control group file system is mounted read-only";
        case -ENOENT:
        case -ENOTDIR:
                return "the control group file system is not visible here";
        case -EAGAIN:
        case -ENOSPC:
                return "no more control groups may be made here";
        default:
                return NULL;
        }
}

static int make_group(int parent, const CgroupPlace *place, Buf *name, CgroupRoot *ret)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX), self = BUF_INIT(PATH_MAX);
        struct timespec t;
        if (clock_gettime(CLOCK_REALTIME, &t) < 0)
                return -errno;
        int r = buf_appendf(name, "%llx",
                            (unsigned long long)t.tv_sec * NSEC_PER_SEC + (unsigned long)t.tv_nsec);
        if (r == 0)
                r = buf_appendf(&path, "%s/%s", place->dir, name->data);
        if (r == 0)
                r = buf_appendf(&self, "%s/%s", strcmp(place->self, "/") == 0 ? "" : place->self, name->data);
        if (r < 0)
                return r;
        if (mkdirat(parent, name->data, DIR_MODE) < 0)
                return -errno;
        CgroupRoot root = {.fd = openat(parent, name->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        r = root.fd < 0 ? -errno : buf_steal(&path, &root.path);
        if (r == 0)
                r = buf_steal(&self, &root.self);
        if (r < 0) {
                (void)unlinkat(parent, name->data, AT_REMOVEDIR);
                free(root.path);
                fd_close_p(&root.fd);
                return r;
        }
        root.can_kill = faccessat(root.fd, "cgroup.kill", F_OK, 0) == 0;
        *ret = root;
        return 0;
}

static int open_below(const CgroupPlace *place, const char *runtime_dir, CgroupRoot *ret)
{
        CLEANUP(buf_done) Buf name = BUF_INIT(NAME_MAX);
        CLEANUP_FD int parent = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return -errno;
        int r = name_prefix(runtime_dir, &name);
        if (r == 0)
                r = clear_left(parent, name.data);
        return r < 0 ? r : make_group(parent, place, &name, ret);
}

int cgroup_root_open(const char *runtime_dir, CgroupRoot *ret, const char **ret_why)
{
        CLEANUP(cgroup_place_done) CgroupPlace place = {0};
        CgroupRoot root;
        int r = find_place(&place);
        const char *why = r == CGROUP_PLACE_E_NONE ? "there are no control groups (v2) here" : NULL;
        if (r == 0) {
                r = open_below(&place, runtime_dir, &root);
                why = why_not(r);
        }
        if (why) {
                *ret = (CgroupRoot){.fd = -1};
                *ret_why = why;
                return CGROUP_E_NONE;
        }
        if (r == 0)
                *ret = root;
        return r;
}

void cgroup_root_close(CgroupRoot *r)
{
        if (r->path)
                (void)rmdir(r->path); /* not what still has groups in it: the next start clears it */
        free(r->path);
        free(r->self);
        fd_close_p(&r->fd);
        *r = (CgroupRoot){.fd = -1};
}

/* ---- the group of an instance ----------------------------------------------- */

int cgroup_new(const CgroupRoot *r, const char *name, Cgroup *ret)
{
        Cgroup c = {.fd = -1, .events_fd = -1};
        if (r->fd < 0)
                return -ENOENT;
        if (strlen(name) >= sizeof(c.name) || strchr(name, '/') || name[0] == '.' || !*name)
                return -EINVAL;
        memcpy(c.name, name, strlen(name) + 1);
        if (mkdirat(r->fd, name, DIR_MODE) < 0)
                return -errno;
        c.fd = openat(r->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        c.events_fd = c.fd < 0 ? -1 : openat(c.fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (c.events_fd < 0) {
                int error = -errno;
                cgroup_done(r, &c);
                return error;
        }
        *ret = c;
        return 0;
}

void cgroup_done(const CgroupRoot *r, Cgroup *c)
{
        fd_close_p(&c->events_fd);
        fd_close_p(&c->fd);
        if (c->name[0] && r->fd >= 0)
                (void)!cgroup_remove(r->fd, c->name);
        *c = (Cgroup){.fd = -1, .events_fd = -1};
}

int cgroup_populated(const Cgroup *c, bool *ret)
{
        char text[CGROUP_TEXT_MAX];
        ssize_t n = pread(c->events_fd, text, sizeof(text) - 1, 0);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        *ret = strstr(text, "populated 1") != NULL;
        return 0;
}

static int gone(int r)
{
        return r == -ENOENT ? -ENODEV : r;
}

int cgroup_kill(const Cgroup *c)
{
        return gone(cgroup_kill_dir(c->fd));
}

typedef struct Sending {
        int signo;
        pid_t except;
} Sending;

static void send_one(void *data, pid_t pid)
{
        const Sending *s = data;
        if (pid != s->except)
                (void)kill(pid, s->signo);
}

int cgroup_signal(const Cgroup *c, int signo, pid_t except)
{
        Sending s = {signo, except};
        return gone(cgroup_each_pid(c->fd, send_one, &s));
}

bool cgroup_of(const CgroupRoot *r, pid_t pid, char *ret_name, size_t size)
{
        char path[64];
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_PROC_FILE);
        (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
        if (r->fd < 0 || read_file(path, &text) < 0)
                return false;
        Span line = cgroup_line(buf_span(&text)), self = span_of(r->self);
        if (!span_starts(line, self) || line.len <= self.len || line.ptr[self.len] != '/')
                return false;
        Span rest = span_skip(line, self.len + 1);
        Span name = span_first(rest, MIN(span_find(rest, '/'), span_find(rest, ' '))); /* "name (deleted)" */
        if (name.len >= size)
                return false;
        memcpy(ret_name, name.ptr, name.len);
        ret_name[name.len] = '\0';
        return true;
}

/* ---- what it uses ----------------------------------------------------------- */

static void add_process(void *data, pid_t pid)
{
        char path[64], text[256];
        uint64_t pages;
        CgroupUsage *u = data;
        Span rest, part;
        u->pids++;
        (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
        if (cgroup_read(AT_FDCWD, path, text, sizeof(text)) < 0)
                return; /* it has ended */
        rest = span_of(text);
        if (span_next(&rest, ' ', &part) && span_next(&rest, ' ', &part) && parse_u64(part, &pages) == 0)
                u->memory += pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void known_or(int r, uint64_t v, uint64_t *field)
{
        if (r == 0)
                *field = v;
}

int cgroup_usage(const Cgroup *c, CgroupUsage *ret)
{
        CgroupUsage u = {.cpu_usec = UINT64_MAX};
        uint64_t v = 0, memory = 0;
        int has_memory = cgroup_number(c->fd, "memory.current", NULL, &memory);
        int r = cgroup_number(c->fd, "pids.current", NULL, &v);
        int walked = has_memory == 0 && r == 0 ? 0 : cgroup_each_pid(c->fd, add_process, &u);
        if (walked < 0)
                return gone(walked);
        known_or(has_memory, memory, &u.memory);
        known_or(r, v, &u.pids);
        r = cgroup_number(c->fd, "cpu.stat", "usage_usec", &v);
        known_or(r, v, &u.cpu_usec);
        r = cgroup_number(c->fd, "memory.events", "oom_kill", &v);
        known_or(r, v, &u.oom_kills);
        *ret = u;
        return 0;
}
