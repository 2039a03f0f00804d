/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/pending.h"
#include "support/oom.h"

enum { MANY = 1000 };

static void drop_all(Pending *p)
{
        uint32_t at = 0;
        for (PendingNode *node; (node = pending_each(p, &at));)
                pending_remove(p, node);
        pending_done(p);
}

static void test_add(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        static PendingNode nodes[MANY];
        pending_init(&p);
        for (unsigned i = 0; i < MANY; i++) {
                nodes[i].id = 0;
                assert_int_equal(pending_add(&p, &nodes[i]), 0);
                assert_true(nodes[i].id > 0 && nodes[i].id < 1ULL << 53);
                assert_int_equal(p.n, i + 1);
        }
        for (unsigned i = 0; i < MANY; i++) {
                assert_ptr_equal(pending_find(&p, nodes[i].id), &nodes[i]);
                assert_ptr_equal(pending_find(&p, nodes[i].id), &nodes[i]); /* it stays */
                assert_null(pending_find(&p, nodes[i].id + PENDING_MAX));
                assert_null(pending_find(&p, nodes[i].id - PENDING_MAX));
        }
        assert_null(pending_find(&p, 0));
        assert_null(pending_find(&p, UINT64_MAX));
}

/* Late, twice, or never asked: nothing is found, and least of all what waits in the same slot now. */
static void test_late(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        PendingNode a = {0}, b = {0};
        pending_init(&p);
        assert_null(pending_find(&p, 1 << 20));
        assert_int_equal(pending_add(&p, &a), 0);
        uint64_t old = a.id;
        pending_remove(&p, &a);
        assert_true(a.id == 0 && p.n == 0);
        assert_null(pending_find(&p, old));
        pending_remove(&p, &a);
        assert_int_equal(p.n, 0);
        assert_int_equal(pending_add(&p, &b), 0);
        assert_int_equal(b.id & (PENDING_MAX - 1), old & (PENDING_MAX - 1));
        assert_null(pending_find(&p, old));
        assert_ptr_equal(pending_find(&p, b.id), &b);
}

static void test_generations(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        PendingNode node = {0};
        pending_init(&p);
        assert_int_equal(pending_add(&p, &node), 0);
        uint64_t first = node.id;
        pending_remove(&p, &node);
        p.slots[first & (PENDING_MAX - 1)].generation = PENDING_GENERATIONS - 1;
        assert_int_equal(pending_add(&p, &node), 0);
        char text[PENDING_ID_TEXT];
        assert_true(node.id < 1ULL << 53);
        assert_int_equal(
                snprintf(text, sizeof(text), "%llu", (unsigned long long)(node.id | (PENDING_MAX - 1))),
                PENDING_ID_TEXT - 1);
        pending_remove(&p, &node);
        assert_int_equal(pending_add(&p, &node), 0);
        assert_true(node.id == first); /* from the beginning again, never 0 */
}

static void test_each(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        PendingNode nodes[5] = {0};
        uint32_t at = 0;
        pending_init(&p);
        assert_null(pending_each(&p, &at));
        for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++)
                assert_int_equal(pending_add(&p, &nodes[i]), 0);
        pending_remove(&p, &nodes[0]);
        pending_remove(&p, &nodes[3]);
        assert_ptr_equal(pending_each(&p, &at), &nodes[1]);
        pending_remove(&p, &nodes[1]); /* while one walks */
        assert_ptr_equal(pending_each(&p, &at), &nodes[2]);
        assert_ptr_equal(pending_each(&p, &at), &nodes[4]);
        assert_null(pending_each(&p, &at));
}

