/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "supervisor/child-log.h"

enum { CHUNK = 16 * 1024 };

static Nsec child_log_clock(const Clock *clock)
{
        return loop_now(CONTAINER_OF(clock, ChildLog, clock)->source.loop);
}

static Nsec child_log_now(const ChildLog *c)
{
        return clock_now(&c->clock);
}

/* ---- from the stream to the ring ----------------------------------------- */

static void child_log_lose(ChildLog *c, Span bytes)
{
        size_t end;

        if (bytes.len == 0)
                return;
        c->lost_bytes += bytes.len;
        for (; (end = span_find(bytes, '\n')) < bytes.len; bytes = span_skip(bytes, end + 1)) {
                c->lost_lines++;
                c->server->suppressed++;
        }
        if (c->report_at == NSEC_NEVER)
                c->report_at = nsec_add(child_log_now(c), LIMIT_STDERR_REPORT * NSEC_PER_SEC);
}

static void child_log_write(ChildLog *c, const Line *line)
{
        const LogField *fields = LOG_FIELDS(LOG_SERVER(c->server->name), LOG_INSTANCE(c->instance),
                                            LOG_STR("stream", "stderr"),
                                            LOG_STR("partial", line->partial ? "true" : NULL));

        server_log_push(c->server, CHILD_LINE_STDERR, line->text, line->partial);
        if (memchr(line->text.ptr ? line->text.ptr : "", '\0', line->text.len)) {
                CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
                if (utf8_escape(&text, line->text) == 0)
                        log_info_with(fields, "%s", buf_text(&text));
                return;
        }
        log_info_with(fields, "%.*s", (int)line->text.len, line->text.ptr ? line->text.ptr : "");
}

static void child_log_split(ChildLog *c, Span text)
{
        Line line;
        while (line_splitter_next(&c->splitter, &text, child_log_now(c), &line))
                child_log_write(c, &line);
}

static void child_log_flush_line(ChildLog *c)
{
        Line line;
        while (line_splitter_flush(&c->splitter, &line))
                child_log_write(c, &line);
}

/* Everything that waits for more. */
static void child_log_flush(ChildLog *c)
{
        CLEANUP(buf_done) Buf clean = BUF_INIT(BUF_CAP_NONE);

        if (c->redact.len && redact_stream_flush(&c->redact, &clean) == 0 && !c->gap)
                child_log_split(c, buf_span(&clean));
        c->held_since = NSEC_NEVER;
        child_log_flush_line(c);
}

/* Nothing of what follows up to the next line is told: its beginning is missing. */
static void child_log_leave_gap(ChildLog *c)
{
        child_log_flush_line(c);
        c->gap = true;
}

/* Redaction sees every byte, also those that are left out: a secret that begins among them ends in what
 * is told. */
static void child_log_feed(ChildLog *c, Span in)
{
        CLEANUP(buf_done) Buf clean = BUF_INIT(BUF_CAP_NONE);
        bool take = rate_limit_take(&c->rate, in.len);

        if (redact_stream_feed(&c->redact, in, &clean) < 0) { /* no memory */
                child_log_lose(c, in);
                child_log_leave_gap(c);
                return;
        }
        if (c->redact.len == 0)
                c->held_since = NSEC_NEVER;
        else if (c->held_since == NSEC_NEVER)
                c->held_since = child_log_now(c);
        if (!take) {
                child_log_lose(c, in);
                child_log_leave_gap(c);
                return;
        }
        Span text = buf_span(&clean);
        if (c->gap) {
                size_t end = span_find(text, '\n');
                child_log_lose(c, span_first(text, end + 1));
                c->gap = end == text.len;
                text = span_skip(text, end + 1);
        }
        child_log_split(c, text);
}

/* ---- time ----------------------------------------------------------------- */

static void child_log_report(ChildLog *c)
{
        unsigned long long lines = c->lost_lines, bytes = c->lost_bytes;

        c->report_at = NSEC_NEVER;
        if (bytes == 0)
                return;
        c->lost_lines = c->lost_bytes = 0;
        server_log_note(c->server, "suppressed %llu lines, %llu bytes", lines, bytes);
        log_warning_with(LOG_FIELDS(LOG_SERVER(c->server->name), LOG_INSTANCE(c->instance),
                                    LOG_STR("stream", "stderr")),
                         "suppressed %llu lines, %llu bytes", lines, bytes);
}

static Nsec child_log_flush_at(const ChildLog *c)
{
        Nsec held = c->held_since == NSEC_NEVER
                            ? NSEC_NEVER
                            : nsec_add(c->held_since, LIMIT_LOG_PARTIAL_TIME * NSEC_PER_SEC);
        return MIN(held, line_splitter_deadline(&c->splitter));
}

