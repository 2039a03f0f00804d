/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "supervisor/dir-lock.h"
#include "supervisor/dirs.h"

enum {
        RUN_TRIES = 16, /* names of our own directory: others may have this pid in their namespace */
        RUN_NAME = 64,
        MODE_OURS = 0700,
        MODE_HOMES = 0711, /* passed through, not read */
        OPEN_DIR = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
};

#define RUN_PREFIX     "run-"
#define LONGEST_SOCKET "/control.sock"

static int refuse(int k)
{
        return k < 0 ? k : DIRS_E_REFUSED;
}

/* ---- making and looking --------------------------------------------------- */

/* The directory and those above it that are missing. */
static int make_path(const char *path)
{
        if (mkdir(path, MODE_OURS) == 0 || errno == EEXIST)
                return 0;
        if (errno != ENOENT)
                return -errno;
        CLEANUP_FREE char *part = strdup(path);
        if (!part)
                return -ENOMEM;
        for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(part, MODE_OURS) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return mkdir(path, MODE_OURS) == 0 || errno == EEXIST ? 0 : -errno;
}

/* Whoever may write there could put sockets of his own in the place of ours. */
static int check_ours(int fd, const char *path, Buf *why)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return refuse(buf_appendf(why,
                                          "the runtime directory %s belongs to user %u, not to us (%u): name "
                                          "another one with --runtime-dir, one below it for instance",
                                          path, st.st_uid, geteuid()));
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return refuse(
                        buf_appendf(why,
                                    "others may write to the runtime directory %s (mode %04o): chmod 0700 "
                                    "it, or name another one with --runtime-dir",
                                    path, st.st_mode & 07777));
        return 0;
}

static int check_length(const char *path, Buf *why)
{
        size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - sizeof(LONGEST_SOCKET);

        if (strlen(path) <= room)
                return 0;
        return refuse(buf_appendf(why,
                                  "the runtime directory %s is too long for the sockets in it (%zu bytes, at "
                                  "most %zu): name a shorter one with --runtime-dir",
                                  path, strlen(path), room));
}

static int say_another(int dir, const char *path, Buf *why)
{
        uint64_t pid = dir_lock_read_pid(dir);
        char number[RUN_NAME] = "unknown";

        if (pid)
                (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)pid);
        return refuse(
                buf_appendf(why,
                            "another copy runs in %s (pid %s): stop it first, ask it with `mcpvisor status "
                            "--socket %s`, or give this one directories of its own with --runtime-dir and "
                            "--state-dir",
                            path, number, path));
}

/* ---- run-PID -------------------------------------------------------------- */

/* Files, sockets and links, and empty directories; the lock goes last. */
static void remove_contents(int dir)
{
        int copy = openat(dir, ".", OPEN_DIR);
        DIR *d = copy < 0 ? NULL : fdopendir(copy);

        if (!d) {
                fd_close_p(&copy);
                return;
        }
        for (struct dirent *e; (e = readdir(d));) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                    strcmp(e->d_name, DIR_LOCK_NAME) == 0)
                        continue;
                if (unlinkat(dir, e->d_name, 0) < 0)
                        (void)unlinkat(dir, e->d_name, AT_REMOVEDIR);
        }
        (void)closedir(d);
        (void)unlinkat(dir, DIR_LOCK_NAME, 0);
}

static void remove_stale(int runtime, const char *name)
{
        CLEANUP_FD int dir = openat(runtime, name, OPEN_DIR);
        CLEANUP_FD int lock = -EBADF;
        struct stat st;

        if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid() || dir_lock_take(dir, &lock) != 0)
                return;
        remove_contents(dir);
        (void)unlinkat(runtime, name, AT_REMOVEDIR);
}

/* What earlier runs left that were killed. */
static void clear_stale(int runtime)
{
        int copy = openat(runtime, ".", OPEN_DIR);
        DIR *d = copy < 0 ? NULL : fdopendir(copy);

        if (!d) {
                fd_close_p(&copy);
                return;
        }
        for (struct dirent *e; (e = readdir(d));)
                if (span_starts(span_of(e->d_name), SPAN(RUN_PREFIX)))
                        remove_stale(runtime, e->d_name);
        (void)closedir(d);
}

