#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client command's talk with the daemon: find its socket, ask, read the
 * JSON lines of the answer, and say on stderr what went wrong. Knows no
 * command of the control socket by name.
 */

#include <jansson.h>

#include "cli/daemon-option.h"
#include "control/client.h"

typedef struct Daemon {
        const CommandCall *call; /* borrowed */
        ControlClient client;
        Buf path;     /* of its socket */
        json_t *line; /* owned: what came last; NULL: nothing yet */
        Span text;    /* borrowed: the same as it came, until the next line */
} Daemon;

typedef enum DaemonAnswer {
        DAEMON_LINE,    /* an object, more will come */
        DAEMON_OK,      /* the last one, "ok": true */
        DAEMON_REFUSED, /* the last one, "ok": false */
        DAEMON_TIMEOUT,
        DAEMON_LOST,    /* it ended, or closed the connection */
        DAEMON_GARBLED, /* no JSON object */
        DAEMON_FAULT,   /* errno tells: out of memory and the like */
} DaemonAnswer;

/* Words of a request: options first, then the arguments of the call when `names`. */
typedef struct DaemonRequest {
        const char *words[8]; /* ends with NULL */
        bool names;
} DaemonRequest;

/* Connects and asks. EXIT_CODE_DONE, or the exit status after it said why; *ret needs no end then. */
int daemon_ask(const CommandCall *call, const char *socket, const DaemonRequest *request,
               Daemon *ret) MUST_CHECK;
void daemon_done(Daemon *d);
DaemonAnswer daemon_next(Daemon *d, Nsec deadline) MUST_CHECK;
/* The moment when an answer that takes no time has to be there. */
Nsec daemon_patience(void);
/* Says what is wrong with an answer that is neither LINE nor OK; the exit status. */
int daemon_failed(const Daemon *d, DaemonAnswer a);

/* "--since=MICROSECONDS" for a moment `ago` before now; "" when it was not given (NSEC_NEVER). */
typedef char DaemonSince[32];
void daemon_since(Nsec ago, DaemonSince ret);

typedef struct DaemonStream {
        bool follow;
        bool json;                            /* lines go out as they come */
        int (*print)(Buf *out, json_t *line); /* appends the text of one line, with its end */
} DaemonStream;

/* Writes each line of the answer to stdout. EXIT_CODE_DONE, or the exit status after it said why. */
int daemon_stream(Daemon *d, const DaemonStream *stream) MUST_CHECK;

/* Members of an object; NULL, -1 when there is none of that kind. */
const char *daemon_text(const json_t *object, const char *key);
double daemon_figure(const json_t *object, const char *key);
