#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server: a row of the configuration with its life. Holds its instances,
 * its history, its budget and breaker, its log; fills its row of the
 * scoreboard and tells the others when its state has changed.
 */

#include "ipc/message.h"
#include "ipc/scoreboard.h"
#include "supervisor/instance.h"

struct Supervisor;

typedef TAILQ_HEAD(ServerList, Server) ServerList;

struct Server {
        struct Supervisor *sup; /* borrowed */
        TAILQ_ENTRY(Server) link;
        char *name;                 /* owned */
        Config *snapshot;           /* a reference */
        const ServerConfig *config; /* in it */
        uint64_t launch;            /* which program it is */
        uint32_t row;
        uint64_t row_generation;
        ScoreServer *score;
        Instance *main;
        LIST_HEAD(, Instance) instances; /* main and all others */
        LIST_HEAD(, LeftTree) left;      /* stuck trees that were left to themselves */
        uint64_t generations, numbers;
        RestartRules rules;
        RestartHistory restart;
        BreakerState breaker;
        History history;
        ServerLog log;
        ServerState shown; /* what was last told */
        uint64_t lease;    /* exclusive: the session that has it; IPC_NO_SESSION */
        bool may_probe;    /* session: the next WANT is the probe */
        bool removed;      /* not in the configuration any more */
        Server *waits_for; /* its former life under the same name, which has not ended yet */
        bool kept_old;     /* the last reload wanted a new instance, and it never got ready */
        bool partial;      /* the last reload touched it, and it is not well */
        uint32_t auto_restarts;
        struct rusage usage; /* of the leader that ended last */
        Window alerts;
        bool alerted;
        const char *refused; /* why it cannot be started on this machine; NULL: it can */
        IpcServerState told; /* to the gateway */
        bool over;           /* it was taken out; freed after the turn */
        LoopGone gone;
};

extern const LoopGoneOps server_gone_ops;

/* Takes a row of the scoreboard. SCOREBOARD_E_FULL. */
int server_new(struct Supervisor *sup, Config *snapshot, const ServerConfig *config, Server **ret) MUST_CHECK;
Server *server_free(Server *s);
Server *server_find(struct Supervisor *sup, const char *name);
Server *server_of_row(struct Supervisor *sup, uint32_t row);

/* Another snapshot, whose row for it is `config`. True: it is another program now. */
bool server_adopt(Server *s, Config *snapshot, const ServerConfig *config);

/* ---- what happens to it */

void server_event(Server *s, StateEvent event);
/* The gateway has a call for it. */
void server_want(Server *s, uint64_t session);
/* Exclusive: nobody has it any more. */
void server_end_lease(Server *s);
void server_release(Server *s, Instance *i, IpcReleaseReason reason, bool in_flight);
/* The second instance of an overlap is ready: it is the server now. */
void server_promote(Server *s, Instance *second);
/* Its main instance is gone: the second one of an overlap takes its place, if there is one. */
void server_lost_main(Server *s);
/* A session's instance ended unasked. */
void server_charge_session(Server *s, ExitClass exit_class);
void server_record(Server *s, Instance *i, const ExitVerdict *v);
/* Something of it has changed: scoreboard, events, gateway, those who wait. */
void server_touch(Server *s);
/* Keeps a stuck tree on status until nothing of it is left. */
void server_leave(Server *s, Tree *t);

/* ---- questions */

Instance *server_instance(Server *s, uint32_t number, uint64_t generation);
/* The best of its instances' states, else its own. */
ServerState server_state(const Server *s);
/* When it will be started by itself; NSEC_NEVER. */
Nsec server_next_start(const Server *s);
bool server_has_processes(const Server *s);
const ExitRecord *server_last_exit(const Server *s);
/* The instance that status speaks of. */
const Instance *server_best(const Server *s);

typedef struct LeftTree {
        LIST_ENTRY(LeftTree) link;
        Server *server;
        Tree *tree;
} LeftTree;
