/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/timer.h"

/* ---- a timer that writes down its name and may do something ---- */

typedef struct Bell Bell;
struct Bell {
        Timer timer;
        char name;
        void (*then)(Bell *bell, Nsec now);
        Bell *other;
        int result;
};

static char rung[64];

static int bell_fired(Timer *t, Nsec now)
{
        Bell *b = CONTAINER_OF(t, Bell, timer);
        int r = b->result;
        size_t n = strlen(rung);
        assert_true(n + 1 < sizeof(rung));
        assert_false(timer_is_armed(t));
        rung[n] = b->name;
        rung[n + 1] = '\0';
        if (b->then)
                b->then(b, now);
        return r;
}

static const TimerOps bell_ops = {.fired = bell_fired};

static void bells_init(Bell *bells, size_t n, TimerHeap *h)
{
        rung[0] = '\0';
        timer_heap_init(h);
        for (size_t i = 0; i < n; i++) {
                bells[i] = (Bell){.name = (char)('a' + i)};
                assert_int_equal(timer_init(&bells[i].timer, h, &bell_ops), 0);
        }
}

static void bells_done(Bell *bells, size_t n, TimerHeap *h)
{
        for (size_t i = 0; i < n; i++)
                timer_done(&bells[i].timer);
        timer_heap_done(h);
}

static void expect_rung(const char *names)
{
        assert_string_equal(rung, names);
        rung[0] = '\0';
}

static void test_order(void **state UNUSED)
{
        static const Nsec at[] = {50, 10, 30, 10, 30, 20};
        Bell b[ARRAY_SIZE(at)];
        TimerHeap h;
        bells_init(b, ARRAY_SIZE(at), &h);
        assert_int_equal(timer_heap_earliest(&h), NSEC_NEVER);
        for (size_t i = 0; i < ARRAY_SIZE(at); i++)
                timer_arm(&b[i].timer, at[i]);
        assert_int_equal(timer_heap_earliest(&h), 10);

        assert_int_equal(timer_heap_fire(&h, 9, 100), 0);
        expect_rung("");
        assert_int_equal(timer_heap_fire(&h, 30, 100), 0);
        expect_rung("bdfce");
        assert_int_equal(timer_heap_earliest(&h), 50);
        assert_int_equal(timer_heap_fire(&h, UINT64_MAX, 100), 0);
        expect_rung("a");
        assert_int_equal(timer_heap_fire(&h, UINT64_MAX, 100), 0);
        expect_rung("");
        bells_done(b, ARRAY_SIZE(at), &h);
}

static void test_move_and_cancel(void **state UNUSED)
{
        Bell b[3];
        TimerHeap h;
        bells_init(b, 3, &h);
        for (int i = 0; i < 3; i++)
                timer_arm(&b[i].timer, 10);
        timer_arm(&b[0].timer, 10); /* armed anew: now the last of the equal ones */
        timer_cancel(&b[1].timer);
        timer_cancel(&b[1].timer);
        assert_false(timer_is_armed(&b[1].timer));
        assert_true(timer_is_armed(&b[2].timer));
        assert_int_equal(timer_heap_fire(&h, 10, 100), 0);
        expect_rung("ca");

        timer_arm(&b[0].timer, 5);
        timer_arm(&b[0].timer, NSEC_NEVER);
        assert_false(timer_is_armed(&b[0].timer));
        timer_arm(&b[1].timer, 10);
        timer_arm(&b[1].timer, 40);
        assert_int_equal(timer_heap_fire(&h, 39, 100), 0);
        expect_rung("");
        bells_done(b, 3, &h); /* armed or not */
}

static void test_zero_is_nothing(void **state UNUSED)
{
        Timer t = {0};
        assert_false(timer_is_armed(&t));
        timer_done(&t);
        TimerHeap h;
        timer_heap_init(&h);
        assert_int_equal(timer_init(&t, &h, &bell_ops), 0);
        timer_done(&t);
        timer_done(&t);
        timer_heap_done(&h);
}

static void again_now(Bell *b, Nsec now)
{
        timer_arm(&b->timer, now);
}

