/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/conn.h"

enum { CONN_MAGIC = 0x6374726c };

#define QUEUE_HALF ((size_t)LIMIT_CONTROL_QUEUE / 2)

struct ControlConn {
        uint32_t magic;
        LoopSource source;
        LoopGone gone;
        Timer deadline;
        ControlServer *server; /* borrowed, outlives us */
        LIST_ENTRY(ControlConn) link;
        int fd; /* owned */
        bool gateway;
        bool busy;        /* a request is not finished */
        bool half_closed; /* the other end sends nothing more, and may still read */
        bool ending;      /* to be closed once all is written */
        bool half_line;   /* the deadline is that of a line whose start is here */
        bool broken;      /* to be closed at once: no memory for what it should get */
        Buf in, out;
        uint64_t skipped; /* lines that did not fit */
        void *data;       /* the owner's */
};

static void conn_release(LoopGone *gone)
{
        ControlConn *c = CONTAINER_OF(gone, ControlConn, gone);
        c->magic = 0;
        free(c);
}

static const LoopGoneOps conn_gone = {.release = conn_release};

static bool is_open(const ControlConn *c)
{
        return c->fd >= 0;
}

void control_conn_close(ControlConn *c)
{
        assert(c->magic == CONN_MAGIC);
        if (!is_open(c))
                return;
        LIST_REMOVE(c, link);
        c->server->n_conns--;
        loop_source_remove(&c->source);
        timer_done(&c->deadline);
        fd_close_p(&c->fd);
        buf_done(&c->in);
        buf_done(&c->out);
        loop_free_later(c->server->loop, &c->gone, &conn_gone);
}

/* It ended by itself. */
static void conn_lost(ControlConn *c)
{
        if (!is_open(c))
                return;
        if (c->busy || c->gateway)
                c->server->ops->gone(c->server, c);
        control_conn_close(c);
}

/* ---- what is waited for -------------------------------------------------- */

static uint32_t wanted_events(const ControlConn *c)
{
        uint32_t events = c->out.len ? EPOLLOUT : 0;
        if (!c->half_closed)
                events |= EPOLLRDHUP;
        /* One request at a time: the next is read when the answer has gone. */
        if (!c->busy && !c->ending && !c->out.len)
                events |= EPOLLIN;
        /* Never comes on a unix socket; with no mask at all a hang-up would not come either. */
        return events ? events : EPOLLPRI;
}

static void conn_settle(ControlConn *c)
{
        if (is_open(c) && loop_source_set_events(&c->source, wanted_events(c)) < 0) {
                c->broken = true;
                loop_source_wake(&c->source);
        }
}

/* A request that runs has the time it needs, and so has our own gateway when it asks nothing. */
static void arm_idle(ControlConn *c)
{
        Nsec now = loop_now(c->server->loop);
        if (!c->half_line)
                timer_arm(&c->deadline,
                          c->gateway ? NSEC_NEVER : nsec_add(now, LIMIT_CONTROL_IDLE_TIME * NSEC_PER_SEC));
}

/* What comes after the first bytes of a line moves nothing. */
static void arm_half_line(ControlConn *c)
{
        Nsec now = loop_now(c->server->loop);
        if (!c->half_line)
                timer_arm(&c->deadline, nsec_add(now, LIMIT_CONTROL_LINE_TIME * NSEC_PER_SEC));
        c->half_line = true;
}

static int deadline_fired(Timer *t, Nsec now UNUSED)
{
        conn_lost(CONTAINER_OF(t, ControlConn, deadline));
        return 0;
}

static const TimerOps deadline_ops = {.fired = deadline_fired};

/* ---- lines out ------------------------------------------------------------ */

static void append_line(ControlConn *c, Span json)
{
        size_t before = c->out.len;
        int r = buf_append_span(&c->out, json);
        if (r == 0)
                r = buf_append_char(&c->out, '\n');
        if (r < 0) {
                c->out.len = before;
                c->broken = true;
                loop_source_wake(&c->source);
        }
}

static void append_skipped(ControlConn *c)
{
        char line[64];
        if (!c->skipped)
                return;
        int n = snprintf(line, sizeof(line), "{\"skipped\":%llu}", (unsigned long long)c->skipped);
        c->skipped = 0;
        append_line(c, span_from(line, (size_t)n));
}

void control_line(ControlConn *c, Span json)
{
        assert(c->magic == CONN_MAGIC);
        if (!is_open(c))
                return;
        if (c->skipped || (c->out.len && c->out.len + json.len >= LIMIT_CONTROL_QUEUE)) {
                c->skipped++;
                return;
        }
        append_line(c, json);
        conn_settle(c);
}

bool control_is_full(const ControlConn *c)
{
        return c->skipped || c->out.len > QUEUE_HALF;
}

/* What is written ends a request: there is always room for it. */
void control_finish_raw(ControlConn *c, Span json)
{
        assert(c->magic == CONN_MAGIC);
        if (!is_open(c))
                return;
        append_skipped(c);
        append_line(c, json);
        c->busy = false;
        c->data = NULL;
        arm_idle(c);
        conn_settle(c);
}

void control_finish_ok(ControlConn *c)
{
        control_finish_raw(c, SPAN("{\"ok\":true}"));
}

