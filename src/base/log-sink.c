/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/log-sink.h"

/* A new open file description of what fd is, non-blocking. Not for regular
 * files: they would get an offset of their own and overwrite what is there. */
static int log_sink_reopen(int fd, mode_t mode)
{
        char path[32];

        if (!S_ISFIFO(mode) && !S_ISCHR(mode))
                return -EOPNOTSUPP;
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        int again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        return again < 0 ? -errno : again;
}

void log_sink_init(LogSink *s, int fd)
{
        struct stat st = {0};
        *s = (LogSink){.fd = fd, .rest = BUF_INIT(LIMIT_LOG_RECORD)};

        if (fstat(fd, &st) < 0)
                return; /* each write will say why */
        s->socket = S_ISSOCK(st.st_mode);
        int again = log_sink_reopen(fd, st.st_mode);
        if (again >= 0) {
                s->fd = again;
                s->owned = true;
        }
}

/* Room now, or the error that a write would give or a signal would tell. */
static int log_sink_poll(const LogSink *s)
{
        struct pollfd p = {.fd = s->fd, .events = POLLOUT};

        if (poll(&p, 1, 0) <= 0)
                return -EAGAIN;
        if (p.revents & POLLNVAL)
                return -EBADF;
        if (p.revents & POLLERR)
                return -EPIPE; /* no reader */
        return 0;
}

/* Writes from the front of *bytes until all is gone or it would have to wait. */
static int log_sink_push(LogSink *s, Span *bytes)
{
        while (bytes->len) {
                ssize_t n;
                int r = log_sink_poll(s);
                if (r < 0)
                        return r;
                /* A blocking descriptor with room takes one page without waiting. */
                size_t len = s->owned ? bytes->len : MIN(bytes->len, (size_t)PIPE_BUF);
                if (s->socket)
                        n = send(s->fd, bytes->ptr, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL);
                else
                        n = write(s->fd, bytes->ptr, len);
                if (n > 0)
                        *bytes = span_skip(*bytes, (size_t)n);
                else if (n == 0 || errno != EINTR)
                        return n == 0 ? -EIO : -errno;
        }
        return 0;
}

int log_sink_refused(LogSink *s, int error, Nsec now)
{
        s->error = error;
        s->retry_at = error == -EAGAIN ? 0 : nsec_add(now, LIMIT_LOG_RETRY_TIME * NSEC_PER_SEC);
        return error;
}

int log_sink_flush(LogSink *s, Nsec now)
{
        Span rest = buf_span(&s->rest);

        if (now < s->retry_at)
                return s->error;
        int r = log_sink_push(s, &rest);
        buf_consume(&s->rest, s->rest.len - rest.len);
        return r < 0 ? log_sink_refused(s, r, now) : 0;
}

int log_sink_write(LogSink *s, Buf *record, Nsec now)
{
        int r = log_sink_flush(s, now);
        if (r < 0)
                return r;

        Span left = buf_span(record);
        r = log_sink_push(s, &left);
        if (r < 0) {
                (void)log_sink_refused(s, r, now);
                if (left.len == record->len)
                        return r;
                /* Begun: keep what is left by swapping, which cannot fail. */
                buf_consume(record, record->len - left.len);
                Buf empty = s->rest;
                s->rest = *record;
                *record = empty;
                return 0;
        }
        buf_clear(record);
        return 0;
}

void log_sink_done(LogSink *s)
{
        Span rest = buf_span(&s->rest);

        (void)log_sink_push(s, &rest);
        buf_done(&s->rest);
        if (s->owned)
                fd_close_p(&s->fd);
        *s = (LogSink){.fd = -EBADF};
}
