/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "build-id.h"
#include "config/blob.h"
#include "gateway/gateway.h"
#include "ipc/channel.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"
#include "ipc/token.h"

enum { PATIENCE = 20000 /* ms */ };

/* The test is the supervisor, and the server at the other end of the pipes. */
typedef struct World {
        pid_t pid;
        int ipc, control; /* our ends */
        Scoreboard *board;
        uint32_t row;
        uint64_t row_generation;
        char message[sizeof(IpcHello) + IPC_TEXT_MAX]; /* the last one */
        int in, out, notebook_fd;                      /* of the instance: we read in, write out */
        int in_gateway, out_gateway;                   /* our copies of the gateway's ends */
        Notebook *notebook;
} World;

static World w;

/* ---- the supervisor's side -------------------------------------------------- */

static void tell_text(uint32_t type, void *m, Span text, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
        } control = {0};
        const IpcTypeRow *row = ipc_type(type);
        *(IpcHeader *)m = (IpcHeader){type, row->size + (uint32_t)text.len};
        struct iovec iov[2] = {{m, row->size}, {(void *)(uintptr_t)text.ptr, text.len}};
        struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2};
        if (n_fds) {
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *k = CMSG_FIRSTHDR(&h);
                *k = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS,
                                      .cmsg_len = CMSG_LEN(n_fds * sizeof(int))};
                memcpy(CMSG_DATA(k), fds, n_fds * sizeof(int));
        }
        assert_true(sendmsg(w.ipc, &h, MSG_NOSIGNAL) > 0);
}

static void tell(uint32_t type, void *m)
{
        tell_text(type, m, SPAN_NONE, NULL, 0);
}

/* The next message, which is of that type and valid. */
static const void *hear(uint32_t type)
{
        struct pollfd p = {.fd = w.ipc, .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE), 1);
        memset(w.message, 0, sizeof(w.message));
        ssize_t n = recv(w.ipc, w.message, sizeof(w.message) - 1, 0);
        assert_true(n > 0);
        assert_true(ipc_message_valid(span_from(w.message, (size_t)n), 0, IPC_TO_SUPERVISOR));
        assert_int_equal(((const IpcHeader *)(const void *)w.message)->type, type);
        return w.message;
}

/* Nothing has been said before the answer to this. */
static void hear_nothing(void)
{
        static uint64_t serial;
        tell(IPC_PING, &(IpcPing){.serial = ++serial});
        assert_int_equal(((const IpcPing *)hear(IPC_PONG))->serial, serial);
}

static void start(void)
{
        int fds[2];
        w = (World){.control = -EBADF, .in = -EBADF, .out = -EBADF, .notebook_fd = -EBADF};
        w.in_gateway = w.out_gateway = -EBADF;
        assert_int_equal(ipc_pair(fds), 0);
        assert_int_equal(fd_set_nonblock(fds[0], false), 0);
        w.ipc = fds[0];
        (void)fflush(NULL);
        w.pid = fork();
        assert_true(w.pid >= 0);
        if (w.pid == 0) {
                (void)close(fds[0]);
                (void)dup2(fds[1], GATEWAY_IPC_FD);
                if (fds[1] != GATEWAY_IPC_FD)
                        (void)close(fds[1]);
                exit(gateway_main(1, (char *[]){(char *)(uintptr_t) "@gateway", NULL}));
        }
        (void)close(fds[1]);
}

static void say_hello(const char *build)
{
        IpcHello m = {.max_servers = 4, .log_level = 3, .ping_every = NSEC_PER_SEC};
        int control[2];
        (void)snprintf(m.build_id, sizeof(m.build_id), "%s", build);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        w.control = control[0];
        assert_int_equal(scoreboard_new(4, 8, &w.board), 0);
        assert_int_equal(scoreboard_take(w.board, "fs", &w.row, &w.row_generation), 0);
        tell_text(IPC_HELLO, &m, SPAN_NONE, (int[]){scoreboard_fd(w.board), control[1]}, 2);
        (void)close(control[1]);
}

