/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <jansson.h>

#include "gateway/health-page.h"
#include "support/oom.h"

#define UP(c)                                                              \
        {                                                                  \
                .name = "up", .state = SERVER_STATE_READY, .critical = (c) \
        }
#define IDLE(c)                                                             \
        {                                                                   \
                .name = "idle", .state = SERVER_STATE_IDLE, .critical = (c) \
        }
#define DOWN(c)                                                                \
        {                                                                      \
                .name = "down", .state = SERVER_STATE_BACKOFF, .critical = (c) \
        }

typedef struct ReadyRow {
        HealthServer servers[2];
        size_t n;
        bool draining;
        bool all, critical, any; /* ready in that mode */
        const char *status;      /* of /health/detailed, in mode critical */
} ReadyRow;

static const ReadyRow rows[] = {
        {{{0}}, 0, false, true, true, true, "ok"},
        {{{0}}, 0, true, false, false, false, "unavailable"},
        {{UP(true), IDLE(true)}, 2, false, true, true, true, "ok"},
        {{UP(true), IDLE(true)}, 2, true, false, false, false, "unavailable"},
        {{UP(false), DOWN(false)}, 2, false, false, true, true, "degraded"},
        {{UP(false), DOWN(true)}, 2, false, false, false, true, "unavailable"},
        {{DOWN(false), IDLE(true)}, 2, false, false, true, true, "degraded"},
        {{DOWN(false)}, 1, false, false, true, false, "degraded"},
        {{DOWN(true)}, 1, false, false, false, false, "unavailable"},
};

static json_t *page(int (*write)(const Health *h, Buf *b), const Health *h)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(write(h, &b), 0);
        assert_true(span_ends(buf_span(&b), SPAN("}\n")));
        json_t *j = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(j);
        return j;
}

static bool is_true(const json_t *j, const char *key)
{
        assert_true(json_is_boolean(json_object_get(j, key)));
        return json_is_true(json_object_get(j, key));
}

static void test_ready(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const ReadyRow *row = &rows[i];
                const bool wanted[] = {
                        [READY_ALL] = row->all, [READY_CRITICAL] = row->critical, [READY_ANY] = row->any};
                for (int mode = READY_ALL; mode <= READY_ANY; mode++) {
                        const Health h = {row->servers, row->n, (ReadyMode)mode, row->draining, 0, 0, 0, 0};
                        json_t *j = page(health_ready_page, &h);
                        assert_row(health_is_ready(&h) == wanted[mode], "%zu, mode %d", i, mode);
                        assert_row(is_true(j, "ready") == wanted[mode], "%zu, mode %d", i, mode);
                        assert_row(json_is_null(json_object_get(j, "reason")) == wanted[mode], "%zu", i);
                        assert_int_equal(json_integer_value(json_object_get(j, "servers_all")), row->n);
                        json_decref(j);
                }
                const Health h = {row->servers, row->n, READY_CRITICAL, row->draining, 0, 0, 0, 0};
                json_t *j = page(health_detailed_page, &h);
                assert_row(strcmp(json_string_value(json_object_get(j, "status")), row->status) == 0, "%zu",
                           i);
                json_decref(j);
        }
}

/* Who may not see /health/detailed does not learn names. */
static void test_ready_names_nobody(void **state UNUSED)
{
        const HealthServer s = {.name = "secret-name", .state = SERVER_STATE_DEGRADED, .critical = true};
        const Health h = {.servers = &s, .n = 1, .mode = READY_CRITICAL};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(health_ready_page(&h, &b), 0);
        assert_string_equal(buf_text(&b), "{\"ready\":false,\"reason\":\"a critical server is not ready\","
                                          "\"servers_ready\":0,\"servers_all\":1}\n");
        buf_clear(&b);
        assert_int_equal(health_live_page(&b), 0);
        assert_string_equal(buf_text(&b), "{\"status\":\"ok\"}\n");
}

static void test_detailed(void **state UNUSED)
{
        ScoreServerGateway g = {0};
        score_set(&g.tools, 14);
        score_set(&g.in_flight, 2);
        const HealthServer servers[] = {
                {.name = "a", .state = SERVER_STATE_READY, .figures = &g, .critical = true},
                {.name = "b\"", .state = SERVER_STATE_DEGRADED, .breaker = BREAKER_OPEN}};
        const Health h = {.servers = servers,
                          .n = 2,
                          .mode = READY_ANY,
                          .uptime = 90 * NSEC_PER_SEC + 1,
                          .sessions = 5,
                          .connections = 6,
                          .streams = 7};
        json_t *j = page(health_detailed_page, &h), *a = json_array_get(json_object_get(j, "servers"), 0);
        assert_int_equal(json_integer_value(json_object_get(j, "uptime_s")), 90);
        assert_int_equal(json_integer_value(json_object_get(j, "streams")), 7);
        assert_true(json_is_null(json_object_get(a, "tools")));
        assert_true(json_is_null(json_object_get(a, "p95_ms")));
        assert_int_equal(json_integer_value(json_object_get(a, "in_flight")), 2);
        json_decref(j);
        score_set(&g.tools_known, SCORE_TOOLS_LISTED);
        score_request(&g, SCORE_METHOD_TOOLS_CALL, SCORE_STATUS_TOOL_ERROR, 700);
        j = page(health_detailed_page, &h);
        a = json_array_get(json_object_get(j, "servers"), 0);
        assert_int_equal(json_integer_value(json_object_get(a, "tools")), 14);
        assert_int_equal(json_integer_value(json_object_get(a, "errors")), 1);
        assert_true(json_real_value(json_object_get(a, "p95_ms")) == 1.0);
        assert_true(is_true(a, "critical") && is_true(a, "ready"));
        json_t *b = json_array_get(json_object_get(j, "servers"), 1);
        assert_string_equal(json_string_value(json_object_get(b, "name")), "b\"");
        assert_string_equal(json_string_value(json_object_get(b, "state")), "degraded");
        assert_string_equal(json_string_value(json_object_get(b, "breaker")), "open");
        assert_true(json_is_null(json_object_get(b, "tools")));
        assert_int_equal(json_integer_value(json_object_get(b, "calls")), 0);
        json_decref(j);
}

static int op_pages(void *arg UNUSED)
{
        const HealthServer s = UP(true);
        const Health h = {.servers = &s, .n = 1};
        CLEANUP(buf_done)
        Buf a = BUF_INIT(BUF_CAP_NONE), b = BUF_INIT(BUF_CAP_NONE), c = BUF_INIT(BUF_CAP_NONE);
        int r = health_live_page(&a);
        if (r == 0)
                r = health_ready_page(&h, &b);
        return r == 0 ? health_detailed_page(&h, &c) : r;
}

static void test_oom(void **state UNUSED)
{
        assert_true(oom_each(op_pages, NULL) >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ready),
                cmocka_unit_test(test_ready_names_nobody),
                cmocka_unit_test(test_detailed),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
