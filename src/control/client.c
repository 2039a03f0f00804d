/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/client.h"
#include "control/command-table.h"

enum { READ_SIZE = 16 * 1024 };

/* ---- connect -------------------------------------------------------------- */

/* A path that does not fit in an address is reached through its directory. `ret_dir` stays open until
 * then. */
static int make_address(const char *path, struct sockaddr_un *ret, int *ret_dir)
{
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        if (strlen(path) < sizeof(ret->sun_path)) {
                memcpy(ret->sun_path, path, strlen(path) + 1);
                return 0;
        }
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        CLEANUP_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        if (!dir)
                return -ENOMEM;
        CLEANUP_FD int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", fd, name);
        if (n < 0 || (size_t)n >= sizeof(ret->sun_path))
                return -ENAMETOOLONG;
        *ret_dir = TAKE_FD(fd);
        return 0;
}

static int connect_to(const char *path, int *ret_fd)
{
        struct sockaddr_un address;
        CLEANUP_FD int dir = -EBADF;
        int r = make_address(path, &address, &dir);
        if (r < 0)
                return r;
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        /* With a full backlog connect() waits, and for no longer than a send may take. */
        const struct timeval patience = {.tv_sec = LIMIT_CONTROL_ANSWER_TIME};
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        do
                r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        r = fd_set_nonblock(fd, true);
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

int control_client_open(const char *path, ControlClient *ret)
{
        int fd = -EBADF, r = connect_to(path, &fd);
        if (r == -ENOENT || r == -ENOTDIR || r == -ECONNREFUSED)
                return CONTROL_CLIENT_E_NO_DAEMON;
        if (r == -EAGAIN)
                return CONTROL_CLIENT_E_TIMEOUT;
        if (r < 0)
                return r;
        *ret = (ControlClient){.fd = fd, .in = BUF_INIT(LIMIT_CONTROL_ANSWER)};
        return 0;
}

void control_client_done(ControlClient *c)
{
        fd_close_p(&c->fd);
        buf_done(&c->in);
}

/* ---- ask ------------------------------------------------------------------ */

static int append_word(Buf *b, const char *word)
{
        int r = buf_append_char(b, '"');
        for (; *word && r == 0; word++) {
                if (*word == '\n')
                        return -EINVAL;
                if (*word == '"' || *word == '\\')
                        r = buf_append_char(b, '\\');
                if (r == 0)
                        r = buf_append_char(b, *word);
        }
        return r < 0 ? r : buf_append_char(b, '"');
}

static bool is_plain(const char *word)
{
        return *word && !strpbrk(word, " \t\r\n'\"\\");
}

/* 0 when `fd` is ready; CONTROL_CLIENT_E_TIMEOUT. */
static int wait_for(int fd, short events, Nsec deadline)
{
        for (;;) {
                Nsec left = nsec_sub(deadline, clock_now(&clock_monotonic));
                struct timespec ts = {.tv_sec = (time_t)(left / NSEC_PER_SEC),
                                      .tv_nsec = (long)(left % NSEC_PER_SEC)};
                struct pollfd p = {.fd = fd, .events = events};
                int r = ppoll(&p, 1, deadline == NSEC_NEVER ? NULL : &ts, NULL);
                if (r > 0)
                        return 0;
                if (r == 0)
                        return CONTROL_CLIENT_E_TIMEOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

static int send_all(int fd, Span s)
{
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), LIMIT_CONTROL_ANSWER_TIME * NSEC_PER_SEC);
        while (s.len) {
                ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
                if (n >= 0) {
                        s = span_skip(s, (size_t)n);
                        continue;
                }
                if (errno == EPIPE || errno == ECONNRESET)
                        return CONTROL_CLIENT_E_CLOSED;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                int r = wait_for(fd, POLLOUT, deadline);
                if (r != 0)
                        return r;
        }
        return 0;
}

int control_client_ask(ControlClient *c, const char *const *words, size_t n)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(CONTROL_LINE_MAX);
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++) {
                r = i ? buf_append_char(&line, ' ') : 0;
                if (r == 0)
                        r = is_plain(words[i]) ? buf_append_str(&line, words[i])
                                               : append_word(&line, words[i]);
        }
        if (r == 0)
                r = buf_append_char(&line, '\n');
        return r < 0 ? r : send_all(c->fd, buf_span(&line));
}

/* ---- lines ---------------------------------------------------------------- */

static bool next_line(ControlClient *c, Span *ret)
{
        Span unseen = span_skip(buf_span(&c->in), c->looked);
        size_t at = span_find(unseen, '\n');
        if (at == unseen.len) {
                c->looked = c->in.len;
                return false;
        }
        *ret = span_first(buf_span(&c->in), c->looked + at);
        c->taken = ret->len + 1;
        c->looked = 0;
        return true;
}

/* 0 after something was read, or when nothing was there. */
static int read_some(ControlClient *c)
{
        char *room;
        size_t want = MIN((size_t)READ_SIZE, c->in.cap - c->in.len);
        int r = buf_reserve(&c->in, want, &room);
        if (r < 0)
                return r;
        ssize_t n = read(c->fd, room, want);
        if (n > 0)
                buf_commit(&c->in, (size_t)n);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
                return CONTROL_CLIENT_E_CLOSED;
        return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int control_client_line(ControlClient *c, Nsec deadline, Span *ret)
{
        if (c->taken)
                buf_consume(&c->in, c->taken);
        c->taken = 0;
        while (!next_line(c, ret)) {
                if (c->in.len == c->in.cap)
                        return -EMSGSIZE;
                int r = wait_for(c->fd, POLLIN, deadline);
                if (r == 0)
                        r = read_some(c);
                if (r != 0)
                        return r;
        }
        return 0;
}
