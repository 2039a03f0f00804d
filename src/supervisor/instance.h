#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot of a server, in which at most one process tree lives at a time.
 * Feeds what happens into the state table and does what the table says. The
 * server itself is such a slot (its `main`); servers with share: session have
 * one more for each session, an overlap has a second one for a while.
 */

#include "base/timer.h"
#include "supervisor/governor.h"
#include "supervisor/history.h"
#include "supervisor/restart.h"
#include "supervisor/state.h"
#include "supervisor/tree.h"

typedef struct Instance Instance;
typedef struct Server Server;

enum { INSTANCE_LATER = 4 };

struct Instance {
        Server *server; /* borrowed: outlives us */
        LIST_ENTRY(Instance) link;
        uint32_t number;
        uint64_t session; /* the gateway's; 0: none */
        bool is_session, second, old;
        ServerState state;
        ServerGoal goal;
        Nsec since; /* when it entered the state */
        bool planned, probe;
        bool in_flight, initialized; /* facts of the running event */
        Tree *tree;
        uint64_t generation; /* of the newest tree */
        GovernorWait wait;
        bool held;         /* its server's former life has not ended yet */
        bool starting;     /* counted by the governor */
        bool announced;    /* the gateway has its pipes */
        bool passed_on;    /* an earlier gateway had its pipes */
        bool drained_told; /* the gateway was asked to drain it */
        Timer timer;
        StateEvent timer_event;
        Nsec kill_at; /* of the running ladder */
        bool noted;   /* `cause` holds how this life ended */
        ExitFacts cause;
        char cause_text[160];
        uint64_t oom_before;
        RestartDecision decision;
        ExitClass last_class; /* of the end that led to the state */
        char protocol[12];
        int era; /* IpcEra; -1: not known */
        StateEvent later[INSTANCE_LATER];
        unsigned n_later;
        bool busy, freed;
        LoopGone gone;
};

int instance_init(Instance *i, Server *server) MUST_CHECK;
int instance_new(Server *server, uint64_t session, Instance **ret) MUST_CHECK;
/* At the very end, or when nothing was ever started in it. */
void instance_free(Instance *i);

/* May free it, later in the turn. */
void instance_event(Instance *i, StateEvent event);
/* FAILED with what the gateway says of it. */
void instance_failed(Instance *i, ExitCause cause, Span text);
/* READY with what the handshake said. */
void instance_ready(Instance *i, int era, const char *protocol);
/* Its server's former life has ended: it may ask the governor. */
void instance_let_go(Instance *i);
/* The governor lets it start. */
void instance_go(Instance *i);
/* A new gateway: tells it of this instance if it runs. */
void instance_announce(Instance *i, bool again);
bool instance_has_process(const Instance *i);
