/* SPDX-License-Identifier: Apache-2.0 */
#include "support/gateway-fake.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "build-id.h"
#include "gateway/gateway.h"
#include "ipc/certificate.h"

enum { QUEUE_MAX = 100000, SCRIPT_MAX = 64 * 1024 };

/* ---- what it knows ---------------------------------------------------------- */

const FakeRow *fake_row(const Fake *f, Span name)
{
        for (size_t i = f->n_rows; i > 0; i--) /* the newest of that name */
                if (span_equal(span_of(f->rows[i - 1].name), name))
                        return &f->rows[i - 1];
        return NULL;
}

FakeInstance *fake_instance(Fake *f, uint32_t row, uint32_t instance)
{
        for (size_t i = 0; i < FAKE_INSTANCES; i++)
                if (f->instances[i].used && f->instances[i].id.row == row &&
                    f->instances[i].id.instance == instance)
                        return &f->instances[i];
        return NULL;
}

static void instance_close(FakeInstance *i)
{
        for (size_t k = 0; k < ARRAY_SIZE(i->fds); k++)
                fd_close_p(&i->fds[k]);
        i->used = false;
}

/* ---- sending ---------------------------------------------------------------- */

void fake_send(Fake *f, IpcType type, void *m, Span text)
{
        for (size_t i = 0; i < f->n_chosen; i++) {
                const FakeChosen *c = &f->chosen[i];
                if (c->mode->sending && !c->mode->sending(f, type, m, c->args))
                        return;
        }
        if (ipc_send_text(&f->supervisor, type, m, text, NULL, 0) < 0)
                loop_stop(f->loop, EXIT_FAILURE);
}

bool fake_send_raw(Fake *f, Span bytes, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(16 * sizeof(int))];
        } control = {0};
        struct iovec iov = {(void *)(uintptr_t)bytes.ptr, bytes.len};
        struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
        if (n_fds) {
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *k = CMSG_FIRSTHDR(&h);
                *k = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS,
                                      .cmsg_len = CMSG_LEN(n_fds * sizeof(int))};
                memcpy(CMSG_DATA(k), fds, n_fds * sizeof(int));
        }
        for (;;) {
                struct pollfd p = {.fd = f->supervisor.fd, .events = POLLOUT};
                if (sendmsg(f->supervisor.fd, &h, MSG_NOSIGNAL) >= 0)
                        return true;
                if (errno != EAGAIN || poll(&p, 1, -1) < 0)
                        return false;
        }
}

/* ---- what is usual ---------------------------------------------------------- */

static void usual_hello(Fake *f, IpcMessage *m)
{
        const IpcHello *hello = (const IpcHello *)m->header;
        IpcUp up = {.build_id = MCPVISOR_BUILD_ID};
        int copy = fcntl(m->fds[0], F_DUPFD_CLOEXEC, 0);
        f->board_fd = TAKE_FD(m->fds[0]);
        f->control_fd = TAKE_FD(m->fds[1]);
        if (scoreboard_map(copy, hello->max_servers, &f->board) < 0)
                loop_stop(f->loop, EXIT_FAILURE);
        fake_send(f, IPC_UP, &up, SPAN_NONE);
}

static void usual_server_row(Fake *f, IpcMessage *m)
{
        const IpcServerRow *row = (const IpcServerRow *)m->header;
        FakeRow *r = f->rows; /* a row that another server had is that server's no more */
        while (r < f->rows + f->n_rows && r->row != row->row)
                r++;
        if (r == f->rows + FAKE_ROWS)
                return;
        f->n_rows += r == f->rows + f->n_rows;
        *r = (FakeRow){.row = row->row, .generation = row->row_generation};
        (void)snprintf(r->name, sizeof(r->name), "%.*s", (int)m->text.len, m->text.len ? m->text.ptr : "");
}

static void usual_prepare(Fake *f, IpcMessage *m)
{
        IpcConfig answer = *(const IpcConfig *)m->header;
        IpcToken *tokens;
        size_t n;
        if (ipc_tokens_read(m->fds[1], &tokens, &n) == 0) {
                free(f->tokens);
                f->tokens = tokens;
                f->n_tokens = n;
        }
        fake_send(f, IPC_PREPARED, &answer, SPAN_NONE);
}

