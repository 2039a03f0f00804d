/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to a server: lines, and requests under ids of ours. */
#include <sys/uio.h>

#include "base/fd.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/backend-private.h"
#include "jsonrpc/splice.h"
#include "mcp/write.h"

enum { PARTS_MAX = SPLICE_PARTS + 1 };

/* ---- bytes ------------------------------------------------------------------ */

void backend_drop_stdin(Backend *b)
{
        loop_source_remove(&b->input);
        fd_close_p(&b->stdin_fd);
        buf_clear(&b->out);
        b->written = 0;
}

/* A queue that never gets empty must not grow by what is gone already. */
static void forget_written(Backend *b)
{
        if (b->written == b->out.len) {
                buf_clear(&b->out);
                if (b->out.size > LIMIT_GATEWAY_KEEP)
                        buf_done(&b->out);
                b->written = 0;
        } else if (b->written >= b->out.len / 2) {
                buf_consume(&b->out, b->written);
                b->written = 0;
        }
}

/* The notebook says "mid-line" from before the first byte of a line until its end is written: what
 * waits always ends with a line end. */
int backend_flush(Backend *b)
{
        while (backend_waiting(b)) {
                notebook_set_mid_line(b->notebook, true);
                ssize_t n = write(b->stdin_fd, b->out.data + b->written, backend_waiting(b));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) { /* nobody reads any more: the end of its stdout tells the rest */
                        backend_drop_stdin(b);
                        return 0;
                }
                score_add(&b->score->bytes_in, (uint64_t)n);
                b->written += (size_t)n;
        }
        bool rest = backend_waiting(b) > 0;
        forget_written(b);
        if (!rest)
                notebook_set_mid_line(b->notebook, false);
        if (!rest && b->closing)
                backend_drop_stdin(b);
        return b->stdin_fd < 0 ? 0 : loop_source_set_events(&b->input, rest ? EPOLLOUT : 0);
}

/* What waited for room in its pipe may have kept calls in their queue. */
static int input_ready(LoopSource *source, uint32_t events UNUSED)
{
        Backend *b = CONTAINER_OF(source, Backend, input);
        int r = backend_flush(b);
        if (r == 0 && backend_waiting(b) == 0 && !TAILQ_EMPTY(&b->turn))
                r = b->ops->has_room(b);
        return backend_survive(b, r);
}

const LoopSourceOps backend_input_ops = {.priority = LOOP_PRIORITY_CHILD, .ready = input_ready};

static int flush_run(Work *work)
{
        Backend *b = CONTAINER_OF(work, Backend, flush);
        if (b->stuck)
                return backend_fail(b, IPC_FAILURE_UNRESPONSIVE, b->stuck);
        return backend_survive(b, backend_flush(b));
}

const WorkOps backend_flush_ops = {.run = flush_run};

/* ---- lines ------------------------------------------------------------------ */

/* A long line that nothing stands before goes out without a copy, as far as the pipe takes it. */
static size_t write_now(Backend *b, const Span *parts, unsigned n)
{
        struct iovec iov[PARTS_MAX];
        for (unsigned i = 0; i < n; i++)
                iov[i] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
        notebook_set_mid_line(b->notebook, true);
        ssize_t k = writev(b->stdin_fd, iov, (int)n);
        if (k <= 0)
                return 0;
        score_add(&b->score->bytes_in, (uint64_t)k);
        return (size_t)k;
}

static void get_stuck(Backend *b, const char *why)
{
        b->stuck = why;
        work_queue(&b->flush);
}

int backend_write(Backend *b, const Span *parts, unsigned n)
{
        size_t total = 0, gone = 0, before = b->out.len;
        int r = 0;
        if (b->stdin_fd < 0 || b->stuck || b->state == BACKEND_ENDED)
                return 0;
        for (unsigned i = 0; i < n; i++)
                total += parts[i].len;
        if (backend_waiting(b) && backend_waiting(b) + total > b->max_out) {
                get_stuck(b, "does not read its stdin");
                return 0;
        }
        if (total > LIMIT_GATEWAY_COPY && backend_waiting(b) == 0 && n <= PARTS_MAX)
                gone = write_now(b, parts, n);
        const bool wrote = gone > 0;
        for (unsigned i = 0; r == 0 && i < n; i++) {
                size_t cut = MIN(gone, parts[i].len);
                gone -= cut;
                r = buf_append_span(&b->out, span_skip(parts[i], cut));
        }
        if (r == 0)
                r = buf_append_char(&b->out, '\n');
        if (r < 0) {
                b->out.len = before;
                if (b->out.data)
                        b->out.data[before] = '\0';
                if (!wrote)
                        return r;
                get_stuck(b, "there is no memory for what waits for its stdin"); /* half a line is out */
                return 0;
        }
        work_queue(&b->flush);
        return 0;
}

