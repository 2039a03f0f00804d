/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/nearest.h"

static void test_distance(void **state UNUSED)
{
        static const struct {
                const char *a, *b;
                unsigned want;
        } rows[] = {
                {"", "", 0},
                {"", "abc", 3},
                {"a", "a", 0},
                {"a", "b", 1},
                {"abc", "abd", 1},
                {"abc", "ab", 1},
                {"abc", "xabc", 1},
                {"ab", "ba", 1},
                {"abcd", "acbd", 1},
                {"abcd", "badc", 2},
                {"ca", "abc", 3}, /* a swap is not edited again: 2 would be the unrestricted distance */
                {"kitten", "sitting", 3},
                {"comand", "command", 1},
                {"max-size", "max_size", 0},
                {"MaxSize", "maxsize", 0},
                {"[", "{", 1}, /* 32 apart, like letters of two cases */
                {"@", "`", 1},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                unsigned d = nearest_distance(span_of(rows[i].a), span_of(rows[i].b));
                assert_row(d == rows[i].want, "'%s' '%s': %u", rows[i].a, rows[i].b, d);
                assert_int_equal(nearest_distance(span_of(rows[i].b), span_of(rows[i].a)), d);
        }
        assert_int_equal(nearest_distance(SPAN_NONE, SPAN("ab")), 2);
        assert_int_equal(nearest_distance(SPAN("a\0b"), SPAN("a\0c")), 1);
}

/* The definition, without a table. */
static unsigned naive(const char *a, size_t n, const char *b, size_t m)
{
        if (n == 0 || m == 0)
                return (unsigned)(n + m);
        unsigned d = naive(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
        d = MIN(d, naive(a, n - 1, b, m) + 1);
        d = MIN(d, naive(a, n, b, m - 1) + 1);
        if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1])
                d = MIN(d, naive(a, n - 2, b, m - 2) + 1);
        return d;
}

static void test_against_definition(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int i = 0; i < 2000; i++) {
                char a[6], b[6];
                size_t n = random_below(&random.random, 7), m = random_below(&random.random, 7);
                for (size_t k = 0; k < sizeof(a); k++) {
                        a[k] = (char)('a' + random_below(&random.random, 3));
                        b[k] = (char)('a' + random_below(&random.random, 3));
                }
                assert_int_equal(nearest_distance(span_from(a, n), span_from(b, m)), naive(a, n, b, m));
        }
}

static void test_length(void **state UNUSED)
{
        char a[65], b[65];
        memset(a, 'a', sizeof(a));
        memset(b, 'b', sizeof(b));
        assert_int_equal(nearest_distance(span_from(a, 64), span_from(b, 64)), 64);
        assert_int_equal(nearest_distance(span_from(a, 64), SPAN_NONE), 64);
        assert_int_equal(nearest_distance(span_from(a, 65), span_from(a, 65)), UINT32_MAX);
        assert_int_equal(nearest_distance(span_from(a, 1), span_from(a, 65)), UINT32_MAX);
        assert_int_equal(nearest_distance(span_from(a, 65), span_from(a, 1)), UINT32_MAX);
}

static const char *best_of(const char *word, const char *const *words, size_t n)
{
        Nearest nearest = NEAREST_INIT(span_of(word));
        for (size_t i = 0; i < n; i++)
                nearest_offer(&nearest, words[i]);
        return nearest.best;
}

static void test_offer(void **state UNUSED)
{
        static const char *const words[] = {"command", "comment", "args", "env", "cwd", "restart", "a", "ab"};
        static const struct {
                const char *word, *best;
        } rows[] = {
                {"comand", "command"},
                {"commnad", "command"},
                {"coment", "comment"},
                {"restarts", "restart"},
                {"retsrat", "restart"},
                {"arg", "args"},
                {"ENV", "env"},
                {"cdw", "cwd"},
                {"zzz", NULL},
                {"", NULL},
                {"b", "ab"},
                {"z", NULL},
                {"command", "command"},
                {"entirely-else", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *best = best_of(rows[i].word, words, ARRAY_SIZE(words));
                bool same = best && rows[i].best ? strcmp(best, rows[i].best) == 0 : best == rows[i].best;
                assert_row(same, "'%s': %s", rows[i].word, best ? best : "none");
        }
}

/* A third may be wrong, not more; of equals the first stays; a later one that is nearer wins. */
static void test_choice(void **state UNUSED)
{
        static const char *const nine[] = {"abcdefghi"}, *const two[] = {"abx", "aby", "abc"};
        assert_non_null(best_of("abcdefxyz", nine, 1));
        assert_null(best_of("abcdewxyz", nine, 1));
        assert_string_equal(best_of("abz", two, 2), "abx");
        assert_string_equal(best_of("abc", two, 3), "abc");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_distance), cmocka_unit_test(test_against_definition),
                cmocka_unit_test(test_length),   cmocka_unit_test(test_offer),
                cmocka_unit_test(test_choice),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
