/* SPDX-License-Identifier: Apache-2.0 */
#include "support/gateway-world.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/limit-table.h"
#include "build-id.h"
#include "config/blob.h"
#include "control/server-state.h"
#include "gateway/gateway.h"

World world;

/* ---- the supervisor's side -------------------------------------------------- */

void tell_text(uint32_t type, void *m, Span text, const int *fds, size_t n_fds)
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
        assert_true(sendmsg(world.ipc, &h, MSG_NOSIGNAL) > 0);
}

void tell(uint32_t type, void *m)
{
        tell_text(type, m, SPAN_NONE, NULL, 0);
}

static void wait_readable(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, WORLD_PATIENCE), 1);
}

const void *hear(uint32_t type)
{
        wait_readable(world.ipc);
        memset(world.message, 0, sizeof(world.message));
        ssize_t n = recv(world.ipc, world.message, sizeof(world.message) - 1, 0);
        assert_true(n > 0);
        assert_true(ipc_message_valid(span_from(world.message, (size_t)n), 0, IPC_TO_SUPERVISOR));
        const IpcHeader *h = (const IpcHeader *)(const void *)world.message;
        assert_string_equal(ipc_type(h->type)->name, ipc_type(type)->name);
        return world.message;
}

void hear_nothing(void)
{
        static uint64_t serial;
        tell(IPC_PING, &(IpcPing){.serial = ++serial});
        assert_int_equal(((const IpcPing *)hear(IPC_PONG))->serial, serial);
}

void hear_nothing_until(ScoreCell *cell, uint64_t value)
{
        Nsec end = nsec_add(clock_now(&clock_monotonic), WORLD_PATIENCE * NSEC_PER_MSEC);
        while (score_get(cell) != value) {
                assert_true(clock_now(&clock_monotonic) < end);
                hear_nothing();
        }
}

void say_hello(const char *build)
{
        IpcHello m = {.max_servers = 4, .log_level = 3, .ping_every = NSEC_PER_SEC};
        int control[2];
        (void)snprintf(m.build_id, sizeof(m.build_id), "%s", build);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
        world.control = control[0];
        assert_int_equal(scoreboard_new(4, 8, &world.board), 0);
        assert_int_equal(scoreboard_take(world.board, "fs", &world.row, &world.row_generation), 0);
        tell_text(IPC_HELLO, &m, SPAN_NONE, (int[]){scoreboard_fd(world.board), control[1]}, 2);
        (void)close(control[1]);
}

int blob_of(const char *yaml)
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

void tell_prepare(uint64_t generation, int blob, const IpcToken *tokens, size_t n)
{
        CLEANUP_FD int fd = -EBADF;
        assert_int_equal(ipc_tokens_write(tokens, n, &fd), 0);
        tell_text(IPC_PREPARE, &(IpcConfig){.generation = generation}, SPAN_NONE, (int[]){blob, fd}, 2);
}

void tell_server(uint64_t generation, const char *name)
{
        IpcServerRow row = {
                .generation = generation, .row_generation = world.row_generation, .row = world.row};
        tell_text(IPC_SERVER_ROW, &row, span_of(name), NULL, 0);
}

void configure(uint64_t generation, const char *yaml)
{
        CLEANUP_FD int fd = blob_of(yaml);
        tell_server(generation, "fs");
        tell_prepare(generation, fd, NULL, 0);
        assert_int_equal(((const IpcConfig *)hear(IPC_PREPARED))->generation, generation);
        tell(IPC_COMMIT, &(IpcConfig){.generation = generation});
}

void tell_state(uint32_t state, uint32_t goal)
{
        IpcServerState m = {.row = world.row,
                            .row_generation = world.row_generation,
                            .state = state,
                            .goal = goal,
                            .retry_after_ms = UINT64_MAX,
                            .exit_class = UINT32_MAX,
                            .code = -1};
        tell(IPC_SERVER_STATE, &m);
}