/* Another start may take it for a stale one before it is locked: then the next name. */
static int run_take(Dirs *d, int runtime, const char *name)
{
        if (mkdirat(runtime, name, MODE_OURS) < 0 && errno != EEXIST)
                return -errno;
        CLEANUP_FD int dir = openat(runtime, name, OPEN_DIR);
        CLEANUP_FD int lock = -EBADF;
        struct stat st;
        if (dir < 0 || fstat(dir, &st) < 0)
                return DIR_LOCK_E_GONE;
        if (st.st_uid != geteuid())
                return DIR_LOCK_E_BUSY;
        int k = dir_lock_take(dir, &lock);
        if (k != 0)
                return k;
        if (!dir_lock_same_file(dir, runtime, name))
                return DIR_LOCK_E_GONE;
        d->runtime_fd = TAKE_FD(dir);
        d->lock_fd = TAKE_FD(lock);
        return 0;
}

static int run_open(Dirs *d, int runtime, const char *path, Buf *why)
{
        char name[RUN_NAME];
        CLEANUP(buf_done) Buf own = BUF_INIT(BUF_CAP_NONE);
        int k = DIR_LOCK_E_BUSY;

        (void)snprintf(name, sizeof(name), RUN_PREFIX "%d", getpid());
        for (unsigned i = 1; k > 0 && i <= RUN_TRIES; i++) {
                buf_clear(&own);
                int r = buf_appendf(&own, "%s/%s", path, name);
                if (r == 0)
                        r = check_length(buf_text(&own), why);
                if (r != 0)
                        return r;
                k = run_take(d, runtime, name);
                /* The same pid in another pid namespace. */
                (void)snprintf(name, sizeof(name), RUN_PREFIX "%d-%u", getpid(), i);
        }
        if (k > 0)
                return say_another(runtime, path, why);
        if (k == 0)
                k = buf_steal(&own, &d->runtime);
        d->own_runtime = k == 0;
        return k;
}

/* ---- open and close ------------------------------------------------------- */

static int runtime_take(const DaemonOptions *options, const char *path, Dirs *d, Buf *why)
{
        int k = make_path(path);
        if (k < 0)
                return k;
        CLEANUP_FD int fd = open(path, OPEN_DIR);
        if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
                return refuse(buf_appendf(why,
                                          "the runtime directory %s is a symbolic link or no directory: name "
                                          "another one with --runtime-dir",
                                          path));
        if (fd < 0)
                return -errno;
        k = check_ours(fd, path, why);
        if (k != 0)
                return k;
        clear_stale(fd);
        k = dir_lock_take(fd, &d->lock_fd);
        if (k > 0 && options->mode == DAEMON_RUN)
                k = run_open(d, fd, path, why);
        else if (k > 0)
                return say_another(fd, path, why);
        else if (k == 0)
                d->runtime_fd = TAKE_FD(fd);
        if (k == 0 && !d->runtime) {
                d->runtime = strdup(path);
                k = d->runtime ? 0 : -ENOMEM;
        }
        return k == 0 ? dir_lock_write_pid(d->lock_fd) : k;
}

static int state_take(const char *path, Dirs *d)
{
        int k = make_path(path);
        if (k < 0)
                return k;
        CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* The mode alone does not tell: the system may be read-only. */
        if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
                return -errno;
        d->state = strdup(path);
        if (!d->state)
                return -ENOMEM;
        d->state_fd = TAKE_FD(fd);
        return 0;
}

/* `run` goes on without what cannot be; `serve` would lose what it is told to keep. */
static int cannot(const DaemonOptions *options, const char *what, const char *path, int error, Buf *why)
{
        if (error == -ENOMEM || error == -ENFILE || error == -EMFILE)
                return error;
        if (options->mode == DAEMON_RUN)
                return buf_appendf(why, "%sgoing on without the %s directory %s: %s", why->len ? "\n" : "",
                                   what, path, strerror(-error));
        return refuse(buf_appendf(why,
                                  "the %s directory %s cannot be used: %s: make it writable, or name another "
                                  "one with --%s-dir",
                                  what, path, strerror(-error), what));
}

