/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/backend.h"
#include "gateway/handshake.h"

enum { READ_CHUNK = 16 * 1024, SECONDS_OF_STRAY = 60 };

static int backend_fail(Backend *b, IpcFailure failure, const char *text)
{
        b->state = BACKEND_ENDED;
        loop_source_remove(&b->input);
        loop_source_remove(&b->output);
        timer_cancel(&b->gone);
        return b->ops->failed(b, failure, text);
}

/* ---- stdin ------------------------------------------------------------------ */

static void close_stdin(Backend *b)
{
        loop_source_remove(&b->input);
        fd_close_p(&b->stdin_fd);
        buf_clear(&b->waiting);
}

/* The notebook says "mid-line" from before the first byte of a line until its end is written: what
 * waits always ends with a line end. */
static int backend_flush(Backend *b)
{
        while (b->waiting.len) {
                notebook_set_mid_line(b->notebook, true);
                ssize_t n = write(b->stdin_fd, b->waiting.data, b->waiting.len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) { /* nobody reads any more: the end of its stdout tells the rest */
                        close_stdin(b);
                        return 0;
                }
                score_add(&b->score->bytes_in, (uint64_t)n);
                buf_consume(&b->waiting, (size_t)n);
        }
        if (b->waiting.len == 0)
                notebook_set_mid_line(b->notebook, false);
        return loop_source_set_events(&b->input, b->waiting.len ? EPOLLOUT : 0);
}

static int input_ready(LoopSource *source, uint32_t events UNUSED)
{
        return backend_flush(CONTAINER_OF(source, Backend, input));
}

static const LoopSourceOps input_ops = {.priority = LOOP_PRIORITY_CHILD, .ready = input_ready};

/* ---- the handshake ---------------------------------------------------------- */

static int backend_stray(Backend *b)
{
        Nsec now = loop_now(b->loop);
        score_add(&b->score->stray_lines, 1);
        if (nsec_sub(now, b->stray_since) >= SECONDS_OF_STRAY * NSEC_PER_SEC) {
                b->stray_since = now;
                b->stray = 0;
        }
        if (++b->stray <= b->max_stray)
                return 0;
        return backend_fail(b, IPC_FAILURE_PROTOCOL, "too many lines on its stdout are no messages");
}

/* A result that does not fit is kept by its version alone. */
static int note_result(Backend *b, const HandshakeAnswer *a)
{
        char text[64];
        int r = notebook_set_initialized(b->notebook, buf_span(&a->result));
        if (r != -ENOBUFS)
                return r;
        (void)snprintf(text, sizeof(text), "{\"protocolVersion\":\"%s\"}", a->protocol);
        return notebook_set_initialized(b->notebook, span_of(text));
}

static int backend_initialized(Backend *b, const HandshakeAnswer *a)
{
        int r = 0;
        if (b->stdin_fd >= 0)
                r = handshake_initialized(&b->waiting);
        if (r == 0 && b->stdin_fd >= 0)
                r = backend_flush(b);
        if (r == 0)
                r = note_result(b, a);
        if (r < 0)
                return r;
        b->state = BACKEND_READY;
        buf_done(&b->line);
        return b->ops->ready(b, a->protocol);
}

static int backend_line(Backend *b, Span line)
{
        CLEANUP(handshake_answer_done) HandshakeAnswer a = HANDSHAKE_ANSWER_INIT;
        int r = handshake_read(line, &a);
        if (r == HANDSHAKE_E_DONE)
                return backend_initialized(b, &a);
        if (r == HANDSHAKE_E_REFUSED)
                return backend_fail(b, IPC_FAILURE_HANDSHAKE, buf_text(&a.why));
        if (r == HANDSHAKE_E_STRAY)
                return backend_stray(b);
        return MIN(r, 0);
}

/* What has come may be several lines; after the one that counts the rest is dropped. */
static int backend_lines(Backend *b)
{
        size_t done = 0;
        int r = 0;
        while (r == 0 && b->state == BACKEND_HANDSHAKE) {
                Span rest = span_skip(buf_span(&b->line), done);
                size_t end = span_find(rest, '\n');
                if (end == rest.len)
                        break;
                done += end + 1;
                r = backend_line(b, span_first(rest, end));
        }
        if (b->state == BACKEND_HANDSHAKE)
                buf_consume(&b->line, done);
        return r;
}

static int backend_take(Backend *b, Span bytes)
{
        score_add(&b->score->bytes_out, bytes.len);
        if (b->state != BACKEND_HANDSHAKE)
                return 0;
        int r = buf_append_span(&b->line, bytes);
        if (r == -ENOBUFS)
                return backend_fail(b, IPC_FAILURE_PROTOCOL,
                                    "a line on its stdout is longer than limits.max_line");
        return r < 0 ? r : backend_lines(b);
}

