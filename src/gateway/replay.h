#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last events of one session's streams, for a client that comes back with
 * Last-Event-ID: a ring of bytes with a cap; one event alone may be over it.
 * An event belongs to one stream and is given back to that stream alone. Ids
 * are "STREAM-NUMBER" in decimal, unique in the session. Pure; memory is taken
 * with the first event.
 */

#include "base/span.h"

enum { EVENT_ID_SIZE = 44, EVENT_LOSSES = 8 };

/* The last event of a stream that is not kept any more. */
typedef struct EventLoss {
        uint32_t stream;
        uint64_t number; /* 0: none */
} EventLoss;

/* What all sessions together may keep above their caps. */
typedef struct ReplayBudget {
        size_t used, max;
} ReplayBudget;

typedef struct Replay {
        char *data;           /* owned; a ring, which grows to the cap */
        ReplayBudget *budget; /* borrowed; NULL: nothing is kept above the cap */
        size_t cap, size, start, used;
        uint64_t next;                  /* number of the next event, from 1 */
        EventLoss losses[EVENT_LOSSES]; /* of few streams, the latest that lost one; of all others: */
        uint64_t lost_elsewhere;        /* the last event that any of them lost */
        uint64_t dropped;               /* bytes that have left the ring */
        uint64_t hint_number, hint_end; /* the event that replay_next() gave last; where it ended */
} Replay;

void replay_init(Replay *l, size_t cap, ReplayBudget *budget);
void replay_done(Replay *l);

/* Numbers an event (one line of data in parts) and keeps it; one that does not fit even without the others is
 * numbered and not kept, and forgets all before it of its stream, as they could not be told in full. */
void replay_add(Replay *l, uint32_t stream, const Span *data, unsigned n, char ret_id[static EVENT_ID_SIZE]);
/* The same for the answer that a stream ends with: whatever its size it is kept, and what is older goes, as
 * long as the budget has room for it. */
void replay_add_last(Replay *l, uint32_t stream, const Span *data, unsigned n,
                     char ret_id[static EVENT_ID_SIZE]);
/* An id that stands before all events of a stream that has none yet (for priming). */
void replay_first_id(Replay *l, uint32_t stream, char ret_id[static EVENT_ID_SIZE]);
void event_id_write(uint32_t stream, uint64_t number, char ret_id[static EVENT_ID_SIZE]);
/* False: no id of ours. */
bool event_id_parse(Span text, uint32_t *ret_stream, uint64_t *ret_number);

/* The next event of `stream` after *number, oldest first; sets *number. Two spans, since a ring has an end.
 * False: no more. `ret_lost` (set in both cases): some after *number were not kept any more; for a stream
 * that lost none it may be true too, when its client comes from before all that is kept. */
bool replay_next(Replay *l, uint32_t stream, uint64_t *number, Span ret[static 2], bool *ret_lost);
