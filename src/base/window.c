/* SPDX-License-Identifier: Apache-2.0 */
#include "base/window.h"

int window_init(Window *w, uint32_t burst, Nsec span)
{
        assert(burst > 0);
        Nsec *times = calloc(burst, sizeof(*times));
        if (!times)
                return -ENOMEM;
        *w = (Window){.times = times, .burst = burst, .span = span};
        return 0;
}

void window_done(Window *w)
{
        free(w->times);
        *w = (Window){0};
}

/* The i-th newest, i < used. */
static Nsec window_newest(const Window *w, uint32_t i)
{
        return w->times[(w->head + w->burst - 1 - i) % w->burst];
}

int window_resize(Window *w, uint32_t burst, Nsec span)
{
        Window next;
        int r = window_init(&next, burst, span);
        if (r < 0)
                return r;
        for (uint32_t i = MIN(w->used, burst); i > 0; i--)
                window_note(&next, window_newest(w, i - 1));
        window_done(w);
        *w = next;
        return 0;
}

void window_clear(Window *w)
{
        w->used = w->head = 0;
}

void window_note(Window *w, Nsec at)
{
        w->times[w->head] = at;
        w->head = (w->head + 1) % w->burst;
        w->used = MIN(w->used + 1, w->burst);
}

uint32_t window_count(const Window *w, Nsec at)
{
        uint32_t n = 0;
        for (uint32_t i = 0; i < w->used; i++) {
                Nsec t = window_newest(w, i);
                if (t <= at && at - t < w->span)
                        n++;
        }
        return n;
}

bool window_allows(const Window *w, Nsec at)
{
        return window_count(w, at) < w->burst;
}

Nsec window_next(const Window *w, Nsec at)
{
        if (window_allows(w, at))
                return at;
        /* All `burst` of them are inside: the oldest is the first to leave. */
        return nsec_add(window_newest(w, w->used - 1), w->span);
}
