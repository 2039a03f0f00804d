#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stderr of one process tree: always read, bounded in rate, secrets
 * hidden, cut into lines, escaped, kept in its server's ring and written to
 * our log. Never blocks, never grows.
 */

#include "base/line-splitter.h"
#include "base/log.h"
#include "base/loop.h"

/* A line's first byte in the ring says where it comes from. */
enum { CHILD_LINE_STDERR = 'e', CHILD_LINE_STRAY = 'o', CHILD_LINE_OURS = 'm' };

/* The ring of a server: it outlives its instances. Memory comes as lines come. */
typedef struct ServerLog {
        const char *name;                   /* borrowed: the server's, outlives us */
        LogRing ring;                       /* size 0 until the first line */
        uint64_t kept, suppressed, partial; /* lines */
        uint64_t generation;                /* counts pushes, for those who follow */
} ServerLog;

void server_log_init(ServerLog *l, const char *name);
void server_log_done(ServerLog *l);
/* A line of ours about this server ("started, pid 7"). */
void server_log_note(ServerLog *l, const char *fmt, ...) PRINTF(2, 3);
/* A line of any kind, which is escaped here; it holds no secret any more. */
void server_log_push(ServerLog *l, char kind, Span text, bool partial);
/* The last lines that fit into `size`, as text with newlines, without their first bytes: stderr only.
 * Ends with a NUL, which does not count. */
size_t server_log_tail(const ServerLog *l, size_t lines, char *buf, size_t size);

typedef struct ChildLog ChildLog;

typedef struct ChildLogOps {
        void (*line)(ChildLog *c);  /* the ring has grown, by any number of lines; may be NULL */
        void (*ended)(ChildLog *c); /* end of file, or closed after the deadline; may free what holds it */
} ChildLogOps;

struct ChildLog {
        LoopSource source;
        Timer timer; /* partial line, suppressed report, 500 ms after the leader's end */
        int fd;      /* owned */
        const ChildLogOps *ops;
        ServerLog *server; /* borrowed */
        uint64_t instance;
        RateLimit rate;
        RedactStream redact;
        LineSplitter splitter;
        Nsec close_at;
        uint64_t lost_lines, lost_bytes; /* not yet reported */
        Clock clock;                     /* the loop's */
        Nsec held_since;                 /* what the redaction keeps back; NSEC_NEVER: nothing */
        Nsec report_at;                  /* NSEC_NEVER: nothing was lost */
        bool gap;                        /* something was left out: goes on with the start of a line */
};

/* Takes over `fd` on success. */
int child_log_init(ChildLog *c, Loop *loop, const ChildLogOps *ops, ServerLog *server, uint64_t instance,
                   RedactSet *secrets, int fd) MUST_CHECK;
/* What is held back goes to the ring; does nothing to one that is all zero or has ended. */
void child_log_done(ChildLog *c);
/* The leader has ended: read to the end of file, or for 500 ms more. */
void child_log_finish(ChildLog *c);
void child_log_set_secrets(ChildLog *c, RedactSet *secrets);
