/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdalign.h>

#include "base/arena.h"
#include "support/oom.h"

static bool is_zero(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i])
                        return false;
        return true;
}

/* Fresh memory is zero, aligned and nobody else's: each piece keeps its own pattern. */
static void test_pieces(void **state UNUSED)
{
        enum { PIECES = 2000 };
        static struct {
                uint8_t *p;
                size_t n;
        } piece[PIECES];
        SeededRandom random;
        test_random_init(&random);

        CLEANUP(arena_done) Arena a = ARENA_INIT(SIZE_MAX);
        for (size_t i = 0; i < PIECES; i++) {
                piece[i].n = random_below(&random.random, i % 50 ? 300 : 40000);
                piece[i].p = arena_alloc(&a, piece[i].n);
                assert_non_null(piece[i].p);
                assert_int_equal((uintptr_t)piece[i].p % alignof(max_align_t), 0);
                assert_true(is_zero(piece[i].p, piece[i].n));
                memset(piece[i].p, (int)(i % 255 + 1), piece[i].n);
        }
        for (size_t i = 0; i < PIECES; i++)
                for (size_t k = 0; k < piece[i].n; k++)
                        assert_int_equal(piece[i].p[k], i % 255 + 1);
}

static void test_nothing(void **state UNUSED)
{
        CLEANUP(arena_done) Arena a = ARENA_INIT(1024);
        void *p = arena_alloc(&a, 0), *q = arena_alloc(&a, 0);
        assert_non_null(p);
        assert_non_null(q);
        assert_ptr_not_equal(p, q);
        assert_non_null(ARENA_NEW_N(&a, uint64_t, 0));
}

/* The cap holds for the padded sizes too, and what is refused takes nothing. */
static void test_cap(void **state UNUSED)
{
        const size_t unit = alignof(max_align_t);
        CLEANUP(arena_done) Arena a = ARENA_INIT(4 * unit);
        assert_null(arena_alloc(&a, 4 * unit + 1));
        assert_int_equal(a.used, 0);
        assert_null(a.blocks);
        for (int i = 0; i < 4; i++)
                assert_non_null(arena_alloc(&a, 1));
        assert_int_equal(a.used, 4 * unit);
        assert_null(arena_alloc(&a, 1));
        assert_null(arena_alloc(&a, 0));
        assert_int_equal(a.used, a.cap);

        arena_done(&a);
        assert_int_equal(a.cap, 4 * unit);
        assert_int_equal(a.used, 0);
        assert_non_null(arena_alloc(&a, 4 * unit));
        assert_null(arena_alloc(&a, 1));

        CLEANUP(arena_done) Arena odd = ARENA_INIT(unit + 1);
        assert_non_null(arena_alloc(&odd, 1));
        assert_null(arena_alloc(&odd, 1));
        assert_true(odd.used <= odd.cap);

        CLEANUP(arena_done) Arena none = ARENA_INIT(0);
        assert_null(arena_alloc(&none, 0));
}

/* Sizes that wrap around when they are padded, get a head or are multiplied. */
static void test_overflow(void **state UNUSED)
{
        CLEANUP(arena_done) Arena a = ARENA_INIT(SIZE_MAX);
        for (size_t i = 0; i < 64; i++)
                assert_null(arena_alloc(&a, SIZE_MAX - i));
        assert_null(arena_alloc_array(&a, SIZE_MAX / 8 + 2, 8));
        assert_null(arena_alloc_array(&a, 8, SIZE_MAX / 8 + 2));
        assert_null(arena_alloc_array(&a, SIZE_MAX, SIZE_MAX));
        assert_int_equal(a.used, 0);

        uint32_t *p = ARENA_NEW_N(&a, uint32_t, 100);
        assert_non_null(p);
        assert_true(a.used >= 400);
}

static void test_strdup(void **state UNUSED)
{
        CLEANUP(arena_done) Arena a = ARENA_INIT(1024);
        char text[] = "one\0two";
        char *p = arena_strdup(&a, SPAN("one\0two"));
        assert_memory_equal(p, text, sizeof(text));
        memset(text, 'x', sizeof(text));
        p = arena_strdup(&a, span_from(text, 3)); /* no NUL after it */
        assert_string_equal(p, "xxx");
        assert_string_equal(arena_strdup(&a, SPAN_NONE), "");
        assert_string_equal(arena_strdup(&a, SPAN("")), "");
        assert_null(arena_strdup(&a, span_from(text, 1024)));

        /* As long as one unit of the padding: the NUL has room of its own. */
        p = arena_strdup(&a, SPAN("0123456789abcdef"));
        char *next = arena_alloc(&a, 16);
        assert_non_null(next);
        memset(next, 'z', 16);
        assert_string_equal(p, "0123456789abcdef");
}

/* A large piece does not push the block aside that small ones still fit in. */
static void test_blocks(void **state UNUSED)
{
        CLEANUP(arena_done) Arena a = ARENA_INIT(SIZE_MAX);
        oom_arm(0);
        char *first = arena_alloc(&a, 16);
        assert_int_equal(oom_allocations(), 1);
        assert_non_null(arena_alloc(&a, 100000));
        assert_int_equal(oom_allocations(), 2);
        char *second = arena_alloc(&a, 16);
        assert_int_equal(oom_allocations(), 2);
        assert_ptr_equal(second, first + 16);

        /* A thousand small ones take few blocks. */
        for (int i = 0; i < 1000; i++)
                assert_non_null(arena_alloc(&a, 16));
        assert_true(oom_allocations() <= 3);
}

static int fill(void *arg UNUSED)
{
        CLEANUP(arena_done) Arena a = ARENA_INIT(SIZE_MAX);
        for (int i = 0; i < 5; i++) {
                size_t used = a.used;
                ArenaBlock *blocks = a.blocks;
                if (!arena_alloc(&a, 10000) || !arena_strdup(&a, SPAN("text")) ||
                    !arena_alloc_array(&a, 1000, 100)) {
                        assert_true(a.used >= used);
                        assert_true(!blocks || a.blocks);
                        return -ENOMEM;
                }
        }
        return 0;
}

static void test_oom(void **state UNUSED)
{
        assert_true(oom_each(fill, NULL) >= 10);

        CLEANUP(arena_done) Arena a = ARENA_INIT(1024);
        oom_arm(1);
        assert_null(arena_alloc(&a, 1));
        assert_true(oom_disarm());
        assert_null(a.blocks);
        assert_int_equal(a.used, 0);
        assert_non_null(arena_alloc(&a, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pieces), cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_cap),    cmocka_unit_test(test_overflow),
                cmocka_unit_test(test_strdup), cmocka_unit_test(test_blocks),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
