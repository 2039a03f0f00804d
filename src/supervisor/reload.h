#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a file to the configuration in force, and from one to the next: a
 * throw-away process reads it, the difference is taken, the gateway prepares,
 * then all of it is committed or nothing is. SIGHUP, the command and the
 * watcher set one flag; the first configuration goes the same way.
 */

#include "base/timer.h"
#include "config/diff.h"
#include "spawn/validate.h"
#include "supervisor/listener.h"
#include "supervisor/reaper.h"
#include "supervisor/token.h"

struct Supervisor;
typedef struct Server Server;

typedef enum ReloadPhase {
        RELOAD_REST,
        RELOAD_READING,   /* the validator runs */
        RELOAD_PREPARING, /* the gateway has the new one */
        RELOAD_STARTING,  /* committed; new and changed servers are on their way */
        _RELOAD_PHASE_MAX,
} ReloadPhase;

/* Of the last one, for status and for whoever asked. */
typedef struct ReloadResult {
        bool any; /* there was one */
        bool ok;
        int64_t wall_usec;
        const char *code; /* a word: NULL when it is ok */
        char *error;      /* owned */
        Buf lists;        /* "added":[..],"removed":[..],"restarted":[..],"live":[..],"same":N */
        char *partial;    /* owned: a JSON array of names */
} ReloadResult;

typedef struct ReloadRow {
        uint32_t row;
        uint64_t generation;
        Server *server; /* new ones wait here for the commit; borrowed for the others */
        bool is_new;
} ReloadRow;

typedef struct Reload {
        struct Supervisor *sup; /* borrowed */
        ReloadPhase phase;
        bool dirty; /* asked for again meanwhile */
        bool first;
        Validation validation;
        ReaperChild child;
        Timer timer; /* pause between two, the deadline of the phase */
        Nsec last;   /* when the last one began */
        Config *next;
        ConfigDiff diff;
        bool has_diff;
        ValidateResult result;
        bool has_result;
        Tokens tokens;   /* of the next one */
        ReloadRow *rows; /* owned: by index in the new configuration */
        size_t n_rows;
        bool asked;     /* the gateway, which may be lost before it answers */
        char **pending; /* owned: names of servers that are awaited in STARTING */
        size_t n_pending;
        uint64_t generation; /* that it would be */
        uint64_t serial;     /* how many have begun */
        uint64_t ok, failed;
        ReloadResult last_result;
} Reload;

int reload_init(Reload *r, struct Supervisor *sup) MUST_CHECK;
void reload_done(Reload *r);
/* Somebody wants one. */
void reload_ask(Reload *r);
/* The gateway's answer; `text` says why when it refused. */
void reload_prepared(Reload *r, uint64_t generation, bool ok, Span text);
void reload_gateway_lost(Reload *r);
void reload_gateway_up(Reload *r);
/* A server has changed its state. */
void reload_server_changed(Reload *r, Server *s);
/* The daemon stops: what runs is given up. */
void reload_cancel(Reload *r);
bool reload_is_busy(const Reload *r);
/* Rows of the scoreboard for every server of the new configuration. */
int reload_take_rows(Reload *r) MUST_CHECK;
/* The tokens of the new configuration; TOKENS_E_REFUSED with a text in `why`. */
int reload_take_tokens(Reload *r, Buf *why) MUST_CHECK;
