/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "support/oom.h"
#include "supervisor/restart.h"

enum { HISTORIES = 1000, DEATHS = 400, DRAWS = 100000 };

#define MSEC NSEC_PER_MSEC
#define SEC  NSEC_PER_SEC
#define HOUR (3600 * SEC)
#define YEAR (8766 * HOUR)

static const RestartRules defaults = {
        .policy = RESTART_ALWAYS,
        .burst = 5,
        .long_burst = 20,
        .window = 60 * SEC,
        .long_window = HOUR,
        .backoff_min = 500 * MSEC,
        .backoff_max = 60 * SEC,
        .stable = 30 * SEC,
        .probe_min = 60 * SEC,
        .probe_max = 1800 * SEC,
};

static const RestartCase error = {.exit_class = EXIT_CLASS_ERROR};

static uint64_t lowest(Random *random UNUSED)
{
        return 0;
}

static Random low = {lowest};

static RestartHistory history_of(const RestartRules *rules)
{
        RestartHistory h;
        assert_int_equal(restart_history_init(&h, rules), 0);
        return h;
}

/* Decides and writes it down. */
static RestartDecision die(RestartHistory *h, const RestartRules *rules, const RestartCase *c, Nsec now,
                           Random *random)
{
        RestartDecision d;
        restart_decide(h, rules, c, now, random, &d);
        restart_charge(h, c, &d, now);
        return d;
}

static void test_rules(void **state UNUSED)
{
        ServerConfig s = {.restart = {.policy = RESTART_ON_FAILURE,
                                      .burst = 1,
                                      .window = 2,
                                      .long_burst = 1ULL << 40,
                                      .long_window = 4,
                                      .backoff_min = 5,
                                      .backoff_max = 6,
                                      .stable = 7,
                                      .probe_min = 8,
                                      .probe_max = 9}};
        RestartRules r = restart_rules(&s);
        assert_int_equal(r.policy, RESTART_ON_FAILURE);
        assert_int_equal(r.burst, 1);
        assert_int_equal(r.long_burst, UINT32_MAX);
        assert_true(r.window == 2 && r.long_window == 4 && r.backoff_min == 5 && r.backoff_max == 6);
        assert_true(r.stable == 7 && r.probe_min == 8 && r.probe_max == 9);
}

/* ---- the property: no real window ever holds more automatic restarts than its budget ---- */

typedef struct Naive {
        Nsec times[DEATHS];
        size_t n;
} Naive;

static void check_window(const Naive *m, uint32_t burst, Nsec span)
{
        for (size_t first = 0, i = 0; i < m->n; i++) {
                assert_true(i == 0 || m->times[i] >= m->times[i - 1]);
                while (m->times[i] - m->times[first] >= span)
                        first++;
                assert_true(i - first + 1 <= burst);
        }
}

static RestartRules random_rules(Random *r)
{
        RestartRules rules = defaults;
        rules.burst = 1 + (uint32_t)random_below(r, 8);
        rules.long_burst = 1 + (uint32_t)random_below(r, 30);
        rules.window = (1 + random_below(r, 100)) * SEC;
        rules.long_window = (1 + random_below(r, 5000)) * SEC;
        rules.backoff_min = 1 + random_below(r, 5 * SEC);
        rules.backoff_max = rules.backoff_min + random_below(r, 100 * SEC);
        return rules;
}

static const Nsec uptimes[] = {1, MSEC, SEC, 10 * SEC, 70 * SEC, 200 * SEC, 5000 * SEC};

/* Lives for a while, and is calm if that was long enough. */
static Nsec live(RestartHistory *h, const RestartRules *rules, BreakerState *breaker, Random *r)
{
        Nsec uptime = random_below(r, uptimes[random_below(r, ARRAY_SIZE(uptimes))]);
        if (*breaker == BREAKER_OPEN)
                *breaker = BREAKER_HALF_OPEN;
        if (uptime >= restart_stable_after(h, rules)) {
                restart_history_calm(h);
                *breaker = BREAKER_CLOSED;
        }
        return uptime;
}

