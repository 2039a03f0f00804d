/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include "base/limit-table.h"
#include "base/log-ring.h"
#include "base/random.h"

static void push(LogRing *ring, const char *text)
{
        log_ring_push(ring, &(const LogRingLine){.text = span_of(text), .wall_usec = 42, .partial = true});
}

static void expect(const LogRing *ring, LogRingCursor *cursor, const char *text, uint64_t number)
{
        LogRingLine line;
        assert_true(log_ring_read(ring, cursor, &line));
        assert_true(span_equal(line.text, span_of(text)));
        assert_int_equal(line.number, number);
        assert_int_equal(line.wall_usec, 42);
        assert_true(line.partial);
}

static void expect_end(const LogRing *ring, LogRingCursor *cursor)
{
        LogRingLine line = {.number = 99};
        assert_false(log_ring_read(ring, cursor, &line));
        assert_int_equal(line.number, 99);
}

static void test_order(void **state UNUSED)
{
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};

        assert_int_equal(log_ring_init(&ring, LIMIT_LOG_RING), 0);
        expect_end(&ring, &cursor);
        push(&ring, "one");
        push(&ring, "");
        push(&ring, "three");
        expect(&ring, &cursor, "one", 0);
        expect(&ring, &cursor, "", 1);
        expect(&ring, &cursor, "three", 2);
        expect_end(&ring, &cursor);
        push(&ring, "four"); /* a cursor that is kept goes on */
        expect(&ring, &cursor, "four", 3);
        expect_end(&ring, &cursor);
        assert_int_equal(cursor.missed, 0);

        cursor = log_ring_last(&ring, 2);
        expect(&ring, &cursor, "three", 2);
        cursor = log_ring_last(&ring, 100);
        expect(&ring, &cursor, "one", 0);
}

static void test_clear(void **state UNUSED)
{
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};

        assert_int_equal(log_ring_init(&ring, 1024), 0);
        push(&ring, "one");
        push(&ring, "two");
        expect(&ring, &cursor, "one", 0);
        log_ring_clear(&ring);
        assert_int_equal(log_ring_count(&ring), 0);
        expect_end(&ring, &cursor);
        push(&ring, "three");
        expect(&ring, &cursor, "three", 2);
        assert_int_equal(cursor.missed, 1);
}

static void test_too_long(void **state UNUSED)
{
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};
        LogRingLine line;

        assert_int_equal(log_ring_init(&ring, 0), 0); /* never too small for one byte */
        push(&ring, "x");
        push(&ring, "a line that is longer than all of it");
        assert_int_equal(log_ring_count(&ring), 1);
        assert_true(log_ring_read(&ring, &cursor, &line));
        assert_int_equal(line.number, 1);
        assert_true(line.text.len >= 1 && line.text.ptr[0] == 'a');
        assert_int_equal(cursor.missed, 1);
}

/* Against a list of everything ever pushed: what is there are the newest
 * lines, in order, and a follower that comes now and then misses exactly
 * those that it does not see. */
static void check_wraps(bool growing)
{
        SeededRandom random;
        enum { N = 4000, SIZE = 1024, LONGEST = 100 };
        static uint8_t lens[N];

        random_init_seed(&random, 7);
        for (int round = 0; round < 20; round++) {
                CLEANUP(log_ring_done) LogRing ring;
                LogRingCursor follower = {0};
                uint64_t seen = 0;

                if (growing)
                        log_ring_init_growing(&ring, SIZE);
                else
                        assert_int_equal(log_ring_init(&ring, SIZE), 0);
                for (size_t i = 0; i < N; i++) {
                        char text[LONGEST];
                        LogRingLine line;

                        lens[i] = (uint8_t)random_below(&random.random, LONGEST);
                        memset(text, 'a' + (int)(i % 26), sizeof(text));
                        log_ring_push(&ring, &(const LogRingLine){.text = span_from(text, lens[i])});
                        assert_true(log_ring_count(&ring) >= MIN(i + 1, (size_t)SIZE / (LONGEST + 24) / 2));

                        LogRingCursor all = {0};
                        uint64_t n = i + 1 - log_ring_count(&ring);
                        for (; log_ring_read(&ring, &all, &line); n++) {
                                assert_int_equal(line.number, n);
                                assert_int_equal(line.text.len, lens[n]);
                                for (size_t k = 0; k < line.text.len; k++)
                                        assert_int_equal(line.text.ptr[k], 'a' + (int)(n % 26));
                        }
                        assert_int_equal(n, i + 1);

                        for (uint64_t k = random_below(&random.random, 3); k > 0; k--)
                                if (log_ring_read(&ring, &follower, &line)) {
                                        assert_int_equal(line.text.len, lens[line.number]);
                                        seen++;
                                        assert_int_equal(seen + follower.missed, line.number + 1);
                                }
                }
        }
}

static void test_wraps(void **state UNUSED)
{
        check_wraps(false);
        check_wraps(true);
}

/* It grows in steps, cursors keep their place, and a quiet one costs nothing. */
static void test_grows(void **state UNUSED)
{
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};
        LogRingLine line;
        char text[200];
        size_t size = 0;
        unsigned steps = 0;

        log_ring_init_growing(&ring, LIMIT_LOG_RING);
        assert_null(ring.bytes);
        expect_end(&ring, &cursor);
        memset(text, 'x', sizeof(text));
        for (uint64_t i = 0; i < 1000; i++) {
                log_ring_push(&ring, &(const LogRingLine){.text = span_from(text, sizeof(text))});
                assert_true(log_ring_read(&ring, &cursor, &line));
                assert_int_equal(line.number, i);
                assert_int_equal(line.text.len, sizeof(text));
                if (ring.size != size) {
                        assert_int_equal(log_ring_count(&ring), i + 1); /* none had to go for it */
                        steps++;
                }
                size = ring.size;
        }
        assert_int_equal(size, LIMIT_LOG_RING);
        assert_in_range(steps, 5, 10);
        assert_int_equal(cursor.missed, 0);
}

static void test_cannot_grow(void **state UNUSED)
{
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};
        LogRingLine line;
        char text[3000];

        log_ring_init_growing(&ring, LIMIT_LOG_RING);
        oom_arm(1);
        log_ring_push(&ring, &(const LogRingLine){.text = SPAN_NONE});
        assert_true(oom_disarm());
        expect_end(&ring, &cursor);
        push(&ring, "one");
        expect(&ring, &cursor, "one", 1);
        assert_int_equal(cursor.missed, 1);

        memset(text, 'x', sizeof(text));
        oom_arm(1);
        log_ring_push(&ring, &(const LogRingLine){.text = span_from(text, 900)});
        oom_disarm();
        size_t size = ring.size;
        oom_arm(1);
        log_ring_push(&ring, &(const LogRingLine){.text = span_from(text, 900)}); /* "one" goes for it */
        assert_true(oom_disarm());
        assert_int_equal(ring.size, size);
        assert_true(log_ring_count(&ring) < 3);
        log_ring_push(&ring, &(const LogRingLine){.text = span_from(text, sizeof(text))});
        cursor = log_ring_last(&ring, 1);
        assert_true(log_ring_read(&ring, &cursor, &line));
        assert_int_equal(line.text.len, sizeof(text)); /* there was memory again */
        assert_int_equal(line.number, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),    cmocka_unit_test(test_clear),
                cmocka_unit_test(test_too_long), cmocka_unit_test(test_wraps),
                cmocka_unit_test(test_grows),    cmocka_unit_test(test_cannot_grow),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
