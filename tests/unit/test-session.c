/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include <sys/random.h>

#include "base/limit-table.h"
#include "base/parse.h"
#include "gateway/session.h"

enum { MAX = 4, TTL = 100, REPLAY = 5000 };

/* ---- randomness that may fail ---- */

static ssize_t random_result; /* 0: what there is; -1: an error; else so few bytes */

ssize_t __real_getrandom(void *bytes, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t n, unsigned flags)
{
        if (random_result < 0)
                errno = ENOSYS;
        return random_result ? random_result : __real_getrandom(bytes, n, flags);
}

/* ---- a table whose ends are written down ---- */

typedef struct World {
        TimerHeap timers;
        SessionTable table;
        uint64_t ended[LIMIT_LOOP_ITEMS * 2]; /* numbers, in their order */
        unsigned n_ended;
        bool busy_at_end; /* what hung on it lets it go */
} World;

static World *world;

static void note_end(Session *s)
{
        assert_true(s->ended);
        assert_null(session_find(s->table, span_of(s->id)));
        assert_null(session_by_number(s->table, s->number));
        session_end(s); /* once is all */
        session_touch(s, 99999);
        if (world->busy_at_end && s->busy)
                session_busy(s, false);
        assert_true(world->n_ended < ARRAY_SIZE(world->ended));
        world->ended[world->n_ended++] = s->number;
}

static const SessionOps ops = {.ended = note_end};

static int setup(void **state)
{
        World *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        timer_heap_init(&w->timers);
        *state = world = w;
        assert_int_equal(session_table_init(&w->table, &w->timers, &ops), 0);
        return session_table_limit(&w->table, MAX, TTL, REPLAY);
}

static int teardown(void **state)
{
        World *w = *state;
        random_result = 0;
        session_table_done(&w->table);
        timer_heap_done(&w->timers);
        free(w);
        return 0;
}

static Session *make(World *w, Nsec now)
{
        Session *s = NULL;
        assert_int_equal(session_new(&w->table, now, &s), 0);
        return s;
}

/* As "1 2 3". */
static void expect_ended(World *w, const char *want)
{
        CLEANUP(buf_done) Buf got = BUF_INIT(1000);
        for (unsigned i = 0; i < w->n_ended; i++)
                assert_int_equal(buf_appendf(&got, "%s%llu", i ? " " : "", (unsigned long long)w->ended[i]),
                                 0);
        assert_string_equal(buf_text(&got), want);
        w->n_ended = 0;
}

static void pass(World *w, Nsec now)
{
        int r;
        do
                r = timer_heap_fire(&w->timers, now, 1000);
        while (r == TIMER_E_MORE);
        assert_int_equal(r, 0);
}

static void test_new(void **state)
{
        World *w = *state;
        uint8_t bytes[SESSION_ID / 2];
        Session *a = make(w, 10), *b = make(w, 11);
        assert_int_equal(a->number, 1);
        assert_int_equal(b->number, 2);
        assert_string_not_equal(a->id, b->id);
        assert_int_equal(parse_hex(span_of(a->id), bytes, sizeof(bytes)), 0);
        assert_int_equal(a->level, _MCP_LEVEL_INVALID);
        assert_int_equal(a->version, _MCP_VERSION_INVALID);
        assert_false(a->initialized);
        assert_int_equal(a->events.cap, REPLAY);
        assert_true(LIST_EMPTY(&a->exchanges) && TAILQ_EMPTY(&a->streams));
        assert_true(LIST_EMPTY(&a->lanes) && LIST_EMPTY(&a->leases));
        assert_int_equal(buf_append_str(&a->client_info, "{}"), 0);
        char *room;
        assert_int_equal(buf_reserve(&a->client_capabilities, LIMIT_SESSION_CLIENT + 1, &room), -ENOBUFS);
        assert_int_equal(buf_reserve(&a->client_capabilities, LIMIT_SESSION_CLIENT, &room), 0);

        assert_ptr_equal(session_find(&w->table, span_of(a->id)), a);
        assert_ptr_equal(session_find(&w->table, span_of(b->id)), b);
        assert_ptr_equal(session_by_number(&w->table, 2), b);
        assert_null(session_by_number(&w->table, 0));
        assert_null(session_by_number(&w->table, 3));
        assert_null(session_by_number(&w->table, 1 + w->table.n_buckets));
        session_end(a);
        expect_ended(w, "1");
        assert_null(session_by_number(&w->table, 1));
        assert_int_equal(w->table.n, 1);
}

