/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/when.h"
#include "supervisor/child-log.h"

enum {
        NOTE_LONGEST = 1024,
        /* Each byte of a line may become \xNN; the first says where it comes from. */
        ENTRY_LONGEST = 1 + 4 * LIMIT_LOG_LINE,
};

void server_log_init(ServerLog *l, const char *name)
{
        *l = (ServerLog){.name = name};
}

void server_log_done(ServerLog *l)
{
        log_ring_done(&l->ring);
        *l = (ServerLog){0};
}

void server_log_push(ServerLog *l, char kind, Span text, bool partial)
{
        CLEANUP(buf_done) Buf entry = BUF_INIT(ENTRY_LONGEST);

        if (l->ring.max == 0)
                log_ring_init_growing(&l->ring, LIMIT_LOG_RING);
        int r = buf_append_char(&entry, kind);
        if (r == 0)
                r = utf8_escape(&entry, span_first(text, LIMIT_LOG_LINE));
        if (r < 0) { /* no memory: one line less */
                l->suppressed++;
                return;
        }
        log_ring_push(
                &l->ring,
                &(const LogRingLine){.text = buf_span(&entry), .wall_usec = when_now(), .partial = partial});
        l->kept++;
        l->partial += partial;
        l->generation++;
}

void server_log_note(ServerLog *l, const char *fmt, ...)
{
        char text[NOTE_LONGEST];
        va_list ap;

        va_start(ap, fmt);
        int n = vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (n >= 0)
                server_log_push(l, CHILD_LINE_OURS, span_of(text), false);
}

static bool is_stderr(const LogRingLine *line)
{
        return line->text.len > 0 && line->text.ptr[0] == CHILD_LINE_STDERR;
}

/* How many of the newest lines fit, at most `lines`, and how many there are. */
static size_t tail_count(const ServerLog *l, size_t lines, size_t room, size_t *ret_all)
{
        LogRingCursor cursor = {0};
        LogRingLine line;
        size_t all = 0, len = 0, n = 0;

        while (log_ring_read(&l->ring, &cursor, &line))
                if (is_stderr(&line)) {
                        all++;
                        len += line.text.len; /* its first byte goes, a newline comes */
                }
        *ret_all = n = all;
        cursor = (LogRingCursor){0};
        while ((n > lines || len > room) && log_ring_read(&l->ring, &cursor, &line))
                if (is_stderr(&line)) {
                        n--;
                        len -= line.text.len;
                }
        return n;
}

size_t server_log_tail(const ServerLog *l, size_t lines, char *buf, size_t size)
{
        LogRingCursor cursor = {0};
        LogRingLine line;
        size_t at = 0, all;

        if (size == 0)
                return 0;
        buf[0] = '\0';
        if (lines == 0 || size <= sizeof("\n"))
                return 0;
        /* The newest is better cut than not there. */
        size_t n = MAX(tail_count(l, lines, size - 1, &all), (size_t)1);
        for (size_t i = 0; log_ring_read(&l->ring, &cursor, &line);) {
                if (!is_stderr(&line) || i++ + n < all)
                        continue;
                Span text = span_first(span_skip(line.text, 1), size - sizeof("\n"));
                memcpy(buf + at, text.ptr, text.len);
                at += text.len;
                buf[at++] = '\n';
        }
        buf[at] = '\0';
        return at;
}
