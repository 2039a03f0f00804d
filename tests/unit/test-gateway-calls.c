/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of clients through the gateway as a process: from a unix socket to the pipes of a server and back,
 * its lists, and servers that are not there yet, not any more, or one session's own. */
#include "support/gateway-world.h"

#include "control/server-state.h"
#include "ipc/catalogue.h"

#define CALL(id, name)                                                                              \
        "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name \
        "\",\"arguments\":{\"big\": 12345678901234567890.10}}}"
#define TOOLS "{\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]}"
#define LIST  "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"}"
#define OK    "HTTP/1.1 200 OK\r\n"

static Peer *const p = &world.peer;

/* An instance that is ready, with one tool. */
static void serve(void)
{
        peer_open(p, 0, 0);
        peer_up(p, 0);
        peer_greets(p, "{\"tools\":{}}");
        peer_answers(p, "tools/list", TOOLS);
        tell_state(SERVER_STATE_READY, IPC_GOAL_UP);
        hear_nothing();
}

static uint64_t in_flight(void)
{
        return score_get(&scoreboard_server(world.board, world.row)->gateway.in_flight);
}

/* ---- through and back ----------------------------------------------------------------- */

static void test_call(void **state UNUSED)
{
        serve();
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("\"\\u0041-1\"", "fs__echo"));
        peer_reads_request(p, "tools/call");
        assert_non_null(
                strstr(p->line, "\"name\":\"echo\",\"arguments\":{\"big\": 12345678901234567890.10}"));
        assert_null(strstr(p->line, "-1"));
        assert_int_equal(in_flight(), 1);
        peer_responds(p, "{\"content\":[], \"n\": 1e400}");
        assert_non_null(strstr(client_hears(client, OK), "{\"result\":{\"content\":[], \"n\": 1e400},"
                                                         "\"jsonrpc\":\"2.0\",\"id\":\"\\u0041-1\"}"));
        peer_responds(p, "{\"content\":[]}"); /* once more: nobody's */
        hear_nothing_until(&scoreboard_server(world.board, world.row)->gateway.late_answers, 1);
        assert_int_equal(in_flight(), 0);
}

static void test_lists(void **state UNUSED)
{
        serve();
        client_greets("/mcp");
        client_asks("/mcp", LIST, OK, "[{\"name\":\"fs__echo\",");
        client_greets("/mcp/fs");
        client_asks("/mcp/fs", LIST, OK, "[{\"name\":\"echo\",");
        ScoreServerGateway *score = &scoreboard_server(world.board, world.row)->gateway;
        assert_int_equal(score_get(&score->tools), 1);
        assert_int_equal(score_get(&score->tools_known), SCORE_TOOLS_LISTED);
        peer_writes(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n");
        peer_answers(p, "tools/list", "{\"tools\":[],\"nextCursor\":\"2\"}");
        peer_answers(p, "tools/list", TOOLS); /* its second page */
        assert_non_null(strstr(p->line, "{\"cursor\":\"2\"}"));
        hear_nothing();
        client_asks("/mcp/fs", LIST, OK, "[{\"name\":\"echo\",");
}

/* A list that comes while its server is starting waits for it. */
static void test_list_waits(void **state UNUSED)
{
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", LIST);
        hear_nothing();
        serve();
        assert_non_null(strstr(client_hears(client, OK), "fs__echo"));
}

/* ---- ends with calls in flight ------------------------------------------------------------ */

static void test_drain(void **state UNUSED)
{
        IpcInstance id = {.row = world.row};
        serve();
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        peer_reads_request(p, "tools/call");
        id.generation = p->generation;
        tell(IPC_INSTANCE_DRAIN, &id);
        hear_nothing(); /* there is a call in flight */
        tell(IPC_DRAIN, &(IpcPlain){0});
        hear_nothing();
        assert_non_null(
                strstr(client_hears(client_begins("POST", "/mcp", LIST), "HTTP/1.1 503 "), "draining"));
        peer_responds(p, "{\"late\":1}");
        assert_int_equal(((const IpcInstance *)hear(IPC_DRAINED))->generation, p->generation);
        (void)hear(IPC_ALL_DRAINED);
        assert_non_null(strstr(client_hears(client, OK), "\"late\":1"));
        peer_reads_end(p);
}

static void test_died(void **state UNUSED)
{
        serve();
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        assert_non_null(strstr(peer_reads(p), "tools/call"));
        peer_down(p, "Segmentation fault\n");
        const char *answer = client_hears(client, OK);
        assert_non_null(strstr(answer, "\"reason\":\"server_died\""));
        assert_non_null(strstr(answer, "\"class\":\"signal\""));
        assert_non_null(strstr(answer, "Segmentation fault"));
        assert_int_equal(in_flight(), 0);
}

/* A line that is too long is its call's loss where its id stands at the front, else the instance's. */
static void test_long_answer(void **state UNUSED)
{
        serve();
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        peer_reads_request(p, "tools/call");
        peer_says(p, "{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":\"");
        assert_true(peer_writes_many(p, 'x', 200000));
        assert_non_null(strstr(client_hears(client, OK), "message_too_large"));
        peer_writes(p, "\"}\n");
        client = client_begins("POST", "/mcp", CALL("2", "fs__echo"));
        (void)peer_reads(p);
        peer_writes(p, "{\"result\":\"");
        (void)peer_writes_many(p, 'x', 200000);
        assert_non_null(strstr(client_hears(client, OK), "protocol_error"));
        hear_failed(p, IPC_FAILURE_PROTOCOL, "max_line");
}

static void test_unresponsive(void **state UNUSED)
{
        configure(2, "servers: {fs: {command: x, health: {interval: 1s, timeout: 100ms, failures: 1}}}");
        serve();
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        assert_non_null(strstr(peer_reads(p), "tools/call"));
        assert_non_null(strstr(peer_reads(p), "\"method\":\"ping\""));
        hear_failed(p, IPC_FAILURE_UNRESPONSIVE, "does not answer pings");
        assert_non_null(strstr(client_hears(client, OK), "protocol_error"));
}

/* The listener goes; its clients stay. One that comes meanwhile waits in the accept queue. */
static void test_listener_down(void **state UNUSED)
{
        IpcListener m = {.index = 2, .kind = IPC_LISTENER_UNIX, .flags = IPC_LISTENER_NO_AUTH};
        client_greets("/mcp");
        tell(IPC_LISTENER_DOWN, &m);
        tell(IPC_LISTENER_DOWN, &m);
        hear_nothing();
        int client = client_begins("GET", "/livez", NULL);
        hear_nothing();
        m.index = 7;
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), &world.listener, 1);
        assert_non_null(strstr(client_hears(client, OK), "\"ok\""));
}