static void check_history(Random *r, bool session)
{
        const RestartRules rules = random_rules(r);
        RestartHistory h = history_of(&rules);
        BreakerState breaker = BREAKER_CLOSED;
        Naive m = {0};
        Nsec now = random_below(r, 10 * YEAR);
        for (int i = 0; i < DEATHS; i++) {
                RestartCase c = {(ExitClass)random_below(r, _EXIT_CLASS_MAX - 1) + 1, breaker, session};
                RestartDecision d = die(&h, &rules, &c, now, r);
                assert_true(d.verdict != VERDICT_REST && d.at == now + d.delay);
                if (d.verdict == VERDICT_OPEN) {
                        breaker = BREAKER_OPEN;
                        assert_false(d.counts);
                } else {
                        assert_int_equal(breaker, BREAKER_CLOSED);
                        assert_int_equal(d.counts, c.exit_class != EXIT_CLASS_HOST_TRANSIENT);
                        if (d.counts)
                                m.times[m.n++] = session ? now : d.at;
                }
                RestartBudget b = restart_budget(&h, &rules, d.at);
                assert_true(b.used <= b.burst && b.long_used <= b.long_burst);
                if (session && random_below(r, 3)) { /* another of its instances, meanwhile */
                        now += random_below(r, SEC);
                        continue;
                }
                now = d.at + live(&h, &rules, &breaker, r);
        }
        check_window(&m, rules.burst, rules.window);
        check_window(&m, rules.long_burst, rules.long_window);
        restart_history_done(&h);
}

static void test_property(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        for (int i = 0; i < HISTORIES; i++)
                check_history(&r.random, i % 4 == 3);
}

/* ---- the windows ---------------------------------------------------------- */

/* Five automatic restarts, so six starts. */
static void test_burst(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        for (int run = 0; run < 1000; run++) {
                RestartHistory h = history_of(&defaults);
                Nsec now = 7 * SEC;
                for (int i = 0; i < 5; i++) {
                        RestartDecision d = die(&h, &defaults, &error, now, &r.random);
                        assert_int_equal(d.verdict, VERDICT_RETRY);
                        now = d.at;
                        assert_int_equal(restart_budget(&h, &defaults, now).used, i + 1);
                }
                assert_int_equal(die(&h, &defaults, &error, now, &r.random).verdict, VERDICT_OPEN);
                restart_history_done(&h);
        }
}

/* One restart in a span of 100: the next may come when 100 have passed, not one sooner. */
static void test_edge(void **state UNUSED)
{
        RestartRules rules = defaults;
        rules.backoff_min = rules.backoff_max = 20; /* with the lowest draw: 10 */
        for (int which = 0; which < 2; which++) {
                rules.burst = which ? 9 : 1;
                rules.long_burst = which ? 1 : 9;
                rules.window = rules.long_window = 100;
                for (Nsec gap = 95; gap < 105; gap++) {
                        RestartHistory h = history_of(&rules);
                        assert_int_equal(die(&h, &rules, &error, 1000, &low).at, 1010);
                        RestartDecision d = die(&h, &rules, &error, 1000 + gap, &low);
                        assert_int_equal(d.verdict, gap < 100 ? VERDICT_OPEN : VERDICT_RETRY);
                        restart_history_done(&h);
                }
        }
}

/* Dies every `period`, long after it was stable: after how many restarts is it degraded? */
static int restarts_of_period(Nsec period, Random *random)
{
        RestartHistory h = history_of(&defaults);
        Nsec now = 0;
        int n = 0;
        for (; n < 1000; n++) {
                RestartDecision d = die(&h, &defaults, &error, now, random);
                if (d.verdict == VERDICT_OPEN)
                        break;
                now = d.at + period;
                if (period >= restart_stable_after(&h, &defaults))
                        restart_history_calm(&h);
        }
        restart_history_done(&h);
        return n;
}

static void test_periods(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        assert_int_equal(restarts_of_period(0, &r.random), 5);
        assert_int_equal(restarts_of_period(61 * SEC, &r.random), 20);
        assert_int_equal(restarts_of_period(150 * SEC, &r.random), 20);
        assert_int_equal(restarts_of_period(190 * SEC, &r.random), 1000);
}

