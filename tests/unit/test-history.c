/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <jansson.h>

#include "base/limit-table.h"
#include "support/oom.h"
#include "supervisor/history.h"

static ExitRecord record_of(uint64_t generation, const char *text)
{
        return (ExitRecord){.generation = generation, .stderr_text = text ? strdup(text) : NULL};
}

static void test_ring(void **state UNUSED)
{
        CLEANUP(history_done) History h = {0};
        assert_null(history_get(&h, 0));
        for (uint64_t i = 1; i <= 3 * LIMIT_HISTORY + 7; i++) {
                ExitRecord r = record_of(i, "a line");
                assert_int_equal(history_add(&h, &r), 0);
                assert_null(r.stderr_text);
                assert_int_equal(r.number, i);
                assert_int_equal(history_count(&h), MIN(i, (uint64_t)LIMIT_HISTORY));
                for (size_t k = 0; k < history_count(&h); k++) {
                        const ExitRecord *e = history_get(&h, k);
                        assert_int_equal(e->generation, i - k);
                        assert_int_equal(e->number, i - k);
                        assert_string_equal(e->stderr_text, "a line");
                }
                assert_null(history_get(&h, history_count(&h)));
        }
        history_done(&h);
        assert_int_equal(history_count(&h), 0);
}

static int fill(void *arg UNUSED)
{
        CLEANUP(history_done) History h = {0};
        for (uint64_t i = 1; i <= 30; i++) {
                oom_hold();
                ExitRecord r = record_of(i, "text");
                oom_release();
                int k = history_add(&h, &r);
                assert_null(r.stderr_text);
                if (k < 0) { /* what was there still is */
                        assert_int_equal(history_count(&h), i - 1);
                        assert_int_equal(h.next, i - 1);
                        return k;
                }
        }
        return 0;
}

static void test_oom(void **state UNUSED)
{
        assert_int_equal(oom_each(fill, NULL), 4); /* 4, 8, 16, 32 */
}

static json_t *json_of(const ExitRecord *r, const char *server)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(65536);
        JsonWriter w = JSON_WRITER(&b);
        exit_record_json(r, server, &w);
        assert_int_equal(json_write_done(&w), 0);
        assert_null(strchr(buf_text(&b), '\n'));
        json_t *v = json_loads(buf_text(&b), 0, NULL);
        assert_non_null(v);
        return v;
}

static const char *str(json_t *v, const char *key)
{
        return json_string_value(json_object_get(v, key));
}

static void test_json(void **state UNUSED)
{
        char text[] = "one\ntwo \xff\n\nfour\n";
        ExitRecord r = {.number = 9,
                        .wall_usec = 1795194000123456,
                        .generation = 3,
                        .pid = 4121,
                        .uptime = 7980 * NSEC_PER_SEC + 190 * NSEC_PER_MSEC,
                        .verdict = {EXIT_CLASS_SIGNAL, -1, 9, "killed by signal 9 (not ours)"},
                        .user_usec = 5,
                        .system_usec = 6,
                        .max_rss = 7,
                        .stderr_text = text};
        json_t *v = json_of(&r, "fs");
        assert_string_equal(json_object_iter_key(json_object_iter(v)), "server");
        assert_string_equal(str(v, "server"), "fs");
        assert_string_equal(str(v, "class"), "signal");
        assert_true(json_is_null(json_object_get(v, "code")));
        assert_int_equal(json_integer_value(json_object_get(v, "signal")), 9);
        assert_string_equal(str(v, "reason"), "killed by signal 9 (not ours)");
        assert_string_equal(str(v, "at"), "2026-11-20T17:00:00.123Z");
        json_t *lines = json_object_get(v, "stderr");
        assert_int_equal(json_array_size(lines), 4);
        assert_string_equal(json_string_value(json_array_get(lines, 0)), "one");
        assert_string_equal(json_string_value(json_array_get(lines, 1)), "two \xef\xbf\xbd");
        assert_string_equal(json_string_value(json_array_get(lines, 2)), "");
        assert_int_equal(json_integer_value(json_object_get(v, "number")), 9);
        assert_int_equal(json_integer_value(json_object_get(v, "generation")), 3);
        assert_int_equal(json_integer_value(json_object_get(v, "pid")), 4121);
        assert_true(json_real_value(json_object_get(v, "uptime_s")) - 7980.1 < 0.0001);
        assert_true(json_is_false(json_object_get(v, "planned")));
        assert_true(json_is_false(json_object_get(v, "oom")));
        assert_int_equal(json_integer_value(json_object_get(v, "user_usec")), 5);
        assert_int_equal(json_integer_value(json_object_get(v, "system_usec")), 6);
        assert_int_equal(json_integer_value(json_object_get(v, "max_rss_bytes")), 7);
        json_decref(v);
}

/* As last_exit of status: what the contract shows, in its order, before the rest. */
static void test_last_exit(void **state UNUSED)
{
        static const char *const keys[] = {"class", "code", "signal", "reason", "at", "stderr"};
        ExitRecord r = {.verdict = {EXIT_CLASS_ERROR, 3, 0, "exit 3"}, .planned = true, .oom = true};
        json_t *v = json_of(&r, NULL);
        void *iter = json_object_iter(v);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++, iter = json_object_iter_next(v, iter))
                assert_string_equal(json_object_iter_key(iter), keys[i]);
        assert_null(json_object_get(v, "server"));
        assert_int_equal(json_integer_value(json_object_get(v, "code")), 3);
        assert_true(json_is_null(json_object_get(v, "signal")));
        assert_true(json_is_null(json_object_get(v, "pid")));
        assert_int_equal(json_array_size(json_object_get(v, "stderr")), 0);
        assert_string_equal(str(v, "at"), "1970-01-01T00:00:00.000Z");
        json_decref(v);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ring),
                cmocka_unit_test(test_oom),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_last_exit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
