#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control request that is not finished yet: who follows a log or the
 * events, who waits until servers are where he wants them, who waits for a
 * reload. Lives from its request to its last line or the loss of its
 * connection.
 */

#include <sys/queue.h>

#include "base/log-ring.h"
#include "control/server.h"
#include "supervisor/state.h"

struct Supervisor;
typedef struct Server Server;

typedef enum AskerKind { ASKER_LOGS, ASKER_EVENTS, ASKER_SERVERS, ASKER_RELOAD } AskerKind;

/* One server that somebody waits for. */
typedef struct AskerTarget {
        char name[72];
        uint64_t generation; /* it had before; a restart has a newer one */
        ServerState told;
        bool done, failed;
} AskerTarget;

typedef struct Asker {
        LIST_ENTRY(Asker) link;
        struct Supervisor *sup;
        ControlConn *conn;
        AskerKind kind;
        /* logs, events */
        char name[72]; /* of the server */
        LogRingCursor cursor;
        int64_t since_usec;
        bool follow;
        uint64_t serial; /* reload: of the last one that had begun before */
        /* start, stop, restart, reset */
        StateEvent event;
        AskerTarget *targets; /* owned */
        size_t n_targets, n_done, n_failed;
        bool sending; /* the events are being sent: not to be finished from within one */
} Asker;

typedef LIST_HEAD(AskerList, Asker) AskerList;

int asker_logs(struct Supervisor *sup, ControlConn *c, const ControlRequest *r, Server *s) MUST_CHECK;
int asker_events(struct Supervisor *sup, ControlConn *c, const ControlRequest *r) MUST_CHECK;
/* Sends `event` to the servers and waits for what follows. */
int asker_servers(struct Supervisor *sup, ControlConn *c, const ControlRequest *r,
                  StateEvent event) MUST_CHECK;
int asker_reload(struct Supervisor *sup, ControlConn *c) MUST_CHECK;
void asker_free(Asker *a);

/* ---- what has changed */

void askers_log_grew(struct Supervisor *sup, Server *s);
void askers_event_added(struct Supervisor *sup);
void askers_server_changed(struct Supervisor *sup, Server *s);
/* It is not in the configuration any more, and nothing of it is left. */
void askers_server_gone(struct Supervisor *sup, Server *s);
void askers_reload_says(struct Supervisor *sup, const char *phase);
/* The last line of all who wait for a reload. */
void askers_reload_ended(struct Supervisor *sup);
/* Its queue has room again. */
void asker_go_on(Asker *a);
/* The daemon ends: everybody gets a last line. */
void askers_end(struct Supervisor *sup);
