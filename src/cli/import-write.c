/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "cli/import-write.h"

typedef enum PlacedState {
        PLACED_WRITTEN,  /* under its other name */
        PLACED_NEW,      /* under its name */
        PLACED_SWAPPED,  /* under its name, and what was there under the other */
        PLACED_REPLACED, /* what was there is gone */
} PlacedState;

struct ImportPlaced {
        ImportPlaced *next;
        PlacedState state;
        char *path, *other; /* owned */
};

PRINTF(3, 4) static int failed(Buf *why, const char *path, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = utf8_escape(why, span_of(path));
        if (r == 0)
                r = buf_append_char(why, ' ');
        if (r == 0)
                r = buf_vappendf(why, fmt, ap);
        va_end(ap);
        return r < 0 ? r : IMPORT_WRITE_E_FAILED;
}

int import_write_check(const char *path, bool force, Buf *why)
{
        struct stat st;
        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : failed(why, path, "cannot be made: %s", strerror(errno));
        if (S_ISDIR(st.st_mode))
                return failed(why, path, "is a directory");
        if (!S_ISREG(st.st_mode))
                return failed(why, path, "exists and is not a regular file");
        return force ? 0 : failed(why, path, "exists: --force replaces it");
}

int import_write_dir(ImportWrite *w, const char *path, Buf *why)
{
        struct stat st;
        if (mkdir(path, 0700) == 0) {
                if (chmod(path, 0700) < 0) { /* whatever the umask */
                        int r = -errno;
                        (void)rmdir(path);
                        return failed(why, path, "cannot be made: %s", strerror(-r));
                }
                w->made_dir = strdup(path);
                if (w->made_dir)
                        return 0;
                (void)rmdir(path);
                return -ENOMEM;
        }
        if (errno != EEXIST)
                return failed(why, path, "cannot be made: %s", strerror(errno));
        if (lstat(path, &st) < 0)
                return failed(why, path, "cannot be looked at: %s", strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return failed(why, path, "exists and is not a directory");
        if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return failed(why, path, "exists, and others may write to it: secrets do not go there");
        return 0;
}

/* A file beside `path`, of mode 0600 whatever the umask. */
static int make_other(const char *path, char **ret_other, int *ret_fd)
{
        const char *slash = strrchr(path, '/');
        int dir = slash ? (int)(slash - path) + 1 : 0;
        CLEANUP(buf_done) Buf b = BUF_INIT(PATH_MAX);
        int r = buf_appendf(&b, "%.*s.%s.XXXXXX", dir, path, path + dir);
        if (r < 0)
                return r == -ENOBUFS ? -ENAMETOOLONG : r;
        CLEANUP_FD int fd = mkostemp(b.data, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0) {
                r = -errno;
                (void)unlink(b.data);
                return r;
        }
        r = buf_steal(&b, ret_other);
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

int import_write_file(ImportWrite *w, const char *path, Span text, Buf *why)
{
        CLEANUP_FD int fd = -EBADF;
        ImportPlaced *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->path = strdup(path);
        int r = p->path ? make_other(path, &p->other, &fd) : -ENOMEM;
        if (r < 0) {
                free(p->path);
                free(p);
                return r == -ENOMEM ? r : failed(why, path, "cannot be made: %s", strerror(-r));
        }
        p->next = w->files;
        w->files = p;
        r = fd_write_all(fd, text);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        return r < 0 ? failed(why, path, "cannot be written: %s", strerror(-r)) : 0;
}

/* Where a file system has no renameat2(): what comes nearest. */
static int place_plainly(ImportPlaced *p, bool force)
{
        if (force) {
                if (rename(p->other, p->path) < 0)
                        return -errno;
                p->state = PLACED_REPLACED;
                return 0;
        }
        if (link(p->other, p->path) < 0)
                return -errno;
        (void)unlink(p->other);
        p->state = PLACED_NEW;
        return 0;
}

static int place(ImportPlaced *p, bool force)
{
        if (renameat2(AT_FDCWD, p->other, AT_FDCWD, p->path, RENAME_NOREPLACE) == 0) {
                p->state = PLACED_NEW;
                return 0;
        }
        if (errno == EEXIST && force) {
                if (renameat2(AT_FDCWD, p->other, AT_FDCWD, p->path, RENAME_EXCHANGE) == 0) {
                        p->state = PLACED_SWAPPED;
                        return 0;
                }
        }
        return errno == EINVAL || errno == ENOSYS ? place_plainly(p, force) : -errno;
}

int import_write_commit(ImportWrite *w, Buf *why)
{
        for (ImportPlaced *p = w->files; p; p = p->next) {
                int r = import_write_check(p->path, w->force, why);
                if (r != 0)
                        return r;
                r = place(p, w->force);
                if (r == -EEXIST)
                        return failed(why, p->path, "exists: --force replaces it");
                if (r < 0)
                        return failed(why, p->path, "cannot be made: %s", strerror(-r));
        }
        for (ImportPlaced *p = w->files; p; p = p->next) {
                if (p->state == PLACED_SWAPPED)
                        (void)unlink(p->other);
                p->state = PLACED_REPLACED; /* for good */
        }
        free(w->made_dir);
        w->made_dir = NULL;
        return 0;
}

static void take_back(const ImportPlaced *p)
{
        switch (p->state) {
        case PLACED_WRITTEN:
                (void)unlink(p->other);
                break;
        case PLACED_NEW:
                (void)unlink(p->path);
                break;
        case PLACED_SWAPPED:
                if (renameat2(AT_FDCWD, p->other, AT_FDCWD, p->path, RENAME_EXCHANGE) == 0)
                        (void)unlink(p->other);
                break;
        case PLACED_REPLACED:
                break;
        }
}

void import_write_done(ImportWrite *w)
{
        for (ImportPlaced *p = w->files, *next; p; p = next) {
                next = p->next;
                take_back(p);
                free(p->path);
                free(p->other);
                free(p);
        }
        if (w->made_dir)
                (void)rmdir(w->made_dir);
        free(w->made_dir);
        *w = (ImportWrite){0};
}