static int blob_of(const char *yaml)
{
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        int fd = -EBADF;
        assert_int_equal(config_encode(c, VIEW_GATEWAY, &b), 0);
        assert_int_equal(fd_memfd_new("blob", &fd), 0);
        assert_int_equal(fd_write_all(fd, buf_span(&b)), 0);
        assert_int_equal(fd_memfd_seal(fd), 0);
        return fd;
}

static void tell_prepare(uint64_t generation, int blob, const IpcToken *tokens, size_t n)
{
        CLEANUP_FD int fd = -EBADF;
        assert_int_equal(ipc_tokens_write(tokens, n, &fd), 0);
        tell_text(IPC_PREPARE, &(IpcConfig){.generation = generation}, SPAN_NONE, (int[]){blob, fd}, 2);
}

static void prepare(uint64_t generation, const char *yaml, const char *row_name)
{
        CLEANUP_FD int fd = blob_of(yaml);
        IpcServerRow row = {
                .generation = generation, .row_generation = w.row_generation, .row = w.row, .index = 0};
        tell_text(IPC_SERVER_ROW, &row, span_of(row_name), NULL, 0);
        tell_prepare(generation, fd, NULL, 0);
}

static void configure(const char *yaml)
{
        prepare(1, yaml, "fs");
        assert_int_equal(((const IpcConfig *)hear(IPC_PREPARED))->generation, 1);
        tell(IPC_COMMIT, &(IpcConfig){.generation = 1});
}

static int wait_exit(void)
{
        int status;
        assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
        w.pid = 0;
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void close_instance(void)
{
        fd_close_p(&w.in);
        fd_close_p(&w.out);
        fd_close_p(&w.in_gateway);
        fd_close_p(&w.out_gateway);
        fd_close_p(&w.notebook_fd);
        w.notebook = notebook_free(w.notebook);
}

static int teardown(void **state UNUSED)
{
        close_instance();
        fd_close_p(&w.ipc);
        fd_close_p(&w.control);
        w.board = scoreboard_free(w.board);
        if (w.pid > 0) /* the end of its ipc ends it */
                assert_int_equal(wait_exit(), 0);
        return 0;
}

static int setup(void **state UNUSED)
{
        start();
        say_hello(MCPVISOR_BUILD_ID);
        assert_string_equal(((const IpcUp *)hear(IPC_UP))->build_id, MCPVISOR_BUILD_ID);
        configure("servers: {fs: {command: x}}\nlimits: {max_line: 128K, max_stray: 5}\n");
        return 0;
}

static int setup_bare(void **state UNUSED)
{
        start();
        return 0;
}

/* ---- an instance ------------------------------------------------------------- */

static void open_instance(void)
{
        int in[2], out[2];
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        w.in = in[0];
        w.in_gateway = in[1];
        w.out_gateway = out[0];
        w.out = out[1];
        assert_int_equal(notebook_new(&w.notebook_fd), 0);
        assert_int_equal(notebook_map(w.notebook_fd, &w.notebook), 0);
}

static void instance_up(uint32_t flags)
{
        IpcInstanceUp m = {.row = w.row, .instance = 3, .generation = 9, .flags = flags};
        tell_text(IPC_INSTANCE_UP, &m, SPAN_NONE, (int[]){w.in_gateway, w.out_gateway, w.notebook_fd}, 3);
}

/* A line that the gateway wrote to the server's stdin. */
static void server_reads(char *line, size_t size)
{
        size_t n = 0;
        for (char c = 0; c != '\n'; n++) {
                struct pollfd p = {.fd = w.in, .events = POLLIN};
                assert_int_equal(poll(&p, 1, PATIENCE), 1);
                assert_int_equal(read(w.in, &c, 1), 1);
                assert_true(n + 1 < size);
                line[n] = c;
        }
        line[n] = '\0';
}

static void server_reads_initialize(void)
{
        char line[1024];
        server_reads(line, sizeof(line));
        assert_non_null(strstr(line, "\"id\":1,\"method\":\"initialize\""));
        assert_non_null(strstr(line, "2025-11-25"));
}

static void server_writes(const char *text)
{
        assert_int_equal(fd_write_all(w.out, span_of(text)), 0);
}

#define RESULT                                                                                               \
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}}" \
        "\n"

