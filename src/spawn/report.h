#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the helper, the leader and the warden tell the supervisor over the
 * status socket (SOCK_SEQPACKET, one record a message), and the signals by
 * which the supervisor tells the warden what to do. The supervisor trusts no
 * field: a record that is none ends the reading.
 */

#include <sys/resource.h>
#include <sys/types.h>

#include "spawn/stage.h"

typedef enum SpawnReportKind {
        SPAWN_REPORT_LEADER =
                1, /* sent by the leader before its exec; the kernel says its pid in our namespace */
        SPAWN_REPORT_EXECED, /* the server's program runs */
        SPAWN_REPORT_FAILED, /* it never will */
        SPAWN_REPORT_EXITED, /* the leader has ended */
} SpawnReportKind;

typedef struct SpawnReport {
        SpawnReportKind kind;
        pid_t pid;       /* LEADER */
        StepError error; /* FAILED */
        int code;        /* EXITED: CLD_EXITED, CLD_KILLED, CLD_DUMPED */
        int status;      /* EXITED: the status or the signal */
        struct rusage usage;
} SpawnReport;

enum { _SPAWN_REPORT_E_SUCCESS, SPAWN_REPORT_E_EOF };

/* The next record; -EAGAIN, or -EBADMSG: nothing that comes from there counts any more. */
int spawn_report_read(int status_fd, SpawnReport *ret) MUST_CHECK;

/* Signals to the warden. They wait, blocked, until the server's exec is confirmed or has failed. */
enum {
        WARDEN_TERM = SIGUSR1,  /* TERM and CONT to the leader and all of the tree; the warden stays */
        WARDEN_SWEEP = SIGTERM, /* the same, 500 ms, then KILL until nothing is left */
        WARDEN_KILL = SIGQUIT,  /* KILL until nothing is left */
};
