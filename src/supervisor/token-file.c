/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/token-file.h"

enum {
        TOKEN_BYTES = 32,
        NAME_ROOM = 32,
        MODE_TOKEN = 0600,
        MODE_OTHERS = 077,
        NOREPLACE = 1, /* RENAME_NOREPLACE, which old headers do not have */
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int refuse(int k)
{
        return k < 0 ? k : TOKEN_FILE_E_REFUSED;
}

/* base64url without padding. */
static void encode(const uint8_t *bytes, size_t n, char *to)
{
        uint32_t bits = 0;
        unsigned have = 0;
        for (size_t i = 0; i < n; i++) {
                bits = bits << 8 | bytes[i];
                for (have += 8; have >= 6; have -= 6)
                        *to++ = digits[bits >> (have - 6) & 63];
        }
        if (have)
                *to++ = digits[bits << (6 - have) & 63];
        *to = '\0';
}

int token_make(char ret[static TOKEN_TEXT])
{
        uint8_t bytes[TOKEN_BYTES];
        ssize_t n;
        do
                n = getrandom(bytes, sizeof(bytes), 0);
        while (n < 0 && errno == EINTR);
        if (n != (ssize_t)sizeof(bytes))
                return n < 0 ? -errno : -EIO;
        encode(bytes, sizeof(bytes), ret);
        explicit_bzero(bytes, sizeof(bytes));
        return 0;
}

/* ---- reading ---------------------------------------------------------------- */

static int check_file(int fd, const char *path, Buf *why)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return refuse(buf_appendf(why, "the token file %s is no regular file", path));
        if (st.st_uid != geteuid() && st.st_uid != 0)
                return refuse(
                        buf_appendf(why,
                                    "the token file %s belongs to user %u, not to us (%u): who owns it can "
                                    "change it",
                                    path, st.st_uid, geteuid()));
        if (st.st_mode & MODE_OTHERS)
                return refuse(
                        buf_appendf(why,
                                    "the token file %s is open to others (mode %04o): chmod 600 it, and make "
                                    "a new token if somebody may have read it",
                                    path, st.st_mode & 07777));
        return 0;
}

/* What a client can send: visible ASCII on one line. */
static int check_text(Span s, const char *path, Buf *why)
{
        if (s.len == 0)
                return refuse(buf_appendf(why, "the token file %s is empty: remove it, and a new one is made",
                                          path));
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
                        return refuse(
                                buf_appendf(why,
                                            "the token file %s holds more than one word of visible ASCII, "
                                            "which no client could send",
                                            path));
        return 0;
}

int token_file_read(const char *path, char **ret_text, Buf *why)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_TOKEN);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return TOKEN_FILE_E_MISSING;
        if (fd < 0)
                return refuse(
                        buf_appendf(why, "the token file %s cannot be read: %s", path, strerror(errno)));
        int r = check_file(fd, path, why);
        if (r == 0)
                r = fd_read_all(fd, &text);
        if (r == -ENOBUFS)
                return refuse(
                        buf_appendf(why, "the token file %s is longer than %d bytes", path, LIMIT_TOKEN));
        Span token = span_trim(buf_span(&text));
        if (r == 0)
                r = check_text(token, path, why);
        if (r == 0 && !(*ret_text = strndup(token.ptr, token.len)))
                r = -ENOMEM;
        if (text.data)
                explicit_bzero(text.data, text.len);
        return r;
}

/* ---- making ----------------------------------------------------------------- */

static int write_new(const char *path, const char *text)
{
        /* One that was left there is of an earlier life with our pid: in a container that is always 1. */
        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_TOKEN);
        if (fd < 0)
                return -errno;
        int r = fchmod(fd, MODE_TOKEN) < 0 ? -errno : fd_write_all(fd, span_of(text));
        if (r == 0)
                r = fd_write_all(fd, SPAN("\n"));
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(path);
        return r;
}

/* Never over one that is there. File systems that cannot promise it have no second writer either. */
static int move_new(const char *from, const char *to)
{
        if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        if (access(to, F_OK) == 0)
                return -EEXIST;
        return rename(from, to) < 0 ? -errno : 0;
}

int token_file_write(const char *path, const char *text)
{
        CLEANUP(buf_done) Buf new = BUF_INIT(PATH_MAX + NAME_ROOM);
        int r = buf_appendf(&new, "%s.new-%d", path, getpid());
        if (r == 0)
                r = write_new(buf_text(&new), text);
        if (r < 0)
                return r;
        r = move_new(buf_text(&new), path);
        if (r < 0)
                (void)unlink(buf_text(&new));
        return r;
}