static void hear_ready(void)
{
        const IpcInstanceReady *m = hear(IPC_INSTANCE_READY);
        assert_int_equal(m->row, w.row);
        assert_int_equal(m->instance, 3);
        assert_int_equal(m->generation, 9);
        assert_int_equal(m->era, IPC_ERA_LEGACY);
        assert_string_equal(m->protocol, "2025-06-18");
}

static void hear_failed(IpcFailure failure, const char *text)
{
        const IpcInstanceFailed *m = hear(IPC_INSTANCE_FAILED);
        assert_int_equal(m->generation, 9);
        assert_int_equal(m->failure, failure);
        assert_non_null(strstr((const char *)(m + 1), text));
}

static void test_handshake(void **state UNUSED)
{
        char line[1024];
        Span result;
        open_instance();
        instance_up(0);
        server_reads_initialize();
        server_writes("Server running\n\n{\"method\":\"notifications/message\"}\n{\"id\":1,\"resu");
        hear_nothing();
        server_writes("lt\":{\"protocolVersion\":\"2025-06-18\"}}\n{\"id\":1,\"error\":{}}\nmore\n");
        hear_ready();
        server_reads(line, sizeof(line));
        assert_non_null(strstr(line, "notifications/initialized"));
        assert_false(notebook_mid_line(w.notebook));
        assert_true(notebook_initialized(w.notebook, &result));
        assert_span_equal(result, SPAN("{\"protocolVersion\":\"2025-06-18\"}"));
        ScoreServerGateway *score = &scoreboard_server(w.board, w.row)->gateway;
        assert_int_equal(score_get(&score->stray_lines), 2);
        assert_true(score_get(&score->bytes_in) > 100);

        for (int i = 0; i < 100; i++) /* read and dropped: more than the pipe holds */
                server_writes(
                        "{\"method\":\"notifications/message\",\"params\":{\"data\":\"0123456789012345678901"
                        "23456789012345678901234567890123456789\"}}\nno message at all\n");
        IpcInstanceDown down = {.row = w.row, .instance = 3, .generation = 9, .code = -1};
        tell(IPC_INSTANCE_DRAIN, &(IpcInstance){.row = w.row, .instance = 3, .generation = 9});
        assert_int_equal(((const IpcInstance *)hear(IPC_DRAINED))->generation, 9);
        fd_close_p(&w.in_gateway);
        struct pollfd p = {.fd = w.in, .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE), 1); /* it has closed its end, too */
        assert_int_equal(read(w.in, line, 1), 0);
        tell_text(IPC_INSTANCE_DOWN, &down, SPAN("last words"), NULL, 0);
        tell(IPC_INSTANCE_DOWN, &down);
        hear_nothing();
        fd_close_p(&w.out_gateway);
        assert_int_equal(write(w.out, "x", 1), -1);
        assert_int_equal(errno, EPIPE);
}