static void test_session(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        const RestartCase c = {.exit_class = EXIT_CLASS_SIGNAL, .session = true};
        for (int i = 0; i < 5; i++) {
                assert_int_equal(die(&h, &defaults, &c, 100 * SEC, &low).verdict, VERDICT_RETRY);
                assert_int_equal(restart_budget(&h, &defaults, 100 * SEC).used, i + 1);
        }
        RestartDecision d;
        restart_decide(&h, &defaults, &c, 160 * SEC - 1, &low, &d);
        assert_int_equal(d.verdict, VERDICT_OPEN);
        restart_decide(&h, &defaults, &c, 160 * SEC, &low, &d);
        assert_int_equal(d.verdict, VERDICT_RETRY);
        restart_history_done(&h);
}

/* ---- classes and policy --------------------------------------------------- */

static void test_host_transient(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        const RestartCase c = {.exit_class = EXIT_CLASS_HOST_TRANSIENT};
        for (uint32_t i = 0; i < 1000; i++) {
                RestartDecision d = die(&h, &defaults, &c, 0, &low);
                assert_int_equal(d.verdict, VERDICT_RETRY);
                assert_int_equal(d.delay, i < 7 ? (250 * MSEC) << i : 30 * SEC);
                assert_int_equal(h.k, i + 1);
        }
        RestartBudget b = restart_budget(&h, &defaults, 0);
        assert_true(b.used == 0 && b.long_used == 0 && b.burst == 5 && b.long_burst == 20);
        restart_history_done(&h);
}

static void test_permanent(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        const RestartCase c = {.exit_class = EXIT_CLASS_EXEC_PERMANENT};
        assert_int_equal(die(&h, &defaults, &c, 0, &low).verdict, VERDICT_RETRY);
        assert_int_equal(die(&h, &defaults, &error, 1000 * SEC, &low).verdict, VERDICT_RETRY);
        assert_int_equal(die(&h, &defaults, &c, 2000 * SEC, &low).verdict, VERDICT_RETRY); /* not in a row */
        restart_history_calm(&h);
        assert_int_equal(die(&h, &defaults, &c, 3000 * SEC, &low).verdict, VERDICT_RETRY);
        assert_int_equal(die(&h, &defaults, &c, 4000 * SEC, &low).verdict, VERDICT_OPEN);
        restart_history_done(&h);
}

static void test_policy(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        for (int policy = 0; policy <= RESTART_NEVER; policy++)
                for (ExitClass k = EXIT_CLASS_CLEAN; k < _EXIT_CLASS_MAX; k++)
                        for (BreakerState b = 0; b < _BREAKER_MAX; b++) {
                                RestartRules rules = defaults;
                                rules.policy = policy;
                                RestartCase c = {.exit_class = k, .breaker = b};
                                RestartDecision d;
                                bool rest = policy == RESTART_NEVER ||
                                            (policy == RESTART_ON_FAILURE && k == EXIT_CLASS_CLEAN);
                                restart_decide(&h, &rules, &c, 5, &low, &d);
                                assert_int_equal(d.verdict, rest                  ? VERDICT_REST
                                                            : b == BREAKER_CLOSED ? VERDICT_RETRY
                                                                                  : VERDICT_OPEN);
                                if (!rest)
                                        continue;
                                assert_true(d.at == NSEC_NEVER && !d.counts);
                                restart_charge(&h, &c, &d, 5);
                                assert_int_equal(h.k, 0);
                        }
        restart_history_done(&h);
}

/* ---- delays --------------------------------------------------------------- */

/* min(max, min * 2^(k-1)) * U(0.5, 1.5): level between its ends, and never below the floor. */
static void test_delays(void **state UNUSED)
{
        enum { BINS = 20 };
        SeededRandom r;
        test_random_init(&r);
        for (uint32_t k = 0; k < 10; k++) {
                RestartHistory h = history_of(&defaults);
                const Nsec base = MIN((500 * MSEC) << k, 60 * SEC);
                unsigned bins[BINS] = {0};
                h.k = k;
                for (int i = 0; i < DRAWS; i++) {
                        RestartDecision d;
                        restart_decide(&h, &defaults, &error, 1, &r.random, &d);
                        assert_true(d.delay >= base / 2 && d.delay < base / 2 * 3);
                        bins[(d.delay - base / 2) * BINS / base]++;
                }
                for (int i = 0; i < BINS; i++) /* 5000 each, standard deviation 69: 8 of them */
                        assert_in_range(bins[i], DRAWS / BINS - 550, DRAWS / BINS + 550);
                restart_history_done(&h);
        }
}

