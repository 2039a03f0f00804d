/* SPDX-License-Identifier: Apache-2.0 */
/* What a test can make it do while it runs: one line in, one line out. */
#include "support/gateway-fake.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/parse.h"

enum { PATIENCE = 5000 /* ms; for a line of the test, which connects to say one */ };

/* ---- words ------------------------------------------------------------------- */

static Span next_word(Span *args)
{
        Span word = SPAN_NONE;
        *args = span_trim(*args);
        (void)span_next(args, ' ', &word);
        return word;
}

static uint64_t next_number(Span *args)
{
        uint64_t n = 0;
        (void)!parse_u64(next_word(args), &n);
        return n;
}

/* "NAME INSTANCE": the one that lives. */
static FakeInstance *next_instance(Fake *f, Span *args, Buf *why)
{
        const FakeRow *row = fake_row(f, next_word(args));
        uint32_t number = (uint32_t)next_number(args);
        FakeInstance *i = row ? fake_instance(f, row->row, number) : NULL;
        if (!i)
                (void)!buf_append_str(why, row ? "no such instance" : "no such server");
        return i;
}

/* Index of a word in a list that ends with NULL, or -1. */
static int word_index(Span word, const char *const *words)
{
        for (int i = 0; words[i]; i++)
                if (span_equal(word, span_of(words[i])))
                        return i;
        return -1;
}

/* ---- commands ---------------------------------------------------------------- */

static bool run_want(Fake *f, Span args, Buf *answer)
{
        const FakeRow *row = fake_row(f, next_word(&args));
        if (!row)
                return buf_append_str(answer, "no such server") < 0;
        IpcWant want = {.row = row->row, .row_generation = row->generation, .session = next_number(&args)};
        fake_send(f, IPC_WANT, &want, SPAN_NONE);
        return true;
}

static bool run_release(Fake *f, Span args, Buf *answer)
{
        static const char *const reasons[] = {"idle", "ended", NULL};
        const FakeInstance *i = next_instance(f, &args, answer);
        int reason = word_index(next_word(&args), reasons);
        if (!i)
                return false;
        if (reason < 0)
                return buf_append_str(answer, "idle or ended?") < 0;
        IpcRelease m = {.row = i->id.row,
                        .instance = i->id.instance,
                        .generation = i->id.generation,
                        .reason = (uint32_t)reason,
                        .in_flight = (uint32_t)next_number(&args)};
        fake_send(f, IPC_RELEASE, &m, SPAN_NONE);
        return true;
}

static bool run_ready(Fake *f, Span args, Buf *answer)
{
        const FakeInstance *i = next_instance(f, &args, answer);
        if (!i)
                return false;
        IpcInstanceReady m = {.row = i->id.row,
                              .instance = i->id.instance,
                              .generation = i->id.generation,
                              .protocol = "2025-11-25"};
        fake_send(f, IPC_INSTANCE_READY, &m, SPAN_NONE);
        return true;
}

static bool run_fail(Fake *f, Span args, Buf *answer)
{
        static const char *const failures[] = {"handshake", "protocol", "unresponsive", NULL};
        const FakeInstance *i = next_instance(f, &args, answer);
        int failure = word_index(next_word(&args), failures);
        if (!i)
                return false;
        if (failure < 0)
                return buf_append_str(answer, "handshake, protocol or unresponsive?") < 0;
        IpcInstanceFailed m = {.row = i->id.row,
                               .instance = i->id.instance,
                               .generation = i->id.generation,
                               .failure = (uint32_t)failure};
        fake_send(f, IPC_INSTANCE_FAILED, &m, span_trim(args));
        return true;
}

static bool run_drained(Fake *f, Span args, Buf *answer)
{
        const FakeInstance *i = next_instance(f, &args, answer);
        if (!i)
                return false;
        IpcInstance m = i->id;
        fake_send(f, IPC_DRAINED, &m, SPAN_NONE);
        return true;
}

static bool run_all_drained(Fake *f, Span args UNUSED, Buf *answer UNUSED)
{
        fake_send(f, IPC_ALL_DRAINED, &(IpcPlain){0}, SPAN_NONE);
        return true;
}

