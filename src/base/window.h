#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exact sliding window: "at most `burst` events in any `span` of time".
 * Keeps the times of the last `burst` events in a ring, so that the answer is
 * exact at every moment (a tumbling window lets nearly twice as many through).
 * Times come from the caller and never run backwards.
 */

#include "base/clock.h"

typedef struct Window {
        Nsec *times; /* owned: a ring of `burst` entries */
        uint32_t burst, used, head;
        Nsec span;
} Window;

int window_init(Window *w, uint32_t burst, Nsec span) MUST_CHECK;
void window_done(Window *w);
/* New numbers, old history: the newest events stay. */
int window_resize(Window *w, uint32_t burst, Nsec span) MUST_CHECK;
void window_clear(Window *w);

/* Notes an event. The oldest one is forgotten when the ring is full. */
void window_note(Window *w, Nsec at);

/* Events in (at - span, at]. */
uint32_t window_count(const Window *w, Nsec at);
/* May another event happen at `at` without more than `burst` in the window? */
bool window_allows(const Window *w, Nsec at);
/* The first moment, not before `at`, at which window_allows() says yes. */
Nsec window_next(const Window *w, Nsec at);
