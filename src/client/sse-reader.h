#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events out of the bytes of a text/event-stream, as the HTML standard reads
 * them. Pure; fed byte by byte or at once, it says the same. Owned by whoever
 * reads the stream.
 */

#include "base/buf.h"

typedef struct SseReader {
        Buf line;          /* what came of a line that has no end yet */
        Buf data, id;      /* of the event that comes in; `id` stays for those behind it */
        uint64_t retry_ms; /* as the server asked for; 0: it did not */
        bool has_data, other, after_cr, begun, given;
} SseReader;

enum { _SSE_READER_E_SUCCESS, SSE_READER_E_TOO_LONG };

/* `max`: bytes of one event's data, and of a line. */
void sse_reader_init(SseReader *r, size_t max);
void sse_reader_done(SseReader *r);
/* A new stream begins; the id stays. */
void sse_reader_restart(SseReader *r);

/* Takes of `bytes` up to the end of the next event of the type `message` and says how much. `ret_event`:
 * there is one, in data, until the next call. Those without data are not told. -ENOMEM. */
int sse_reader_feed(SseReader *r, Span bytes, size_t *ret_used, bool *ret_event) MUST_CHECK;
