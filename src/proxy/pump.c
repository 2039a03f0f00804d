/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/limit-table.h"
#include "proxy/pump.h"

static bool later(int error)
{
        return error == EAGAIN || error == EINTR;
}

/* How many bytes went; 0 when none can now. */
static int write_some(Pump *p, int to, Span s, size_t *ret_n)
{
        ssize_t n = send(to, s.ptr, s.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && !later(errno))
                return -errno;
        p->bytes += (uint64_t)MAX(n, 0);
        *ret_n = (size_t)MAX(n, 0);
        return 0;
}

static int flush(Pump *p, int to)
{
        size_t n;
        if (p->rest.len == 0)
                return 0;
        int r = write_some(p, to, buf_span(&p->rest), &n);
        if (r < 0)
                return r;
        buf_consume(&p->rest, n);
        if (p->rest.len == 0)
                buf_done(&p->rest);
        return 0;
}

static int keep(Pump *p, Span s)
{
        p->rest.cap = LIMIT_LOOP_BYTES;
        return s.len ? buf_append_span(&p->rest, s) : 0;
}

static int read_some(Pump *p, int from, int to, char *room)
{
        size_t written;
        ssize_t n = recv(from, room, LIMIT_LOOP_BYTES, MSG_DONTWAIT);
        if (n < 0)
                return later(errno) ? 0 : -errno;
        p->ended = n == 0;
        if (n == 0)
                return 0;
        Span s = span_from(room, (size_t)n);
        int r = write_some(p, to, s, &written);
        return r < 0 ? r : keep(p, span_skip(s, written));
}

/* Nothing is kept then: it is read only when all before has gone. Whose other end is already gone has nothing
 * to be told. */
static int pass_end(Pump *p, int to)
{
        if (!p->ended || p->passed)
                return 0;
        p->passed = true;
        return shutdown(to, SHUT_WR) < 0 && errno != ENOTCONN ? -errno : 0;
}

int pump_move(Pump *p, int from, int to, char *room)
{
        int r = flush(p, to);
        if (r == 0 && pump_reads(p))
                r = read_some(p, from, to, room);
        return r < 0 ? r : pass_end(p, to);
}

void pump_done(Pump *p)
{
        buf_done(&p->rest);
}