static void other_past(Bell *b, Nsec now UNUSED)
{
        timer_arm(&b->other->timer, 1);
        b->then = NULL;
}

/* A pass ends although callbacks arm what is due at once, and nothing that was due waits behind it. */
static void test_arm_while_firing(void **state UNUSED)
{
        Bell b[4];
        TimerHeap h;
        bells_init(b, 4, &h);
        for (int i = 0; i < 3; i++)
                timer_arm(&b[i].timer, (Nsec)(10 + i));
        b[0].then = again_now;
        b[1].then = other_past;
        b[1].other = &b[3];
        assert_int_equal(timer_heap_fire(&h, 20, 100), 0);
        expect_rung("abc");
        b[0].then = NULL;
        assert_int_equal(timer_heap_earliest(&h), 20);
        assert_int_equal(timer_heap_fire(&h, 20, 100), 0);
        expect_rung("ad");
        bells_done(b, 4, &h);
}

static void cancel_other(Bell *b, Nsec now UNUSED)
{
        timer_cancel(&b->other->timer);
}

static void free_self_and_other(Bell *b, Nsec now UNUSED)
{
        timer_done(&b->other->timer);
        free(b->other);
        timer_done(&b->timer);
        free(b);
}

static void test_cancel_and_free_while_firing(void **state UNUSED)
{
        Bell b[3];
        TimerHeap h;
        bells_init(b, 3, &h);
        for (int i = 0; i < 3; i++)
                timer_arm(&b[i].timer, 10);
        b[0].then = cancel_other;
        b[0].other = &b[1];
        assert_int_equal(timer_heap_fire(&h, 10, 100), 0);
        expect_rung("ac");

        Bell *own[2];
        for (int i = 0; i < 2; i++) {
                own[i] = calloc(1, sizeof(Bell));
                assert_non_null(own[i]);
                own[i]->name = (char)('x' + i);
                assert_int_equal(timer_init(&own[i]->timer, &h, &bell_ops), 0);
                timer_arm(&own[i]->timer, 11);
        }
        own[0]->then = free_self_and_other;
        own[0]->other = own[1];
        timer_arm(&b[2].timer, 11);
        assert_int_equal(timer_heap_fire(&h, 11, 100), 0);
        expect_rung("xc");
        bells_done(b, 3, &h);
}

static void test_quantum_and_error(void **state UNUSED)
{
        Bell b[5];
        TimerHeap h;
        bells_init(b, 5, &h);
        for (int i = 0; i < 5; i++)
                timer_arm(&b[i].timer, 10);
        assert_int_equal(timer_heap_fire(&h, 10, 2), TIMER_E_MORE);
        expect_rung("ab");
        b[2].result = -EIO;
        assert_int_equal(timer_heap_fire(&h, 10, 2), -EIO);
        expect_rung("c");
        assert_int_equal(timer_heap_fire(&h, 10, 2), 0); /* exactly the last two */
        expect_rung("de");
        bells_done(b, 5, &h);
}

/* ---- out of memory ---- */

static bool realloc_fails;
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
        return realloc_fails ? NULL : __real_realloc(p, n);
}

static void test_no_memory(void **state UNUSED)
{
        enum { MANY = 100 };
        TimerHeap h;
        Timer t[MANY] = {{0}};
        unsigned refused = 0;
        timer_heap_init(&h);
        for (size_t i = 0; i < MANY; i++) {
                realloc_fails = true;
                int r = timer_init(&t[i], &h, &bell_ops);
                realloc_fails = false;
                if (r == 0)
                        continue;
                assert_int_equal(r, -ENOMEM);
                refused++;
                timer_done(&t[i]); /* untouched */
                assert_int_equal(timer_init(&t[i], &h, &bell_ops), 0);
        }
        assert_int_equal(refused, 4); /* 16, 32, 64, 128 places */
        realloc_fails = true;         /* arming never allocates */
        for (size_t i = 0; i < MANY; i++)
                timer_arm(&t[i], i);
        realloc_fails = false;
        for (size_t i = 0; i < MANY; i++)
                timer_done(&t[i]);

        Timer over;
        h.room = h.members = UINT32_MAX / 2; /* no place can be counted any more */
        assert_int_equal(timer_init(&over, &h, &bell_ops), -ENOMEM);
        h.room = h.members = 0;
        timer_heap_done(&h);
}

