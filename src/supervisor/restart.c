/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/restart.h"

#include "base/backoff.h"
#include "base/limit-table.h"

static uint32_t clamp_burst(uint64_t burst)
{
        return (uint32_t)MIN(MAX(burst, 1U), (uint64_t)UINT32_MAX);
}

RestartRules restart_rules(const ServerConfig *s)
{
        return (RestartRules){
                .policy = s->restart.policy,
                .burst = clamp_burst(s->restart.burst),
                .long_burst = clamp_burst(s->restart.long_burst),
                .window = s->restart.window,
                .long_window = s->restart.long_window,
                .backoff_min = s->restart.backoff_min,
                .backoff_max = s->restart.backoff_max,
                .stable = s->restart.stable,
                .probe_min = s->restart.probe_min,
                .probe_max = s->restart.probe_max,
        };
}

int restart_history_init(RestartHistory *h, const RestartRules *rules)
{
        RestartHistory new = {0};
        int r = window_init(&new.recent, rules->burst, rules->window);
        if (r < 0)
                return r;
        r = window_init(&new.longer, rules->long_burst, rules->long_window);
        if (r < 0) {
                window_done(&new.recent);
                return r;
        }
        *h = new;
        return 0;
}

void restart_history_done(RestartHistory *h)
{
        window_done(&h->recent);
        window_done(&h->longer);
        *h = (RestartHistory){0};
}

static int window_copy(const Window *w, Window *ret)
{
        Window copy;
        int r = window_init(&copy, w->burst, w->span);
        if (r < 0)
                return r;
        memcpy(copy.times, w->times, w->burst * sizeof(*w->times));
        copy.used = w->used;
        copy.head = w->head;
        *ret = copy;
        return 0;
}

int restart_history_adopt(RestartHistory *h, const RestartRules *rules)
{
        CLEANUP(window_done) Window recent = {0};
        int r = window_copy(&h->recent, &recent);
        if (r == 0)
                r = window_resize(&recent, rules->burst, rules->window);
        if (r == 0)
                r = window_resize(&h->longer, rules->long_burst, rules->long_window);
        if (r < 0)
                return r;
        Window old = h->recent;
        h->recent = recent;
        recent = old;
        return 0;
}

void restart_history_forget(RestartHistory *h)
{
        window_clear(&h->recent);
        window_clear(&h->longer);
        restart_history_calm(h);
        h->last_delay = 0;
        h->planned = 0;
}

void restart_history_calm(RestartHistory *h)
{
        h->k = 0;
        h->permanent = 0;
        h->probes = 0;
}

static bool policy_says_no(const RestartRules *rules, ExitClass c)
{
        return rules->policy == RESTART_NEVER ||
               (rules->policy == RESTART_ON_FAILURE && c == EXIT_CLASS_CLEAN);
}

void restart_open(const RestartHistory *h, const RestartRules *rules, Nsec now, Random *random,
                  RestartDecision *ret)
{
        Nsec base = backoff_base(rules->probe_min, rules->probe_max, h->probes + 1);
        Nsec delay = backoff_jitter(base, LIMIT_PROBE_JITTER, random);
        *ret = (RestartDecision){.verdict = VERDICT_OPEN, .delay = delay, .at = nsec_add(now, delay)};
}

/* The time that the windows hold. They do not go backwards, also when a start came before its time. */
static Nsec counted_at(const RestartHistory *h, const RestartCase *c, Nsec now, Nsec at)
{
        return MAX(c->session ? now : at, h->planned);
}

void restart_decide(const RestartHistory *h, const RestartRules *rules, const RestartCase *c, Nsec now,
                    Random *random, RestartDecision *ret)
{
        if (policy_says_no(rules, c->exit_class)) {
                *ret = (RestartDecision){.verdict = VERDICT_REST, .at = NSEC_NEVER};
                return;
        }
        Nsec delay = backoff_delay(rules->backoff_min, rules->backoff_max, h->k + 1, random);
        RestartDecision retry = {
                .verdict = VERDICT_RETRY,
                .delay = delay,
                .at = nsec_add(now, delay),
                .counts = c->exit_class != EXIT_CLASS_HOST_TRANSIENT,
        };
        Nsec judged = counted_at(h, c, now, retry.at);
        bool permanent = c->exit_class == EXIT_CLASS_EXEC_PERMANENT && h->permanent + 1 >= LIMIT_EXEC_TRIES;
        bool over = retry.counts &&
                    (!window_allows(&h->recent, judged) || !window_allows(&h->longer, judged));
        if (c->breaker != BREAKER_CLOSED || permanent || over)
                restart_open(h, rules, now, random, ret);
        else
                *ret = retry;
}

static uint32_t one_more(uint32_t n)
{
        return n < UINT32_MAX - 1 ? n + 1 : n;
}

void restart_charge(RestartHistory *h, const RestartCase *c, const RestartDecision *d, Nsec now)
{
        if (d->verdict == VERDICT_REST)
                return;
        h->k = one_more(h->k);
        h->permanent = c->exit_class == EXIT_CLASS_EXEC_PERMANENT ? one_more(h->permanent) : 0;
        if (d->verdict == VERDICT_OPEN) {
                h->probes = one_more(h->probes);
                return;
        }
        h->last_delay = d->delay;
        if (!d->counts)
                return;
        Nsec at = counted_at(h, c, now, d->at);
        window_note(&h->recent, at);
        window_note(&h->longer, at);
        h->planned = at;
}

Nsec restart_stable_after(const RestartHistory *h, const RestartRules *rules)
{
        return MAX(rules->stable, nsec_add(h->last_delay, h->last_delay));
}

static uint32_t used(const Window *w, bool planned, Nsec now)
{
        return MIN(window_count(w, now) + planned, w->burst);
}

RestartBudget restart_budget(const RestartHistory *h, const RestartRules *rules, Nsec now)
{
        bool planned = h->planned > now;
        return (RestartBudget){
                .used = used(&h->recent, planned, now),
                .burst = rules->burst,
                .long_used = used(&h->longer, planned, now),
                .long_burst = rules->long_burst,
        };
}
