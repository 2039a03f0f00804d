/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as a process: its first words, its configurations, the handshake with each instance, and a
 * gateway after another. Calls of clients: test-gateway-calls.c. */
#include "support/gateway-world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "build-id.h"
#include "gateway/gateway.h"

#define RESULT "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}"

static Peer *const p = &world.peer;

static void greet(void)
{
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_greets(p, "{}");
}

/* ---- the handshake ------------------------------------------------------------- */

static void test_handshake(void **state UNUSED)
{
        Span result;
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        peer_says(p, "Server running\n\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n"
                     "{\"jsonrpc\":\"2.0\",\"id\":@,\"resu");
        hear_nothing();
        peer_says(p, "lt\":{\"protocolVersion\":\"2025-06-18\"}}\n"
                     "{\"jsonrpc\":\"2.0\",\"id\":@,\"error\":{\"code\":1,\"message\":\"\"}}\nmore\n");
        hear_ready(p);
        assert_non_null(strstr(peer_reads(p), "notifications/initialized"));
        hear_nothing();
        hear_nothing();
        assert_false(notebook_mid_line(p->notebook));
        assert_true(notebook_initialized(p->notebook, &result));
        assert_span_equal(result, SPAN("{\"protocolVersion\":\"2025-06-18\"}"));
        ScoreServerGateway *score = &scoreboard_server(world.board, world.row)->gateway;
        assert_int_equal(score_get(&score->stray_lines), 2);
        assert_int_equal(score_get(&score->late_answers), 1);
        assert_true(score_get(&score->bytes_in) > 100);
}

