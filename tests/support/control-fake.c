/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that only talks: control-fake SOCKET SCRIPT listens as the real one
 * does and answers requests from a file. It prints each request, in the
 * canonical order of its words, and ends when its parent does.
 *
 *      > status fs        a request; each of these is used once, from the top
 *      {"servers":[]}     a line of its answer; one with "ok" is the last
 *      = 3                what follows waits until 3 requests have come
 *      !                  the connection is closed
 *      . TEXT             bytes that are no line of JSON, as they are
 *
 * A script whose first line is `refuse` turns everybody away.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "control/server.h"

enum { SCRIPT_CAP = 1024 * 1024, BLOCKS_MOST = 64, WORDS_CAP = 4096 };

typedef struct Block {
        Span request, left; /* borrowed from the script; what is not sent yet */
        ControlConn *conn;  /* that asked; NULL: nobody, or done */
        bool used;
} Block;

typedef struct Fake {
        ControlServer server;
        Buf script;
        Block blocks[BLOCKS_MOST];
        size_t n;
        uint64_t requests;
} Fake;

static Fake *fake_of(ControlServer *s)
{
        return CONTAINER_OF(s, Fake, server);
}

/* True when `line` was the last of the answer. */
static bool perform(Fake *f, Block *b, Span line)
{
        if (span_equal(line, SPAN("!"))) {
                control_server_flush(&f->server);
                control_conn_close(b->conn);
                return true;
        }
        if (span_starts(line, SPAN(". ")))
                control_line(b->conn, span_skip(line, 2));
        else if (span_find_span(line, SPAN("\"ok\"")) < line.len)
                control_finish_raw(b->conn, line);
        else
                control_line(b->conn, line);
        return span_find_span(line, SPAN("\"ok\"")) < line.len;
}

static void advance(Fake *f, Block *b)
{
        while (b->conn && b->left.len) {
                Span rest = b->left, line;
                (void)span_next(&rest, '\n', &line);
                if (span_starts(line, SPAN("= ")) && f->requests < strtoull(line.ptr + 2, NULL, 10))
                        return;
                b->left = rest;
                if (!span_starts(line, SPAN("= ")) && line.len && perform(f, b, line))
                        b->conn = NULL;
        }
}

static long long minutes_ago(int64_t usec)
{
        return (time(NULL) - usec / 1000000 + 30) / 60;
}

static void say(const ControlRequest *r, Buf *b)
{
        const struct {
                bool given;
                const char *text;
        } flags[] = {{r->follow, " -f"}, {r->all, " --all"}, {r->no_wait, " --no-wait"}};
        int k = buf_append_str(b, control_table[r->command].word);
        for (size_t i = 0; i < ARRAY_SIZE(flags) && k == 0; i++)
                if (flags[i].given)
                        k = buf_append_str(b, flags[i].text);
        if (k == 0 && r->has_since)
                k = buf_appendf(b, " --since=%lldm", minutes_ago(r->since_usec));
        if (k == 0 && r->has_tail)
                k = buf_appendf(b, " --tail=%llu", (unsigned long long)r->tail);
        for (size_t i = 0; i < r->n_names && k == 0; i++)
                k = buf_appendf(b, " %s", r->names[i]);
        if (k < 0)
                exit(99);
}

static bool admits(ControlServer *s, pid_t pid UNUSED, int pidfd UNUSED)
{
        return !span_starts(buf_span(&fake_of(s)->script), SPAN("refuse\n"));
}

static void request(ControlServer *s, ControlConn *c, const ControlRequest *r)
{
        Fake *f = fake_of(s);
        CLEANUP(buf_done) Buf words = BUF_INIT(WORDS_CAP);
        Block *found = NULL;
        say(r, &words);
        puts(buf_text(&words));
        f->requests++;
        for (size_t i = 0; i < f->n && !found; i++)
                if (!f->blocks[i].used && span_equal(f->blocks[i].request, buf_span(&words)))
                        found = &f->blocks[i];
        if (found) {
                found->used = true;
                found->conn = c;
        } else {
                control_finish_error(c, "script", "not in the script: %s", buf_text(&words));
        }
        for (size_t i = 0; i < f->n; i++)
                advance(f, &f->blocks[i]);
}

static void gone(ControlServer *s, ControlConn *c)
{
        Fake *f = fake_of(s);
        for (size_t i = 0; i < f->n; i++)
                if (f->blocks[i].conn == c)
                        f->blocks[i].conn = NULL;
}

static void drained(ControlServer *s UNUSED, ControlConn *c UNUSED)
{
}

static const ControlServerOps fake_ops = {
        .admits = admits, .request = request, .gone = gone, .drained = drained};

static void read_script(Fake *f, const char *path)
{
        FILE *file = fopen(path, "re");
        if (!file || fd_read_all(fileno(file), &f->script) < 0)
                exit(99);
        fclose(file);
        Span left = buf_span(&f->script), line;
        while (left.len && span_next(&left, '\n', &line)) {
                Block *b = f->n ? &f->blocks[f->n - 1] : NULL;
                if (span_starts(line, SPAN("> "))) {
                        if (f->n == BLOCKS_MOST)
                                exit(99);
                        f->blocks[f->n++] = (Block){.request = span_skip(line, 2),
                                                    .left = span_first(left, 0)};
                } else if (b) {
                        b->left.len = (size_t)(line.ptr + line.len - b->left.ptr);
                }
        }
}

static int listen_at(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
                exit(99);
        return fd;
}

int main(int argc, char **argv)
{
        static Fake f = {.script = {.cap = SCRIPT_CAP}};
        CLEANUP(loop_free_p) Loop *loop = NULL;
        if (argc != 3 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, 0);
        read_script(&f, argv[2]);
        if (loop_new(&clock_monotonic, &loop) < 0 ||
            control_server_init(&f.server, loop, &fake_ops, listen_at(argv[1])) < 0)
                return 99;
        puts("listening");
        return loop_run(loop) < 0;
}