static void dirs_forget_runtime(Dirs *d)
{
        free(TAKE_PTR(d->runtime));
        fd_close_p(&d->runtime_fd);
        fd_close_p(&d->lock_fd);
        d->own_runtime = false;
}

/* Without slashes at the end: behind one, a symbolic link would be followed. */
static char *without_slashes(const char *path)
{
        size_t n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
                n--;
        return strndup(path, n);
}

static int runtime_open(const DaemonOptions *options, const char *given, Dirs *d, Buf *why)
{
        CLEANUP_FREE char *path = without_slashes(given);
        if (!path)
                return -ENOMEM;
        int k = check_length(path, why);
        if (k == 0)
                k = runtime_take(options, path, d, why);
        if (k >= 0)
                return k;
        dirs_close(d);
        return cannot(options, "runtime", path, k, why);
}

int dirs_open(const DaemonOptions *options, const char *runtime, const char *state, Dirs *ret, Buf *why)
{
        Dirs d = {.runtime_fd = -EBADF, .state_fd = -EBADF, .lock_fd = -EBADF};

        int k = runtime_open(options, runtime, &d, why);
        if (k == 0) {
                k = state_take(state, &d);
                if (k < 0)
                        k = cannot(options, "state", state, k, why);
        }
        if (k != 0) {
                dirs_close(&d);
                return k;
        }
        *ret = d;
        return 0;
}

void dirs_close(Dirs *d)
{
        if (d->runtime && d->lock_fd >= 0 && d->runtime_fd >= 0) {
                if (d->own_runtime) {
                        remove_contents(d->runtime_fd);
                        (void)rmdir(d->runtime);
                } else {
                        (void)unlinkat(d->runtime_fd, DIR_LOCK_NAME, 0);
                }
        }
        if (d->runtime || d->lock_fd > 0)
                dirs_forget_runtime(d);
        if (d->state) {
                free(d->state);
                fd_close_p(&d->state_fd);
        }
        *d = (Dirs){.runtime_fd = -EBADF, .state_fd = -EBADF, .lock_fd = -EBADF};
}

/* ---- in them -------------------------------------------------------------- */

int dirs_clear_socket(const Dirs *d, const char *name)
{
        struct stat st;

        if (!d->runtime)
                return -ENOENT;
        if (fstatat(d->runtime_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        return unlinkat(d->runtime_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int home_own(int fd, uint64_t uid, uint64_t gid)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, (uid_t)uid, (gid_t)gid) < 0)
                return -errno;
        if ((st.st_mode & 07777) != MODE_OURS && fchmod(fd, MODE_OURS) < 0)
                return -errno;
        return 0;
}

/* A server of another user reaches its own directory by passing ours, in which it can list nothing. */
static int let_through(int fd, uint64_t uid)
{
        struct stat st;

        if (uid == UINT64_MAX || uid == geteuid())
                return 0;
        if (fstat(fd, &st) < 0)
                return -errno;
        return (st.st_mode & S_IXOTH) || fchmod(fd, (st.st_mode & 07777) | S_IXOTH) == 0 ? 0 : -errno;
}

int dirs_home(const Dirs *d, const char *server, uint64_t uid, uint64_t gid, Buf *ret_path)
{
        assert(!strchr(server, '/') && server[0] != '.' && server[0] != '\0');
        if (!d->state)
                return -ENOENT;
        if (mkdirat(d->state_fd, "home", MODE_HOMES) < 0 && errno != EEXIST)
                return -errno;
        CLEANUP_FD int homes = openat(d->state_fd, "home", OPEN_DIR);
        if (homes < 0 || (mkdirat(homes, server, MODE_OURS) < 0 && errno != EEXIST))
                return -errno;
        CLEANUP_FD int home = openat(homes, server, OPEN_DIR);
        if (home < 0)
                return -errno;
        int r = home_own(home, uid, gid);
        if (r == 0)
                r = let_through(homes, uid);
        if (r == 0)
                r = let_through(d->state_fd, uid);
        return r < 0 ? r : buf_appendf(ret_path, "%s/home/%s", d->state, server);
}
