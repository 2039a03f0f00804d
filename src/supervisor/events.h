#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, for those who ask or listen: the last events as lines of
 * JSON in a ring. Who follows is an asker with a cursor.
 */

#include "base/log-ring.h"

typedef struct EventLog {
        LogRing ring;
        uint64_t next; /* number of the next event */
} EventLog;

typedef struct Event {
        const char *type; /* "server_state", "reload", "gateway", "daemon", "alert", "listener" */
        const char *server, *from, *to; /* may be NULL */
        const char *text;               /* may be NULL */
} Event;

int event_log_init(EventLog *e) MUST_CHECK;
void event_log_done(EventLog *e);
/* Never fails: what cannot be kept is left out. */
void event_log_add(EventLog *e, const Event *event);
