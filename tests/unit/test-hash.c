/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/hash.h"

/* Of the paper on SipHash: the key is the bytes 0 to 15, the text the bytes 0 to n - 1. */
static void test_known(void **state UNUSED)
{
        static const struct {
                size_t n;
                uint64_t want;
        } rows[] = {
                {0, 0x726fdb47dd0e0e31},
                {1, 0x74f839c593dc67fd},
                {8, 0x93f5f5799a932462},
                {15, 0xa129ca6149be45e5},
        };
        char text[15];
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char)i;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint64_t got = hash_span(span_from(text, rows[i].n), 0x0706050403020100);
                assert_row(got == rows[i].want, "%zu: %llx", rows[i].n, (unsigned long long)got);
        }
        assert_true(hash_span(SPAN("a"), 1) != hash_span(SPAN("a"), 2));
        assert_true(hash_span(SPAN_NONE, 7) == hash_span(SPAN(""), 7));
}

enum { NODES = 300, HASHES = 40 };

static unsigned count(const HashTable *t, uint64_t hash, const HashNode *of)
{
        unsigned n = 0;
        for (const HashNode *node = hash_table_first(t, hash); node; node = hash_table_next(node)) {
                assert_int_equal(node->hash, hash);
                n += !of || node == of;
        }
        return n;
}

/* Few hashes for many nodes, some of which differ in high bits alone. */
static void test_random_lives(void **state UNUSED)
{
        static HashNode nodes[NODES];
        static bool there[NODES];
        SeededRandom random;
        HashTable t = {0};
        size_t n = 0;
        test_random_init(&random);
        assert_null(hash_table_first(&t, 5));
        for (unsigned turn = 0; turn < 20000; turn++) {
                size_t i = random_below(&random.random, NODES);
                uint64_t hash = (i % HASHES) << (i % 2 ? 40 : 0);
                if (there[i]) {
                        assert_int_equal(count(&t, hash, &nodes[i]), 1);
                        hash_table_remove(&t, &nodes[i]);
                        n--;
                } else {
                        assert_int_equal(hash_table_reserve(&t, n + 1), 0);
                        hash_table_add(&t, &nodes[i], hash);
                        n++;
                }
                there[i] = !there[i];
                assert_int_equal(count(&t, hash, &nodes[i]), there[i]);
                assert_int_equal(t.n, n);
        }
        assert_true(t.n_buckets >= NODES / 4 && t.n_buckets <= 2 * NODES);
        size_t all = 0;
        for (uint64_t h = 0; h < HASHES; h++)
                all += count(&t, h << (h % 2 ? 40 : 0), NULL);
        assert_int_equal(all, n);
        hash_table_done(&t);
        assert_int_equal(t.n_buckets, 0);
}

static void test_no_memory(void **state UNUSED)
{
        HashTable t = {0};
        HashNode node;
        oom_arm(1);
        assert_int_equal(hash_table_reserve(&t, 1), -ENOMEM);
        assert_true(oom_disarm());
        assert_int_equal(hash_table_reserve(&t, 1), 0);
        hash_table_add(&t, &node, 3);
        oom_arm(1);
        assert_int_equal(hash_table_reserve(&t, 16), 0); /* it has the room */
        assert_int_equal(hash_table_reserve(&t, 17), -ENOMEM);
        assert_true(oom_disarm());
        assert_ptr_equal(hash_table_first(&t, 3), &node);
        hash_table_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known),
                cmocka_unit_test(test_random_lives),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
