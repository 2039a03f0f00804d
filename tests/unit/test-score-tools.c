/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>

#include "ipc/score-tools.h"
#include "support/oom.h"

enum { SERVERS = 3, TOOLS = 4 };

typedef struct World {
        Scoreboard *s, *g; /* the supervisor's, the gateway's */
        ScoreTools *tools;
        uint32_t row[2];
        uint64_t generation[2];
} World;

static void world_open(World *w, uint32_t max_tools)
{
        *w = (World){0};
        assert_int_equal(scoreboard_new(SERVERS, max_tools, &w->s), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(scoreboard_take(w->s, i ? "two" : "one", &w->row[i], &w->generation[i]), 0);
        assert_int_equal(scoreboard_map(fcntl(scoreboard_fd(w->s), F_DUPFD_CLOEXEC, 0), SERVERS, &w->g), 0);
        assert_int_equal(score_tools_new(w->g, &w->tools), 0);
}

static void world_close(World *w)
{
        score_tools_free(w->tools);
        scoreboard_free(w->g);
        scoreboard_free(w->s);
}

static ScoreTool *find(World *w, int server, const char *name)
{
        return score_tools_find(w->tools, w->row[server], w->generation[server], span_of(name));
}

static ScoreTool *other(World *w, int server)
{
        return &scoreboard_server(w->g, w->row[server])->gateway.other;
}

static uint64_t hits(World *w)
{
        return score_get(&scoreboard_process(w->s, SCORE_GATEWAY)->limit_hits[SCORE_LIMIT_MAX_TOOL_SERIES]);
}

static void test_find(void **state UNUSED)
{
        World w;
        world_open(&w, TOOLS);
        ScoreTool *a = find(&w, 0, "read"), *b = find(&w, 1, "read"), *c = find(&w, 0, "write");
        assert_true(a != b && a != c && b != c);
        assert_ptr_equal(find(&w, 0, "read"), a);
        assert_ptr_equal(find(&w, 1, "read"), b);
        assert_ptr_equal(find(&w, 0, "write"), c);
        assert_string_equal(a->name, "read");
        assert_int_equal(score_get(&b->row), w.row[1]);
        score_tool_call(a, SCORE_STATUS_TOOL_ERROR, 20000);
        assert_int_equal(score_get(&a->statuses[SCORE_STATUS_TOOL_ERROR]), 1);
        assert_int_equal(a->duration.sum, 20000);
        assert_null(score_tools_find(w.tools, SERVERS, 1, SPAN("read")));
        world_close(&w);
}

static void test_names(void **state UNUSED)
{
        char longest[SCORE_TOOL_NAME + 1];
        World w;
        world_open(&w, TOOLS);
        memset(longest, 'x', sizeof(longest));
        longest[SCORE_TOOL_NAME - 1] = '\0';
        assert_true(find(&w, 0, longest) != other(&w, 0));
        longest[SCORE_TOOL_NAME - 1] = 'x';
        longest[SCORE_TOOL_NAME] = '\0';
        assert_ptr_equal(find(&w, 0, longest), other(&w, 0));
        assert_ptr_equal(find(&w, 0, ""), other(&w, 0));
        assert_ptr_equal(find(&w, 0, "other"), other(&w, 0)); /* or there were two of that name */
        ScoreTool *nul = score_tools_find(w.tools, w.row[0], w.generation[0], SPAN("a\0b"));
        assert_true(nul != find(&w, 0, "a"));
        assert_int_equal(hits(&w), 0); /* there was room: it was the name */
        world_close(&w);
}

/* The cap: what does not fit is `other`; the series of servers that are gone are used again. */
static void test_full(void **state UNUSED)
{
        World w;
        char name[2] = "a";
        world_open(&w, TOOLS);
        for (; name[0] < 'a' + TOOLS; name[0]++)
                assert_true(find(&w, name[0] & 1, name) != other(&w, name[0] & 1));
        assert_int_equal(hits(&w), 0);
        assert_ptr_equal(find(&w, 0, "z"), other(&w, 0));
        assert_ptr_equal(find(&w, 1, "z"), other(&w, 1));
        assert_int_equal(hits(&w), 2);
        assert_true(find(&w, 1, "a") != other(&w, 1));
        assert_int_equal(hits(&w), 2);

        scoreboard_give(w.s, w.row[0]);
        assert_ptr_equal(find(&w, 1, "z"), other(&w, 1)); /* nobody new: no reason to look */
        assert_int_equal(scoreboard_take(w.s, "three", &w.row[0], &w.generation[0]), 0);
        score_tool_call(find(&w, 1, "a"), SCORE_STATUS_OK, 1);
        ScoreTool *z = find(&w, 0, "z");
        assert_true(z != other(&w, 0));
        assert_int_equal(score_get(&z->statuses[SCORE_STATUS_OK]), 0);
        assert_true(find(&w, 0, "y") != other(&w, 0));
        assert_ptr_equal(find(&w, 0, "x"), other(&w, 0));
        assert_int_equal(score_get(&find(&w, 1, "a")->statuses[SCORE_STATUS_OK]), 1);
        world_close(&w);
}

static void test_none(void **state UNUSED)
{
        World w;
        world_open(&w, 0);
        assert_ptr_equal(find(&w, 0, "a"), other(&w, 0));
        assert_int_equal(hits(&w), 0);
        world_close(&w);
}

/* The next gateway goes on counting, and begins with nothing in hand. */
static void test_next_gateway(void **state UNUSED)
{
        World w;
        world_open(&w, TOOLS);
        ScoreTool *a = find(&w, 0, "read");
        score_tool_call(a, SCORE_STATUS_OK, 1);
        ScoreServerGateway *g = &scoreboard_server(w.g, w.row[0])->gateway;
        score_request(g, SCORE_METHOD_TOOLS_CALL, SCORE_STATUS_TIMEOUT, 5);
        score_request(g, SCORE_METHOD_TOOLS_CALL, SCORE_STATUS_CANCELLED, 5);
        score_set(&g->in_flight, 5);
        score_set(&g->queue_depth, 6);
        score_set(&g->queue_since, 7);
        score_set(&scoreboard_server(w.g, w.row[0])->instances[2].in_flight, 8);
        metric_set(&scoreboard_process(w.g, SCORE_GATEWAY)->metrics, METRIC_SESSIONS, 9);
        metric_set(&scoreboard_process(w.g, SCORE_SUPERVISOR)->metrics, METRIC_SESSIONS, 10);
        score_tools_free(w.tools);
        scoreboard_free(w.g);
        assert_int_equal(scoreboard_map(fcntl(scoreboard_fd(w.s), F_DUPFD_CLOEXEC, 0), SERVERS, &w.g), 0);
        assert_int_equal(score_tools_new(w.g, &w.tools), 0);
        assert_int_equal(scoreboard_used(w.g), 2);
        assert_int_equal(scoreboard_tools(w.g), TOOLS);
        assert_int_equal(score_get(&find(&w, 0, "read")->statuses[SCORE_STATUS_OK]), 1);
        assert_true(find(&w, 0, "new") != find(&w, 0, "read"));
        g = &scoreboard_server(w.g, w.row[0])->gateway;
        assert_int_equal(score_get(&g->requests[SCORE_METHOD_TOOLS_CALL][SCORE_STATUS_TIMEOUT]), 1);
        assert_int_equal(score_get(&g->calls), 2);
        assert_int_equal(score_get(&g->errors), 1);
        assert_int_equal(score_get(&g->in_flight) + score_get(&g->queue_depth) + score_get(&g->queue_since),
                         0);
        assert_int_equal(score_get(&scoreboard_server(w.g, w.row[0])->instances[2].in_flight), 0);
        assert_int_equal(metric_get(&scoreboard_process(w.g, SCORE_GATEWAY)->metrics, METRIC_SESSIONS), 0);
        assert_int_equal(metric_get(&scoreboard_process(w.g, SCORE_SUPERVISOR)->metrics, METRIC_SESSIONS),
                         10);
        world_close(&w);
}

/* Many tools: each is found again as itself. */
static void test_many(void **state UNUSED)
{
        enum { MANY = 500 };
        ScoreTool *all[MANY];
        World w;
        world_open(&w, MANY);
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < MANY; i++) {
                        char name[16];
                        (void)snprintf(name, sizeof(name), "tool%d", i / 2);
                        ScoreTool *t = find(&w, i & 1, name);
                        if (round)
                                assert_ptr_equal(t, all[i]);
                        all[i] = t;
                }
        for (int i = 0; i < MANY; i++)
                assert_int_equal(score_get(&all[i]->row), w.row[i & 1]);
        world_close(&w);
}

