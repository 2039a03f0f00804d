/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/window.h"
#include "support/oom.h"

enum { HISTORY = 400 };

/* All there ever was, and the definition of the window. */
typedef struct Naive {
        Nsec times[HISTORY];
        uint32_t n, burst;
        Nsec span;
} Naive;

static uint32_t naive_count(const Naive *m, Nsec at)
{
        uint32_t n = 0;
        for (uint32_t i = 0; i < m->n; i++)
                n += m->times[i] <= at && at - m->times[i] < m->span;
        return n;
}

/* The span that begins with each event is the fullest there is: none may hold more than `burst`. */
static void check_never_more(const Naive *m)
{
        for (uint32_t i = 0; i < m->n; i++) {
                uint32_t inside = 0;
                for (uint32_t k = i; k < m->n; k++)
                        inside += m->times[k] - m->times[i] < m->span;
                assert_true(inside <= m->burst);
        }
}

static void check_history(Random *random)
{
        Naive m = {.burst = (uint32_t)random_below(random, 9) + 1, .span = random_below(random, 60) + 1};
        Window w;
        Nsec at = random_below(random, 2) ? 0 : NSEC_NEVER - 100000;
        assert_int_equal(window_init(&w, m.burst, m.span), 0);
        while (m.n < HISTORY) {
                at += random_below(random, random_below(random, 2) ? 4 : 3 * m.span);
                assert_int_equal(window_count(&w, at), naive_count(&m, at));
                bool allowed = naive_count(&m, at) < m.burst;
                assert_int_equal(window_allows(&w, at), allowed);

                Nsec next = window_next(&w, at);
                assert_true(next >= at && (next == at) == allowed);
                assert_true(window_allows(&w, next));
                assert_true(next == at || !window_allows(&w, next - 1));
                if (!allowed && random_below(random, 3) == 0)
                        at = next; /* as who waits for it does */
                else if (!allowed)
                        continue;
                window_note(&w, at);
                m.times[m.n++] = at;
        }
        check_never_more(&m);
        window_done(&w);
}

static void test_histories(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int i = 0; i < 150; i++)
                check_history(&random.random);
}

static void test_edges(void **state UNUSED)
{
        Window w;
        assert_int_equal(window_init(&w, 2, 10), 0);
        assert_int_equal(window_count(&w, 5), 0);
        window_note(&w, 5);
        window_note(&w, 5);
        assert_int_equal(window_count(&w, 4), 0); /* not yet */
        assert_int_equal(window_count(&w, 5), 2);
        assert_int_equal(window_count(&w, 14), 2);
        assert_int_equal(window_count(&w, 15), 0);
        assert_false(window_allows(&w, 14));
        assert_true(window_allows(&w, 15));
        assert_int_equal(window_next(&w, 6), 15);
        assert_int_equal(window_next(&w, 20), 20);
        window_clear(&w);
        assert_int_equal(window_count(&w, 5), 0);
        assert_int_equal(window_next(&w, 5), 5);
        window_note(&w, 6);
        window_note(&w, 7);
        window_note(&w, 8); /* one too many: 6 is forgotten */
        assert_int_equal(window_count(&w, 8), 2);
        assert_int_equal(window_next(&w, 8), 17);
        window_done(&w);
        assert_null(w.times);
        window_done(&w);
}

/* A span that reaches past the end of time, and one of nothing. */
static void test_extremes(void **state UNUSED)
{
        Window w;
        assert_int_equal(window_init(&w, 1, NSEC_NEVER), 0);
        window_note(&w, 1000);
        assert_int_equal(window_next(&w, 1000), NSEC_NEVER);
        assert_int_equal(window_next(&w, 1ULL << 60), NSEC_NEVER);
        assert_false(window_allows(&w, NSEC_NEVER - 1));
        window_done(&w);

        assert_int_equal(window_init(&w, 1, 0), 0);
        window_note(&w, 1000);
        assert_int_equal(window_count(&w, 1000), 0);
        assert_int_equal(window_next(&w, 1000), 1000);
        window_done(&w);
}

/* From every fill and every place of the head: the newest stay, in their order. */
static void test_resize(void **state UNUSED)
{
        for (uint32_t old = 1; old <= 6; old++)
                for (uint32_t burst = 1; burst <= 8; burst++)
                        for (uint32_t events = 0; events < 3 * old; events++) {
                                Window w;
                                uint32_t kept = MIN(MIN(events, old), burst);
                                assert_int_equal(window_init(&w, old, 100), 0);
                                for (uint32_t i = 1; i <= events; i++)
                                        window_note(&w, 10 * i);
                                assert_int_equal(window_resize(&w, burst, 1000), 0);
                                assert_int_equal(w.burst, burst);
                                assert_int_equal(w.span, 1000);
                                Nsec at = 10 * events;
                                assert_int_equal(window_count(&w, at), kept);
                                for (uint32_t i = 0; i < kept; i++) { /* the oldest leaves first */
                                        assert_int_equal(window_count(&w, at - 10 * i + 999), i + 1);
                                        assert_int_equal(window_count(&w, at - 10 * i + 1000), i);
                                }
                                if (kept == burst)
                                        assert_int_equal(window_next(&w, at), at - 10 * (kept - 1) + 1000);
                                window_note(&w, at);
                                assert_int_equal(window_count(&w, at), MIN(kept + 1, burst));
                                window_done(&w);
                        }
}

static int use_all(void *arg UNUSED)
{
        Window w = {.burst = 77};
        int r = window_init(&w, 3, 100);
        if (r < 0) {
                assert_int_equal(w.burst, 77);
                assert_null(w.times);
                return r;
        }
        window_note(&w, 5);
        Window before = w;
        r = window_resize(&w, 5, 200);
        if (r < 0)
                assert_memory_equal(&w, &before, sizeof(w));
        assert_int_equal(window_count(&w, 5), 1);
        window_done(&w);
        return r;
}

static void test_oom(void **state UNUSED)
{
        assert_int_equal(oom_each(use_all, NULL), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_histories), cmocka_unit_test(test_edges),
                cmocka_unit_test(test_extremes),  cmocka_unit_test(test_resize),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
