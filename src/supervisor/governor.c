/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/governor.h"

#include "base/limit-table.h"

enum { STARTING_PER_CORE = 2 };

/* What a sum of rounded parts may lack of a whole token. */
static const double whole = 1 - 1e-6;

static uint64_t starting_auto(void)
{
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        return MAX((uint64_t)LIMIT_STARTING_LEAST, STARTING_PER_CORE * (uint64_t)MAX(cores, 1));
}

/* The tokens at `now`; a clock that stands still or goes back adds none. */
static double tokens_at(const Governor *g, Nsec now)
{
        double came = (double)nsec_sub(now, g->at) / (double)NSEC_PER_SEC * (double)g->rate;
        return MIN(g->tokens + came, (double)g->burst);
}

static void refill(Governor *g, Nsec now)
{
        g->tokens = tokens_at(g, now);
        g->at = MAX(g->at, now);
}

static void set_numbers(Governor *g, uint64_t rate, uint64_t burst, uint64_t starting_max)
{
        g->rate = MAX(rate, 1U);
        g->burst = MAX(burst, 1U);
        g->starting_max = starting_max ? starting_max : starting_auto();
}

void governor_init(Governor *g, uint64_t rate, uint64_t burst, uint64_t starting_max, Nsec now)
{
        *g = (Governor){.at = now};
        TAILQ_INIT(&g->queue);
        set_numbers(g, rate, burst, starting_max);
        g->tokens = (double)g->burst;
}

void governor_adopt(Governor *g, uint64_t rate, uint64_t burst, uint64_t starting_max, Nsec now)
{
        refill(g, now);
        set_numbers(g, rate, burst, starting_max);
        g->tokens = MIN(g->tokens, (double)g->burst);
}

static bool take(Governor *g, Nsec now)
{
        refill(g, now);
        if (g->starting >= g->starting_max || g->tokens < whole)
                return false;
        g->tokens = MAX(g->tokens - 1, 0);
        g->starting++;
        return true;
}

bool governor_ask(Governor *g, GovernorWait *w, Nsec now)
{
        if (w->waiting)
                return false;
        if (TAILQ_EMPTY(&g->queue) && take(g, now))
                return true;
        TAILQ_INSERT_TAIL(&g->queue, w, link);
        w->waiting = true;
        return false;
}

void governor_started(Governor *g)
{
        assert(g->starting > 0);
        g->starting--;
}

void governor_cancel(Governor *g, GovernorWait *w)
{
        if (!w->waiting)
                return;
        TAILQ_REMOVE(&g->queue, w, link);
        w->waiting = false;
}

GovernorWait *governor_next(Governor *g, Nsec now)
{
        GovernorWait *w = TAILQ_FIRST(&g->queue);
        if (!w || !take(g, now))
                return NULL;
        governor_cancel(g, w);
        return w;
}

Nsec governor_deadline(const Governor *g, Nsec now)
{
        if (TAILQ_EMPTY(&g->queue) || g->starting >= g->starting_max)
                return NSEC_NEVER;
        double missing = 1 - tokens_at(g, now);
        if (missing <= 1 - whole)
                return now;
        return nsec_add(MAX(now, g->at), (Nsec)(missing / (double)g->rate * (double)NSEC_PER_SEC) + 1);
}