int wait_exit(void)
{
        int status;
        assert_int_equal(waitpid(world.pid, &status, 0), world.pid);
        world.pid = 0;
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* ---- setups -------------------------------------------------------------------- */

int world_setup_bare(void **state UNUSED)
{
        int fds[2];
        world = (World){.control = -EBADF, .listener = -EBADF};
        world.peer = (Peer){.in = -EBADF,
                            .out = -EBADF,
                            .in_gateway = -EBADF,
                            .out_gateway = -EBADF,
                            .notebook_fd = -EBADF};
        (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        assert_int_equal(ipc_pair(fds), 0);
        assert_int_equal(fd_set_nonblock(fds[0], false), 0);
        world.ipc = fds[0];
        (void)fflush(NULL);
        world.pid = fork();
        assert_true(world.pid >= 0);
        if (world.pid == 0) {
                (void)close(fds[0]);
                (void)dup2(fds[1], GATEWAY_IPC_FD);
                if (fds[1] != GATEWAY_IPC_FD)
                        (void)close(fds[1]);
                exit(gateway_main(1, (char *[]){(char *)(uintptr_t) "@gateway", NULL}, NULL));
        }
        (void)close(fds[1]);
        return 0;
}

int world_setup_up(void **state)
{
        (void)world_setup_bare(state);
        say_hello(MCPVISOR_BUILD_ID);
        assert_string_equal(((const IpcUp *)hear(IPC_UP))->build_id, MCPVISOR_BUILD_ID);
        return 0;
}

int world_setup(void **state)
{
        (void)world_setup_up(state);
        configure(1, WORLD_YAML);
        return 0;
}

int world_setup_clients(void **state)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        socklen_t size = sizeof(a);
        (void)world_setup_up(state);
        world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(world.listener, (struct sockaddr *)&a, sizeof(sa_family_t)),
                         0); /* a name of the kernel's */
        assert_int_equal(getsockname(world.listener, (struct sockaddr *)&a, &size), 0);
        assert_int_equal(listen(world.listener, 16), 0);
        world.address_size = size - sizeof(sa_family_t);
        assert_true(world.address_size <= sizeof(world.address));
        memcpy(world.address, a.sun_path, world.address_size);
        IpcListener m = {.index = 2, .kind = IPC_LISTENER_UNIX, .flags = IPC_LISTENER_NO_AUTH};
        configure(1, WORLD_YAML);
        tell_text(IPC_LISTENER_UP, &m, SPAN("unix:@x"), &world.listener, 1);
        return 0;
}

int world_teardown(void **state UNUSED)
{
        peer_close(&world.peer);
        fd_close_p(&world.ipc);
        fd_close_p(&world.control);
        fd_close_p(&world.listener);
        world.board = scoreboard_free(world.board);
        if (world.pid > 0) /* the end of its ipc ends it */
                assert_int_equal(wait_exit(), 0);
        return 0;
}

/* ---- the server's side ------------------------------------------------------------- */

void peer_open(Peer *p, uint32_t instance, uint64_t session)
{
        int in[2], out[2];
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        *p = (Peer){.in = in[0],
                    .in_gateway = in[1],
                    .out_gateway = out[0],
                    .out = out[1],
                    .instance = instance,
                    .generation = 9 + instance,
                    .session = session};
        assert_int_equal(notebook_new(&p->notebook_fd), 0);
        assert_int_equal(notebook_map(p->notebook_fd, &p->notebook), 0);
}

void peer_close(Peer *p)
{
        fd_close_p(&p->in);
        fd_close_p(&p->out);
        fd_close_p(&p->in_gateway);
        fd_close_p(&p->out_gateway);
        fd_close_p(&p->notebook_fd);
        p->notebook = notebook_free(p->notebook);
}

void peer_up(Peer *p, uint32_t flags)
{
        IpcInstanceUp m = {.row = world.row,
                           .instance = p->instance,
                           .generation = p->generation,
                           .session = p->session,
                           .flags = flags};
        tell_text(IPC_INSTANCE_UP, &m, SPAN_NONE, (int[]){p->in_gateway, p->out_gateway, p->notebook_fd}, 3);
}

void peer_down(Peer *p, const char *last_words)
{
        IpcInstanceDown m = {.row = world.row,
                             .instance = p->instance,
                             .generation = p->generation,
                             .exit_class = EXIT_CLASS_SIGNAL,
                             .code = -1,
                             .signal = 9};
        tell_text(IPC_INSTANCE_DOWN, &m, span_of(last_words), NULL, 0);
}

const char *peer_reads(Peer *p)
{
        size_t n = 0;
        for (char c = 0;; n++) {
                wait_readable(p->in);
                assert_int_equal(read(p->in, &c, 1), 1);
                if (c == '\n')
                        break;
                assert_true(n + 1 < sizeof(p->line));
                p->line[n] = c;
        }
        p->line[n] = '\0';
        return p->line;
}

void peer_reads_nothing(Peer *p)
{
        struct pollfd f = {.fd = p->in, .events = POLLIN};
        hear_nothing(); /* whatever was to be written is written */
        assert_int_equal(poll(&f, 1, 0), 0);
}

void peer_reads_end(Peer *p)
{
        char c;
        fd_close_p(&p->in_gateway);
        wait_readable(p->in);
        assert_int_equal(read(p->in, &c, 1), 0);
}

void peer_writes(Peer *p, const char *text)
{
        assert_int_equal(fd_write_all(p->out, span_of(text)), 0);
}

void peer_says(Peer *p, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = 0;
        for (; r == 0 && *text; text++)
                r = *text == '@' ? buf_appendf(&b, "%llu", p->id) : buf_append_char(&b, *text);
        assert_int_equal(r, 0);
        assert_int_equal(fd_write_all(p->out, buf_span(&b)), 0);
}

