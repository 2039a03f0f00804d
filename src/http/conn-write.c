/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/limit-table.h"
#include "http/answer.h"
#include "http/conn-private.h"
#include "http/sse.h"

enum {
        SEND_PARTS = 32,
        CHUNK_HEAD = 20, /* a size in hexadecimal and a line end */
};

/* ---- bytes ------------------------------------------------------------------ */

/* How many of them the kernel took, perhaps none. */
static ssize_t transport_writev(HttpConn *c, struct iovec *iov, unsigned n)
{
        ssize_t k;
        if (UNLIKELY(c->tls)) {
                c->tls_wants = 0;
                k = tls_writev(c->tls, iov, (int)n, &c->tls_wants);
        } else if (n == 1) {
                k = send(c->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
                k = k < 0 ? -errno : k;
        } else {
                struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
                k = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
                k = k < 0 ? -errno : k;
        }
        return k == -EAGAIN || k == -EINTR ? 0 : k;
}

/* Behind what waits already. What was written is given up when it is the larger half. */
static int queue_rest(HttpConn *c, const struct iovec *iov, unsigned n, size_t skip)
{
        if (c->out_done > c->out.len / 2) {
                buf_consume(&c->out, c->out_done);
                c->out_done = 0;
        }
        for (unsigned i = 0; i < n; i++) {
                size_t k = MIN(skip, iov[i].iov_len);
                skip -= k;
                int r = buf_append(&c->out, (char *)iov[i].iov_base + k, iov[i].iov_len - k);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int send_vector(HttpConn *c, struct iovec *iov, unsigned n)
{
        size_t all = 0;
        for (unsigned i = 0; i < n; i++)
                all += iov[i].iov_len;
        ssize_t k = conn_queued(c) ? 0 : transport_writev(c, iov, n);
        if (k < 0)
                return (int)k;
        return (size_t)k == all ? 0 : queue_rest(c, iov, n, (size_t)k);
}

typedef struct Parts {
        Span first;
        const Span *middle;
        unsigned n;
        Span last;
} Parts;

/* Straight from where they are; only what the kernel does not take is copied. */
static int send_parts(HttpConn *c, const Parts *p)
{
        struct iovec iov[SEND_PARTS];
        unsigned n = 0;
        int r = 0;
        for (unsigned i = 0; i < p->n + 2 && r == 0; i++) {
                Span s = i == 0 ? p->first : i == p->n + 1 ? p->last : p->middle[i - 1];
                if (s.len)
                        iov[n++] = (struct iovec){.iov_base = (char *)(uintptr_t)s.ptr, .iov_len = s.len};
                if (n == SEND_PARTS || (n && i == p->n + 1)) {
                        r = send_vector(c, iov, n);
                        n = 0;
                }
        }
        return r;
}

static uint64_t length_of(const Span *parts, unsigned n)
{
        uint64_t all = 0;
        for (unsigned i = 0; i < n; i++)
                all += parts[i].len;
        return all;
}

/* ---- after an answer --------------------------------------------------------- */

/* An idle connection owns no memory. */
static void conn_rest(HttpConn *c)
{
        conn_set_state(c, HTTP_CONN_IDLE);
        c->idle_since = loop_now(c->server->loop);
        conn_set_timeout(c, c->server->limits.idle_timeout);
        if (c->out.data)
                buf_done(&c->out);
        conn_watch(c);
        if (!c->feeding && (c->in.len || (c->tls && tls_pending(c->tls))))
                loop_source_wake(&c->source);
}

/* The rest of its request comes and is thrown away. */
static void read_on(HttpConn *c)
{
        conn_set_state(c, HTTP_CONN_READING);
        conn_set_timeout(c, c->server->limits.body_timeout);
        conn_watch(c);
        if (!c->feeding && c->in.len)
                loop_source_wake(&c->source);
}

void conn_answer_done(HttpConn *c)
{
        if (c->close_after)
                conn_finish(c);
        else if (!c->whole)
                read_on(c);
        else
                conn_rest(c);
}

/* Until its user has more to say. */
static void stream_rests(HttpConn *c)
{
        conn_set_timeout(c, c->events ? c->server->limits.sse_keepalive : NSEC_NEVER);
}

/* Something was given: what now, and until when. -errno of the sending becomes "gone". */
static int conn_given(HttpConn *c, int r, HttpConnState state)
{
        if (r < 0) {
                conn_drop(c);
                return HTTP_E_GONE;
        }
        if (state == HTTP_CONN_FLUSHING && !conn_queued(c)) {
                conn_answer_done(c);
                return 0;
        }
        conn_set_state(c, state);
        if (conn_queued(c)) {
                conn_watch(c);
                conn_set_timeout(c, c->server->limits.write_timeout);
        } else {
                stream_rests(c);
        }
        return 0;
}

/* How much of the queue went; -errno: nobody reads any more. */
static ssize_t write_queue(HttpConn *c)
{
        size_t done = 0;
        ssize_t k = 1; /* TLS takes a record at a time */
        while (k > 0 && conn_queued(c) && done < LIMIT_LOOP_BYTES) {
                struct iovec iov = {.iov_base = c->out.data + c->out_done,
                                    .iov_len = MIN(conn_queued(c), LIMIT_LOOP_BYTES - done)};
                k = transport_writev(c, &iov, 1);
                if (k < 0)
                        return k;
                c->out_done += (size_t)k;
                done += (size_t)k;
        }
        return (ssize_t)done;
}

void conn_flush(HttpConn *c)
{
        ssize_t n = write_queue(c);
        if (n < 0) {
                conn_lost(c, HTTP_CUT_CLOSED);
                return;
        }
        if (n > 0)
                conn_set_timeout(c, c->server->limits.write_timeout);
        if (conn_queued(c) == 0) {
                buf_done(&c->out);
                c->out_done = 0;
        }
        conn_watch(c);
        if (conn_queued(c))
                return;
        if (c->state == HTTP_CONN_FLUSHING)
                conn_answer_done(c);
        else if (c->state == HTTP_CONN_STREAMING)
                stream_rests(c);
}

/* ---- answers ----------------------------------------------------------------- */

static bool can_answer(const HttpConn *c)
{
        return c->told && !c->answered && (c->state == HTTP_CONN_READING || c->state == HTTP_CONN_DUE);
}

/* Into the server's buffer. */
static int build_head(HttpConn *c, const HttpAnswer *a, AnswerHead *head)
{
        head->status = a->status;
        head->type = a->type;
        head->headers = a->headers;
        head->n_headers = a->n_headers;
        head->connection = c->close_after ? ANSWER_CLOSE
                           : c->old       ? ANSWER_KEEP_ALIVE
                                          : ANSWER_CONNECTION_NONE;
        buf_clear(&c->server->head);
        return answer_head(&c->server->head, head);
}

/* A client that was not told to send its body may send it or not: no one knows where its next request
 * would begin. */
static bool must_close(const HttpConn *c, const HttpAnswer *a)
{
        return a->close || c->server->draining || conn_waits_for_continue(c);
}

/* To copy a short body behind its head costs less than to tell the kernel of both. */
static int join_body(Buf *head, const HttpAnswer *a)
{
        int r = 0;
        for (unsigned i = 0; i < a->n_body && r == 0; i++)
                r = buf_append_span(head, a->body[i]);
        return r;
}

static int give_answer(HttpConn *c, const HttpAnswer *a)
{
        AnswerHead head = {.framing = ANSWER_LENGTH, .length = length_of(a->body, a->n_body)};
        int r = build_head(c, a, &head);
        bool bare = c->head_only || answer_is_bare(a->status), joined = head.length <= LIMIT_HTTP_JOIN;
        if (r == 0 && joined && !bare)
                r = join_body(&c->server->head, a);
        if (r < 0)
                return r;
        c->answered = true;
        r = send_parts(c, &(Parts){.first = buf_span(&c->server->head),
                                   .middle = a->body,
                                   .n = bare || joined ? 0 : a->n_body});
        return conn_given(c, r, HTTP_CONN_FLUSHING);
}

int http_answer(HttpConn *c, const HttpAnswer *a)
{
        if (!can_answer(c))
                return HTTP_E_GONE;
        c->close_after |= must_close(c, a);
        return give_answer(c, a);
}

void conn_refuse(HttpConn *c, int status, const char *why)
{
        bool owed = c->told && !c->answered;
        Span body[] = {SPAN("{\"error\":\""), span_of(why), SPAN("\"}\n")};
        HttpAnswer a = {.status = status,
                        .type = SPAN("application/json"),
                        .body = body,
                        .n_body = ARRAY_SIZE(body),
                        .close = true};
        c->close_after = true;
        if (c->answered) { /* there is nothing more to say */
                conn_finish(c);
                return;
        }
        if (give_answer(c, &a) < 0)
                conn_drop(c);
        if (owed)
                c->ops->cut(c, HTTP_CUT_SERVER);
        c->ops->refused(c, status, why);
}

void conn_send_continue(HttpConn *c)
{
        c->continue_sent = true;
        int r = send_parts(c, &(Parts){.first = SPAN("HTTP/1.1 100 Continue\r\n\r\n")});
        if (r < 0)
                conn_lost(c, HTTP_CUT_CLOSED);
        else if (conn_queued(c))
                conn_watch(c);
}

/* ---- streams ----------------------------------------------------------------- */

int http_stream_open(HttpConn *c, const HttpAnswer *a)
{
        if (!can_answer(c))
                return HTTP_E_GONE;
        /* Its end is told by a last chunk, or by that of the connection. What comes of a body that is not
         * whole by now is not read before that. */
        c->close_after |= must_close(c, a) || c->old || !c->whole;
        AnswerHead head = {.framing = c->old ? ANSWER_UNTIL_CLOSE : ANSWER_CHUNKED};
        int r = build_head(c, a, &head);
        if (r < 0)
                return r;
        c->answered = true;
        c->chunked = !c->old;
        c->events = span_starts(a->type, SPAN("text/event-stream"));
        r = send_parts(c, &(Parts){.first = buf_span(&c->server->head)});
        return conn_given(c, r, HTTP_CONN_STREAMING);
}

/* Its bytes and the frame around them, in one call of the kernel. */
static int send_chunk(HttpConn *c, const Span *parts, unsigned n, uint64_t length)
{
        char head[CHUNK_HEAD];
        int k = snprintf(head, sizeof(head), "%llx\r\n", (unsigned long long)length);
        Parts p = {.middle = parts, .n = n};
        if (c->chunked) {
                p.first = span_from(head, (size_t)k);
                p.last = SPAN("\r\n");
        }
        return send_parts(c, &p);
}

int http_stream_write(HttpConn *c, const Span *parts, unsigned n)
{
        if (c->state != HTTP_CONN_STREAMING)
                return HTTP_E_GONE;
        uint64_t length = length_of(parts, n);
        if (length == 0 || c->head_only) /* a chunk of no bytes would be the last */
                return 0;
        size_t queued = conn_queued(c);
        if (queued && queued + length > c->server->limits.max_queue) {
                c->server->hits.max_queue++;
                conn_drop(c);
                return HTTP_E_GONE;
        }
        Nsec deadline = c->deadline;
        int r = conn_given(c, send_chunk(c, parts, n, length), HTTP_CONN_STREAMING);
        if (queued && r == 0) /* more to write is no progress */
                conn_set_deadline(c, deadline);
        return r;
}

int http_stream_close(HttpConn *c)
{
        if (c->state != HTTP_CONN_STREAMING)
                return HTTP_E_GONE;
        c->events = false;
        Nsec deadline = c->deadline;
        size_t queued = conn_queued(c);
        int r = c->chunked && !c->head_only ? send_parts(c, &(Parts){.first = SPAN("0\r\n\r\n")}) : 0;
        r = conn_given(c, r, HTTP_CONN_FLUSHING);
        if (queued && r == 0)
                conn_set_deadline(c, deadline);
        return r;
}

void conn_send_keepalive(HttpConn *c)
{
        Span comment = SSE_KEEPALIVE;
        if (http_stream_write(c, &comment, 1) == HTTP_E_GONE)
                c->ops->cut(c, HTTP_CUT_CLOSED);
        else if (c->head_only)
                c->deadline = NSEC_NEVER;
}
