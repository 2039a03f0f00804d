/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/sha256.h"
#include "ipc/catalogue.h"

/* Before the bytes. Written last, so that a file is whole or empty whenever its writer ends; what the
 * machine loses by itself the sum finds. */
typedef struct CatalogueHead {
        char magic[8];
        uint64_t length;
        uint8_t sum[SHA256_SIZE];
} CatalogueHead;

static const char magic[8] = "MCVCAT1\n";

static int open_dir(int state_dir_fd, int *ret_fd)
{
        if (mkdirat(state_dir_fd, "catalogue", 0700) < 0 && errno != EEXIST)
                return -errno;
        int fd = openat(state_dir_fd, "catalogue", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

int catalogue_open(int state_dir_fd, const char *name, int *ret_fd)
{
        CLEANUP_FD int dir = -EBADF;
        struct stat st;
        if (strchr(name, '/'))
                return -EINVAL;
        int r = open_dir(state_dir_fd, &dir);
        if (r < 0)
                return r;
        /* O_NONBLOCK: whatever stands there, opening it never waits. */
        CLEANUP_FD int fd = openat(dir, name,
                                   O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* 1: the file ends before. */
static int read_at(int fd, char *to, size_t n, off_t at)
{
        while (n) {
                ssize_t k = pread(fd, to, n, at);
                if (k == 0)
                        return 1;
                if (k < 0 && errno != EINTR)
                        return -errno;
                if (k > 0) {
                        to += k;
                        n -= (size_t)k;
                        at += k;
                }
        }
        return 0;
}

static int write_at(int fd, Span s, off_t at)
{
        while (s.len) {
                ssize_t k = pwrite(fd, s.ptr, s.len, at);
                if (k == 0)
                        return -EIO;
                if (k < 0 && errno != EINTR)
                        return -errno;
                if (k > 0) {
                        s = span_skip(s, (size_t)k);
                        at += k;
                }
        }
        return 0;
}

int catalogue_read(int fd, Buf *ret)
{
        CatalogueHead head;
        uint8_t sum[SHA256_SIZE];
        char *room;
        int r = read_at(fd, (char *)&head, sizeof(head), 0);
        if (r < 0)
                return r;
        if (r > 0 || memcmp(head.magic, magic, sizeof(magic)) != 0 || head.length > LIMIT_CATALOGUE)
                return CATALOGUE_E_EMPTY;
        r = buf_reserve(ret, head.length, &room);
        if (r < 0)
                return r;
        r = read_at(fd, room, head.length, sizeof(head));
        if (r == 0) {
                sha256(span_from(room, head.length), sum);
                r = memcmp(sum, head.sum, sizeof(sum)) != 0;
        }
        buf_commit(ret, r == 0 ? head.length : 0);
        return r > 0 ? CATALOGUE_E_EMPTY : r;
}

int catalogue_write(int fd, Span bytes)
{
        CatalogueHead head = {.length = bytes.len};
        if (bytes.len > LIMIT_CATALOGUE)
                return -EFBIG;
        memcpy(head.magic, magic, sizeof(magic));
        sha256(bytes, head.sum);
        if (ftruncate(fd, 0) < 0)
                return -errno;
        int r = write_at(fd, bytes, sizeof(head));
        return r < 0 ? r : write_at(fd, span_from((const char *)&head, sizeof(head)), 0);
}
