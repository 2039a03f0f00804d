/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/ladder.h"

#include "base/limit-table.h"

enum {
        TERM_PART = 4,  /* TERM comes after a fourth of the time from closed stdin to kill */
        REST_PART = 16, /* of a shutdown's time: from the last kill to its end */
};

/* `at`, or what the shutdown says where that is earlier; not before `now`. */
static Nsec within(Nsec at, Nsec end, Nsec now)
{
        return MAX(MIN(at, end), now);
}

/* When the last kill of a shutdown is due. */
static Nsec last_kill(const Shutdown *s)
{
        return s->on ? nsec_add(s->at, s->timeout - s->timeout / REST_PART) : NSEC_NEVER;
}

Nsec ladder_drain_until(const LadderRules *r, const Shutdown *s, Nsec now)
{
        Nsec end = s->on ? nsec_add(s->at, MIN(s->drain, s->timeout)) : NSEC_NEVER;
        return within(nsec_add(now, r->drain), end, now);
}

LadderTimes ladder_times(const LadderRules *r, const Shutdown *s, Nsec closed)
{
        Nsec kill_at = within(nsec_add(closed, r->stop), last_kill(s), closed);
        return (LadderTimes){.term_at = closed + (kill_at - closed) / TERM_PART, .kill_at = kill_at};
}

Nsec ladder_sweep_until(const Shutdown *s, Nsec swept)
{
        return within(nsec_add(swept, LIMIT_SWEEP_TIME * NSEC_PER_MSEC), last_kill(s), swept);
}

Nsec ladder_stuck_at(const Shutdown *s, Nsec killed)
{
        Nsec end = s->on ? nsec_add(s->at, s->timeout) : NSEC_NEVER;
        return within(nsec_add(killed, LIMIT_STUCK_TIME * NSEC_PER_SEC), end, killed);
}