/* Idle: nothing waits, no timer. */
static void child_log_arm(ChildLog *c)
{
        Nsec at = MIN(child_log_flush_at(c), MIN(c->report_at, c->close_at));
        if (c->timer.at != at)
                timer_arm(&c->timer, at);
}

static void child_log_told(ChildLog *c, uint64_t before)
{
        if (c->server->generation != before && c->ops->line)
                c->ops->line(c);
}

/* The last thing that anybody does with it. */
static void child_log_end(ChildLog *c)
{
        const ChildLogOps *ops = c->ops;
        uint64_t before = c->server->generation;

        child_log_flush(c);
        child_log_report(c);
        child_log_told(c, before);
        child_log_done(c);
        ops->ended(c);
}

static int child_log_fired(Timer *timer, Nsec now)
{
        ChildLog *c = CONTAINER_OF(timer, ChildLog, timer);
        uint64_t before = c->server->generation;

        if (now >= c->close_at) {
                child_log_end(c);
                return 0;
        }
        if (now >= child_log_flush_at(c))
                child_log_flush(c);
        if (now >= c->report_at)
                child_log_report(c);
        child_log_arm(c);
        child_log_told(c, before);
        return 0;
}

/* ---- the descriptor ------------------------------------------------------- */

/* 1: there may be more, 0: not now, -1: it ended, whatever the reason. */
static int child_log_read(ChildLog *c, size_t *left)
{
        char chunk[CHUNK];
        ssize_t n = read(c->fd, chunk, MIN(sizeof(chunk), *left));

        if (n < 0)
                return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -1;
        if (n == 0)
                return -1;
        child_log_feed(c, span_from(chunk, (size_t)n));
        explicit_bzero(chunk, (size_t)n);
        *left -= (size_t)n;
        return 1;
}

static int child_log_ready(LoopSource *source, uint32_t events UNUSED)
{
        ChildLog *c = CONTAINER_OF(source, ChildLog, source);
        uint64_t before = c->server->generation;
        size_t left = LIMIT_LOOP_BYTES;
        int more = 1;

        while (more == 1 && left > 0)
                more = child_log_read(c, &left);
        if (more < 0) {
                child_log_end(c);
                return 0;
        }
        child_log_arm(c);
        child_log_told(c, before);
        return more ? LOOP_E_MORE : 0;
}

static const LoopSourceOps child_log_source_ops = {
        .priority = LOOP_PRIORITY_CHILD,
        .ready = child_log_ready,
};

static const TimerOps child_log_timer_ops = {.fired = child_log_fired};

int child_log_init(ChildLog *c, Loop *loop, const ChildLogOps *ops, ServerLog *server, uint64_t instance,
                   RedactSet *secrets, int fd)
{
        assert(ops->ended);
        int r = fd_set_nonblock(fd, true);
        if (r < 0)
                return r;
        *c = (ChildLog){.fd = -EBADF,
                        .ops = ops,
                        .server = server,
                        .instance = instance,
                        .close_at = NSEC_NEVER,
                        .clock = {.now = child_log_clock},
                        .held_since = NSEC_NEVER,
                        .report_at = NSEC_NEVER};
        r = timer_init(&c->timer, loop_timers(loop), &child_log_timer_ops);
        if (r == 0)
                r = loop_source_add(&c->source, loop, &child_log_source_ops, fd, EPOLLIN);
        if (r < 0) {
                timer_done(&c->timer);
                *c = (ChildLog){0};
                return r;
        }
        c->fd = fd;
        redact_stream_init(&c->redact, secrets);
        line_splitter_init(&c->splitter);
        rate_limit_init(&c->rate, &c->clock, LIMIT_STDERR_RATE, LIMIT_STDERR_BURST);
        return 0;
}

void child_log_done(ChildLog *c)
{
        if (!c->source.loop)
                return;
        child_log_flush(c);
        child_log_report(c);
        timer_done(&c->timer);
        loop_source_remove(&c->source);
        fd_close_p(&c->fd);
        redact_stream_done(&c->redact);
        line_splitter_done(&c->splitter);
        *c = (ChildLog){0};
}

void child_log_finish(ChildLog *c)
{
        if (!c->source.loop || c->close_at != NSEC_NEVER)
                return;
        c->close_at = nsec_add(child_log_now(c), LIMIT_STDERR_FINISH * NSEC_PER_MSEC);
        child_log_arm(c);
}

void child_log_set_secrets(ChildLog *c, RedactSet *secrets)
{
        if (c->source.loop)
                redact_stream_swap(&c->redact, secrets);
}