/* A certificate that is none: the address is not opened without. */
static void test_no_tls(void **state UNUSED)
{
        IpcListener m = {.index = 2, .kind = IPC_LISTENER_TCP};
        tell(IPC_LISTENER_DOWN, &(IpcListener){.index = 2});
        tell_text(IPC_LISTENER_UP, &m, SPAN("127.0.0.1:1"), (int[]){world.listener, world.control}, 2);
        int client = client_begins("GET", "/livez", NULL);
        hear_nothing();
        m.kind = IPC_LISTENER_UNIX;
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), &world.listener, 1);
        (void)client_hears(client, OK); /* nobody had taken it before */
}

/* ---- servers that are asked for ------------------------------------------------------------ */

static void hear_want(uint64_t session)
{
        const IpcWant *m = hear(IPC_WANT);
        assert_int_equal(m->row, world.row);
        assert_int_equal(m->row_generation, world.row_generation);
        assert_int_equal(m->session, session);
}

static void test_want(void **state UNUSED)
{
        tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
        hear_want(0); /* nobody has ever seen it */
        tell_state(SERVER_STATE_STARTING, IPC_GOAL_UP);
        serve();
        client_greets("/mcp");
        peer_down(p, "");
        peer_close(p);
        tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
        hear_nothing(); /* now it is known */
        client_asks("/mcp", LIST, OK, "fs__echo");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        hear_want(0);
        int other = client_begins("POST", "/mcp", CALL("2", "fs__echo"));
        hear_nothing_until(&scoreboard_server(world.board, world.row)->gateway.queue_depth, 2);
        hear_nothing(); /* asked for once in each state */
        tell_state(SERVER_STATE_STARTING, IPC_GOAL_UP);
        hear_want(0);
        peer_open(p, 0, 0);
        peer_up(p, 0);
        peer_greets(p, "{\"tools\":{}}");
        peer_answers(p, "tools/list", TOOLS);
        peer_answers(p, "tools/call", "{\"first\":1}");
        peer_answers(p, "tools/call", "{\"second\":1}");
        assert_non_null(strstr(client_hears(client, OK), "\"first\":1"));
        assert_non_null(strstr(client_hears(other, OK), "\"second\":1"));
}

/* Whoever ends before its lists are known is started for them once, not for ever. */
static void test_want_once(void **state UNUSED)
{
        tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
        hear_want(0);
        tell_state(SERVER_STATE_STARTING, IPC_GOAL_UP);
        tell_state(SERVER_STATE_STOPPING, IPC_GOAL_IDLE);
        tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
        hear_nothing();
}

