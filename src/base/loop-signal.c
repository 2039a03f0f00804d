/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/loop-signal.h"

enum { BATCH = 32 };

/* Reads up to a quantum of records; *seen has a bit for each signal. */
static int signals_drain(int fd, uint64_t *seen)
{
        struct signalfd_siginfo batch[BATCH];
        for (unsigned items = 0; items < (unsigned)LIMIT_LOOP_ITEMS; items += BATCH) {
                ssize_t n = read(fd, batch, sizeof(batch));
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                for (size_t i = 0; i < (size_t)n / sizeof(batch[0]); i++)
                        *seen |= UINT64_C(1) << (batch[i].ssi_signo - 1);
                if ((size_t)n < sizeof(batch))
                        return 0;
        }
        /* Only signals with a queue of their own, the real-time ones, come this far. */
        return LOOP_E_MORE;
}

static int loop_signal_ready(LoopSource *source, uint32_t events UNUSED)
{
        LoopSignal *s = CONTAINER_OF(source, LoopSignal, source);
        uint64_t seen = 0;
        bool ended = false;

        int more = signals_drain(s->fd, &seen);
        if (more < 0)
                return more;
        s->ended = &ended;
        for (; seen; seen &= seen - 1) {
                int r = s->ops->arrived(s, __builtin_ctzll(seen) + 1);
                if (ended) /* s may be freed */
                        return MIN(r, 0);
                if (r < 0) {
                        s->ended = NULL;
                        return r;
                }
        }
        s->ended = NULL;
        return more;
}

static const LoopSourceOps loop_signal_source_ops = {
        .priority = LOOP_PRIORITY_SIGNAL,
        .ready = loop_signal_ready,
};

int loop_signal_init(LoopSignal *s, Loop *l, const sigset_t *set, const LoopSignalOps *ops)
{
        assert(ops->arrived);
        CLEANUP_FD int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
                return -errno;
        int r = loop_source_add(&s->source, l, &loop_signal_source_ops, fd, EPOLLIN);
        if (r < 0)
                return r;
        s->fd = TAKE_FD(fd);
        s->ops = ops;
        s->ended = NULL;
        return 0;
}

void loop_signal_done(LoopSignal *s)
{
        if (!s->source.loop)
                return;
        loop_source_remove(&s->source);
        fd_close_p(&s->fd);
        if (s->ended)
                *s->ended = true;
        *s = (LoopSignal){0};
}