/* Ready at once: whether there is a server, and what it says, is of no interest. */
static void usual_instance_up(Fake *f, IpcMessage *m)
{
        const IpcInstanceUp *up = (const IpcInstanceUp *)m->header;
        IpcInstanceReady ready = {.row = up->row,
                                  .instance = up->instance,
                                  .generation = up->generation,
                                  .protocol = "2025-11-25"};
        Notebook *notebook = NULL;
        FakeInstance *i = f->instances;
        while (i < f->instances + FAKE_INSTANCES && i->used)
                i++;
        if (i == f->instances + FAKE_INSTANCES)
                return;
        *i = (FakeInstance){.used = true, .session = up->session};
        i->id = (IpcInstance){.row = up->row, .instance = up->instance, .generation = up->generation};
        for (size_t k = 0; k < ARRAY_SIZE(i->fds); k++)
                i->fds[k] = TAKE_FD(m->fds[k]);
        if (up->flags & IPC_INSTANCE_READY_BEFORE)
                return;
        if (notebook_map(i->fds[2], &notebook) == 0)
                (void)!notebook_set_initialized(notebook, SPAN("{\"protocolVersion\":\"2025-11-25\"}"));
        notebook_free(notebook);
        fake_send(f, IPC_INSTANCE_READY, &ready, SPAN_NONE);
}

static void usual_instance_drain(Fake *f, IpcMessage *m)
{
        IpcInstance id = *(const IpcInstance *)m->header;
        FakeInstance *i = fake_instance(f, id.row, id.instance);
        if (i && i->id.generation == id.generation)
                fd_close_p(&i->fds[0]);
        fake_send(f, IPC_DRAINED, &id, SPAN_NONE);
}

static void usual_instance_down(Fake *f, IpcMessage *m)
{
        const IpcInstanceDown *down = (const IpcInstanceDown *)m->header;
        for (size_t i = 0; i < FAKE_INSTANCES; i++)
                if (f->instances[i].used && f->instances[i].id.row == down->row &&
                    f->instances[i].id.generation == down->generation)
                        instance_close(&f->instances[i]);
}

static void usual_listener_up(Fake *f, IpcMessage *m)
{
        const IpcListener *id = (const IpcListener *)m->header;
        CLEANUP(ipc_certificate_done) IpcCertificate c = {0};
        if (id->index >= FAKE_LISTENERS)
                return;
        FakeListener *l = &f->listeners[id->index];
        *l = (FakeListener){.used = true, .id = *id};
        (void)snprintf(l->address, sizeof(l->address), "%.*s", (int)m->text.len,
                       m->text.len ? m->text.ptr : "");
        if (m->n_fds < 2 || ipc_certificate_read(m->fds[1], &c) < 0)
                return;
        l->chain = c.chain.len;
        l->key = c.key.len;
        l->client_ca = c.client_ca.len;
        l->expires = c.expires;
}

static void usual_listener_down(Fake *f, IpcMessage *m)
{
        uint32_t index = ((const IpcListener *)m->header)->index;
        if (index < FAKE_LISTENERS)
                f->listeners[index].used = false;
}

static void usual_drain(Fake *f, IpcMessage *m UNUSED)
{
        fake_send(f, IPC_ALL_DRAINED, &(IpcPlain){0}, SPAN_NONE);
}

static void usual_ping(Fake *f, IpcMessage *m)
{
        IpcPing pong = *(const IpcPing *)m->header;
        fake_send(f, IPC_PONG, &pong, SPAN_NONE);
}

static void usual_stop(Fake *f, IpcMessage *m UNUSED)
{
        loop_stop(f->loop, EXIT_SUCCESS);
}

static void (*const usual[_IPC_TYPE_MAX])(Fake *f, IpcMessage *m) = {
        [IPC_HELLO] = usual_hello,
        [IPC_SERVER_ROW] = usual_server_row,
        [IPC_PREPARE] = usual_prepare,
        [IPC_LISTENER_UP] = usual_listener_up,
        [IPC_LISTENER_DOWN] = usual_listener_down,
        [IPC_INSTANCE_UP] = usual_instance_up,
        [IPC_INSTANCE_DRAIN] = usual_instance_drain,
        [IPC_INSTANCE_DOWN] = usual_instance_down,
        [IPC_DRAIN] = usual_drain,
        [IPC_PING] = usual_ping,
        [IPC_STOP] = usual_stop,
};

static int received(IpcChannel *channel, IpcMessage *m)
{
        Fake *f = CONTAINER_OF(channel, Fake, supervisor);
        f->seen[m->header->type]++;
        f->messages++;
        for (size_t i = 0; i < f->n_chosen; i++) {
                const FakeChosen *c = &f->chosen[i];
                if (c->mode->received && c->mode->received(f, m, c->args))
                        return 0;
        }
        if (usual[m->header->type])
                usual[m->header->type](f, m);
        for (size_t i = 0; i < f->n_chosen; i++) {
                const FakeChosen *c = &f->chosen[i];
                if (c->mode->after)
                        c->mode->after(f, m, c->args);
        }
        return 0;
}

static int broken(IpcChannel *channel, IpcBreak why UNUSED, const char *detail UNUSED)
{
        loop_stop(CONTAINER_OF(channel, Fake, supervisor)->loop, EXIT_SUCCESS);
        return 0;
}

static const IpcChannelOps ops = {.received = received, .broken = broken};

/* ---- the script --------------------------------------------------------------- */