static void test_errors(void **state UNUSED)
{
        static const struct {
                const char *says;
                IpcFailure failure;
                const char *text;
        } cases[] = {
                {"{\"id\":1,\"error\":{\"code\":-32602,\"message\":\"no key\"}}\n", IPC_FAILURE_HANDSHAKE,
                 "error -32602: no key"},
                {"{\"id\":1,\"result\":{\"protocolVersion\":\"1999\"}}\n", IPC_FAILURE_HANDSHAKE, "1999"},
                {"a\nb\nc\nd\ne\nf\n", IPC_FAILURE_PROTOCOL, "too many lines"},
                {NULL, IPC_FAILURE_HANDSHAKE, "closed its stdout"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                open_instance();
                instance_up(0);
                server_reads_initialize();
                if (cases[i].says)
                        server_writes(cases[i].says);
                else
                        fd_close_p(&w.out);
                hear_failed(cases[i].failure, cases[i].text);
                assert_false(notebook_initialized(w.notebook, NULL));
                hear_nothing();
                tell(IPC_INSTANCE_DOWN, &(IpcInstanceDown){.row = w.row, .instance = 3, .generation = 9});
                close_instance();
        }
}

/* A server writes n bytes while somebody reads; false when nobody does any more. */
static bool server_writes_many(char c, size_t n)
{
        char page[4096];
        memset(page, c, sizeof(page));
        assert_int_equal(fd_set_nonblock(w.out, true), 0);
        while (n) {
                struct pollfd p[2] = {{.fd = w.out, .events = POLLOUT}, {.fd = w.ipc, .events = POLLIN}};
                assert_true(poll(p, 2, PATIENCE) > 0);
                ssize_t k = write(w.out, page, MIN(n, sizeof(page)));
                if (k < 0 && (p[1].revents & POLLIN))
                        return false;
                n -= k > 0 ? (size_t)k : 0;
        }
        return fd_set_nonblock(w.out, false) == 0;
}

static void test_long_line(void **state UNUSED)
{
        open_instance();
        instance_up(0);
        server_reads_initialize();
        (void)server_writes_many('x', 300000);
        hear_failed(IPC_FAILURE_PROTOCOL, "max_line");
}

/* What the notebook cannot hold is kept by its version. */
static void test_long_result(void **state UNUSED)
{
        Span result;
        open_instance();
        instance_up(0);
        server_reads_initialize();
        server_writes("{\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\",\"instructions\":\"");
        assert_true(server_writes_many('x', 70000));
        server_writes("\"}}\n");
        hear_ready();
        assert_true(notebook_initialized(w.notebook, &result));
        assert_span_equal(result, SPAN("{\"protocolVersion\":\"2025-06-18\"}"));
        assert_true(server_writes_many('\n', 1000000)); /* read and dropped */
        hear_nothing();
}

static void test_stdin_closed(void **state UNUSED)
{
        open_instance();
        fd_close_p(&w.in);
        instance_up(0);
        hear_nothing(); /* its stdout tells the rest */
        server_writes(RESULT);
        hear_ready();
}

/* Gone within the moment that it is given: nothing is said of it. */
static void test_down_after_eof(void **state UNUSED)
{
        open_instance();
        instance_up(0);
        server_reads_initialize();
        fd_close_p(&w.out);
        fd_close_p(&w.in);
        hear_nothing();
        tell(IPC_INSTANCE_DOWN, &(IpcInstanceDown){.row = w.row, .instance = 3, .generation = 9});
        hear_nothing();
}

static void test_ready_then_eof(void **state UNUSED)
{
        open_instance();
        instance_up(0);
        server_reads_initialize();
        server_writes(RESULT);
        hear_ready();
        fd_close_p(&w.out);
        hear_failed(IPC_FAILURE_PROTOCOL, "closed its stdout");
}

/* The pipe is full: the request waits, the loop does not, and the notebook tells the next gateway. */
static void test_stdin_full(void **state UNUSED)
{
        char page[4096], line[1024];
        memset(page, 'y', sizeof(page));
        open_instance();
        assert_int_equal(fcntl(w.in_gateway, F_SETPIPE_SZ, 4096), 4096);
        assert_int_equal(write(w.in_gateway, page, sizeof(page)), sizeof(page));
        instance_up(0);
        hear_nothing();
        assert_true(notebook_mid_line(w.notebook));
        for (size_t n = 0; n < sizeof(page);) {
                ssize_t k = read(w.in, page, sizeof(page) - n);
                assert_true(k > 0);
                n += (size_t)k;
        }
        server_reads(line, sizeof(line));
        assert_non_null(strstr(line, "initialize"));
        server_writes(RESULT);
        hear_ready();
        assert_false(notebook_mid_line(w.notebook));
}

/* ---- a gateway after another ---------------------------------------------------- */

static void test_again_mid_line(void **state UNUSED)
{
        char line[1024];
        open_instance();
        notebook_set_mid_line(w.notebook, true);
        instance_up(IPC_INSTANCE_AGAIN);
        server_reads(line, sizeof(line));
        assert_string_equal(line, "\n");
        server_reads_initialize();
        server_writes(RESULT);
        hear_ready();
}

static void test_again_initialized(void **state UNUSED)
{
        open_instance();
        assert_int_equal(notebook_set_initialized(w.notebook, SPAN("{\"protocolVersion\":\"2025-06-18\"}")),
                         0);
        instance_up(IPC_INSTANCE_AGAIN);
        hear_ready();
        struct pollfd p = {.fd = w.in, .events = POLLIN};
        hear_nothing();
        assert_int_equal(poll(&p, 1, 0), 0); /* no second handshake */
}

static void test_again_ready_before(void **state UNUSED)
{
        char line[16];
        open_instance();
        notebook_set_mid_line(w.notebook, true);
        assert_int_equal(notebook_set_initialized(w.notebook, SPAN("{\"protocolVersion\":\"2025-06-18\"}")),
                         0);
        instance_up(IPC_INSTANCE_AGAIN | IPC_INSTANCE_READY_BEFORE);
        server_reads(line, sizeof(line));
        assert_string_equal(line, "\n");
        hear_nothing();
        assert_false(notebook_mid_line(w.notebook));
}

static void test_again_scribbled(void **state UNUSED)
{
        open_instance();
        assert_int_equal(notebook_set_initialized(w.notebook, SPAN("rubbish")), 0);
        instance_up(IPC_INSTANCE_AGAIN);
        hear_failed(IPC_FAILURE_HANDSHAKE, "notebook");
}

static void test_bad_notebook(void **state UNUSED)
{
        open_instance();
        fd_close_p(&w.notebook_fd);
        assert_int_equal(fd_memfd_new("no notebook", &w.notebook_fd), 0);
        instance_up(0);
        hear_failed(IPC_FAILURE_HANDSHAKE, strerror(EBADMSG));
        tell(IPC_INSTANCE_DOWN, &(IpcInstanceDown){.row = w.row, .instance = 3, .generation = 9});
        hear_nothing();
}

/* ---- configuration ---------------------------------------------------------------- */

static void test_refused(void **state UNUSED)
{
        CLEANUP_FD int empty = -EBADF;
        prepare(2, "servers: {other: {command: x}}", "fs");
        assert_int_equal(((const IpcConfig *)hear(IPC_REFUSED))->generation, 2);
        assert_non_null(strstr(w.message + sizeof(IpcConfig), "rows"));
        assert_int_equal(fd_memfd_new("empty", &empty), 0);
        tell_prepare(3, empty, NULL, 0);
        (void)hear(IPC_REFUSED);
        assert_int_equal(write(empty, "no blob", 7), 7);
        tell_prepare(3, empty, NULL, 0);
        (void)hear(IPC_REFUSED);
        assert_non_null(strstr(w.message + sizeof(IpcConfig), "cannot be read"));
        CLEANUP_FD int good = blob_of("servers: {}");
        tell_text(IPC_PREPARE, &(IpcConfig){.generation = 3}, SPAN_NONE, (int[]){good, empty}, 2);
        (void)hear(IPC_REFUSED); /* tokens that are none */
        prepare(4, "servers: {fs: {command: x}}", "fs");
        (void)hear(IPC_PREPARED);
        tell(IPC_ABORT, &(IpcConfig){.generation = 4});
        prepare(5, "servers: {fs: {command: x}}", "fs");
        (void)hear(IPC_PREPARED);
        tell(IPC_ABORT, &(IpcConfig){.generation = 4}); /* of another one */
        tell(IPC_COMMIT, &(IpcConfig){.generation = 5});
        hear_nothing();
        tell(IPC_COMMIT, &(IpcConfig){.generation = 5}); /* there is none */
        assert_int_equal(wait_exit(), EXIT_FAILURE);
}

/* ---- clients ------------------------------------------------------------------------- */

static int listen_here(struct sockaddr_un *ret)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof(*ret);
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(sa_family_t)),
                         0); /* a name of the kernel's */
        assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
        assert_int_equal(listen(fd, 16), 0);
        return fd;
}

