/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include "base/limit-table.h"
#include "client/shim-private.h"
#include "client/wait.h"
#include "jsonrpc/json.h"

enum {
        PIECE = 4096,           /* what a pipe that is writable takes without waiting */
        OUT_MOST = 1024 * 1024, /* over it nothing is read of the server */
        DRAIN_MS = 1500,        /* for answers that are due when the lines end */
        LONGEST_LINE = 64 * 1024 * 1024,
};

const EnvelopeLimits shim_limits = {.depth = 512, .id = 1024};

enum { AT_STOP, AT_IN, AT_OUT, AT_IDLE, AT_TURNS = AT_IDLE + SHIM_IDLE, MORE_TURNS = 8 };

/* ---- to the host ------------------------------------------------------------------ */

int shim_say(Shim *s, Span message)
{
        int r = buf_append_span(&s->out, message);
        return r < 0 ? r : buf_append_char(&s->out, '\n');
}

int shim_say_error(Shim *s, Span id, RpcError error, const char *why)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const McpErrorArgs a = {.id = id,
                                .null_id = s->version != _MCP_VERSION_INVALID &&
                                           mcp_has(s->version, MCP_ERROR_NEEDS_ID),
                                .error = error,
                                .message = why};
        int r = mcp_write_error(&b, &a);
        return r < 0 ? r : shim_say(s, buf_span(&b));
}

/* One piece. A host that has gone is the end. */
static int write_piece(Shim *s)
{
        Span rest = span_first(span_skip(buf_span(&s->out), s->written), PIECE);
        ssize_t n = write(s->args->out, rest.ptr, rest.len);
        if (n < 0 && errno == EPIPE)
                s->ended = true;
        if (n < 0 && errno != EPIPE)
                return errno == EINTR || errno == EAGAIN ? 0 : -errno;
        s->written = n < 0 ? s->out.len : s->written + (size_t)n;
        if (s->written < s->out.len)
                return 0;
        buf_done(&s->out);
        s->out = BUF_INIT(BUF_CAP_NONE);
        s->written = 0;
        return 0;
}

/* ---- from the host ----------------------------------------------------------------- */

static int keep(Buf *b, Span line)
{
        buf_clear(b);
        return buf_append_span(b, line);
}

static int take_valid(Shim *s, const Envelope *e)
{
        bool request = e->kind == ENVELOPE_REQUEST;
        McpMethod m = request || e->kind == ENVELOPE_NOTIFICATION
                              ? mcp_method_of(envelope_member(e, MEMBER_METHOD))
                              : MCP_METHOD_OTHER;
        bool opens = request && m == MCP_METHOD_INITIALIZE;
        ShimTurn *t;
        int r = shim_turn_new(s,
                              opens     ? SHIM_INITIALIZE
                              : request ? SHIM_REQUEST
                                        : SHIM_NOTE,
                              e->text, e, &t);
        if (r < 0)
                return r;
        if (opens)
                r = keep(&s->initialize, e->text);
        else if (m == MCP_METHOD_INITIALIZED)
                r = keep(&s->initialized, e->text);
        if (!opens && s->session == SHIM_OPENING)
                t->due = NSEC_NEVER;
        if (opens || !request)
                s->barrier = t; /* what comes behind it must not overtake it */
        return r;
}

static int take_line(Shim *s, char *line, size_t n)
{
        Envelope e;
        if (span_trim(span_from(line, n)).len == 0)
                return 0;
        switch (envelope_scan(line, n, &shim_limits, &e)) {
        case 0:
                return take_valid(s, &e);
        case ENVELOPE_E_SYNTAX:
                return shim_say_error(s, SPAN_NONE, RPC_ERROR_PARSE, e.why);
        case ENVELOPE_E_BATCH:
                return shim_batch_new(s, e.text);
        default:
                return shim_say_error(s, envelope_member(&e, MEMBER_ID), RPC_ERROR_INVALID_REQUEST, e.why);
        }
}

static bool takes_lines(const Shim *s)
{
        return !s->barrier && s->n_turns < SHIM_TURNS && s->out.len - s->written < OUT_MOST;
}

/* Those that are here already and may be taken. */
static int take_lines(Shim *s, int (*next)(LineReader *, char **, size_t *))
{
        int r = 0;
        while (r == 0 && takes_lines(s)) {
                char *line;
                size_t n;
                int got = next(&s->in, &line, &n);
                if (got < 0 || got == LINE_READER_NONE)
                        return got;
                r = got == LINE_READER_LINE
                            ? take_line(s, line, n)
                            : shim_say_error(s, SPAN_NONE, RPC_ERROR_INVALID_REQUEST, "the line is too long");
        }
        return r;
}

static int read_lines(Shim *s)
{
        char *room;
        size_t size;
        int r = line_reader_room(&s->in, &room, &size);
        if (r < 0)
                return r;
        ssize_t n = read(s->args->in, room, size);
        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? 0 : -errno;
        if (n == 0) {
                s->ended = true;
                return take_lines(s, line_reader_last);
        }
        line_reader_filled(&s->in, (size_t)n);
        return 0;
}

/* ---- the loop ------------------------------------------------------------------------ */

typedef struct ShimPoll {
        struct pollfd fds[AT_TURNS + SHIM_TURNS + MORE_TURNS];
        unsigned n_turns;
        Nsec wake;
} ShimPoll;