/* The number of lives before this one, which is noted with its modes. */
static size_t count_lives(const char *script, Buf *lives)
{
        size_t n = 0;
        CLEANUP(buf_done) Buf path = BUF_INIT(4096);
        if (buf_appendf(&path, "%s.lives", script) < 0)
                return 0;
        CLEANUP_FD int fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fd_read_all(fd, lives) < 0)
                return 0;
        for (size_t i = 0; i < lives->len; i++)
                n += lives->data[i] == '\n';
        return n;
}

static void note_life(const char *script, Span modes)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(4096), line = BUF_INIT(4096);
        if (buf_appendf(&path, "%s.lives", script) < 0 ||
            buf_appendf(&line, "%d %.*s\n", (int)getpid(), (int)modes.len, modes.len ? modes.ptr : "") < 0)
                return;
        CLEANUP_FD int fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)!fd_write_all(fd, buf_span(&line));
}

bool fake_choose(Fake *f, Span text)
{
        text = span_trim(text);
        size_t end = span_find(text, ' ');
        if (text.len == 0)
                return true;
        for (const FakeMode *mode = fake_modes; mode->name && f->n_chosen < FAKE_MODES; mode++) {
                if (!span_equal(span_of(mode->name), span_first(text, end)))
                        continue;
                FakeChosen *c = &f->chosen[f->n_chosen++];
                Span args = span_trim(span_skip(text, end));
                c->mode = mode;
                (void)snprintf(c->args, sizeof(c->args), "%.*s", (int)args.len, args.len ? args.ptr : "");
                return true;
        }
        (void)fprintf(stderr, "gateway-fake: no mode, or one too many: %.*s\n", (int)text.len, text.ptr);
        return false;
}

/* Line `life` of the script, empty ones not counted, or its last one. */
static Span line_of(Span script, size_t life)
{
        Span line = SPAN_NONE, next;
        for (size_t n = 0; n <= life && span_next(&script, '\n', &next);) {
                if (span_trim(next).len == 0)
                        continue;
                line = next;
                n++;
        }
        return line;
}

static bool read_script(Fake *f)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(SCRIPT_MAX), lives = BUF_INIT(SCRIPT_MAX);
        const char *path = getenv("MCPVISOR_FAKE_GATEWAY");
        Span part;
        bool good = true;
        if (!path)
                return true;
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fd_read_all(fd, &text) < 0) {
                perror(path);
                return false;
        }
        Span line = line_of(buf_span(&text), count_lives(path, &lives));
        note_life(path, line);
        while (good && span_next(&line, '+', &part))
                good = fake_choose(f, part);
        return good;
}

/* ---- life ----------------------------------------------------------------------- */

static int print_tables(void)
{
        for (const FakeMode *m = fake_modes; m->name; m++)
                (void)printf("%-20s %-14s %s\n", m->name, m->args, m->doc);
        (void)printf("\ncommands\n");
        for (const FakeCommand *c = fake_commands; c->name; c++)
                (void)printf("%-12s %-42s %s\n", c->name, c->args, c->doc);
        return EXIT_SUCCESS;
}

static int fake_open(Fake *f)
{
        int r = loop_new(&clock_monotonic, &f->loop);
        if (r == 0)
                r = fake_commands_open(f);
        for (size_t i = 0; r == 0 && i < f->n_chosen; i++)
                if (f->chosen[i].mode->begin)
                        f->chosen[i].mode->begin(f, f->chosen[i].args);
        const IpcChannelArgs args = {.loop = f->loop,
                                     .ops = &ops,
                                     .fd = GATEWAY_IPC_FD,
                                     .receives = IPC_TO_GATEWAY,
                                     .queue_max = QUEUE_MAX};
        return r == 0 ? ipc_channel_init(&f->supervisor, &args) : r;
}

static void fake_close(Fake *f)
{
        for (size_t i = 0; i < FAKE_INSTANCES; i++)
                if (f->instances[i].used)
                        instance_close(&f->instances[i]);
        fake_commands_close(f);
        ipc_channel_done(&f->supervisor);
        scoreboard_free(f->board);
        free(f->tokens);
        fd_close_p(&f->board_fd);
        fd_close_p(&f->control_fd);
        loop_free(f->loop);
}

int main(int argc, char **argv)
{
        CLEANUP_FREE Fake *f = calloc(1, sizeof(*f));
        if (argc > 1 && strcmp(argv[1], "--modes") == 0)
                return print_tables();
        if (!f)
                return EXIT_FAILURE;
        f->board_fd = f->control_fd = f->commands_fd = -EBADF;
        (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        if (!read_script(f))
                return EXIT_FAILURE;
        int r = fake_open(f);
        if (r == 0)
                r = loop_run(f->loop);
        if (r < 0)
                (void)fprintf(stderr, "gateway-fake: %s\n", strerror(-r));
        fake_close(f);
        return r < 0 ? EXIT_FAILURE : r;
}
