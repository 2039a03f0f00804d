#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's side of the gateway: its process, its ipc, its ping. Takes
 * it for hostile: a message that is not in order ends it, and another one is
 * started. Never gives up.
 */

#include "base/timer.h"
#include "control/server.h"
#include "ipc/channel.h"
#include "supervisor/reaper.h"

struct Supervisor;
typedef struct Instance Instance;
typedef struct Server Server;
typedef struct Listener Listener;

typedef enum GatewayState {
        GATEWAY_DOWN,     /* waits for its next start */
        GATEWAY_STARTING, /* runs, has not answered hello */
        GATEWAY_LOADING,  /* has been given the configuration */
        GATEWAY_READY,
        GATEWAY_STOPPING, /* we asked it to end */
        GATEWAY_ENDED,    /* and it did */
        _GATEWAY_STATE_MAX,
} GatewayState;

const char *gateway_state_name(GatewayState s);

enum { GATEWAY_LAST_EXIT = 100 };

typedef struct GatewayLink {
        struct Supervisor *sup; /* borrowed */
        GatewayState state;
        pid_t pid;
        int pidfd; /* owned */
        ReaperChild child;
        IpcChannel ipc;
        Timer ping, restart, deadline;
        uint64_t ping_serial, pong_serial;
        unsigned missed;
        bool answered; /* since the last look of the watchdog */
        Nsec started_at, ready_at;
        uint32_t deaths; /* in a row, before it was ready for long enough */
        uint64_t restarts;
        uint64_t preparing;                /* the generation that it was asked to prepare; 0: none */
        uint64_t aborted;                  /* a generation whose answer is not awaited any more; 0: none */
        uint64_t dropped;                  /* late or misplaced messages */
        uint32_t missing;                  /* fences that it could not have, as it says: bits of RoleFence */
        char last_exit[GATEWAY_LAST_EXIT]; /* how the one before ended, unless we asked for it; "": never */
        bool drained;
        bool killed; /* by us; its exit is on its way */
} GatewayLink;

int gateway_link_init(GatewayLink *g, struct Supervisor *sup) MUST_CHECK;
void gateway_link_done(GatewayLink *g);

void gateway_start(GatewayLink *g);
/* It is to end: asks, and kills it at `deadline`. */
void gateway_stop(GatewayLink *g, Nsec deadline);
void gateway_kill(GatewayLink *g, const char *why);
void gateway_drain(GatewayLink *g);
bool gateway_is_ready(const GatewayLink *g);

/* ---- what it is told; nothing when it is not ready */

void gateway_tell_up(GatewayLink *g, Instance *i, bool again);
/* False: it does not know of it, so nobody will answer. */
bool gateway_tell_drain(GatewayLink *g, Instance *i);
void gateway_tell_down(GatewayLink *g, Instance *i);
void gateway_tell_state(GatewayLink *g, Server *s);
/* Which program it is, and what is kept of its lists. */
void gateway_tell_catalogue(GatewayLink *g, Server *s);
void gateway_tell_refused(GatewayLink *g, Server *s, uint64_t session, IpcWantAnswer answer);
void gateway_tell_listener(GatewayLink *g, size_t index, const Listener *l);
void gateway_tell_listener_down(GatewayLink *g, size_t index);

/* ---- two phases of a configuration; answers go to reload_prepared() */

int gateway_prepare(GatewayLink *g, uint64_t generation, int blob) MUST_CHECK;
void gateway_commit(GatewayLink *g, uint64_t generation);
void gateway_abort(GatewayLink *g, uint64_t generation);
