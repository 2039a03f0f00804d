#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* Events of text/event-stream as bytes. Pure. */

#include "base/buf.h"

enum { SSE_PARTS = 8 };

/* One event "message" with one line of data, as spans: data holds no line end. `id` empty: none.
 * `room` takes what is not borrowed. How many parts. */
unsigned sse_event(Span id, const Span *data, unsigned n_data, Span *ret_parts, unsigned max_parts);
#define SSE_KEEPALIVE SPAN(":\n\n")
/* "retry: N" and an event with empty data, for a stream that can be resumed. */
int sse_prime(Buf *b, Span id, uint64_t retry_ms) MUST_CHECK;
