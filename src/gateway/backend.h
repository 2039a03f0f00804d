#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One life of one instance as the gateway has it: its pipes, its notebook and
 * the handshake. Never waits for the server: what it does not read waits in a
 * capped buffer. Tells what becomes of it through its ops; knows nothing of
 * clients. It has no calls yet: what a server says after the handshake is
 * read and dropped.
 */

#include "base/loop.h"
#include "ipc/message.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"

typedef struct Backend Backend;
typedef TAILQ_HEAD(BackendList, Backend) BackendList;

typedef struct BackendOps {
        /* Neither may free it. 0, or -errno: comes out of loop_run(). */
        int (*ready)(Backend *b, const char *protocol);
        int (*failed)(Backend *b, IpcFailure failure, const char *text);
} BackendOps;

typedef struct BackendArgs {
        Loop *loop;
        const BackendOps *ops;        /* borrowed: a table */
        BackendList *list;            /* borrowed: where it stands; the owner finds itself by it */
        const IpcInstanceUp *up;      /* read only by backend_new */
        ScoreServerGateway *score;    /* borrowed: the scoreboard's */
        uint64_t max_line, max_stray; /* bytes; stray lines a minute */
        int stdin_fd, stdout_fd;      /* taken over on success */
        int notebook_fd;              /* stays the caller's */
} BackendArgs;

typedef enum BackendState {
        BACKEND_HANDSHAKE,
        BACKEND_READY,
        BACKEND_ENDED, /* failed, or stdout has ended: nothing is read or written any more */
} BackendState;

struct Backend {
        TAILQ_ENTRY(Backend) link;
        IpcInstance id; /* header unused */
        BackendState state;
        Loop *loop;
        const BackendOps *ops;
        BackendList *list; /* borrowed */
        ScoreServerGateway *score;
        LoopSource input, output; /* its stdin, its stdout */
        int stdin_fd, stdout_fd;  /* owned */
        Notebook *notebook;       /* owned */
        Timer gone;               /* stdout has ended: is the process about to be gone, too? */
        Buf waiting;              /* for stdin */
        Buf line;                 /* the start of one, in the handshake */
        uint64_t max_stray, stray;
        Nsec stray_since;
};

/* At the end of its list. -EBADMSG: that is no notebook; -EPERM: a descriptor that is no pipe. */
int backend_new(const BackendArgs *args, Backend **ret) MUST_CHECK;
/* Takes it out of its list. */
Backend *backend_free(Backend *b);
DEFINE_CLEANUP(Backend, backend_free)

/* Begins the handshake; calls ready() at once when an earlier gateway has done it without telling. */
int backend_start(Backend *b, uint32_t flags) MUST_CHECK;
/* No more calls, ever: closes its stdin. */
void backend_drained(Backend *b);
