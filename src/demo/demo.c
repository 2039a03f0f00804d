/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "demo/demo.h"
#include "demo/server.h"
#include "jsonrpc/line-reader.h"

enum { ENDED = 1, KEEP = 1024 * 1024 };

/* What waits goes out; a large answer's memory goes with it. */
static int flush(Demo *d)
{
        int r = d->out.len ? fd_write_all(STDOUT_FILENO, buf_span(&d->out)) : 0;
        if (d->out.size > KEEP) {
                buf_done(&d->out);
                d->out = BUF_INIT(BUF_CAP_NONE);
        }
        buf_clear(&d->out);
        return r;
}

/* 0 when stdin has something, ENDED when a slow call is due before that. */
static int wait_for(const Demo *d)
{
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        Nsec next = demo_slow_next(d), left = nsec_sub(next, clock_now(d->clock));
        struct timespec ts = {.tv_sec = (time_t)(left / NSEC_PER_SEC),
                              .tv_nsec = (long)(left % NSEC_PER_SEC)};
        int r = ppoll(&p, 1, next == NSEC_NEVER ? NULL : &ts, NULL);
        if (r < 0 && errno != EINTR)
                return -errno;
        return r > 0 ? 0 : ENDED;
}

/* Bytes that were read; 0 at the end of the input; -EAGAIN: nothing yet. A read waits, if nothing else can
 * happen in the meantime. */
static ssize_t read_some(const Demo *d, LineReader *reader)
{
        char *room;
        size_t size;
        int r = demo_slow_next(d) == NSEC_NEVER ? 0 : wait_for(d);
        if (r != 0)
                return r < 0 ? r : -EAGAIN;
        r = line_reader_room(reader, &room, &size);
        if (r < 0)
                return r;
        ssize_t n = read(STDIN_FILENO, room, size);
        if (n > 0)
                line_reader_filled(reader, (size_t)n);
        if (n >= 0)
                return n;
        if (errno == EAGAIN) { /* whoever started us left it non-blocking */
                r = wait_for(d);
                return r < 0 ? r : -EAGAIN;
        }
        return errno == EINTR ? -EAGAIN : -errno;
}

static int take_lines(Demo *d, LineReader *reader, int (*next)(LineReader *, char **, size_t *))
{
        char *line;
        size_t n;
        int r = 0;
        while (r == 0 && !d->ended) {
                int got = next(reader, &line, &n);
                if (got < 0 || got == LINE_READER_NONE)
                        return got < 0 ? got : 0;
                r = got == LINE_READER_LINE ? demo_take(d, line, n) : demo_take_too_long(d);
                if (r == 0 && d->out.len >= LIMIT_DEMO_FLUSH)
                        r = flush(d);
        }
        return r;
}

static int serve(Demo *d, LineReader *reader)
{
        ssize_t n;
        int r = 0;
        do {
                n = read_some(d, reader);
                if (n < 0 && n != -EAGAIN)
                        return (int)n;
                r = n >= 0 ? take_lines(d, reader, n ? line_reader_next : line_reader_last) : 0;
                if (r == 0)
                        r = demo_slow_run(d);
                if (r == 0)
                        r = flush(d);
        } while (r == 0 && n != 0 && !d->ended);
        return r;
}

int demo_main(int argc UNUSED, char **argv UNUSED)
{
        Demo d;
        LineReader reader;
        demo_init(&d, &clock_monotonic);
        line_reader_init(&reader, LIMIT_DEMO_LINE);
        int r = serve(&d, &reader);
        bool failed = d.ended;
        line_reader_done(&reader);
        demo_done(&d);
        if (r < 0)
                (void)fprintf(stderr, "mcpvisor: demo: %s\n", strerror(-r));
        return r < 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
