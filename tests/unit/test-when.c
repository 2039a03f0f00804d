/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/when.h"

static void test_text(void **state UNUSED)
{
        static const struct {
                int64_t usec;
                unsigned decimals;
                const char *want;
        } rows[] = {
                {1795194000123456, 6, "2026-11-20T17:00:00.123456Z"},
                {1795194000123456, 3, "2026-11-20T17:00:00.123Z"},
                {1795194000999999, 1, "2026-11-20T17:00:00.9Z"},
                {1795194000999999, 0, "2026-11-20T17:00:00Z"},
                {1795194000000007, 6, "2026-11-20T17:00:00.000007Z"},
                {0, 3, "1970-01-01T00:00:00.000Z"},
                {-1, 6, "1969-12-31T23:59:59.999999Z"},
                {951827696000000, 0, "2000-02-29T12:34:56Z"},
        };
        char room[WHEN_ROOM];
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(when_text(rows[i].usec, rows[i].decimals, room), rows[i].want);
}

static void test_json(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        when_json(&w, "at", 1795194000123456, 3);
        when_json(&w, "zero", 0, 0);
        json_write_object_end(&w);
        assert_int_equal(json_write_done(&w), 0);
        assert_string_equal(buf_text(&b),
                            "{\"at\":\"2026-11-20T17:00:00.123Z\",\"zero\":\"1970-01-01T00:00:00Z\"}");
}

/* After this was written, and before anybody counts years with five digits. */
static void test_now(void **state UNUSED)
{
        char room[WHEN_ROOM];
        int64_t now = when_now();
        assert_true(now > 1700000000000000);
        assert_int_equal(strlen(when_text(now, 6, room)), strlen("2026-11-20T17:00:00.123456Z"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_now),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
