/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/fd.h"

enum { READ_CHUNK = 16 * 1024 };

void fd_close_p(int *fd)
{
        if (*fd < 0)
                return;
        int saved = errno;
        (void)close(TAKE_FD(*fd)); /* EINTR on Linux: it is closed all the same */
        errno = saved;
}

static int fd_flag(int fd, int get, int set, int flag, bool on)
{
        int flags = fcntl(fd, get);
        if (flags < 0)
                return -errno;
        int wanted = on ? flags | flag : flags & ~flag;
        if (wanted != flags && fcntl(fd, set, wanted) < 0)
                return -errno;
        return 0;
}

int fd_set_nonblock(int fd, bool on)
{
        return fd_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
        return fd_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_write_all(int fd, Span s)
{
        while (s.len) {
                ssize_t n = write(fd, s.ptr, s.len);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0) /* would go on for ever */
                        return -EIO;
                s = span_skip(s, (size_t)n);
        }
        return 0;
}

int fd_read_all(int fd, Buf *b)
{
        for (;;) {
                char *room;
                size_t want = MIN((size_t)READ_CHUNK, b->cap - b->len);
                if (want == 0) { /* full: is there more? */
                        char extra;
                        ssize_t n = read(fd, &extra, 1);
                        if (n == 0)
                                return 0;
                        if (n > 0)
                                return -ENOBUFS;
                        if (errno != EINTR)
                                return -errno;
                        continue;
                }
                int r = buf_reserve(b, want, &room);
                if (r < 0)
                        return r;
                ssize_t n = read(fd, room, want);
                if (n == 0)
                        return 0;
                if (n > 0)
                        buf_commit(b, (size_t)n);
                else if (errno != EINTR)
                        return -errno;
        }
}

int fd_memfd_new(const char *name, int *ret_fd)
{
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

int fd_memfd_seal(int fd)
{
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                return -errno;
        return 0;
}
