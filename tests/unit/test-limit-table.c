/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/limit-table.h"

/* The words that docs/limits.md may use for a unit. */
static const char *const units[] = {
        "bytes",  "calls",   "connections", "descriptors",  "fields", "items",   "keys",
        "levels", "lines",   "messages",    "milliseconds", "nodes",  "numbers", "pages",
        "passes", "percent", "records",     "seconds",      "steps",  "times",   "tries"};

static bool is_unit(const char *unit)
{
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(unit, units[i]) == 0)
                        return true;
        return false;
}

static void test_rows(void **state UNUSED)
{
        assert_true(limit_table_size > 0);
        for (unsigned i = 0; i < limit_table_size; i++) {
                const LimitRow *row = &limit_table[i];
                assert_row(row->value > 0, "%s", row->name);
                assert_row(row->value <= INT32_MAX, "%s is no int", row->name); /* LIMIT_ is an enum */
                assert_row(is_unit(row->unit), "%s: unit %s", row->name, row->unit);
                size_t n = strlen(row->doc);
                assert_row(n > 10 && row->doc[n - 1] == '.', "%s: a sentence", row->name);
                assert_row(strspn(row->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(row->name),
                           "%s", row->name);
                for (unsigned k = 0; k < i; k++) {
                        assert_row(strcmp(row->name, limit_table[k].name) != 0, "%s twice", row->name);
                        assert_row(strcmp(row->doc, limit_table[k].doc) != 0, "%s: same text", row->name);
                }
        }
}

/* The constant and the row of each name are one number. */
static void test_constants(void **state UNUSED)
{
        unsigned i = 0;
#define L(row, number, its_unit, its_doc)                    \
        assert_string_equal(limit_table[i].name, #row);      \
        assert_int_equal(limit_table[i].value, LIMIT_##row); \
        i++;
        LIMITS(L)
#undef L
        assert_int_equal(i, limit_table_size);
}

/* What must hold among them. */
static void test_relations(void **state UNUSED)
{
        assert_true(LIMIT_CONFIG_VALUE <= LIMIT_CONFIG_FILE);
        assert_true(LIMIT_CONFIG_FILE <= LIMIT_CONFIG_BLOB);
        assert_true(LIMIT_CONFIG_BLOB <= LIMIT_CONFIG_ARENA);
        assert_true(LIMIT_CONFIG_ARENA < LIMIT_VALIDATOR_MEMORY);
        assert_true(LIMIT_VALIDATOR_CPU <= LIMIT_VALIDATOR_TIME);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_constants),
                cmocka_unit_test(test_relations),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