/* Anything that is not exactly an id. */
static void test_find_other(void **state)
{
        World *w = *state;
        char text[SESSION_ID + 2] = "";
        Session *s = make(w, 0);
        assert_null(session_find(&w->table, SPAN_NONE));
        assert_null(session_find(&w->table, SPAN("")));
        assert_null(session_find(&w->table, span_from(s->id, SESSION_ID - 1)));
        (void)snprintf(text, sizeof(text), "%sa", s->id);
        assert_null(session_find(&w->table, span_of(text)));
        assert_non_null(session_find(&w->table, span_from(text, SESSION_ID)));
        for (size_t i = 0; i < SESSION_ID; i++) {
                char was = text[i];
                text[i] = was == '0' ? '1' : '0';
                assert_null(session_find(&w->table, span_from(text, SESSION_ID)));
                text[i] = was >= 'a' ? (char)(was - 32)
                                     : 'g'; /* other letters for the same bytes, and none */
                assert_null(session_find(&w->table, span_from(text, SESSION_ID)));
                text[i] = was;
        }
}

/* A table that nobody has set limits for has no room and nothing in it. */
static void test_before_limits(void **state UNUSED)
{
        TimerHeap timers;
        SessionTable t;
        Session *s = NULL;
        timer_heap_init(&timers);
        assert_int_equal(session_table_init(&t, &timers, &ops), 0);
        assert_null(session_find(&t, SPAN("00000000000000000000000000000000")));
        assert_null(session_by_number(&t, 1));
        assert_int_equal(session_new(&t, 0, &s), SESSION_E_FULL);
        assert_null(s);
        session_table_done(&t);
        timer_heap_done(&timers);
}

/* The one that is quiet longest goes, and never a busy one. */
static void test_eviction(void **state)
{
        World *w = *state;
        Session *s[MAX + 1], *none = NULL;
        for (unsigned i = 1; i <= MAX; i++)
                s[i] = make(w, i);
        session_touch(s[1], 5);
        (void)make(w, 6);
        expect_ended(w, "2");
        session_busy(s[3], true);
        session_busy(s[3], true);
        (void)make(w, 7);
        expect_ended(w, "4");
        session_busy(s[3], false); /* one of two */
        session_touch(s[3], 7);
        session_busy(s[1], true);
        session_busy(session_by_number(&w->table, 5), true);
        session_busy(session_by_number(&w->table, 6), true);
        assert_int_equal(session_new(&w->table, 8, &none), SESSION_E_FULL);
        assert_null(none);
        expect_ended(w, "");
        session_busy(s[1], false);
        session_busy(s[3], false);
        (void)make(w, 9);
        expect_ended(w, "1"); /* it got quiet before the other did */
        (void)make(w, 10);
        expect_ended(w, "3");
        assert_int_equal(w->table.n, MAX);
        w->busy_at_end = true;
        session_end(session_by_number(&w->table, 5));
        expect_ended(w, "5");
}

/* Time counts from the last request; what is open does not keep a session. */
static void test_expiry(void **state)
{
        World *w = *state;
        Session *a = make(w, 0), *b = make(w, 10), *c = make(w, 20);
        session_busy(b, true);
        session_touch(a, 50);
        pass(w, 109);
        expect_ended(w, "");
        assert_int_equal(timer_heap_earliest(&w->timers), 110);
        w->busy_at_end = true;
        pass(w, 119);
        expect_ended(w, "2");
        session_touch(c, 119);
        pass(w, 150);
        expect_ended(w, "1");
        pass(w, 218);
        expect_ended(w, "");
        pass(w, 219);
        expect_ended(w, "3");
        assert_int_equal(timer_heap_earliest(&w->timers), NSEC_NEVER);
        (void)make(w, 500);
        assert_int_equal(timer_heap_earliest(&w->timers), 600);
}

/* A request that is still in work is use, however long it takes. */
static void test_expiry_in_work(void **state)
{
        World *w = *state;
        Session *a = make(w, 0);
        a->exchanges.lh_first = (void *)&w->table; /* somebody; nobody looks */
        pass(w, 100);
        pass(w, 199);
        expect_ended(w, "");
        LIST_INIT(&a->exchanges);
        pass(w, 200);
        expect_ended(w, "1");
}

/* Many that are due at once leave what else is due its turn. */
static void test_expiry_of_many(void **state)
{
        World *w = *state;
        enum { MANY = LIMIT_LOOP_ITEMS + 40 };
        assert_int_equal(session_table_limit(&w->table, MANY, TTL, 0), 0);
        for (unsigned i = 0; i < MANY; i++)
                (void)make(w, 0);
        pass(w, TTL);
        assert_int_equal(w->n_ended, LIMIT_LOOP_ITEMS);
        pass(w, TTL);
        assert_int_equal(w->n_ended, MANY);
        assert_int_equal(timer_heap_earliest(&w->timers), NSEC_NEVER);
        w->n_ended = 0;
}

