#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last events of one session's streams, for a client that comes back with
 * Last-Event-ID: a ring of bytes with a cap. An event belongs to one stream
 * and is given back to that stream alone. Ids are "STREAM-NUMBER" in decimal,
 * unique in the session. Pure; memory is taken with the first event.
 */

#include "base/span.h"

enum { EVENT_ID_SIZE = 44 };

typedef struct EventLog {
        char *data; /* owned; a ring */
        size_t cap, start, used;
        uint64_t next; /* number of the next event, from 1 */
} EventLog;

void event_log_init(EventLog *l, size_t cap);
void event_log_done(EventLog *l);

/* Numbers an event (one line of data in parts) and keeps it; one that does not fit at all is numbered and
 * not kept, and forgets all before it of its stream, as they could not be told in full. */
int event_log_add(EventLog *l, uint32_t stream, const Span *data, unsigned n,
                  char ret_id[static EVENT_ID_SIZE]) MUST_CHECK;
/* The id of the event that stands before all of a stream's (for priming). */
void event_log_first_id(EventLog *l, uint32_t stream, char ret_id[static EVENT_ID_SIZE]);
/* False: no id of ours. */
bool event_id_parse(Span text, uint32_t *ret_stream, uint64_t *ret_number);

/* The next event of `stream` after *number, oldest first; sets *number. Two spans, since a ring has an end.
 * False: no more. `ret_lost`: some between were not kept any more. */
bool event_log_next(const EventLog *l, uint32_t stream, uint64_t *number, Span ret[static 2], bool *ret_lost);