static void test_refused(void **state UNUSED)
{
        static const struct {
                uint32_t answer;
                const char *reason;
        } rows[] = {
                {IPC_WANT_STOPPED, "server_stopped"},
                {IPC_WANT_DEGRADED, "server_degraded"},
                {IPC_WANT_BUSY, "server_busy"},
                {IPC_WANT_BACKOFF, "server_backoff"},
        };
        tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
        hear_want(0);
        client_greets("/mcp");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                tell_state(SERVER_STATE_STOPPING, IPC_GOAL_IDLE);
                tell_state(SERVER_STATE_IDLE, IPC_GOAL_IDLE);
                int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
                hear_want(0);
                IpcWantRefused m = {.row = world.row, .answer = rows[i].answer, .retry_after_ms = 1500};
                tell(IPC_WANT_REFUSED, &m);
                assert_non_null(strstr(client_hears(client, OK), rows[i].reason));
        }
        tell_state(SERVER_STATE_STOPPED, IPC_GOAL_DOWN);
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        hear_want(0);
        assert_non_null(strstr(client_hears(client, OK), "server_stopped"));
}

/* ---- a session's own instance --------------------------------------------------------------- */

#define SESSIONS "servers: {fs: {command: x, share: session}}"

static void hear_release(const Peer *of, IpcReleaseReason why)
{
        const IpcRelease *m = hear(IPC_RELEASE);
        assert_int_equal(m->row, world.row);
        assert_int_equal(m->instance, of->instance);
        assert_int_equal(m->generation, of->generation);
        assert_int_equal(m->reason, why);
        assert_int_equal(m->in_flight, 0);
}

static uint64_t hear_numbered_want(void)
{
        const IpcWant *m = hear(IPC_WANT);
        assert_int_equal(m->row, world.row);
        assert_int_not_equal(m->session, 0);
        return m->session;
}

static void test_lease(void **state UNUSED)
{
        configure(2, SESSIONS);
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        uint64_t number = hear_numbered_want();
        peer_open(p, 1, number);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        assert_non_null(strstr(p->line, "\"capabilities\":{\"roots\":{}}")); /* as its client said */
        peer_responds(p, "{\"protocolVersion\":\"2025-06-18\"}");
        assert_non_null(strstr(peer_reads(p), "notifications/initialized"));
        hear_ready(p);
        uint64_t scout = hear_numbered_want(); /* for the lists, which are made for everybody */
        assert_int_not_equal(scout, number);
        peer_answers(p, "tools/call", "{\"mine\":1}");
        assert_non_null(strstr(client_hears(client, OK), "\"mine\":1"));
        client = client_begins("POST", "/mcp", CALL("2", "fs__echo")); /* the same one */
        peer_answers(p, "tools/call", "{\"again\":1}");
        assert_non_null(strstr(client_hears(client, OK), "\"again\":1"));
        (void)client_hears(client_begins("DELETE", "/mcp", NULL), OK);
        hear_release(p, IPC_RELEASE_ENDED);
        client_asks("/mcp", LIST, "HTTP/1.1 404 ", "");
        peer_down(p, "");
        assert_int_equal(hear_numbered_want(), scout); /* there is room for it now */
        hear_nothing();                                /* released once */
}

static void test_lease_refused(void **state UNUSED)
{
        configure(2, SESSIONS);
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        IpcWantRefused m = {.row = world.row, .answer = IPC_WANT_BUSY, .retry_after_ms = UINT64_MAX};
        m.session = hear_numbered_want() + 1;
        tell(IPC_WANT_REFUSED, &m); /* somebody else's */
        hear_nothing();
        m.session--;
        tell(IPC_WANT_REFUSED, &m);
        assert_non_null(strstr(client_hears(client, OK), "server_busy"));
}

/* Its session has gone before it was ready: nobody's, so it is given back. */
static void test_lease_too_late(void **state UNUSED)
{
        configure(2, SESSIONS);
        client_greets("/mcp");
        int client = client_begins("POST", "/mcp", CALL("1", "fs__echo"));
        uint64_t number = hear_numbered_want();
        (void)client_hears(client_begins("DELETE", "/mcp", NULL), OK);
        assert_non_null(strstr(client_hears(client, OK), "cancelled"));
        peer_open(p, 1, number);
        peer_up(p, 0);
        peer_greets(p, "{}");
        hear_release(p, IPC_RELEASE_ENDED);
        hear_nothing();
}

/* ---- the catalogue ---------------------------------------------------------------------------- */

static void tell_launch(uint64_t launch, int fd)
{
        IpcCatalogue m = {.row = world.row, .row_generation = world.row_generation, .launch = launch};
        tell_text(IPC_CATALOGUE, &m, SPAN_NONE, &fd, fd >= 0);
}

static void tell_catalogue(int fd)
{
        tell_launch(1, fd);
}