static void test_limits(void **state)
{
        World *w = *state;
        Session *s[MAX + 1];
        for (unsigned i = 1; i <= MAX; i++)
                s[i] = make(w, i);
        session_busy(s[1], true);
        session_busy(s[3], true);
        assert_int_equal(session_table_limit(&w->table, 1, 1000, 7), 0); /* busy ones stay over it */
        expect_ended(w, "2 4");
        assert_int_equal(timer_heap_earliest(&w->timers), 1001);
        assert_int_equal(s[1]->events.cap, REPLAY);
        session_busy(s[1], false);
        Session *fresh = make(w, 9);
        expect_ended(w, "1");
        assert_int_equal(fresh->events.cap, 7);
        assert_int_equal(session_table_limit(&w->table, 100, NSEC_NEVER, 7), 0); /* more buckets */
        assert_int_equal(timer_heap_earliest(&w->timers), NSEC_NEVER);
        assert_ptr_equal(session_find(&w->table, span_of(fresh->id)), fresh);
        assert_ptr_equal(session_by_number(&w->table, 3), s[3]);
        assert_int_equal(w->table.n_buckets, 128);
}

static void test_no_randomness(void **state)
{
        World *w = *state;
        Session *s = NULL;
        random_result = -1;
        assert_int_equal(session_new(&w->table, 0, &s), -ENOSYS);
        random_result = 5;
        assert_int_equal(session_new(&w->table, 0, &s), -EIO);
        assert_null(s);
        assert_int_equal(w->table.n, 0);
        random_result = 0;
        assert_int_equal(make(w, 0)->number, 1);
}

static int life(void *arg UNUSED)
{
        TimerHeap timers;
        SessionTable t = {0};
        Session *s = NULL;
        timer_heap_init(&timers);
        int r = session_table_init(&t, &timers, &ops);
        if (r == 0) {
                r = session_table_limit(&t, 3, 5, 0);
                if (r == 0)
                        r = session_new(&t, 0, &s);
                if (r == 0)
                        r = session_table_limit(&t, 1000, 5, 0);
                assert_true(!s || session_find(&t, span_of(s->id)) == s);
                session_table_done(&t);
        }
        timer_heap_done(&timers);
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(life, NULL) >= 6);
}

/* ---- against a model ---- */

enum { LIVES = 40 };

static void make_one(World *w, Session *s UNUSED, Nsec now)
{
        Session *fresh;
        if (session_new(&w->table, now, &fresh) == 0)
                assert_ptr_equal(session_find(&w->table, span_of(fresh->id)), fresh);
}

static void begin_work(World *w UNUSED, Session *s, Nsec now UNUSED)
{
        if (s && s->busy < 3)
                session_busy(s, true);
}

static void end_work(World *w UNUSED, Session *s, Nsec now UNUSED)
{
        if (s && s->busy)
                session_busy(s, false);
}

static void end_one(World *w UNUSED, Session *s, Nsec now UNUSED)
{
        if (s)
                session_end(s);
}

static void use_one(World *w UNUSED, Session *s, Nsec now)
{
        if (s)
                session_touch(s, now);
}

static void let_expire(World *w, Session *s UNUSED, Nsec now)
{
        pass(w, now);
        assert_true(timer_heap_earliest(&w->timers) > now);
}

/* Each session stands in the one order, and in the other exactly while it is not busy. */
static void check_orders(World *w)
{
        size_t n = 0, quiet = 0;
        Nsec before = 0;
        Session *s;
        TAILQ_FOREACH(s, &w->table.by_use, by_use)
        {
                assert_true(s->used >= before);
                assert_ptr_equal(session_find(&w->table, span_of(s->id)), s);
                before = s->used;
                n++;
                quiet += !s->busy;
        }
        TAILQ_FOREACH(s, &w->table.by_rest, by_rest)
        {
                assert_int_equal(s->busy, 0);
                quiet--;
        }
        assert_int_equal(n, w->table.n);
        assert_int_equal(quiet, 0);
        assert_true(n <= LIVES);
}

static void test_random_lives(void **state)
{
        static void (*const acts[])(World * w, Session * s, Nsec now) = {make_one, begin_work, end_work,
                                                                         end_one,  use_one,    let_expire};
        World *w = *state;
        SeededRandom random;
        Nsec now = 0;
        test_random_init(&random);
        assert_int_equal(session_table_limit(&w->table, LIVES, 400, 0), 0);
        w->busy_at_end = true;
        for (unsigned i = 0; i < 20000; i++) {
                uint64_t recent = MIN(w->table.next_number, (uint64_t)100);
                uint64_t pick = w->table.next_number - random_below(&random.random, recent);
                now += random_below(&random.random, 5);
                w->n_ended = 0;
                acts[random_below(&random.random, ARRAY_SIZE(acts))](w, session_by_number(&w->table, pick),
                                                                     now);
                check_orders(w);
        }
        w->n_ended = 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_new, setup, teardown),
                cmocka_unit_test_setup_teardown(test_find_other, setup, teardown),
                cmocka_unit_test_setup_teardown(test_before_limits, setup, teardown),
                cmocka_unit_test_setup_teardown(test_eviction, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry_in_work, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry_of_many, setup, teardown),
                cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_randomness, setup, teardown),
                cmocka_unit_test_setup_teardown(test_random_lives, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