/* Against a plain list: any order of adding, removing and asking. */
static void test_random(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        static PendingNode nodes[MANY];
        SeededRandom random;
        unsigned waiting = 0, most = 0;
        test_random_init(&random);
        pending_init(&p);
        memset(nodes, 0, sizeof(nodes));
        for (int round = 0; round < 50000; round++) {
                PendingNode *node = &nodes[random_below(&random.random, 1 + (unsigned)round % MANY)];
                uint64_t id = node->id;
                if (id == 0) {
                        assert_int_equal(pending_add(&p, node), 0);
                        waiting++;
                        assert_ptr_equal(pending_find(&p, node->id), node);
                } else {
                        assert_ptr_equal(pending_find(&p, id), node);
                        pending_remove(&p, node);
                        waiting--;
                        assert_null(pending_find(&p, id));
                }
                most = MAX(most, waiting);
                assert_int_equal(p.n, waiting);
        }
        assert_true(p.room < 2 * most + 16); /* by the most that ever waited, not by how many came */
}

static void test_parse(void **state UNUSED)
{
        static const char *const no[] = {"",     "0",  "01",  "-1",  "+1",
                                         " 1",   "1 ", "1.0", "1e3", "\"1\"",
                                         "null", "1a", "x1",  "1\t", "12345678901234567"};
        uint64_t id = 7;
        for (size_t i = 0; i < ARRAY_SIZE(no); i++)
                assert_row(!pending_parse(no[i], strlen(no[i]), &id) && id == 7, "%s", no[i]);
        assert_true(pending_parse("1", 1, &id) && id == 1);
        assert_true(pending_parse("1048576,", 7, &id) && id == 1 << 20);
        assert_true(pending_parse("9999999999999999", 16, &id) && id == 9999999999999999ULL);
}

static int fill(void *arg UNUSED)
{
        CLEANUP(drop_all) Pending p;
        PendingNode nodes[40] = {0};
        int r = 0;
        pending_init(&p);
        for (unsigned i = 0; i < ARRAY_SIZE(nodes) && r == 0; i++) {
                uint32_t room = p.room;
                r = pending_add(&p, &nodes[i]);
                if (r < 0)
                        assert_true(p.n == i && p.room == room && nodes[i].id == 0);
        }
        drop_all(&p);
        return r;
}

static void test_memory(void **state UNUSED)
{
        assert_int_equal(oom_each(fill, NULL), 3);
}

static void test_full(void **state UNUSED)
{
        CLEANUP(drop_all) Pending p;
        PendingNode *nodes = calloc(PENDING_MAX, sizeof(*nodes)), one = {0};
        pending_init(&p);
        assert_non_null(nodes);
        for (unsigned i = 0; i < PENDING_MAX; i++)
                assert_true(pending_add(&p, &nodes[i]) == 0);
        assert_int_equal(pending_add(&p, &one), -ENOBUFS);
        assert_true(one.id == 0);
        pending_remove(&p, &nodes[4711]);
        assert_int_equal(pending_add(&p, &one), 0);
        assert_int_equal(one.id & (PENDING_MAX - 1), 4711);
        drop_all(&p);
        free(nodes);
}

/* Ids that an earlier table gave out are not found in one that begins elsewhere, and stay below 2^53. */
static void test_begin_at(void **state UNUSED)
{
        CLEANUP(drop_all) Pending old, p, last;
        PendingNode given[40] = {0}, nodes[40] = {0}, one = {0};
        pending_init(&old);
        pending_init(&p);
        pending_init(&last);
        pending_begin_at(&p, 0x123456789abcdef0);
        pending_begin_at(&last, PENDING_GENERATIONS - 1);
        for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
                assert_int_equal(pending_add(&old, &given[i]), 0);
                assert_int_equal(pending_add(&p, &nodes[i]), 0);
                assert_true(pending_find(&p, nodes[i].id) == &nodes[i]);
                assert_true(nodes[i].id < 1ULL << 53);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(given); i++)
                assert_null(pending_find(&p, given[i].id));
        assert_int_equal(pending_add(&last, &one), 0);
        assert_true(one.id < 1ULL << 53 && pending_find(&last, one.id) == &one);
        drop_all(&last);
        drop_all(&old);
        drop_all(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_add),         cmocka_unit_test(test_late),
                cmocka_unit_test(test_generations), cmocka_unit_test(test_each),
                cmocka_unit_test(test_random),      cmocka_unit_test(test_parse),
                cmocka_unit_test(test_memory),      cmocka_unit_test(test_full),
                cmocka_unit_test(test_begin_at),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