static bool run_pong(Fake *f, Span args, Buf *answer UNUSED)
{
        fake_send(f, IPC_PONG, &(IpcPing){.serial = next_number(&args)}, SPAN_NONE);
        return true;
}

static bool run_raw(Fake *f, Span args, Buf *answer)
{
        uint8_t bytes[FAKE_LINE / 2];
        Span hex = next_word(&args);
        if (hex.len / 2 > sizeof(bytes) || parse_hex(hex, bytes, hex.len / 2) != 0)
                return buf_append_str(answer, "an even number of hex digits?") < 0;
        return fake_send_raw(f, span_from((const char *)bytes, hex.len / 2), NULL, 0);
}

static bool run_seen(Fake *f, Span args, Buf *answer)
{
        Span name = next_word(&args);
        for (uint32_t type = 1; type < _IPC_TYPE_MAX; type++)
                if (span_equal_nocase(name, span_of(ipc_type(type)->name)))
                        return buf_appendf(answer, "%llu", (unsigned long long)f->seen[type]) == 0;
        return buf_append_str(answer, "no such type") < 0;
}

static bool run_instances(Fake *f, Span args UNUSED, Buf *answer)
{
        for (size_t k = 0; k < FAKE_INSTANCES; k++) {
                const FakeInstance *i = &f->instances[k];
                if (i->used &&
                    buf_appendf(answer, "%u/%u/%llu/%llu ", i->id.row, i->id.instance,
                                (unsigned long long)i->id.generation, (unsigned long long)i->session) < 0)
                        return false;
        }
        return true;
}

static bool run_tokens(Fake *f, Span args UNUSED, Buf *answer)
{
        for (size_t i = 0; i < f->n_tokens; i++)
                if (buf_appendf(answer, "%s%s=", i ? " " : "", f->tokens[i].name) < 0 ||
                    format_hex(answer, f->tokens[i].hash, sizeof(f->tokens[i].hash)) < 0)
                        return false;
        return true;
}

static bool run_listeners(Fake *f, Span args UNUSED, Buf *answer)
{
        for (size_t i = 0; i < FAKE_LISTENERS; i++) {
                const FakeListener *l = &f->listeners[i];
                if (l->used &&
                    buf_appendf(answer, "%s/%u/%u/%zu,%zu,%zu,%lld ", l->address, l->id.kind, l->id.flags,
                                l->chain, l->key, l->client_ca, (long long)l->expires) < 0)
                        return false;
        }
        return true;
}

static bool run_figures(Fake *f, Span args, Buf *answer)
{
        const FakeRow *row = fake_row(f, next_word(&args));
        if (!row)
                return buf_append_str(answer, "no such server") < 0;
        ScoreServerGateway *g = &scoreboard_server(f->board, row->row)->gateway;
        score_set(&g->tools, next_number(&args));
        score_set(&g->tools_known, next_number(&args));
        uint64_t calls = next_number(&args), usec = next_number(&args);
        for (uint64_t i = 0; i < calls; i++)
                score_request(g, SCORE_METHOD_TOOLS_CALL, i ? SCORE_STATUS_OK : SCORE_STATUS_TIMEOUT, usec);
        return true;
}

static bool run_mode(Fake *f, Span args, Buf *answer)
{
        return fake_choose(f, args) || (buf_append_str(answer, "no such mode, or one too many") < 0);
}

static bool run_normal(Fake *f, Span args UNUSED, Buf *answer UNUSED)
{
        f->n_chosen = 0;
        return true;
}

static bool run_pid(Fake *f UNUSED, Span args UNUSED, Buf *answer)
{
        return buf_appendf(answer, "%d", (int)getpid()) == 0;
}

static bool run_exit(Fake *f UNUSED, Span args, Buf *answer UNUSED)
{
        _exit((int)next_number(&args));
}

static bool run_crash(Fake *f UNUSED, Span args UNUSED, Buf *answer UNUSED)
{
        return kill(getpid(), SIGKILL) == 0;
}

