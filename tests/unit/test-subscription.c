/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "gateway/subscription.h"

static int setup(void **state)
{
        return subscription_table_new(4711, (SubscriptionTable **)state);
}

static int teardown(void **state)
{
        assert_null(subscription_table_free(*state));
        return 0;
}

static void add(SubscriptionTable *t, uint64_t who, const char *uri, bool want_first)
{
        bool first = !want_first;
        assert_int_equal(subscription_add(t, who, span_of(uri), 10, &first), 0);
        assert_int_equal(first, want_first);
}

static void drop(SubscriptionTable *t, uint64_t who, const char *uri, bool want_last)
{
        bool last = !want_last;
        assert_true(subscription_remove(t, who, span_of(uri), &last));
        assert_int_equal(last, want_last);
}

/* Who hears of it: each bit of the result is one `who`, each met once. */
static uint64_t audience(const SubscriptionTable *t, Span uri)
{
        uint64_t who, all = 0;
        for (uint32_t at = 0; subscription_each(t, uri, &at, &who);) {
                assert_false(all >> who & 1);
                all |= 1ULL << who;
        }
        return all;
}

static void test_first_and_last(void **state)
{
        SubscriptionTable *t = *state;
        bool last = true;
        assert_false(subscription_any(t));
        add(t, 1, "file:///a", true);
        add(t, 2, "file:///a", false);
        add(t, 2, "file:///a", false); /* once is enough */
        add(t, 2, "file:///b", true);
        add(t, 3, "", true);
        assert_true(subscription_any(t));
        assert_int_equal(audience(t, SPAN("file:///a")), 1 << 1 | 1 << 2);
        assert_int_equal(audience(t, SPAN("file:///b")), 1 << 2);
        assert_int_equal(audience(t, SPAN("")), 1 << 3);
        assert_int_equal(audience(t, SPAN("file:///c")), 0);

        drop(t, 2, "file:///a", false);
        assert_false(subscription_remove(t, 2, SPAN("file:///a"), &last));
        assert_false(subscription_remove(t, 1, SPAN("file:///b"), &last));
        assert_false(subscription_remove(t, 9, SPAN("file:///a"), &last));
        assert_false(subscription_remove(t, 1, SPAN("file:///c"), &last));
        assert_true(last); /* as it was */
        assert_int_equal(audience(t, SPAN("file:///a")), 1 << 1);
        drop(t, 1, "file:///a", true);
        drop(t, 2, "file:///b", true);
        drop(t, 3, "", true);
        assert_false(subscription_any(t));
        add(t, 2, "file:///a", true);
}

static void test_end_of_session(void **state)
{
        SubscriptionTable *t = *state;
        unsigned taken = 0, lasts = 0;
        bool last;
        Span uri;
        add(t, 1, "u:1", true);
        add(t, 1, "u:2", true);
        add(t, 1, "u:3", true);
        add(t, 2, "u:2", false);
        while (subscription_take(t, 1, &uri, &last)) {
                assert_true(span_starts(uri, SPAN("u:")) &&
                            uri.len == 3); /* also when nobody has it any more */
                assert_int_equal(last, !span_equal(uri, SPAN("u:2")));
                taken++;
                lasts += last;
        }
        assert_int_equal(taken, 3);
        assert_int_equal(lasts, 2);
        assert_false(subscription_take(t, 1, &uri, &last));
        assert_false(subscription_take(t, 9, &uri, &last));
        assert_int_equal(audience(t, SPAN("u:2")), 1 << 2);
}

static void test_cap(void **state)
{
        SubscriptionTable *t = *state;
        bool first = false;
        assert_int_equal(subscription_add(t, 1, SPAN("u:1"), 0, &first), -ENOBUFS);
        assert_false(subscription_any(t));
        assert_int_equal(subscription_add(t, 1, SPAN("u:1"), 2, &first), 0);
        assert_int_equal(subscription_add(t, 1, SPAN("u:2"), 2, &first), 0);
        assert_int_equal(subscription_add(t, 1, SPAN("u:3"), 2, &first), -ENOBUFS);
        assert_int_equal(audience(t, SPAN("u:3")), 0);
        assert_int_equal(subscription_add(t, 1, SPAN("u:2"), 2, &first), 0); /* it has that one */
        assert_int_equal(subscription_add(t, 2, SPAN("u:3"), 2, &first), 0); /* each for itself */
        drop(t, 1, "u:1", true);
        assert_int_equal(subscription_add(t, 1, SPAN("u:3"), 2, &first), 0);
        assert_false(first);
}