static int op_new(void *arg)
{
        World *w = arg;
        ScoreTools *t = NULL;
        int r = score_tools_new(w->g, &t);
        score_tools_free(t);
        return r;
}

static void test_oom(void **state UNUSED)
{
        World w;
        world_open(&w, TOOLS);
        assert_int_equal(oom_each(op_new, &w), 2);
        world_close(&w);
}

static void check_words(const char *(*name)(int), int n)
{
        for (int i = 0; i < n; i++) {
                assert_int_equal(strspn(name(i), "abcdefghijklmnopqrstuvwxyz_/0123456789"), strlen(name(i)));
                for (int k = 0; k < i; k++)
                        assert_string_not_equal(name(i), name(k));
        }
}

static const char *method(int i)
{
        return score_method_name((ScoreMethod)i);
}

static const char *status(int i)
{
        return score_status_name((ScoreStatus)i);
}

static const char *route(int i)
{
        return score_route_name((ScoreRoute)i);
}

static const char *code(int i)
{
        return score_code_name((ScoreCode)i);
}

static const char *limit(int i)
{
        return score_limit_name((ScoreLimit)i);
}

static void test_tables(void **state UNUSED)
{
        check_words(method, _SCORE_METHOD_MAX);
        check_words(status, _SCORE_STATUS_MAX);
        check_words(route, _SCORE_ROUTE_MAX);
        check_words(code, _SCORE_CODE_MAX);
        check_words(limit, _SCORE_LIMIT_MAX);
        assert_int_equal(score_code_of(200), SCORE_CODE_200);
        assert_int_equal(score_code_of(505), SCORE_CODE_505);
        assert_int_equal(score_code_of(418), SCORE_CODE_OTHER);
        assert_string_equal(score_code_name(score_code_of(503)), "503");
        assert_string_equal(score_code_name(SCORE_CODE_OTHER), "other");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find), cmocka_unit_test(test_names),        cmocka_unit_test(test_full),
                cmocka_unit_test(test_none), cmocka_unit_test(test_next_gateway), cmocka_unit_test(test_many),
                cmocka_unit_test(test_oom),  cmocka_unit_test(test_tables),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