/* ---- the heap against a list that is searched from end to end ---- */

enum { CROWD = 200, OPS = 100000 };

typedef struct Model {
        struct {
                Timer timer;
                bool armed;
                Nsec at;
                uint64_t order;
        } t[CROWD];
        TimerHeap heap;
        SeededRandom random;
        uint64_t orders, limit;
        Nsec now;
        bool firing;
        uint64_t fired;
} Model;

static Model model;

static size_t model_first(void)
{
        size_t first = CROWD;
        for (size_t i = 0; i < CROWD; i++) {
                if (!model.t[i].armed)
                        continue;
                if (first == CROWD || model.t[i].at < model.t[first].at ||
                    (model.t[i].at == model.t[first].at && model.t[i].order < model.t[first].order))
                        first = i;
        }
        return first;
}

static size_t below(size_t n)
{
        return (size_t)random_below(&model.random.random, n);
}

static void model_arm(size_t i)
{
        Nsec at = model.now + below(300);
        at = nsec_sub(at, 100);
        timer_arm(&model.t[i].timer, at);
        model.t[i].armed = true;
        model.t[i].at = model.firing ? MAX(at, model.now) : at;
        model.t[i].order = model.orders++;
}

static void model_cancel(size_t i)
{
        timer_cancel(&model.t[i].timer);
        model.t[i].armed = false;
}

static int model_fired(Timer *t, Nsec now)
{
        size_t first = model_first();
        assert_true(first < CROWD);
        assert_ptr_equal(t, &model.t[first].timer);
        assert_true(model.t[first].at <= now);
        assert_true(model.t[first].order < model.limit);
        model.t[first].armed = false;
        model.fired++;
        if (below(4) == 0)
                model_arm(below(CROWD));
        if (below(4) == 0)
                model_cancel(below(CROWD));
        return 0;
}

static const TimerOps model_ops = {.fired = model_fired};

static void model_fire(void)
{
        model.now += below(30);
        model.limit = model.orders;
        model.firing = true;
        uint64_t before = model.fired;
        uint32_t max = (uint32_t)below(20);
        int r = timer_heap_fire(&model.heap, model.now, max);
        model.firing = false;
        size_t first = model_first();
        bool more = first < CROWD && model.t[first].at <= model.now && model.t[first].order < model.limit;
        assert_int_equal(r, more ? TIMER_E_MORE : 0);
        assert_true(model.fired - before <= max);
}

static void test_property(void **state UNUSED)
{
        random_init_seed(&model.random, 0x74696d6572);
        timer_heap_init(&model.heap);
        model.now = 1000;
        for (size_t i = 0; i < CROWD; i++)
                assert_int_equal(timer_init(&model.t[i].timer, &model.heap, &model_ops), 0);
        for (size_t n = 0; n < OPS; n++) {
                size_t i = below(CROWD), op = below(100);
                if (op < 55) {
                        model_arm(i);
                } else if (op < 75) {
                        model_cancel(i);
                } else if (op < 80) {
                        timer_done(&model.t[i].timer);
                        model.t[i].armed = false;
                        assert_int_equal(timer_init(&model.t[i].timer, &model.heap, &model_ops), 0);
                } else {
                        model_fire();
                }
                size_t first = model_first();
                assert_int_equal(timer_heap_earliest(&model.heap),
                                 first < CROWD ? model.t[first].at : NSEC_NEVER);
                assert_int_equal(timer_is_armed(&model.t[i].timer), model.t[i].armed);
        }
        assert_true(model.fired > OPS / 10);
        for (size_t i = 0; i < CROWD; i++)
                timer_done(&model.t[i].timer);
        timer_heap_done(&model.heap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_move_and_cancel),
                cmocka_unit_test(test_zero_is_nothing),
                cmocka_unit_test(test_arm_while_firing),
                cmocka_unit_test(test_cancel_and_free_while_firing),
                cmocka_unit_test(test_quantum_and_error),
                cmocka_unit_test(test_no_memory),
                cmocka_unit_test(test_property),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