bool peer_writes_many(Peer *p, char c, size_t n)
{
        char page[4096];
        memset(page, c, sizeof(page));
        assert_int_equal(fd_set_nonblock(p->out, true), 0);
        while (n) {
                struct pollfd f[2] = {{.fd = p->out, .events = POLLOUT}, {.fd = world.ipc, .events = POLLIN}};
                assert_true(poll(f, 2, WORLD_PATIENCE) > 0);
                ssize_t k = write(p->out, page, MIN(n, sizeof(page)));
                if (k < 0 && (f[1].revents & POLLIN))
                        return false;
                n -= k > 0 ? (size_t)k : 0;
        }
        return fd_set_nonblock(p->out, false) == 0;
}

void peer_reads_request(Peer *p, const char *method)
{
        char wanted[128];
        (void)snprintf(wanted, sizeof(wanted), "\"method\":\"%s\"", method);
        if (!strstr(peer_reads(p), wanted))
                fail_msg("wanted %s, read %s", wanted, p->line);
        const char *at = strstr(p->line, "\"id\":");
        assert_non_null(at);
        assert_int_equal(sscanf(at, "\"id\":%llu", &p->id), 1);
}

void peer_responds(Peer *p, const char *result)
{
        peer_says(p, "{\"result\":");
        peer_writes(p, result);
        peer_says(p, ",\"jsonrpc\":\"2.0\",\"id\":@}\n");
}

void peer_answers(Peer *p, const char *method, const char *result)
{
        peer_reads_request(p, method);
        peer_responds(p, result);
}

void peer_greets(Peer *p, const char *capabilities)
{
        char result[512];
        (void)snprintf(result, sizeof(result),
                       "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":%s,"
                       "\"serverInfo\":{\"name\":\"peer\",\"version\":\"1\"}}",
                       capabilities);
        peer_answers(p, "initialize", result);
        assert_non_null(strstr(peer_reads(p), "notifications/initialized"));
        hear_ready(p);
}

void hear_ready(const Peer *p)
{
        const IpcInstanceReady *m = hear(IPC_INSTANCE_READY);
        assert_int_equal(m->row, world.row);
        assert_int_equal(m->instance, p->instance);
        assert_int_equal(m->generation, p->generation);
        assert_int_equal(m->era, IPC_ERA_LEGACY);
        assert_string_equal(m->protocol, "2025-06-18");
}

void hear_failed(const Peer *p, IpcFailure failure, const char *text)
{
        const IpcInstanceFailed *m = hear(IPC_INSTANCE_FAILED);
        assert_int_equal(m->generation, p->generation);
        if (m->failure != failure || !strstr((const char *)(m + 1), text))
                fail_msg("wanted %s, heard %s", text, (const char *)(m + 1));
}

/* ---- clients ------------------------------------------------------------------------- */

static int client_connects(void)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        memcpy(a.sun_path, world.address, world.address_size);
        assert_int_equal(
                connect(fd, (struct sockaddr *)&a, (socklen_t)(sizeof(sa_family_t) + world.address_size)), 0);
        return fd;
}

int client_begins(const char *method, const char *path, const char *body)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int fd = client_connects();
        int r = buf_appendf(&b,
                            "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            "Accept: application/json, text/event-stream\r\n",
                            method, path);
        if (r == 0 && world.session[0])
                r = buf_appendf(&b, "Mcp-Session-Id: %s\r\n", world.session);
        if (r == 0 && body)
                r = buf_appendf(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
        if (r == 0)
                r = buf_appendf(&b, "\r\n%s", body ? body : "");
        assert_int_equal(r, 0);
        assert_int_equal(fd_write_all(fd, buf_span(&b)), 0);
        return fd;
}

const char *client_hears(int fd, const char *status_line)
{
        static char answer[WORLD_LINE];
        size_t n = 0;
        ssize_t k;
        do {
                wait_readable(fd);
                k = read(fd, answer + n, sizeof(answer) - 1 - n);
                assert_true(k >= 0);
                n += (size_t)k;
                assert_true(n < sizeof(answer) - 1);
        } while (k > 0);
        answer[n] = '\0';
        (void)close(fd);
        if (strncmp(answer, status_line, strlen(status_line)) != 0)
                fail_msg("wanted %s, got %s", status_line, answer);
        return answer;
}

void client_greets(const char *path)
{
        world.session[0] = '\0';
        const char *answer = client_hears(
                client_begins("POST", path,
                              "{\"jsonrpc\":\"2.0\",\"id\":\"hi\",\"method\":\"initialize\",\"params\":"
                              "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"roots\":{}},"
                              "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"),
                "HTTP/1.1 200 OK\r\n");
        assert_non_null(strstr(
                answer, "{\"jsonrpc\":\"2.0\",\"id\":\"hi\",\"result\":{\"protocolVersion\":\"2025-06-18\""));
        const char *at = strcasestr(answer, "\r\nMcp-Session-Id: ");
        assert_non_null(at);
        assert_int_equal(sscanf(at + 2, "%*s %79s", world.session), 1);
}

void client_asks(const char *path, const char *body, const char *status_line, const char *holds)
{
        const char *answer = client_hears(client_begins("POST", path, body), status_line);
        if (!strstr(answer, holds))
                fail_msg("wanted %s, got %s", holds, answer);
}
