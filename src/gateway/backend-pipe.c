/* SPDX-License-Identifier: Apache-2.0 */
/* What long lines of a server make larger: the pipe of its stdout, so that one takes fewer turns, and our
 * room for a line. Both go back when there was none for a while. The kernel counts the pages of pipes for
 * each user: past its limit every new pipe of that user is small, in any program, so ours share a budget. */
#include <fcntl.h>

#include "base/limit-table.h"
#include "gateway/backend-private.h"

static bool pipe_resize(Backend *b, size_t size)
{
        PipeBudget *all = b->pipes;
        size_t now = b->pipe_size ? b->pipe_size : 0, then = size > LIMIT_PIPE ? size : 0;
        if (then > now && (then - now > all->max || all->used > all->max - (then - now)))
                return false;
        if (fcntl(b->stdout_fd, F_SETPIPE_SZ, (int)size) <
            0) /* EPERM: the user's limit; EBUSY: there is too much in it */
                return false;
        all->used = all->used - now + then;
        b->pipe_size = then;
        return true;
}

static void look_again(Backend *b)
{
        if (!timer_is_armed(&b->quiet))
                timer_arm(&b->quiet, nsec_add(loop_now(b->loop), b->pipes->quiet));
}

void backend_long_line(Backend *b, size_t n)
{
        size_t want = n <= LIMIT_PIPE_LONG ? LIMIT_PIPE_LONG : LIMIT_PIPE_LONGEST;
        b->long_at = loop_now(b->loop);
        look_again(b);
        if (want > b->pipe_size)
                (void)pipe_resize(b, want);
}

static int quiet_fired(Timer *timer, Nsec now)
{
        Backend *b = CONTAINER_OF(timer, Backend, quiet);
        bool quiet = nsec_sub(now, b->long_at) >= b->pipes->quiet;
        if (quiet)
                line_reader_shrink(&b->reader);
        if (!quiet || (b->pipe_size && !pipe_resize(b, LIMIT_PIPE)))
                look_again(b);
        return 0;
}

const TimerOps backend_quiet_ops = {.fired = quiet_fired};

/* One that an earlier gateway has made larger is in our budget now. */
void backend_take_pipe(Backend *b, int fd)
{
        int size = fcntl(fd, F_GETPIPE_SZ);
        if (size <= LIMIT_PIPE)
                return;
        b->pipe_size = (size_t)size;
        b->pipes->used += b->pipe_size;
        look_again(b);
}

/* The kernel counts it no more once it is closed. */
void backend_drop_pipe(Backend *b)
{
        timer_done(&b->quiet);
        if (b->pipes)
                b->pipes->used -= b->pipe_size;
        b->pipe_size = 0;
}
