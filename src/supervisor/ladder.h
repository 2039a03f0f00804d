#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the steps of a stop are due: drain, TERM, KILL, stuck; and the same
 * squeezed into what is left of a shutdown. Pure. A deadline that is set again
 * only ever comes forward: the caller keeps the earlier one.
 */

#include "base/clock.h"

typedef struct LadderRules {
        Nsec drain, stop; /* drain_timeout, stop_timeout of the server */
} LadderRules;

typedef struct Shutdown {
        bool on;
        Nsec at;             /* when it began */
        Nsec drain, timeout; /* shutdown.drain, shutdown.timeout */
} Shutdown;

/* When draining ends at the latest, if it began at `now`. */
Nsec ladder_drain_until(const LadderRules *r, const Shutdown *s, Nsec now);

typedef struct LadderTimes {
        Nsec term_at, kill_at;
} LadderTimes;

/* stdin is closed at `closed`. Under a shutdown the kill leaves the last sixteenth of its time to those who
 * see to it that the tree is gone. */
LadderTimes ladder_times(const LadderRules *r, const Shutdown *s, Nsec closed);
/* The leader ended by itself, or never ran: what is left of the tree has got TERM at `swept`. */
Nsec ladder_sweep_until(const Shutdown *s, Nsec swept);
/* After the tree kill. Under a shutdown never past its end, at which the supervisor leaves. */
Nsec ladder_stuck_at(const Shutdown *s, Nsec killed);
