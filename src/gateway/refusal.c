/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/refusal.h"

enum { READ_CHUNK = 16 * 1024 };

#define BODY                                                                                 \
        "This build of mcpvisor has no data path yet: it starts and watches servers, but it" \
        " cannot pass calls on to them.\n"

static Span answer(void)
{
        static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 113\r\n"
                                   "Retry-After: 60\r\n"
                                   "Connection: close\r\n"
                                   "\r\n" BODY;
        static_assert(sizeof(BODY) - 1 == 113, "Content-Length says how long the body is");
        return span_from(text, sizeof(text) - 1);
}

static int refusal_end(Refusal *r)
{
        r->ops->ended(r);
        return 0;
}

static int deadline_fired(Timer *timer, Nsec now UNUSED)
{
        return refusal_end(CONTAINER_OF(timer, Refusal, deadline));
}

static const TimerOps deadline_ops = {.fired = deadline_fired};

/* The rest of what the client says is read for a while: closing before would reset the connection,
 * and the answer could be lost with it. */
static int refusal_linger(Refusal *r)
{
        if (shutdown(r->fd, SHUT_WR) < 0)
                return refusal_end(r);
        timer_arm(&r->deadline, nsec_add(loop_now(r->source.loop), LIMIT_GATEWAY_LINGER * NSEC_PER_SEC));
        return loop_source_set_events(&r->source, EPOLLIN);
}

static int refusal_answer(Refusal *r)
{
        for (;;) {
                Span rest = span_skip(answer(), r->written);
                if (rest.len == 0)
                        return refusal_linger(r);
                ssize_t n = send(r->fd, rest.ptr, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN)
                        return loop_source_set_events(&r->source, EPOLLOUT);
                if (n < 0 && errno != EINTR)
                        return refusal_end(r);
                if (n > 0)
                        r->written += (size_t)n;
        }
}

/* One read of the request is enough to know that there is one. */
static int refusal_ready(LoopSource *source, uint32_t events UNUSED)
{
        Refusal *r = CONTAINER_OF(source, Refusal, source);
        char bytes[READ_CHUNK];
        if (r->heard && r->written < answer().len)
                return refusal_answer(r);
        ssize_t n = recv(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                return refusal_end(r);
        r->read += (size_t)n;
        if (!r->heard) {
                r->heard = true;
                return refusal_answer(r);
        }
        return r->read > LIMIT_GATEWAY_REQUEST ? refusal_end(r) : 0;
}

static const LoopSourceOps refusal_ops = {.priority = LOOP_PRIORITY_HTTP, .ready = refusal_ready};

int refusal_new(Loop *loop, const RefusalOps *ops, int fd, Nsec wait, Refusal **ret)
{
        CLEANUP(refusal_free_p) Refusal *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->fd = -EBADF;
        r->ops = ops;
        int k = timer_init(&r->deadline, loop_timers(loop), &deadline_ops);
        if (k == 0)
                k = loop_source_add(&r->source, loop, &refusal_ops, fd, EPOLLIN);
        if (k < 0)
                return k;
        timer_arm(&r->deadline, nsec_add(loop_now(loop), wait));
        r->fd = fd;
        *ret = TAKE_PTR(r);
        return 0;
}

Refusal *refusal_free(Refusal *r)
{
        if (!r)
                return NULL;
        timer_done(&r->deadline);
        loop_source_remove(&r->source);
        fd_close_p(&r->fd);
        free(r);
        return NULL;
}