void backend_close_stdin(Backend *b)
{
        if (b->state != BACKEND_ENDED)
                b->state = BACKEND_DRAINING;
        b->closing = true;
        if (b->stdin_fd >= 0 && backend_waiting(b) == 0)
                backend_drop_stdin(b);
}

/* ---- requests ---------------------------------------------------------------- */

static Span write_id(uint64_t id, char room[static CALL_ID_ROOM])
{
        size_t at = CALL_ID_ROOM;
        do
                room[--at] = (char)('0' + id % 10);
        while ((id /= 10) && at > 0);
        return span_from(room + at, CALL_ID_ROOM - at);
}

int backend_expect(Backend *b, Call *c)
{
        int r = pending_add(&b->pending, &c->node);
        if (r < 0)
                return r;
        c->state = CALL_SENT;
        c->backend = b;
        c->upstream = b->upstream;
        b->in_flight += !c->ops->ours;
        return 0;
}

/* As if it had never been expected: it is in no account yet. */
static void backend_unexpect(Backend *b, Call *c)
{
        pending_remove(&b->pending, &c->node);
        c->state = CALL_IDLE;
        b->in_flight -= !c->ops->ours;
        c->backend = NULL;
}

void backend_release_call(Backend *b, Call *c)
{
        pending_remove(&b->pending, &c->node);
        c->state = CALL_IDLE;
        b->in_flight -= !c->ops->ours;
        b->parked -= c->parked;
        c->parked = false;
        b->ops->over(c);
        c->backend = NULL;
}

static void splice_call(Splice *s, const CallText *t, Span id)
{
        splice_init(s, t->text);
        splice_replace(s, t->id, id);
        if (t->token.len)
                splice_replace(s, t->token, id);
        if (t->name.len)
                splice_replace(s, t->old_name, t->name);
        if (t->insert_at.ptr)
                splice_replace(s, t->insert_at, t->insert);
}

int backend_send(Backend *b, Call *c, const CallText *t)
{
        char room[CALL_ID_ROOM];
        Span parts[SPLICE_PARTS];
        Splice s;
        int r = backend_expect(b, c);
        if (r < 0)
                return r;
        splice_call(&s, t, write_id(c->node.id, room));
        r = backend_write(b, parts, splice_parts(&s, parts));
        if (r < 0)
                backend_unexpect(b, c);
        return r;
}

/* Its line has blanks where the id goes: white space behind a number changes nothing. */
int backend_send_waited(Backend *b, Call *c)
{
        char room[CALL_ID_ROOM];
        int r = backend_expect(b, c);
        if (r < 0)
                return r;
        Span id = write_id(c->node.id, room);
        memcpy(c->line.data + c->id_at, id.ptr, id.len);
        if (c->token_at)
                memcpy(c->line.data + c->token_at, id.ptr, id.len);
        const Span line = buf_span(&c->line);
        r = backend_write(b, &line, 1);
        if (r < 0) {
                backend_unexpect(b, c);
                return r;
        }
        buf_done(&c->line);
        return 0;
}

int backend_ask(Backend *b, Call *c, McpMethod m, Span params)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = backend_expect(b, c);
        if (r < 0)
                return r;
        c->method = m;
        r = mcp_write_request(&line, c->node.id, m, params);
        const Span text = buf_span(&line);
        if (r == 0)
                r = backend_write(b, &text, 1);
        if (r < 0)
                backend_unexpect(b, c);
        return r;
}

static int tell_cancelled(Backend *b, uint64_t id, const char *reason)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = buf_appendf(&params, "{\"requestId\":%llu,\"reason\":", (unsigned long long)id);
        if (r == 0)
                r = json_quote(&params, span_of(reason));
        if (r == 0)
                r = buf_append_char(&params, '}');
        if (r == 0)
                r = mcp_write_notification(&line, MCP_METHOD_CANCELLED, buf_span(&params));
        const Span text = buf_span(&line);
        return r < 0 ? r : backend_write(b, &text, 1);
}

int backend_forget(Backend *b, Call *c, bool cancelled, const char *reason)
{
        uint64_t id = c->node.id;
        backend_release_call(b, c);
        if (cancelled && tell_cancelled(b, id, reason) < 0)
                log_limited(LOG_LEVEL_WARNING, "cancel", NULL,
                            "a server could not be told that a call is over");
        return b->ops->has_room(b);
}

Call *backend_only_call(const Backend *b)
{
        PendingNode *node;
        uint32_t at = 0;
        unsigned unparked = b->in_flight - b->parked;
        if (unparked > 1 || (unparked == 0 && b->in_flight != 1))
                return NULL;
        while ((node = pending_each(&b->pending, &at))) {
                Call *c = CONTAINER_OF(node, Call, node);
                if (!c->ops->ours && (!c->parked || unparked == 0))
                        return c;
        }
        return NULL;
}
