/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's answers without memory: whichever allocation fails, what
 * was asked for fails as a whole, nothing leaks, and the next one works.
 */
#include "support/config.h"
#include "support/oom.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "supervisor/core.h"
#include "supervisor/status-json.h"

enum { ROWS = 4, MOST = 10000 };

typedef struct World {
        Supervisor sup;
        DaemonOptions options;
        Server *server;
        ControlConn *conn;
        int peer;
} World;

static int nothing(Work *w UNUSED)
{
        return 0;
}

static const WorkOps work_ops = {.run = nothing};

/* With everything that is set up held back from failing. */
static void world_setup(World *w, bool with_server)
{
        int pair[2];
        oom_hold();
        *w = (World){.options = {.path = "test.yaml"}};
        Supervisor *s = &w->sup;
        s->options = &w->options;
        s->gateway.sup = s;
        TAILQ_INIT(&s->servers);
        LIST_INIT(&s->askers);
        assert_int_equal(loop_new(&clock_monotonic, &s->loop), 0);
        assert_int_equal(event_log_init(&s->events), 0);
        assert_int_equal(scoreboard_new(ROWS, 8, &s->board), 0);
        s->rows = calloc(ROWS, sizeof(*s->rows));
        assert_non_null(s->rows);
        assert_int_equal(reload_init(&s->reload, s), 0);
        work_init(&s->stop_work, loop_work(s->loop), &work_ops);
        work_init(&s->governor_work, loop_work(s->loop), &work_ops);
        s->config = config_of("servers: {fs: {command: /bin/true}}");
        assert_int_equal(control_server_init(&s->control, s->loop, &answer_ops, -1), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        assert_int_equal(control_server_add(&s->control, pair[0], false, &w->conn), 0);
        w->peer = pair[1];
        if (with_server) {
                assert_int_equal(server_new(s, s->config, config_server(s->config, 0), &w->server), 0);
                TAILQ_INSERT_TAIL(&s->servers, w->server, link);
        }
        oom_release();
}

static void world_done(World *w)
{
        Supervisor *s = &w->sup;
        oom_hold();
        askers_end(s);
        if (w->server) {
                TAILQ_REMOVE(&s->servers, w->server, link);
                server_free(w->server);
        }
        control_server_done(&s->control);
        work_done(&s->stop_work);
        work_done(&s->governor_work);
        reload_done(&s->reload);
        config_unref(s->config);
        event_log_done(&s->events);
        scoreboard_free(s->board);
        free(s->rows);
        loop_free(s->loop);
        fd_close_p(&w->peer);
        oom_release();
}

/* ---- what fails as a whole ---------------------------------------------------- */

static int op_server_new(void *arg UNUSED)
{
        World w;
        world_setup(&w, false);
        Server *s = NULL;
        int r = server_new(&w.sup, w.sup.config, config_server(w.sup.config, 0), &s);
        oom_hold();
        if (r == 0)
                server_free(s);
        else
                assert_null(s);
        for (size_t i = 0; i < ROWS; i++)
                assert_null(w.sup.rows[i]);
        oom_release();
        world_done(&w);
        return r;
}

static void test_server_new(void **state UNUSED)
{
        oom_each(op_server_new, NULL);
}

static int op_status(void *arg UNUSED)
{
        World w;
        world_setup(&w, true);
        Buf b = BUF_INIT(BUF_CAP_NONE);
        JsonWriter json = JSON_WRITER(&b);
        int r = status_json(&w.sup, NULL, 0, &json);
        buf_done(&b);
        world_done(&w);
        return r;
}

static void test_status(void **state UNUSED)
{
        oom_each(op_status, NULL);
}

/* ---- what answers all the same ------------------------------------------------ */

/* What the peer has got: 1: an answer, 0: a hang-up or nothing. */
static bool has_answer(World *w)
{
        char text[65536];
        control_server_flush(&w->sup.control);
        ssize_t n = recv(w->peer, text, sizeof(text) - 1, 0);
        if (n <= 0)
                return false;
        text[n] = '\0';
        return strstr(text, "\"ok\":") != NULL;
}

/* Each allocation of an answer fails in turn. */
static void each_allocation(const char *line)
{
        bool failed = true;
        for (unsigned n = 1; failed; n++) {
                World w;
                char copy[64];
                ControlRequest request;
                assert_true(n < MOST);
                world_setup(&w, true);
                snprintf(copy, sizeof(copy), "%s", line);
                assert_null(control_parse(copy, &request));
                oom_arm(n);
                answer_ops.request(&w.sup.control, w.conn, &request);
                event_log_add(&w.sup.events, &(const Event){.type = "test", .text = "more"});
                askers_event_added(&w.sup);
                askers_server_changed(&w.sup, w.server);
                failed = oom_disarm();
                bool answered = has_answer(&w);
                if (!failed && !request.follow)
                        assert_true(answered);
                world_done(&w);
        }
}

static void test_answers(void **state UNUSED)
{
        static const char *const lines[] = {
                "status",    "status fs", "status fx",        "history",           "events",
                "events -f", "logs fs",   "logs -f fs",       "stop fs",           "stop --all",
                "drain",     "ping",      "logs --tail=3 fs", "stop --no-wait fs",
        };
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                each_allocation(lines[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_server_new),
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_answers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
