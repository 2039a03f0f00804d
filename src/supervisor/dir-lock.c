/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/parse.h"
#include "supervisor/dir-lock.h"

enum {
        LOCK_TRIES = 16, /* each loses against another copy that ended in that very moment */
        MODE_LOCK = 0600,
        PID_TEXT = 32,
};

bool dir_lock_same_file(int fd, int dir, const char *name)
{
        struct stat a, b;
        return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
               a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Whoever ends removes the file while it holds it: what we have locked may be gone from the directory. */
int dir_lock_take(int dir, int *ret_fd)
{
        for (unsigned i = 0; i < LOCK_TRIES; i++) {
                CLEANUP_FD int fd = openat(dir, DIR_LOCK_NAME,
                                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                                           MODE_LOCK);
                if (fd < 0)
                        return errno == ENOENT ? DIR_LOCK_E_GONE : -errno; /* the directory itself went */
                if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                        return errno == EWOULDBLOCK ? DIR_LOCK_E_BUSY : -errno;
                if (dir_lock_same_file(fd, dir, DIR_LOCK_NAME)) {
                        *ret_fd = TAKE_FD(fd);
                        return 0;
                }
        }
        return DIR_LOCK_E_BUSY;
}

int dir_lock_write_pid(int fd)
{
        char text[PID_TEXT];

        int n = snprintf(text, sizeof(text), "%d\n", getpid());
        if (ftruncate(fd, 0) < 0)
                return -errno;
        ssize_t w = pwrite(fd, text, (size_t)n, 0);
        return w == n ? 0 : w < 0 ? -errno : -ENOSPC;
}

uint64_t dir_lock_read_pid(int dir)
{
        CLEANUP_FD int fd = openat(dir, DIR_LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        char text[PID_TEXT];
        uint64_t pid;

        ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
        return n > 0 && parse_u64(span_trim(span_from(text, (size_t)n)), &pid) == 0 ? pid : 0;
}