static void test_all_uris(void **state)
{
        SubscriptionTable *t = *state;
        unsigned seen[4] = {0};
        Span uri;
        add(t, 1, "u:0", true);
        add(t, 1, "u:1", true);
        add(t, 2, "u:1", false);
        add(t, 2, "u:2", true);
        add(t, 2, "u:3", true);
        drop(t, 1, "u:0", true);
        for (uint32_t at = 0; subscription_each_uri(t, &at, &uri);)
                seen[uri.ptr[2] - '0']++;
        assert_int_equal(seen[0], 0);
        for (unsigned i = 1; i < 4; i++)
                assert_int_equal(seen[i], 1);
}

/* ---- against a model ---- */

enum { WHO = 20, URIS = 60, MOST = 25 };

typedef struct Model {
        bool there[WHO][URIS];
} Model;

static Span uri_of(unsigned i, char room[16])
{
        int n = snprintf(room, 16, "test://%u", i);
        return span_from(room, (size_t)n);
}

static unsigned n_who(const Model *m, unsigned uri)
{
        unsigned n = 0;
        for (unsigned w = 0; w < WHO; w++)
                n += m->there[w][uri];
        return n;
}

static unsigned n_uris(const Model *m, unsigned who)
{
        unsigned n = 0;
        for (unsigned u = 0; u < URIS; u++)
                n += m->there[who][u];
        return n;
}

static void compare(const SubscriptionTable *t, const Model *m)
{
        unsigned topics = 0, found = 0;
        char room[16];
        Span uri;
        for (unsigned u = 0; u < URIS; u++) {
                uint64_t want = 0;
                for (unsigned w = 0; w < WHO; w++)
                        want |= (uint64_t)m->there[w][u] << w;
                topics += want != 0;
                assert_int_equal(audience(t, uri_of(u, room)), want);
        }
        for (uint32_t at = 0; subscription_each_uri(t, &at, &uri);)
                found++;
        assert_int_equal(found, topics);
        assert_int_equal(subscription_any(t), topics > 0);
}

static void end_of(SubscriptionTable *t, Model *m, unsigned who)
{
        Span uri;
        bool last;
        char room[16];
        while (subscription_take(t, who, &uri, &last)) {
                unsigned u = 0;
                while (u < URIS && !span_equal(uri, uri_of(u, room)))
                        u++;
                assert_true(u < URIS && m->there[who][u]);
                assert_int_equal(last, n_who(m, u) == 1);
                m->there[who][u] = false;
        }
        assert_int_equal(n_uris(m, who), 0);
}

static void test_random_lives(void **state)
{
        static Model m;
        SubscriptionTable *t = *state;
        SeededRandom random;
        char room[16];
        test_random_init(&random);
        for (unsigned i = 0; i < 20000; i++) {
                unsigned w = (unsigned)random_below(&random.random, WHO);
                unsigned u = (unsigned)random_below(&random.random, URIS);
                bool told = false, full = n_uris(&m, w) >= MOST && !m.there[w][u];
                Span uri = uri_of(u, room);
                uint64_t act = random_below(&random.random, 100);
                if (act < 65) {
                        assert_int_equal(subscription_add(t, w, uri, MOST, &told), full ? -ENOBUFS : 0);
                        assert_int_equal(told, !full && n_who(&m, u) == 0);
                        m.there[w][u] = m.there[w][u] || !full;
                } else if (act < 98) {
                        assert_int_equal(subscription_remove(t, w, uri, &told), m.there[w][u]);
                        assert_int_equal(told, m.there[w][u] && n_who(&m, u) == 1);
                        m.there[w][u] = false;
                } else {
                        end_of(t, &m, w);
                }
                if (i % 100 == 0)
                        compare(t, &m);
        }
        compare(t, &m);
}

/* ---- without memory nothing has changed ---- */

static int many(void *arg UNUSED)
{
        SubscriptionTable *t = NULL;
        bool first;
        char room[16];
        int r = subscription_table_new(1, &t);
        for (unsigned i = 0; i < 60 && r == 0; i++) {
                uint32_t at = 0, topics = 0;
                uint64_t who;
                Span uri = uri_of(i % 20, room), walked;
                bool had = subscription_each(t, uri, &at, &who);
                r = subscription_add(t, i / 20, uri, 100, &first);
                for (at = 0; subscription_each_uri(t, &at, &walked);)
                        topics++;
                assert_int_equal(topics, MIN(i + (r == 0), 20u));
                if (r == 0)
                        assert_int_equal(first, !had);
        }
        subscription_table_free(t);
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(many, NULL) > 60);
        assert_null(subscription_table_free(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_first_and_last, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end_of_session, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
                cmocka_unit_test_setup_teardown(test_all_uris, setup, teardown),
                cmocka_unit_test_setup_teardown(test_random_lives, setup, teardown),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