static bool run_hang(Fake *f UNUSED, Span args UNUSED, Buf *answer UNUSED)
{
        while (pause() < 0) /* always */
                ;
        return true;
}

const FakeCommand fake_commands[] = {
        {"want", "NAME [SESSION]", "there is a call", run_want},
        {"release", "NAME INSTANCE idle|ended [IN-FLIGHT]", "it is not used any more", run_release},
        {"ready", "NAME INSTANCE", "its handshake is done", run_ready},
        {"fail", "NAME INSTANCE handshake|protocol|unresponsive TEXT", "it has failed", run_fail},
        {"drained", "NAME INSTANCE", "nothing is in flight", run_drained},
        {"all-drained", "", "nothing at all is in flight", run_all_drained},
        {"pong", "SERIAL", "unasked", run_pong},
        {"raw", "HEX", "any bytes as a message", run_raw},
        {"seen", "TYPE", "how many messages of that type have come", run_seen},
        {"instances", "", "ROW/INSTANCE/GENERATION/SESSION of those that are up", run_instances},
        {"figures", "NAME TOOLS KNOWN CALLS USEC", "so many tools, and calls of that length; the first fails",
         run_figures},
        {"listeners", "", "ADDRESS/KIND/FLAGS/CHAIN,KEY,CA,EXPIRES of those that are up", run_listeners},
        {"tokens", "", "NAME=HASH of those that came with the last configuration", run_tokens},
        {"mode", "MODE [ARGUMENTS]", "from now on also that one", run_mode},
        {"normal", "", "from now on no mode at all", run_normal},
        {"pid", "", "of this process", run_pid},
        {"exit", "STATUS", "no answer comes", run_exit},
        {"crash", "", "no answer comes", run_crash},
        {"hang", "", "no answer comes", run_hang},
        {0},
};

/* ---- the socket ---------------------------------------------------------------- */

static void run_line(Fake *f, Span line, Buf *ret)
{
        CLEANUP(buf_done) Buf answer = BUF_INIT(4096);
        Span name = next_word(&line);
        const FakeCommand *c = fake_commands;
        while (c->name && !span_equal(name, span_of(c->name)))
                c++;
        bool good = c->name && c->run(f, line, &answer);
        (void)!buf_appendf(ret, "%s%s\n",
                           good ? "ok " : "no: ", c->name ? buf_text(&answer) : "no such command");
}

/* One line of a client that has connected to say it. False: there is none. */
static bool serve_line(Fake *f, int fd)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(FAKE_LINE), answer = BUF_INIT(4096);
        for (char c = 0; c != '\n';) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                if (poll(&p, 1, PATIENCE) != 1 || read(fd, &c, 1) != 1 || buf_append_char(&line, c) < 0)
                        return false;
        }
        run_line(f, span_trim(buf_span(&line)), &answer);
        return fd_write_all(fd, buf_span(&answer)) == 0;
}

/* One client at a time: it says its lines, in a row, and closes. */
static int commands_ready(LoopSource *source, uint32_t events UNUSED)
{
        Fake *f = CONTAINER_OF(source, Fake, commands);
        CLEANUP_FD int fd = accept4(f->commands_fd, NULL, NULL, SOCK_CLOEXEC);
        while (fd >= 0 && serve_line(f, fd))
                ;
        return 0;
}

static const LoopSourceOps commands_ops = {.priority = LOOP_PRIORITY_CONTROL, .ready = commands_ready};

int fake_commands_open(Fake *f)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const char *path = getenv("MCPVISOR_FAKE_CONTROL");
        if (!path)
                return 0;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        (void)unlink(path); /* of the life before */
        f->commands_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (f->commands_fd < 0 || bind(f->commands_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(f->commands_fd, SOMAXCONN) < 0)
                return -errno;
        return loop_source_add(&f->commands, f->loop, &commands_ops, f->commands_fd, EPOLLIN);
}

void fake_commands_close(Fake *f)
{
        loop_source_remove(&f->commands);
        fd_close_p(&f->commands_fd);
}
