/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from a server: lines into messages, each to what it belongs to. */
#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/backend-private.h"
#include "jsonrpc/json.h"
#include "mcp/write.h"

enum { SECONDS_OF_STRAY = 60 };

/* ---- what is no message -------------------------------------------------------- */

static int backend_stray(Backend *b, Span line)
{
        Nsec now = loop_now(b->loop);
        score_add(&b->score->stray_lines, 1);
        if (nsec_sub(now, b->stray_since) >= SECONDS_OF_STRAY * NSEC_PER_SEC) {
                b->stray_since = now;
                b->stray = 0;
        }
        b->ops->stray(b, line);
        if (++b->stray <= b->max_stray)
                return 0;
        return backend_fail(b, IPC_FAILURE_PROTOCOL,
                            "more lines on its stdout than limits.max_stray are no messages");
}

/* ---- messages -------------------------------------------------------------------- */

static Call *call_of(Backend *b, Span id)
{
        uint64_t number;
        if (!pending_parse(id.ptr, id.len, &number))
                return NULL;
        PendingNode *node = pending_find(&b->pending, number);
        return node ? CONTAINER_OF(node, Call, node) : NULL;
}

static int backend_answer(Backend *b, const Envelope *e)
{
        Span id = envelope_member(e, MEMBER_ID);
        Call *c = id.len ? call_of(b, id) : NULL;
        if (!c) {
                score_add(&b->score->late_answers, 1);
                return 0;
        }
        backend_release_call(b, c);
        int r = c->ops->answered(c, e);
        return r < 0 || b->state == BACKEND_ENDED ? r : b->ops->has_room(b);
}

/* The token that the server knows is the id of the call. */
static int backend_progress(Backend *b, const Envelope *e)
{
        Span token = envelope_member(e, MEMBER_PROGRESS_TOKEN);
        Call *c = token.len ? call_of(b, token) : NULL;
        return c && c->ops->progress ? c->ops->progress(c, e) : 0;
}

static int answer_ping(Backend *b, const Envelope *e)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_result(&line, envelope_member(e, MEMBER_ID), SPAN("{}"));
        const Span text = buf_span(&line);
        return r < 0 ? r : backend_write(b, &text, 1);
}

static int backend_message(Backend *b, const Envelope *e)
{
        McpMethod m;
        switch (e->kind) {
        case ENVELOPE_RESULT:
        case ENVELOPE_ERROR:
                return backend_answer(b, e);
        case ENVELOPE_NOTIFICATION:
                m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
                return m == MCP_METHOD_PROGRESS ? backend_progress(b, e) : b->ops->notified(b, e);
        default:
                m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
                return m == MCP_METHOD_PING ? answer_ping(b, e) : b->ops->asked(b, e);
        }
}

/* Servers of 2025-03-26 may send several messages at once. */
static int backend_batch(Backend *b, Span array)
{
        JspanWalk walk = jspan_walk(array);
        Envelope e;
        Span item;
        int r = 0;
        while (r == 0 && b->state != BACKEND_ENDED && jspan_next(&walk, NULL, &item))
                r = envelope_scan((char *)(uintptr_t)item.ptr, item.len, &b->limits, &e) == 0
                            ? backend_message(b, &e)
                            : backend_stray(b, item);
        return r;
}

static int backend_line(Backend *b, char *line, size_t n)
{
        Envelope e;
        bool torn = b->again; /* the rest of one that an earlier gateway has begun to read */
        b->again = false;
        if (UNLIKELY(n > LIMIT_PIPE))
                backend_long_line(b, n);
        if (span_trim(span_from(line, n)).len == 0)
                return 0;
        int r = envelope_scan(line, n, &b->limits, &e);
        if (r == 0)
                return backend_message(b, &e);
        if (r == ENVELOPE_E_BATCH)
                return backend_batch(b, e.text);
        if (!torn)
                return backend_stray(b, span_from(line, n));
        score_add(&b->score->stray_lines, 1);
        return 0;
}

/* Nobody can tell whose it was, unless its id stands at the front. */
static int backend_too_long(Backend *b, Span first)
{
        Span id;
        Call *c = envelope_peek_id(first, &id) ? call_of(b, id) : NULL;
        if (!c)
                return backend_fail(b, IPC_FAILURE_PROTOCOL,
                                    "a line on its stdout is longer than limits.max_line");
        backend_release_call(b, c);
        int r = c->ops->failed(c, FAULT_MESSAGE_TOO_LARGE);
        return r < 0 ? r : b->ops->has_room(b);
}

static int backend_lines(Backend *b)
{
        char *line;
        size_t n;
        int r = 0, kind;
        while (r == 0 && b->state != BACKEND_ENDED &&
               (kind = line_reader_next(&b->reader, &line, &n)) != LINE_READER_NONE)
                r = kind == LINE_READER_LINE ? backend_line(b, line, n)
                                             : backend_too_long(b, span_from(line, n));
        return r;
}

/* ---- stdout ------------------------------------------------------------------------ */

/* Its pipes are closed a moment before its end can be known to the supervisor, which knows better what
 * happened: it gets that moment. */
static int backend_eof(Backend *b)
{
        char *line;
        size_t n;
        int r = 0;
        if (line_reader_last(&b->reader, &line, &n) == LINE_READER_LINE)
                r = backend_line(b, line, n);
        loop_source_remove(&b->output);
        if (b->state != BACKEND_ENDED)
                timer_arm(&b->gone, nsec_add(loop_now(b->loop), LIMIT_GATEWAY_GONE * NSEC_PER_MSEC));
        return r;
}

static int backend_read(Backend *b)
{
        size_t done = 0, size;
        char *room;
        int r = 0;
        while (r == 0 && b->state != BACKEND_ENDED && done < LIMIT_LOOP_BYTES) {
                r = line_reader_room(&b->reader, &room, &size);
                if (r < 0)
                        return r;
                ssize_t n = read(b->stdout_fd, room, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n <= 0)
                        return backend_eof(b);
                done += (size_t)n;
                score_add(&b->score->bytes_out, (uint64_t)n);
                line_reader_filled(&b->reader, (size_t)n);
                r = backend_lines(b);
                if (r == 0 && (size_t)n < size)
                        return 0; /* that was all there is */
        }
        return r < 0 || b->state == BACKEND_ENDED ? r : LOOP_E_MORE;
}

static int output_ready(LoopSource *source, uint32_t events UNUSED)
{
        Backend *b = CONTAINER_OF(source, Backend, output);
        return backend_survive(b, backend_read(b));
}

int backend_read_last(Backend *b)
{
        int r = LOOP_E_MORE;
        for (unsigned i = 0; r == LOOP_E_MORE && i < LIMIT_GATEWAY_LAST && b->output.loop; i++)
                r = backend_survive(b, backend_read(b));
        return MIN(r, 0);
}

const LoopSourceOps backend_output_ops = {.priority = LOOP_PRIORITY_CHILD, .ready = output_ready};
