#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records go: a file descriptor that is never waited for. A record that
 * was begun is finished before the next one; while that cannot be done, or
 * the last error is not LIMIT_LOG_RETRY_TIME ago, records are refused and the
 * owner counts them. A full pipe is asked again with the next record, an
 * error (disk full, I/O) only after that time. Pipes and terminals are opened
 * anew where possible, so that O_NONBLOCK stays ours alone. SIGPIPE is best
 * ignored by the process; a pipe without reader is noticed before it is
 * written to, but for the moment between the two.
 */

#include "base/buf.h"
#include "base/clock.h"

typedef struct LogSink {
        int fd;        /* owned if `owned` */
        bool owned;    /* opened anew, non-blocking */
        bool socket;   /* send() can refuse to wait by itself */
        Buf rest;      /* of a record that was begun */
        int error;     /* -errno of the last refusal */
        Nsec retry_at; /* not before this moment; 0: at once */
} LogSink;

/* The descriptor stays the caller's and must live as long as the sink. */
void log_sink_init(LogSink *s, int fd);
/* Tries once more to finish what was begun. */
void log_sink_done(LogSink *s);

/* 0: written, or begun. Otherwise nothing of it was, and it says why. On
 * success *record is left empty. */
int log_sink_write(LogSink *s, Buf *record, Nsec now) MUST_CHECK;
/* Goes on with what was begun; 0 when nothing of it is left. */
int log_sink_flush(LogSink *s, Nsec now) MUST_CHECK;
/* Notes a refusal by something that is no descriptor (journald). */
int log_sink_refused(LogSink *s, int error, Nsec now);