static void test_stable(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        assert_int_equal(restart_stable_after(&h, &defaults), 30 * SEC);
        h.last_delay = 15 * SEC;
        assert_int_equal(restart_stable_after(&h, &defaults), 30 * SEC);
        h.last_delay = 40 * SEC;
        assert_int_equal(restart_stable_after(&h, &defaults), 80 * SEC);
        h.last_delay = NSEC_NEVER - 5;
        assert_int_equal(restart_stable_after(&h, &defaults), NSEC_NEVER);
        restart_history_forget(&h);
        RestartDecision d = die(&h, &defaults, &error, 0, &low);
        assert_int_equal(h.last_delay, d.delay);
        restart_history_done(&h);
}

/* ---- the breaker ---------------------------------------------------------- */

static void check_probe(RestartHistory *h, const RestartCase *c, Nsec seconds, Random *random)
{
        RestartDecision d = die(h, &defaults, c, 77, random);
        assert_int_equal(d.verdict, VERDICT_OPEN);
        assert_true(d.delay >= seconds * SEC / 5 * 4 && d.delay <= seconds * SEC / 5 * 6);
        assert_int_equal(d.at, 77 + d.delay);
}

static void test_breaker(void **state UNUSED)
{
        static const Nsec seconds[] = {60, 120, 240, 480, 960, 1800, 1800, 1800};
        SeededRandom r;
        test_random_init(&r);
        RestartHistory h = history_of(&defaults);
        const RestartCase open = {.exit_class = EXIT_CLASS_ERROR, .breaker = BREAKER_OPEN};
        const RestartCase half = {.exit_class = EXIT_CLASS_HOST_TRANSIENT, .breaker = BREAKER_HALF_OPEN};
        for (int run = 0; run < 200; run++) {
                /* A death in half-open is one more of the same opening. */
                for (size_t i = 0; i < ARRAY_SIZE(seconds); i++)
                        check_probe(&h, i % 2 ? &half : &open, seconds[i], &r.random);
                if (run % 2)
                        restart_history_calm(&h);
                else
                        restart_history_forget(&h);
        }
        RestartDecision d;
        restart_open(&h, &defaults, 5, &low, &d); /* refused */
        assert_true(d.verdict == VERDICT_OPEN && d.delay == 48 * SEC && d.at == 5 + d.delay && !d.counts);
        h.probes = h.k = h.permanent = UINT32_MAX - 1; /* never over */
        const RestartCase permanent = {.exit_class = EXIT_CLASS_EXEC_PERMANENT, .breaker = BREAKER_OPEN};
        check_probe(&h, &permanent, 1800, &r.random);
        assert_true(h.probes == UINT32_MAX - 1 && h.k == UINT32_MAX - 1 && h.permanent == UINT32_MAX - 1);
        restart_history_done(&h);
}

static void test_forget(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        for (int i = 0; i < 5; i++)
                (void)die(&h, &defaults, &error, 0, &low);
        assert_int_equal(die(&h, &defaults, &error, 0, &low).verdict, VERDICT_OPEN);
        restart_history_calm(&h); /* the windows age by themselves */
        assert_int_equal(die(&h, &defaults, &error, 0, &low).verdict, VERDICT_OPEN);
        restart_history_forget(&h);
        RestartBudget b = restart_budget(&h, &defaults, 0);
        assert_true(b.used == 0 && b.long_used == 0);
        RestartDecision d = die(&h, &defaults, &error, 0, &low);
        assert_int_equal(d.verdict, VERDICT_RETRY);
        assert_int_equal(d.delay, 250 * MSEC);
        restart_history_done(&h);
}

