#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last ends of a server, the newest first to read: a ring of
 * LIMIT_HISTORY entries. Allocates as it fills.
 */

#include "base/clock.h"
#include "base/json-writer.h"
#include "supervisor/exit-class.h"

enum { EXIT_STDERR_MAX = 4096 };

typedef struct ExitRecord {
        uint64_t number;
        int64_t wall_usec; /* when */
        uint64_t generation;
        pid_t pid;   /* of the leader; 0: none */
        Nsec uptime; /* from its exec; 0: never ran */
        ExitVerdict verdict;
        bool planned, oom;
        uint64_t user_usec, system_usec, max_rss; /* of the leader and what it waited for */
        char *stderr_text;                        /* owned: last lines, separated by newlines; may be NULL */
} ExitRecord;

typedef struct History {
        ExitRecord *items; /* owned: a ring */
        size_t n, size, head;
        uint64_t next;
} History;

void history_done(History *h);
/* Takes over record->stderr_text, also on failure. */
int history_add(History *h, ExitRecord *record) MUST_CHECK;
/* i = 0 is the newest; NULL past the end. */
const ExitRecord *history_get(const History *h, size_t i);
size_t history_count(const History *h);
/* As in `history --json`; with `server` NULL as `last_exit` of status (CONTRACT's fields first). */
void exit_record_json(const ExitRecord *r, const char *server, JsonWriter *w);