static void test_catalogue(void **state UNUSED)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FD int fd = -EBADF;
        assert_int_equal(fd_memfd_new("catalogue", &fd), 0);
        tell_catalogue(fd);
        serve();
        client_greets("/mcp");
        client_asks("/mcp", LIST, OK, "fs__echo");
        assert_int_equal(catalogue_read(fd, &bytes), 0);
        assert_true(span_find_span(buf_span(&bytes), SPAN("echo")) < bytes.len);

        /* The next gateway knows it before the server has said a word. */
        tell(IPC_STOP, &(IpcPlain){0});
        assert_int_equal(wait_exit(), EXIT_SUCCESS);
        (void)world_teardown(NULL);
        world_setup_clients(NULL);
        tell_catalogue(fd);
        client_greets("/mcp");
        client_asks("/mcp", LIST, OK, "fs__echo");
        ScoreServerGateway *score = &scoreboard_server(world.board, world.row)->gateway;
        assert_int_equal(score_get(&score->cache_hits), 1);
        assert_int_equal(score_get(&score->tools_known), SCORE_TOOLS_CACHED);
        peer_open(p, 0, 0);
        peer_up(p, 0);
        peer_greets(p, "{\"tools\":{}}");
        peer_answers(p, "tools/list", "{\"tools\":[{\"name\":\"other\",\"inputSchema\":{}}]}");
        hear_nothing();
        client_asks("/mcp", LIST, OK, "fs__other");
        buf_clear(&bytes);
        assert_int_equal(catalogue_read(fd, &bytes), 0);
        assert_true(span_find_span(buf_span(&bytes), SPAN("other")) < bytes.len);
}

/* A torn file is an empty one; it is written anew. */
static void test_catalogue_torn(void **state UNUSED)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(BUF_CAP_NONE);
        CLEANUP_FD int fd = -EBADF;
        assert_int_equal(fd_memfd_new("catalogue", &fd), 0);
        assert_int_equal(catalogue_write(fd, SPAN("of another gateway")), 0);
        tell_catalogue(fd);
        serve();
        client_greets("/mcp");
        client_asks("/mcp", LIST, OK, "fs__echo");
        assert_int_equal(catalogue_read(fd, &bytes), 0);
        assert_true(span_find_span(buf_span(&bytes), SPAN("echo")) < bytes.len);
}

static void other_program_comes(Peer *other)
{
        peer_open(other, 1, 0);
        peer_up(other, 0);
        peer_greets(other, "{\"tools\":{}}");
        peer_answers(other, "tools/list", "{\"tools\":[{\"name\":\"other\",\"inputSchema\":{}}]}");
        hear_nothing();
}

/* Another program comes under the same name: nothing that the one before has told is listed any more,
 * neither from memory, nor from the file, nor when it says it again before it ends. */
static void test_other_program(void **state UNUSED)
{
        Peer other;
        ScoreServerGateway *score = &scoreboard_server(world.board, world.row)->gateway;
        CLEANUP_FD int fd = -EBADF;
        assert_int_equal(fd_memfd_new("catalogue", &fd), 0);
        tell_catalogue(fd);
        serve();
        client_greets("/mcp");
        client_asks("/mcp", LIST, OK, "fs__echo");
        tell_launch(1, fd);
        client_asks("/mcp", LIST, OK, "fs__echo"); /* the same one */
        peer_writes(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n");
        peer_reads_request(p, "tools/list");
        tell_launch(2, fd);
        hear_nothing();
        assert_int_equal(score_get(&score->tools_known), SCORE_TOOLS_UNKNOWN);
        assert_int_equal(score_get(&score->cache_hits), 0);
        int client = client_begins("POST", "/mcp", LIST);
        peer_responds(p, TOOLS);
        hear_nothing();
        assert_int_equal(score_get(&score->tools_known), SCORE_TOOLS_UNKNOWN);
        other_program_comes(&other);
        const char *answer = client_hears(client, OK);
        assert_non_null(strstr(answer, "fs__other"));
        assert_null(strstr(answer, "fs__echo"));
        peer_close(&other);

        tell_launch(3, -1); /* and one without a file, which is nothing else */
        hear_nothing();
        assert_int_equal(score_get(&score->tools_known), SCORE_TOOLS_UNKNOWN);
}

#define TEST(f) WORLD_TEST(f, world_setup_clients)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_call),         TEST(test_lists),          TEST(test_list_waits),
                TEST(test_drain),        TEST(test_died),           TEST(test_long_answer),
                TEST(test_unresponsive), TEST(test_listener_down),  TEST(test_no_tls),
                TEST(test_want),         TEST(test_want_once),      TEST(test_refused),
                TEST(test_lease),        TEST(test_lease_refused),  TEST(test_lease_too_late),
                TEST(test_catalogue),    TEST(test_catalogue_torn), TEST(test_other_program),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
