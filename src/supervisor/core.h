#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root object of the role, and what its files know of each other. Only
 * files of this folder include it. Everything hangs from one Supervisor; there
 * is no other state.
 */

#include "base/log.h"
#include "base/loop-signal.h"
#include "base/random.h"
#include "config/config.h"
#include "config/daemon.h"
#include "control/server.h"
#include "control/server-state.h"
#include "ipc/scoreboard.h"
#include "spawn/cgroup.h"
#include "spawn/spawn.h"
#include "supervisor/asker.h"
#include "supervisor/dirs.h"
#include "supervisor/events.h"
#include "supervisor/gateway-link.h"
#include "supervisor/governor.h"
#include "supervisor/ladder.h"
#include "supervisor/listener.h"
#include "supervisor/notify.h"
#include "supervisor/reaper.h"
#include "supervisor/reload.h"
#include "supervisor/server.h"
#include "supervisor/token.h"
#include "supervisor/watch.h"

typedef struct Supervisor Supervisor;

struct Supervisor {
        const DaemonOptions *options; /* borrowed: outlives us */
        DaemonState state;
        Nsec started;
        int exit_code;
        bool leaving; /* everything is gone; the loop ends */

        Loop *loop;
        LoopSignal signals;
        SeededRandom random;
        Reaper reaper;
        Spawner spawner;
        Dirs dirs;
        CgroupRoot cgroups;
        Notify notify;
        Scoreboard *board;

        Config *config; /* in force; NULL before the first */
        uint64_t generation;
        int gateway_blob, text; /* memfds of it */
        int certificate;        /* likewise; -EBADF: no TLS */
        Tokens tokens;          /* of it */
        RedactSet *secrets;     /* of it and of the one before */

        ServerList servers;
        Server **rows;     /* owned: by row of the scoreboard */
        uint32_t measured; /* the row whose usage was measured last */
        Governor governor;
        Timer governor_timer;
        Work governor_work, stop_work;

        ListenerSet listeners;
        GatewayLink gateway;
        ControlServer control;
        AskerList askers; /* control requests that are not finished */
        EventLog events;
        Reload reload;
        Watch watch;

        Shutdown shutdown;
        Timer shutdown_timer;
        Nsec stop_asked; /* when a signal asked for a stop first; 0: none has */
        LoopHook hook;
        size_t told_ready, told_all; /* servers, by the last STATUS= */
        Timer log_timer;
        Timer watchdog_timer;
        Timer critical_timer; /* no ready gateway, although a critical server needs one */
        bool announced_ready;
        bool had_terminal; /* and whoever closes it wants `run` to end */
        uint64_t turned;   /* turns of the loop at the last watchdog */
};

/* A time of the table of limits, or what a test has chosen for it. */
static inline Nsec supervisor_time(uint32_t chosen_ms, Nsec usual)
{
        return chosen_ms ? chosen_ms * NSEC_PER_MSEC : usual;
}

/* ---- supervisor.c */

/* The orderly end; `code` is the exit status. Again: faster. */
void supervisor_stop(Supervisor *s, int code, const char *why);
/* Everything at once. */
void supervisor_quit(Supervisor *s);
/* Something has changed that may complete a stop, or readiness. */
void supervisor_check(Supervisor *s);
/* The log as this configuration wants it. */
int supervisor_open_log(const Config *c);
/* What we are and have done, into our row of the scoreboard: with each ping of the gateway, who reads it. */
void supervisor_fill_score(Supervisor *s);
/* The state of everything, into the log. */
void supervisor_dump(Supervisor *s);
extern const WatchOps supervisor_watch_ops;
/* Lets start who may, and looks again when somebody else may. */
void supervisor_governor(Supervisor *s);

/* ---- signals.c */

/* Dispositions as we need them, whatever we inherited; before anything else. */
void signals_reset(Supervisor *s);
int signals_init(Supervisor *s) MUST_CHECK;

/* ---- boot.c */

/* The first configuration is there: directories, lock, groups, sockets, gateway. False: refused, the
 * exit code is set and the stop is under way. */
bool boot_begin(Supervisor *s);

/* ---- ready.c */

/* What /readyz and READY=1 mean: committed, listening, and what `ready:` asks for. */
bool supervisor_is_ready(const Supervisor *s);
void ready_check(Supervisor *s);

/* ---- answer.c: the control socket */

extern const ControlServerOps answer_ops;