static int client_of(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(sa_family_t) + 6), 0);
        return fd;
}

static void assert_answer(int fd)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(fd_read_all(fd, &b), 0);
        Span s = buf_span(&b);
        assert_true(span_starts(s, SPAN("HTTP/1.1 503 Service Unavailable\r\n")));
        size_t head = span_find_span(s, SPAN("\r\n\r\n"));
        unsigned length = 0;
        const char *at = strstr(b.data, "Content-Length: ");
        assert_non_null(at);
        assert_int_equal(sscanf(at, "Content-Length: %u", &length), 1);
        assert_int_equal(s.len - head - 4, length);
        assert_non_null(strstr(b.data, "Retry-After: "));
        assert_non_null(strstr(b.data, "Connection: close\r\n"));
        assert_non_null(strstr(b.data, "no data path"));
}

static void test_clients(void **state UNUSED)
{
        struct sockaddr_un address;
        CLEANUP_FD int listener = listen_here(&address);
        IpcListener m = {.index = 2, .kind = IPC_LISTENER_UNIX};
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), &listener, 1);
        for (int i = 0; i < 20; i++) {
                CLEANUP_FD int fd = client_of(&address);
                Span request = SPAN("POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{}");
                assert_int_equal(fd_write_all(fd, request), 0);
                assert_answer(fd);
        }
        CLEANUP_FD int mute = client_of(&address), gone = client_of(&address);
        assert_int_equal(shutdown(mute, SHUT_WR), 0); /* says nothing, gets nothing */
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        assert_int_equal(fd_read_all(mute, &b), 0);
        assert_int_equal(b.len, 0);
        fd_close_p(&gone);
        hear_nothing();

        tell(IPC_LISTENER_DOWN, &m);
        tell(IPC_LISTENER_DOWN, &m);
        hear_nothing();
        CLEANUP_FD int waits = client_of(&address);
        assert_int_equal(fd_write_all(waits, SPAN("GET / HTTP/1.1\r\n\r\n")), 0);
        hear_nothing();
        struct pollfd p = {.fd = waits, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 0), 0); /* in the accept queue: nothing is lost */
        m.index = 7;
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), &listener, 1);
        assert_answer(waits);
}

