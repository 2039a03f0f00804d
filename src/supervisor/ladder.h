#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the steps of a stop are due: drain, TERM, KILL, stuck; and the same
 * squeezed into what is left of a shutdown. Pure.
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

/* stdin is closed at `closed`. */
LadderTimes ladder_times(const LadderRules *r, const Shutdown *s, Nsec closed);
/* After the tree kill. */
Nsec ladder_stuck_at(const Shutdown *s, Nsec killed);