/* ---- the clock ------------------------------------------------------------ */

/* Only differences count: whatever the clock says when it begins, the same follows. */
static void test_any_clock(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        const uint64_t seed = r.state;
        for (int i = 0; i < 200; i++) {
                RestartHistory a = history_of(&defaults), b = history_of(&defaults);
                SeededRandom ra, rb;
                random_init_seed(&ra, seed + (uint64_t)i);
                random_init_seed(&rb, seed + (uint64_t)i);
                Nsec now = 10 * YEAR;
                for (int k = 0; k < 60; k++) {
                        RestartDecision x = die(&a, &defaults, &error, now, &ra.random);
                        RestartDecision y = die(&b, &defaults, &error, now - 10 * YEAR, &rb.random);
                        assert_true(x.verdict == y.verdict && x.delay == y.delay && x.at == y.at + 10 * YEAR);
                        now = x.at + random_below(&r.random, 100 * SEC);
                }
                restart_history_done(&a);
                restart_history_done(&b);
        }
}

/* The clock jumps: what was planned is long past, the windows are empty, k is not. */
static void test_suspend(void **state UNUSED)
{
        RestartHistory h = history_of(&defaults);
        for (int i = 0; i < 5; i++)
                (void)die(&h, &defaults, &error, 0, &low);
        RestartDecision d = die(&h, &defaults, &error, 30 * YEAR, &low);
        assert_int_equal(d.verdict, VERDICT_RETRY);
        assert_int_equal(d.delay, 8 * SEC);
        assert_int_equal(h.k, 6);
        assert_int_equal(restart_budget(&h, &defaults, 30 * YEAR).used, 1);
        assert_int_equal(die(&h, &defaults, &error, NSEC_NEVER - 1, &low).at, NSEC_NEVER);
        restart_history_done(&h);
}

/* ---- memory, and other numbers -------------------------------------------- */

static void test_adopt(void **state UNUSED)
{
        RestartRules other = defaults;
        RestartHistory h = history_of(&defaults);
        for (int i = 0; i < 5; i++)
                (void)die(&h, &defaults, &error, 10 * SEC, &low);
        other.burst = 2;
        other.long_burst = 6;
        other.window = 3600 * SEC;
        assert_int_equal(restart_history_adopt(&h, &other), 0);
        RestartBudget b = restart_budget(&h, &other, 20 * SEC);
        assert_true(b.used == 2 && b.burst == 2 && b.long_used == 5 && b.long_burst == 6);
        assert_int_equal(h.k, 5);
        assert_int_equal(die(&h, &other, &error, 100 * SEC, &low).verdict, VERDICT_OPEN);
        restart_history_done(&h);
}

static int use_all(void *arg UNUSED)
{
        RestartRules other = defaults;
        RestartHistory h = {.k = 77};
        int r = restart_history_init(&h, &defaults);
        if (r < 0) {
                assert_int_equal(h.k, 77);
                return r;
        }
        (void)die(&h, &defaults, &error, 5, &low);
        other.burst = other.long_burst = 3;
        RestartHistory before = h;
        r = restart_history_adopt(&h, &other);
        if (r < 0)
                assert_memory_equal(&h, &before, sizeof(h));
        assert_int_equal(restart_budget(&h, &defaults, 5).used, 1);
        restart_history_done(&h);
        return r;
}

static void test_oom(void **state UNUSED)
{
        assert_int_equal(oom_each(use_all, NULL), 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rules),
                cmocka_unit_test(test_property),
                cmocka_unit_test(test_burst),
                cmocka_unit_test(test_edge),
                cmocka_unit_test(test_periods),
                cmocka_unit_test(test_session),
                cmocka_unit_test(test_host_transient),
                cmocka_unit_test(test_permanent),
                cmocka_unit_test(test_policy),
                cmocka_unit_test(test_delays),
                cmocka_unit_test(test_stable),
                cmocka_unit_test(test_breaker),
                cmocka_unit_test(test_forget),
                cmocka_unit_test(test_any_clock),
                cmocka_unit_test(test_suspend),
                cmocka_unit_test(test_adopt),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
