#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether and when a server that ended unasked starts again: one decision
 * over its history, two exact windows, a backoff and the breaker's probes.
 * Pure: time and randomness are handed in. restart_decide() changes nothing;
 * restart_charge() writes its answer down.
 */

#include "base/random.h"
#include "base/window.h"
#include "config/config.h"
#include "control/server-state.h"
#include "supervisor/state.h"

typedef struct RestartRules {
        int policy; /* RestartPolicy */
        uint32_t burst, long_burst;
        Nsec window, long_window, backoff_min, backoff_max, stable, probe_min, probe_max;
} RestartRules;

RestartRules restart_rules(const ServerConfig *s);

typedef struct RestartHistory {
        Window recent, longer; /* planned times of automatic restarts (session: times of deaths) */
        uint32_t k;            /* unplanned exits since it was last stable */
        uint32_t permanent;    /* exec-permanent ones in a row */
        uint32_t probes;       /* in this opening of the breaker */
        Nsec last_delay;       /* before the last automatic restart */
        Nsec planned;          /* the time of the last one in the windows; 0: none */
} RestartHistory;

typedef struct RestartCase {
        ExitClass exit_class;
        BreakerState breaker;
        bool session; /* deaths count, and nothing is started again by itself */
} RestartCase;

typedef struct RestartDecision {
        RestartVerdict verdict;
        Nsec delay, at; /* RETRY: of the start; OPEN: of the probe */
        bool counts;    /* it enters the windows */
} RestartDecision;

int restart_history_init(RestartHistory *h, const RestartRules *rules) MUST_CHECK;
void restart_history_done(RestartHistory *h);
/* Other numbers, same history; on failure the old ones. */
int restart_history_adopt(RestartHistory *h, const RestartRules *rules) MUST_CHECK;
void restart_history_forget(RestartHistory *h);
/* Ready for long enough: see restart_stable_after(). */
void restart_history_calm(RestartHistory *h);

void restart_decide(const RestartHistory *h, const RestartRules *rules, const RestartCase *c, Nsec now,
                    Random *random, RestartDecision *ret);
/* OPEN without an end to judge: a server that was refused. */
void restart_open(const RestartHistory *h, const RestartRules *rules, Nsec now, Random *random,
                  RestartDecision *ret);
void restart_charge(RestartHistory *h, const RestartCase *c, const RestartDecision *d, Nsec now);

/* How long it must be ready until it counts as stable. */
Nsec restart_stable_after(const RestartHistory *h, const RestartRules *rules);

/* `used` counts the restart that is planned, too. */
typedef struct RestartBudget {
        uint32_t used, burst, long_used, long_burst;
} RestartBudget;

RestartBudget restart_budget(const RestartHistory *h, const RestartRules *rules, Nsec now);
