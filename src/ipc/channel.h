#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of the socket pair between supervisor and gateway, as a source of
 * the loop. Sends whole messages or queues them, up to a cap; hands out only
 * what ipc_message_valid() accepts. Neither end ever waits for the other.
 */

#include "base/loop.h"
#include "base/timer.h"
#include "ipc/message.h"

typedef struct IpcChannel IpcChannel;

typedef struct IpcMessage {
        const IpcHeader *header; /* borrowed until the callback returns; cast it by its type */
        Span text;
        int fds[IPC_FDS_MAX]; /* TAKE_FD what is kept; the rest is closed after the callback */
        size_t n_fds;
} IpcMessage;

typedef enum IpcBreak {
        IPC_BREAK_CLOSED,  /* the other end has gone */
        IPC_BREAK_ILLEGAL, /* it sent what is no message */
        IPC_BREAK_FULL,    /* it does not read: the queue is at its cap */
        IPC_BREAK_SILENT,  /* it does not read: nothing left the queue for LIMIT_IPC_STALL */
        IPC_BREAK_ERROR,
        _IPC_BREAK_MAX,
} IpcBreak;

const char *ipc_break_text(IpcBreak why);

typedef struct IpcChannelOps {
        /* 0, or -errno: comes out of loop_run(). May end the channel. */
        int (*received)(IpcChannel *c, IpcMessage *m);
        /* Once; nothing is sent or received afterwards. May end the channel. `detail` is for the log. */
        int (*broken)(IpcChannel *c, IpcBreak why, const char *detail);
} IpcChannelOps;

typedef struct IpcChannelArgs {
        Loop *loop;
        const IpcChannelOps *ops; /* borrowed: a table */
        int fd;                   /* taken over on success */
        IpcDirection receives;
        size_t queue_max; /* messages */
} IpcChannelArgs;

typedef struct IpcOut IpcOut;

struct IpcChannel {
        LoopSource source;
        Timer stall;
        int fd; /* owned */
        const IpcChannelOps *ops;
        IpcDirection receives;
        STAILQ_HEAD(, IpcOut) queue;
        size_t queued, queue_max;
        bool *ended; /* set when it is ended by its own callback; NULL outside */
        bool broken; /* nothing is sent any more; `broken` of the ops was called, or will be by the loop */
        uint64_t sent, received;
        IpcBreak why; /* what a send found, to be told by the loop */
        int error;
};

/* A pair of sockets, non-blocking and close-on-exec. */
int ipc_pair(int ret_fds[static 2]) MUST_CHECK;

int ipc_channel_init(IpcChannel *c, const IpcChannelArgs *args) MUST_CHECK;
/* Does nothing to one that is all zero or done. */
void ipc_channel_done(IpcChannel *c);

/* `m`: the struct with its fields set; type and length are filled in here. Descriptors are duplicated
 * by the kernel and stay the caller's (queued ones are duplicated by us). Calls no callback: a break that
 * it finds is told by the loop, in this turn or the next. After a break this does nothing and says 0.
 * -ENOMEM, -EMFILE. */
int ipc_send(IpcChannel *c, IpcType type, void *m, const int *fds, size_t n_fds) MUST_CHECK;
int ipc_send_text(IpcChannel *c, IpcType type, void *m, Span text, const int *fds, size_t n_fds) MUST_CHECK;