static void prepare(const Shim *s, ShimPoll *p)
{
        bool full = s->out.len - s->written >= OUT_MOST;
        const ShimTurn *t;
        p->fds[AT_STOP] = (struct pollfd){.fd = s->args->stop, .events = POLLIN};
        p->fds[AT_IN] = (struct pollfd){.fd = takes_lines(s) && !s->ended ? s->args->in : -1,
                                        .events = POLLIN};
        p->fds[AT_OUT] = (struct pollfd){.fd = s->out.len ? s->args->out : -1, .events = POLLOUT};
        for (unsigned i = 0; i < SHIM_IDLE; i++)
                p->fds[AT_IDLE + i] = (struct pollfd){.fd = i < s->n_idle ? s->idle[i].fd : -1,
                                                      .events = POLLIN};
        p->n_turns = 0;
        TAILQ_FOREACH(t, &s->turns, link)
        {
                bool polled = t->conn.fd >= 0 && t->conn.response && !(full && t->conn.out.len == 0);
                p->fds[AT_TURNS + p->n_turns++] = (struct pollfd){
                        .fd = polled ? t->conn.fd : -1, .events = polled ? client_conn_events(&t->conn) : 0};
                p->wake = MIN(p->wake, t->conn.response ? t->late : t->due);
        }
}

/* Turns that came in the meantime stand behind those that were polled. */
static int step_turns(Shim *s, const ShimPoll *p)
{
        Nsec now = clock_now(&clock_monotonic);
        unsigned i = 0;
        ShimTurn *t;
        TAILQ_FOREACH(t, &s->turns, link)
        {
                short events = i < p->n_turns ? p->fds[AT_TURNS + i].revents : 0;
                int r = 0;
                i++;
                if (t->over)
                        continue;
                if (events)
                        r = shim_turn_step(s, t);
                else if (t->due <= now)
                        r = shim_turn_start(s, t);
                else if (t->conn.response && t->late <= now)
                        r = shim_turn_fail(s, t, "");
                if (r < 0)
                        return r;
        }
        return 0;
}

static void sweep(Shim *s)
{
        for (ShimTurn *t = TAILQ_FIRST(&s->turns), *next; t; t = next) {
                next = TAILQ_NEXT(t, link);
                if (t->over)
                        shim_turn_free(s, t);
        }
        for (unsigned i = s->n_idle; i-- > 0;)
                if (s->idle[i].fd < 0) {
                        client_conn_done(&s->idle[i]);
                        s->idle[i] = s->idle[--s->n_idle];
                }
}

static int step_idle(Shim *s, const ShimPoll *p)
{
        int r = 0;
        for (unsigned i = 0; i < SHIM_IDLE && r == 0; i++)
                if (i < s->n_idle && p->fds[AT_IDLE + i].revents)
                        r = client_conn_step(&s->idle[i]);
        return r;
}

static int act(Shim *s, const ShimPoll *p)
{
        int r = step_idle(s, p);
        if (r == 0 && p->fds[AT_OUT].revents)
                r = write_piece(s);
        if (r == 0)
                r = step_turns(s, p);
        sweep(s);
        if (r == 0 && p->fds[AT_IN].revents)
                r = read_lines(s);
        return r == 0 ? take_lines(s, s->ended ? line_reader_last : line_reader_next) : r;
}

static bool owes_answers(const Shim *s)
{
        const ShimTurn *t;
        TAILQ_FOREACH(t, &s->turns, link)
        if (t->kind != SHIM_LISTEN)
                return true;
        return false;
}

/* Until the host has said its last and has got what it waits for, or somebody wants an end. */
static int run(Shim *s)
{
        Nsec end = NSEC_NEVER;
        for (;;) {
                ShimPoll p = {.wake = end};
                struct timespec room;
                if (s->ended && end == NSEC_NEVER)
                        end = p.wake = nsec_add(clock_now(&clock_monotonic), DRAIN_MS * NSEC_PER_MSEC);
                if (s->ended && ((s->out.len == 0 && !owes_answers(s)) || clock_now(&clock_monotonic) >= end))
                        return 0;
                prepare(s, &p);
                int r = ppoll(p.fds, AT_TURNS + p.n_turns, client_wait_time(p.wake, &room), NULL);
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r > 0 && p.fds[AT_STOP].revents)
                        return 0;
                r = act(s, &p);
                if (r < 0)
                        return r;
        }
}

int client_shim_run(const ClientShimArgs *args)
{
        Shim s = {.args = args,
                  .out = BUF_INIT(BUF_CAP_NONE),
                  .version = _MCP_VERSION_INVALID,
                  .session_id = BUF_INIT(CLIENT_HEADER_MAX),
                  .initialize = BUF_INIT(BUF_CAP_NONE),
                  .initialized = BUF_INIT(BUF_CAP_NONE)};
        wish_list_init(&s.wishes);
        TAILQ_INIT(&s.turns);
        line_reader_init(&s.in, LONGEST_LINE);
        int r = run(&s);
        shim_session_end(&s);
        while (!TAILQ_EMPTY(&s.turns))
                shim_turn_free(&s, TAILQ_FIRST(&s.turns));
        for (unsigned i = 0; i < s.n_idle; i++)
                client_conn_done(&s.idle[i]);
        line_reader_done(&s.in);
        wish_list_clear(&s.wishes);
        buf_done(&s.out);
        buf_done(&s.session_id);
        buf_done(&s.initialize);
        buf_done(&s.initialized);
        return r < 0 ? r : s.not_here ? SHIM_E_NOT_HERE : 0;
}