static void test_tls_is_closed(void **state UNUSED)
{
        struct sockaddr_un address;
        CLEANUP_FD int listener = listen_here(&address);
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        IpcListener m = {.index = 2, .kind = IPC_LISTENER_UNIX};
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), (int[]){listener, w.control}, 2);
        CLEANUP_FD int fd = client_of(&address);
        assert_int_equal(fd_read_all(fd, &b), 0);
        assert_int_equal(b.len, 0);
}

/* ---- the process ------------------------------------------------------------------------ */

static void test_ping_drain_stop(void **state UNUSED)
{
        ScoreProcess *p = scoreboard_process(w.board, SCORE_GATEWAY);
        hear_nothing();
        assert_true(score_get(&p->memory) > 0);
        assert_true(score_get(&p->fds) >= 5);
        tell(IPC_SERVER_STATE, &(IpcServerState){.code = -1});
        tell(IPC_WANT_REFUSED, &(IpcWantRefused){0});
        tell_text(IPC_CATALOGUE, &(IpcServer){0}, SPAN_NONE, &w.control, 1);
        tell(IPC_INSTANCE_DRAIN, &(IpcInstance){.generation = 77}); /* one that there is not */
        (void)hear(IPC_DRAINED);
        tell(IPC_DRAIN, &(IpcPlain){0});
        (void)hear(IPC_ALL_DRAINED);
        char name[64];
        (void)snprintf(name, sizeof(name), "/proc/%d/environ", (int)w.pid);
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
        w.board = scoreboard_free(w.board);
        fd_close_p(&w.control);
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
        assert_int_equal(send(w.ipc, "x", 1, 0), 1);
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
                exit(gateway_main(1, (char *[]){(char *)(uintptr_t) "@gateway", NULL}));
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 70);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define BARE(f) cmocka_unit_test_setup_teardown(f, setup_bare, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_handshake),
                TEST(test_errors),
                TEST(test_long_line),
                TEST(test_long_result),
                TEST(test_stdin_closed),
                TEST(test_down_after_eof),
                TEST(test_ready_then_eof),
                TEST(test_stdin_full),
                TEST(test_again_mid_line),
                TEST(test_again_initialized),
                TEST(test_again_ready_before),
                TEST(test_again_scribbled),
                TEST(test_bad_notebook),
                TEST(test_refused),
                TEST(test_clients),
                TEST(test_tls_is_closed),
                TEST(test_ping_drain_stop),
                BARE(test_wrong_build),
                BARE(test_before_hello),
                TEST(test_second_hello),
                BARE(test_bad_scoreboard),
                TEST(test_illegal),
                cmocka_unit_test(test_by_hand),
        };
        (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