/* ---- stdout ----------------------------------------------------------------- */

/* Its pipes are closed a moment before its end can be known to the supervisor, which knows better what
 * happened: it gets that moment. */
static void backend_ended(Backend *b)
{
        loop_source_remove(&b->output);
        close_stdin(b);
        timer_arm(&b->gone, nsec_add(loop_now(b->loop), LIMIT_GATEWAY_GONE * NSEC_PER_MSEC));
}

static int gone_fired(Timer *timer, Nsec now UNUSED)
{
        Backend *b = CONTAINER_OF(timer, Backend, gone);
        if (b->state == BACKEND_READY)
                return backend_fail(b, IPC_FAILURE_PROTOCOL, "closed its stdout");
        return backend_fail(b, IPC_FAILURE_HANDSHAKE, "closed its stdout before it answered initialize");
}

static const TimerOps gone_ops = {.fired = gone_fired};

static int output_ready(LoopSource *source, uint32_t events UNUSED)
{
        Backend *b = CONTAINER_OF(source, Backend, output);
        char bytes[READ_CHUNK];
        for (size_t moved = 0; moved < LIMIT_LOOP_BYTES;) {
                ssize_t n = read(b->stdout_fd, bytes, sizeof(bytes));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n <= 0) {
                        backend_ended(b);
                        return 0;
                }
                moved += (size_t)n;
                int r = backend_take(b, span_from(bytes, (size_t)n));
                if (r < 0 || b->state == BACKEND_ENDED)
                        return r;
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps output_ops = {.priority = LOOP_PRIORITY_CHILD, .ready = output_ready};

/* ---- life ------------------------------------------------------------------- */

static int backend_open(Backend *b, const BackendArgs *args)
{
        int r = notebook_map(args->notebook_fd, &b->notebook);
        if (r == 0)
                r = fd_set_nonblock(args->stdin_fd, true);
        if (r == 0)
                r = fd_set_nonblock(args->stdout_fd, true);
        if (r == 0)
                r = timer_init(&b->gone, loop_timers(args->loop), &gone_ops);
        if (r == 0)
                r = loop_source_add(&b->input, args->loop, &input_ops, args->stdin_fd, 0);
        if (r == 0)
                r = loop_source_add(&b->output, args->loop, &output_ops, args->stdout_fd, EPOLLIN);
        return r;
}

int backend_new(const BackendArgs *args, Backend **ret)
{
        CLEANUP(backend_free_p) Backend *b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (Backend){.id = {.row = args->up->row,
                              .instance = args->up->instance,
                              .generation = args->up->generation},
                       .loop = args->loop,
                       .ops = args->ops,
                       .score = args->score,
                       .stdin_fd = -EBADF,
                       .stdout_fd = -EBADF,
                       .waiting = BUF_INIT(LIMIT_GATEWAY_STDIN),
                       .line = BUF_INIT(args->max_line),
                       .max_stray = args->max_stray,
                       .stray_since = loop_now(args->loop)};
        int r = backend_open(b, args);
        if (r < 0)
                return r;
        b->stdin_fd = args->stdin_fd;
        b->stdout_fd = args->stdout_fd;
        b->list = args->list;
        TAILQ_INSERT_TAIL(b->list, b, link);
        *ret = TAKE_PTR(b);
        return 0;
}

Backend *backend_free(Backend *b)
{
        if (!b)
                return NULL;
        if (b->list)
                TAILQ_REMOVE(b->list, b, link);
        loop_source_remove(&b->output);
        close_stdin(b);
        timer_done(&b->gone);
        fd_close_p(&b->stdout_fd);
        notebook_free(b->notebook);
        buf_done(&b->waiting);
        buf_done(&b->line);
        free(b);
        return NULL;
}

static int backend_resume(Backend *b, uint32_t flags, Span result)
{
        char protocol[HANDSHAKE_PROTOCOL];
        if (!handshake_protocol_of(result, protocol))
                return backend_fail(b, IPC_FAILURE_HANDSHAKE, "its notebook cannot be read");
        b->state = BACKEND_READY;
        return flags & IPC_INSTANCE_READY_BEFORE ? 0 : b->ops->ready(b, protocol);
}

int backend_start(Backend *b, uint32_t flags)
{
        bool again = flags & IPC_INSTANCE_AGAIN;
        Span result;
        int r = 0;
        if (again && notebook_mid_line(b->notebook)) /* a line was cut off: end it */
                r = buf_append_char(&b->waiting, '\n');
        bool done = again && notebook_initialized(b->notebook, &result);
        if (r == 0 && !done)
                r = handshake_request(&b->waiting);
        if (r == 0)
                r = backend_flush(b);
        return r == 0 && done ? backend_resume(b, flags, result) : r;
}

void backend_drained(Backend *b)
{
        close_stdin(b);
}