void control_finish_error(ControlConn *c, const char *code, const char *fmt, ...)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE), line = BUF_INIT(BUF_CAP_NONE);
        JsonWriter w = JSON_WRITER(&line);
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(&text, fmt, ap);
        va_end(ap);
        json_write_object(&w);
        json_write_key(&w, "ok");
        json_write_bool(&w, false);
        json_write_key(&w, "code");
        json_write_str(&w, code);
        json_write_key(&w, "error");
        json_write_string(&w, buf_span(&text));
        json_write_object_end(&w);
        if (r == 0)
                r = json_write_done(&w);
        control_finish_raw(c,
                           r == 0 ? buf_span(&line)
                                  : SPAN("{\"ok\":false,\"code\":\"internal\",\"error\":\"out of memory\"}"));
}

static int write_some(ControlConn *c)
{
        ssize_t n = send(c->fd, c->out.data, MIN(c->out.len, (size_t)LIMIT_LOOP_BYTES),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        buf_consume(&c->out, (size_t)n);
        if (n > 0 && !c->busy)
                arm_idle(c);
        return n > 0;
}

void control_server_flush(ControlServer *s)
{
        ControlConn *c;
        LIST_FOREACH(c, &s->conns, link)
        while (c->out.len && write_some(c) > 0)
                ;
}

/* -errno: nobody reads any more. */
static int conn_write(ControlConn *c)
{
        bool full = control_is_full(c);
        int r = write_some(c);
        if (r < 0)
                return r;
        if (c->out.len <= QUEUE_HALF)
                append_skipped(c);
        if (full && !control_is_full(c) && c->busy)
                c->server->ops->drained(c->server, c);
        return 0;
}

/* ---- requests in ------------------------------------------------------------ */

static void refuse(ControlConn *c, const char *why)
{
        control_finish_error(c, "usage", "%s", why);
}

static void take_line(ControlConn *c, size_t len)
{
        ControlRequest r;
        Span line = span_first(buf_span(&c->in), len);
        if (span_ends(line, SPAN("\r")))
                line.len--;
        bool text = span_find(line, '\0') == line.len;
        c->in.data[line.len] = '\0';
        const char *wrong = text ? control_parse(c->in.data, &r) : "a NUL byte in a request";
        c->busy = true;
        c->half_line = false;
        timer_cancel(&c->deadline);
        if (wrong)
                refuse(c, wrong);
        else if (c->gateway && !control_table[r.command].gateway)
                control_finish_error(c, "forbidden", "%s cannot be asked from here",
                                     control_table[r.command].word);
        else
                c->server->ops->request(c->server, c, &r);
        if (is_open(c)) /* else its buffers are gone */
                buf_consume(&c->in, len + 1);
}

/* True when a line was there. */
static bool take_request(ControlConn *c)
{
        size_t len = span_find(buf_span(&c->in), '\n');
        if (len < MIN(c->in.len, (size_t)CONTROL_LINE_MAX)) {
                take_line(c, len);
                return true;
        }
        if (c->in.len < CONTROL_LINE_MAX)
                return false;
        c->ending = true;
        refuse(c, "the request is too long");
        return true;
}

/* 0, or -errno: the connection has ended. */
static int conn_read(ControlConn *c)
{
        char *room;
        size_t want = MIN((size_t)CONTROL_LINE_MAX + 1 - c->in.len, (size_t)LIMIT_LOOP_BYTES);
        int r = buf_reserve(&c->in, want, &room);
        if (r < 0)
                return r;
        ssize_t n = recv(c->fd, room, want, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EPIPE;
        buf_commit(&c->in, (size_t)n);
        return 0;
}

static int conn_take(ControlConn *c)
{
        if (take_request(c))
                return 0;
        int r = conn_read(c);
        if (r == 0 && !take_request(c) && c->in.len)
                arm_half_line(c);
        return r;
}

static int conn_step(ControlConn *c, uint32_t events)
{
        int r = c->out.len ? conn_write(c) : 0;
        if (!is_open(c) || r < 0)
                return r;
        if (c->busy && (events & (EPOLLHUP | EPOLLERR)))
                return -EPIPE;
        if (c->ending)
                return c->out.len ? 0 : -EPIPE;
        if (events & EPOLLRDHUP)
                c->half_closed = true;
        return c->busy || c->out.len ? 0 : conn_take(c);
}

static int conn_ready(LoopSource *source, uint32_t events)
{
        ControlConn *c = CONTAINER_OF(source, ControlConn, source);
        assert(c->magic == CONN_MAGIC);
        if (c->broken || conn_step(c, events) < 0)
                conn_lost(c);
        else
                conn_settle(c);
        return 0;
}

static const LoopSourceOps conn_ops = {.priority = LOOP_PRIORITY_CONTROL, .ready = conn_ready};

/* ---- the connection --------------------------------------------------------- */

int control_conn_new(ControlServer *s, int fd, bool gateway, ControlConn **ret)
{
        CLEANUP_FREE ControlConn *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ControlConn){.magic = CONN_MAGIC,
                           .server = s,
                           .fd = fd,
                           .gateway = gateway,
                           .in = BUF_INIT(CONTROL_LINE_MAX + 1),
                           .out = BUF_INIT(BUF_CAP_NONE)};
        int r = timer_init(&c->deadline, loop_timers(s->loop), &deadline_ops);
        if (r < 0)
                return r;
        r = loop_source_add(&c->source, s->loop, &conn_ops, fd, EPOLLIN | EPOLLRDHUP);
        if (r < 0) {
                timer_done(&c->deadline);
                return r;
        }
        arm_idle(c);
        LIST_INSERT_HEAD(&s->conns, c, link);
        s->n_conns++;
        *ret = TAKE_PTR(c);
        return 0;
}

void *control_conn_data(const ControlConn *c)
{
        return c->data;
}

void control_conn_set_data(ControlConn *c, void *data)
{
        c->data = data;
}