/* What a server asks of us is answered also before it is ready. */
static void test_ping_of_server(void **state UNUSED)
{
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        peer_writes(p, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n");
        assert_string_equal(peer_reads(p), "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}");
        peer_responds(p, RESULT);
        hear_ready(p);
}

/* It is read and what it says is dropped, more than the pipe holds; then it is drained, and has gone. */
static void test_drain_idle(void **state UNUSED)
{
        IpcInstance id = {.row = world.row, .instance = 3};
        greet();
        for (int i = 0; i < 2000; i++)
                peer_writes(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
                               "message\",\"params\":{\"level\":\"info\","
                               "\"data\":\"01234567890123456789012345678901234567890123456789\"}}\n");
        id.generation = p->generation;
        tell(IPC_INSTANCE_DRAIN, &id);
        assert_int_equal(((const IpcInstance *)hear(IPC_DRAINED))->generation, p->generation);
        peer_reads_end(p); /* it has closed its end, too */
        peer_down(p, "last words");
        peer_down(p, "");
        hear_nothing();
        fd_close_p(&p->out_gateway);
        assert_int_equal(write(p->out, "x", 1), -1);
        assert_int_equal(errno, EPIPE);
}

static void test_errors(void **state UNUSED)
{
        static const struct {
                const char *says;
                IpcFailure failure;
                const char *text;
        } cases[] = {
                {"{\"jsonrpc\":\"2.0\",\"id\":@,\"error\":{\"code\":-32602,\"message\":\"no key\"}}\n",
                 IPC_FAILURE_HANDSHAKE, "error -32602: no key"},
                {"{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":{\"protocolVersion\":\"1999\"}}\n",
                 IPC_FAILURE_HANDSHAKE, "1999"},
                {"{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":[]}\n", IPC_FAILURE_HANDSHAKE, "(none)"},
                {"a\nb\nc\nd\ne\nf\n", IPC_FAILURE_PROTOCOL, "more lines"},
                {NULL, IPC_FAILURE_HANDSHAKE, "closed its stdout"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                peer_open(p, 3, 0);
                peer_up(p, 0);
                peer_reads_request(p, "initialize");
                if (cases[i].says)
                        peer_says(p, cases[i].says);
                else
                        fd_close_p(&p->out);
                hear_failed(p, cases[i].failure, cases[i].text);
                assert_false(notebook_initialized(p->notebook, NULL));
                hear_nothing();
                peer_down(p, "");
                peer_close(p);
        }
}

static void test_long_line(void **state UNUSED)
{
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        (void)peer_writes_many(p, 'x', 300000);
        hear_failed(p, IPC_FAILURE_PROTOCOL, "max_line");
}

/* What the notebook cannot hold is kept by its version. */
static void test_long_result(void **state UNUSED)
{
        Span result;
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        peer_says(p, "{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":{\"protocolVersion\":\"2025-06-18\","
                     "\"instructions\":\"");
        assert_true(peer_writes_many(p, 'x', 70000));
        peer_writes(p, "\"}}\n");
        hear_ready(p);
        assert_true(notebook_initialized(p->notebook, &result));
        assert_span_equal(result, SPAN("{\"protocolVersion\":\"2025-06-18\"}"));
        assert_true(peer_writes_many(p, '\n', 1000000)); /* read and dropped */
        hear_nothing();
}

static void test_stray(void **state UNUSED)
{
        greet();
        peer_writes(p, "1\n2\n3\n4\n5\n"); /* as many as may be */
        hear_nothing();
        peer_writes(p, "6\n");
        hear_failed(p, IPC_FAILURE_PROTOCOL, "more lines");
}

static void test_stdin_closed(void **state UNUSED)
{
        greet(); /* each life counts its ids from the same number */
        unsigned long long id = p->id;
        peer_down(p, "");
        peer_close(p);
        peer_open(p, 3, 0);
        p->id = id;
        fd_close_p(&p->in);
        peer_up(p, 0);
        hear_nothing(); /* its stdout tells the rest */
        peer_responds(p, RESULT);
        hear_ready(p);
}

/* Gone within the moment that it is given: nothing is said of it. */
static void test_down_after_eof(void **state UNUSED)
{
        peer_open(p, 3, 0);
        peer_up(p, 0);
        peer_reads_request(p, "initialize");
        fd_close_p(&p->out);
        fd_close_p(&p->in);
        hear_nothing();
        peer_down(p, "");
        hear_nothing();
}

static void test_ready_then_eof(void **state UNUSED)
{
        greet();
        fd_close_p(&p->out);
        hear_failed(p, IPC_FAILURE_PROTOCOL, "closed its stdout");
}

/* The pipe is full: the request waits, the loop does not, and the notebook tells the next gateway. */
static void test_stdin_full(void **state UNUSED)
{
        char page[4096];
        memset(page, 'y', sizeof(page));
        peer_open(p, 3, 0);
        assert_int_equal(fcntl(p->in_gateway, F_SETPIPE_SZ, 4096), 4096);
        assert_int_equal(write(p->in_gateway, page, sizeof(page)), sizeof(page));
        peer_up(p, 0);
        for (int i = 0; i < 1000 && !notebook_mid_line(p->notebook); i++)
                hear_nothing();
        assert_true(notebook_mid_line(p->notebook));
        for (size_t n = 0; n < sizeof(page);) {
                ssize_t k = read(p->in, page, sizeof(page) - n);
                assert_true(k > 0);
                n += (size_t)k;
        }
        peer_greets(p, "{}");
        for (int i = 0; i < 1000 && notebook_mid_line(p->notebook); i++)
                hear_nothing();
        assert_false(notebook_mid_line(p->notebook));
}

/* ---- pings ------------------------------------------------------------------------- */

#define PINGS "servers: {fs: {command: x, health: {interval: 1s, timeout: 100ms, failures: 1}}}"

static void test_unresponsive(void **state UNUSED)
{
        configure(1, PINGS);
        greet();
        peer_answers(p, "ping", "{}");
        assert_non_null(strstr(peer_reads(p), "\"method\":\"ping\""));
        hear_failed(p, IPC_FAILURE_UNRESPONSIVE, "does not answer pings");
}

/* ---- a gateway after another ---------------------------------------------------- */

static void test_again_mid_line(void **state UNUSED)
{
        peer_open(p, 3, 0);
        notebook_set_mid_line(p->notebook, true);
        peer_up(p, IPC_INSTANCE_AGAIN);
        assert_string_equal(peer_reads(p), "");
        peer_writes(p, "is is the rest of a line\n"); /* that the earlier one had begun to read */
        peer_greets(p, "{}");
        assert_int_equal(score_get(&scoreboard_server(world.board, world.row)->gateway.stray_lines),
                         1); /* dropped, and counted */
}

static void test_again_initialized(void **state UNUSED)
{
        peer_open(p, 3, 0);
        assert_int_equal(notebook_set_initialized(p->notebook, SPAN("{\"protocolVersion\":\"2025-06-18\"}")),
                         0);
        peer_up(p, IPC_INSTANCE_AGAIN);
        hear_ready(p);
        peer_reads_nothing(p); /* no second handshake */
}

static void test_again_ready_before(void **state UNUSED)
{
        peer_open(p, 3, 0);
        notebook_set_mid_line(p->notebook, true);
        assert_int_equal(notebook_set_initialized(p->notebook, SPAN("{\"protocolVersion\":\"2025-06-18\"}")),
                         0);
        peer_up(p, IPC_INSTANCE_AGAIN | IPC_INSTANCE_READY_BEFORE);
        assert_string_equal(peer_reads(p), "");
        hear_nothing();
        assert_false(notebook_mid_line(p->notebook));
}

static void test_again_scribbled(void **state UNUSED)
{
        peer_open(p, 3, 0);
        assert_int_equal(notebook_set_initialized(p->notebook, SPAN("rubbish")), 0);
        peer_up(p, IPC_INSTANCE_AGAIN);
        hear_failed(p, IPC_FAILURE_HANDSHAKE, "notebook");
}

static void test_bad_notebook(void **state UNUSED)
{
        peer_open(p, 3, 0);
        fd_close_p(&p->notebook_fd);
        assert_int_equal(fd_memfd_new("no notebook", &p->notebook_fd), 0);
        peer_up(p, 0);
        hear_failed(p, IPC_FAILURE_HANDSHAKE, strerror(EBADMSG));
        peer_down(p, "");
        hear_nothing();
}

static void test_unknown_row(void **state UNUSED)
{
        uint32_t row = world.row;
        peer_open(p, 3, 0);
        world.row = row + 1;
        peer_up(p, 0);
        hear_failed(p, IPC_FAILURE_HANDSHAKE, "no such server");
        world.row = 1000000;
        peer_up(p, 0);
        hear_failed(p, IPC_FAILURE_HANDSHAKE, "no such server");
        world.row = row;
}

/* ---- configuration ---------------------------------------------------------------- */

static void test_refused(void **state UNUSED)
{
        CLEANUP_FD int empty = -EBADF;
        CLEANUP_FD int other = blob_of("servers: {other: {command: x}}"), none = blob_of("servers: {}");
        CLEANUP_FD int good = blob_of("servers: {fs: {command: x}}");
        tell_server(2, "fs");
        tell_prepare(2, other, NULL, 0);
        assert_int_equal(((const IpcConfig *)hear(IPC_REFUSED))->generation, 2);
        assert_non_null(strstr(world.message + sizeof(IpcConfig), "rows"));
        assert_int_equal(fd_memfd_new("empty", &empty), 0);
        tell_prepare(3, empty, NULL, 0);
        (void)hear(IPC_REFUSED);
        assert_int_equal(write(empty, "no blob", 7), 7);
        tell_prepare(3, empty, NULL, 0);
        (void)hear(IPC_REFUSED);
        assert_non_null(strstr(world.message + sizeof(IpcConfig), "cannot be read"));
        tell_text(IPC_PREPARE, &(IpcConfig){.generation = 3}, SPAN_NONE, (int[]){none, empty}, 2);
        (void)hear(IPC_REFUSED); /* tokens that are none */
        tell_server(4, "fs");
        tell_prepare(4, good, NULL, 0);
        (void)hear(IPC_PREPARED);
        tell(IPC_ABORT, &(IpcConfig){.generation = 4});
        tell_server(5, "fs");
        tell_prepare(5, good, NULL, 0);
        (void)hear(IPC_PREPARED);
        tell(IPC_ABORT, &(IpcConfig){.generation = 4}); /* of another one */
        tell(IPC_COMMIT, &(IpcConfig){.generation = 5});
        hear_nothing();
        tell(IPC_COMMIT, &(IpcConfig){.generation = 5}); /* there is none */
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

/* An instance lives on over a change of its configuration, and goes with its server. */
static void test_reload(void **state UNUSED)
{
        CLEANUP_FD int none = blob_of("servers: {}");
        greet();
        configure(2, "servers: {fs: {command: x}}\nlimits: {max_line: 256K}\n");
        peer_writes(p, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n");
        assert_non_null(strstr(peer_reads(p), "\"id\":\"p\",\"result\":{}"));
        tell_prepare(3, none, NULL, 0);
        (void)hear(IPC_PREPARED);
        tell(IPC_COMMIT, &(IpcConfig){.generation = 3});
        peer_reads_end(p);
        peer_down(p, ""); /* it is known no more */
        hear_nothing();
}

/* ---- the process ------------------------------------------------------------------------ */

static void test_ping_drain_stop(void **state UNUSED)
{
        ScoreProcess *score = scoreboard_process(world.board, SCORE_GATEWAY);
        hear_nothing();
        assert_true(score_get(&score->memory) > 0);
        assert_true(score_get(&score->fds) >= 5);
        tell(IPC_SERVER_STATE, &(IpcServerState){.row = 3, .code = -1});
        tell(IPC_WANT_REFUSED, &(IpcWantRefused){.row = 3});
        tell_text(IPC_CATALOGUE, &(IpcCatalogue){.row = 3}, SPAN_NONE, &world.control, 1);
        tell(IPC_INSTANCE_DRAIN, &(IpcInstance){.generation = 77}); /* one that there is not */
        (void)hear(IPC_DRAINED);
        tell(IPC_DRAIN, &(IpcPlain){0});
        (void)hear(IPC_ALL_DRAINED);
        char name[64];
        (void)snprintf(name, sizeof(name), "/proc/%d/environ", (int)world.pid);
        CLEANUP_FD int fd = open(name, O_RDONLY | O_CLOEXEC);
        assert_true(geteuid() == 0 || fd < 0); /* nobody of the same uid looks into it */
        tell(IPC_STOP, &(IpcPlain){0});
        assert_int_equal(wait_exit(), EXIT_SUCCESS);
}

static void test_wrong_build(void **state UNUSED)
{
        say_hello("another-build");
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

static void test_before_hello(void **state UNUSED)
{
        tell(IPC_PING, &(IpcPing){0});
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

static void test_second_hello(void **state UNUSED)
{
        world.board = scoreboard_free(world.board);
        fd_close_p(&world.control);
        say_hello(MCPVISOR_BUILD_ID);
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

static void test_bad_scoreboard(void **state UNUSED)
{
        IpcHello m = {.build_id = MCPVISOR_BUILD_ID, .max_servers = 4};
        tell_text(IPC_HELLO, &m, SPAN_NONE, (int[]){STDIN_FILENO, STDIN_FILENO}, 2);
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

static void test_illegal(void **state UNUSED)
{
        assert_int_equal(send(world.ipc, "x", 1, 0), 1);
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

static void test_by_hand(void **state UNUSED)
{
        (void)fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                (void)close(GATEWAY_IPC_FD);
                (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
                (void)close(GATEWAY_IPC_FD);
                exit(gateway_main(1, (char *[]){(char *)(uintptr_t) "@gateway", NULL}, NULL));
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 70);
}

#define TEST(f) WORLD_TEST(f, world_setup)
#define BARE(f) WORLD_TEST(f, world_setup_bare)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_handshake),
                TEST(test_ping_of_server),
                TEST(test_drain_idle),
                TEST(test_errors),
                TEST(test_long_line),
                TEST(test_long_result),
                TEST(test_stray),
                TEST(test_stdin_closed),
                TEST(test_down_after_eof),
                TEST(test_ready_then_eof),
                TEST(test_stdin_full),
                WORLD_TEST(test_unresponsive, world_setup_up),
                TEST(test_again_mid_line),
                TEST(test_again_initialized),
                TEST(test_again_ready_before),
                TEST(test_again_scribbled),
                TEST(test_bad_notebook),
                TEST(test_unknown_row),
                TEST(test_refused),
                TEST(test_reload),
                TEST(test_ping_drain_stop),
                BARE(test_wrong_build),
                BARE(test_before_hello),
                TEST(test_second_hello),
                BARE(test_bad_scoreboard),
                TEST(test_illegal),
                cmocka_unit_test(test_by_hand),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
