/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/parse.h"
#include "spawn/cgroup-file.h"

int cgroup_read(int dir, const char *file, char *buf, size_t size)
{
        size_t len = 0;
        CLEANUP_FD int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (;;) {
                ssize_t n = read(fd, buf + len, size - 1 - len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += (size_t)n;
        }
        buf[len] = '\0';
        return 0;
}

int cgroup_write(int dir, const char *file, const char *text)
{
        size_t len = strlen(text);
        CLEANUP_FD int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, text, len);
        return n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
}

int cgroup_number(int dir, const char *file, const char *key, uint64_t *ret)
{
        char text[CGROUP_TEXT_MAX];
        int r = cgroup_read(dir, file, text, sizeof(text));
        if (r < 0)
                return r;
        Span rest = span_of(text), line;
        while (span_next(&rest, '\n', &line)) {
                Span name = span_first(line, span_find(line, ' '));
                if (!key)
                        return parse_u64(line, ret);
                if (span_equal(name, span_of(key)))
                        return parse_u64(span_skip(line, name.len + 1), ret);
        }
        return -ENOENT;
}

/* ---- processes -------------------------------------------------------------- */

typedef struct PidWalk {
        CgroupVisit *visit;
        void *data;
        int depth;
} PidWalk;

static void visit_text(const PidWalk *w, Span text)
{
        Span line;
        uint64_t pid;
        while (span_next(&text, '\n', &line)) /* 0: lives outside of our pid namespace */
                if (parse_u64(line, &pid) == 0 && pid > 1 && pid <= INT32_MAX && (pid_t)pid != getpid())
                        w->visit(w->data, (pid_t)pid);
}

/* Read whole before the first visit: the list changes under who kills its members. */
static int visit_own(int dir, const PidWalk *w)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FD int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = fd_read_all(fd, &text);
        if (r == 0)
                visit_text(w, buf_span(&text));
        return r == -EOPNOTSUPP ? 0 : r; /* a threaded group lists its processes above */
}

static int visit_below(void *data, int child, const char *name UNUSED)
{
        const PidWalk *w = data;
        PidWalk deeper = {w->visit, w->data, w->depth + 1};
        int r = visit_own(child, &deeper);
        if (r == 0 && deeper.depth < CGROUP_DEPTH)
                r = cgroup_each_child(child, "", visit_below, &deeper);
        return r == -ENOENT || r == -ENODEV ? 0 : r; /* gone meanwhile */
}

int cgroup_each_pid(int dir, CgroupVisit *visit, void *data)
{
        PidWalk w = {visit, data, 0};
        int r = visit_own(dir, &w);
        return r < 0 ? r : cgroup_each_child(dir, "", visit_below, &w);
}

/* ---- groups below ----------------------------------------------------------- */

static int open_dir(int dir, const char *name)
{
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

static void close_dir(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

int cgroup_each_child(int dir, const char *prefix, int (*visit)(void *data, int child, const char *name),
                      void *data)
{
        int fd = open_dir(dir, ".");
        if (fd < 0)
                return fd;
        CLEANUP(close_dir) DIR *d = fdopendir(fd);
        if (!d) {
                fd_close_p(&fd);
                return -ENOMEM;
        }
        for (struct dirent *e; (e = readdir(d));) {
                if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
                        continue;
                if (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN)
                        continue; /* a group holds some twenty files, which need not be tried */
                CLEANUP_FD int child = open_dir(dir, e->d_name);
                if (child < 0)
                        continue; /* a file, or gone */
                int r = visit(data, child, e->d_name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void kill_pid(void *data UNUSED, pid_t pid)
{
        (void)kill(pid, SIGKILL);
}

int cgroup_kill_dir(int dir)
{
        (void)!cgroup_write(dir, "cgroup.kill", "1"); /* the signals below do it too, only later */
        return cgroup_each_pid(dir, kill_pid, NULL);
}

typedef struct Removal {
        int parent, depth;
} Removal;

static int remove_below(void *data, int child, const char *name)
{
        const Removal *r = data;
        Removal deeper = {child, r->depth + 1};
        if (unlinkat(r->parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        if (deeper.depth < CGROUP_DEPTH) {
                int error = cgroup_each_child(child, "", remove_below, &deeper);
                if (error < 0)
                        return error;
        }
        return unlinkat(r->parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int cgroup_remove(int parent, const char *name)
{
        Removal r = {parent, 0};
        CLEANUP_FD int child = open_dir(parent, name);
        if (child < 0)
                return child == -ENOENT ? 0 : child;
        return remove_below(&r, child, name);
}
