#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway process consists of. One object, owned by gateway_main();
 * told.c changes it as the supervisor says.
 */

#include "gateway/backend.h"
#include "gateway/front.h"
#include "gateway/snapshot.h"
#include "ipc/channel.h"

typedef struct Gateway {
        Loop *loop;             /* owned */
        IpcChannel supervisor;  /* owned */
        Scoreboard *scoreboard; /* owned; NULL before hello */
        int control_fd;         /* owned: our end of the control connection */
        Snapshot next, current; /* prepared, committed */
        Front front;
        BackendList backends;
        ScoreServerGateway nowhere; /* for the numbers of a row that there is not */
        MetricSet no_metrics;       /* for those before hello */
} Gateway;

/* Messages from the supervisor. */
extern const IpcChannelOps gateway_told_ops;
