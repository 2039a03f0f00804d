/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "gateway/backend-private.h"
#include "gateway/fetch.h"
#include "gateway/pinger.h"
#include "gateway/warmup.h"

/* ---- its end ----------------------------------------------------------------- */

int backend_end(Backend *b, Fault fault)
{
        PendingNode *node;
        uint32_t at = 0;
        int r = 0;
        b->state = BACKEND_ENDED;
        loop_source_remove(&b->input);
        loop_source_remove(&b->output);
        timer_cancel(&b->gone);
        work_cancel(&b->flush);
        while ((node = pending_each(&b->pending, &at))) {
                Call *c = CONTAINER_OF(node, Call, node);
                backend_release_call(b, c);
                int q = c->ops->failed(c, fault);
                r = r < 0 ? r : q;
        }
        return r;
}

int backend_fail(Backend *b, IpcFailure failure, const char *text)
{
        if (b->state == BACKEND_ENDED)
                return 0;
        bool greeted = b->state != BACKEND_HANDSHAKE;
        int r = backend_end(b, greeted ? FAULT_PROTOCOL_ERROR : FAULT_START_FAILED);
        return r < 0 ? r : b->ops->failed(b, failure, text);
}

int backend_survive(Backend *b, int r)
{
        return r < 0 ? backend_fail(b, IPC_FAILURE_PROTOCOL, strerror(-r)) : r;
}

/* One that was asked to end may well do that. */
static int gone_fired(Timer *timer, Nsec now UNUSED)
{
        Backend *b = CONTAINER_OF(timer, Backend, gone);
        if (b->draining)
                return backend_end(b, FAULT_SERVER_DIED);
        if (b->state == BACKEND_HANDSHAKE)
                return backend_fail(b, IPC_FAILURE_HANDSHAKE,
                                    "closed its stdout before it answered initialize");
        return backend_fail(b, IPC_FAILURE_PROTOCOL, "closed its stdout");
}

static const TimerOps gone_ops = {.fired = gone_fired};

/* ---- its life ------------------------------------------------------------------ */

static int is_pipe(int fd)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? 0 : -EPERM;
}

static int backend_open(Backend *b, const BackendArgs *args)
{
        int r = is_pipe(args->stdin_fd);
        if (r == 0)
                r = is_pipe(args->stdout_fd);
        if (r == 0)
                r = notebook_map(args->notebook_fd, &b->notebook);
        if (r == 0)
                r = buf_append_span(&b->capabilities, args->capabilities);
        if (r == 0)
                r = fd_set_nonblock(args->stdin_fd, true);
        if (r == 0)
                r = fd_set_nonblock(args->stdout_fd, true);
        if (r == 0)
                r = timer_init(&b->gone, loop_timers(b->loop), &gone_ops);
        if (r == 0)
                r = timer_init(&b->quiet, loop_timers(b->loop), &backend_quiet_ops);
        if (r == 0)
                r = loop_source_add(&b->input, b->loop, &backend_input_ops, args->stdin_fd, 0);
        if (r == 0)
                r = loop_source_add(&b->output, b->loop, &backend_output_ops, args->stdout_fd, EPOLLIN);
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
                       .session = args->up->session,
                       .loop = args->loop,
                       .ops = args->ops,
                       .upstream = args->upstream,
                       .score = args->score,
                       .limits = args->limits,
                       .max_stray = args->max_stray,
                       .max_out = args->max_out,
                       .random = args->random,
                       .pipes = args->pipes,
                       .stray_since = loop_now(args->loop),
                       .stdin_fd = -EBADF,
                       .stdout_fd = -EBADF,
                       .level = _MCP_LEVEL_INVALID,
                       .out = BUF_INIT(BUF_CAP_NONE),
                       .hello = BUF_INIT(BUF_CAP_NONE),
                       .capabilities = BUF_INIT(BUF_CAP_NONE)};
        line_reader_init(&b->reader, args->max_line);
        pending_init(&b->pending);
        TAILQ_INIT(&b->turn);
        TAILQ_INIT(&b->told);
        work_init(&b->flush, loop_work(b->loop), &backend_flush_ops);
        int r = backend_open(b, args);
        if (r < 0)
                return r;
        b->stdin_fd = args->stdin_fd;
        b->stdout_fd = args->stdout_fd;
        backend_take_pipe(b, b->stdout_fd);
        *ret = TAKE_PTR(b);
        return 0;
}

Backend *backend_free(Backend *b)
{
        if (!b)
                return NULL;
        greeting_free(b);
        warmup_free(b);
        fetch_free(b);
        pinger_free(b);
        loop_source_remove(&b->input);
        loop_source_remove(&b->output);
        work_done(&b->flush);
        timer_done(&b->gone);
        backend_drop_pipe(b);
        fd_close_p(&b->stdin_fd);
        fd_close_p(&b->stdout_fd);
        notebook_free(b->notebook);
        line_reader_done(&b->reader);
        pending_done(&b->pending);
        buf_done(&b->out);
        buf_done(&b->hello);
        buf_done(&b->capabilities);
        free(b);
        return NULL;
}

int backend_start(Backend *b, uint32_t flags)
{
        bool again = flags & IPC_INSTANCE_AGAIN;
        Span hello;
        int r = 0;
        b->again = again;
        if (again)
                pending_begin_at(&b->pending, b->random);
        if (again && notebook_mid_line(b->notebook)) { /* a line was cut off: end it */
                r = buf_append_char(&b->out, '\n');
                work_queue(&b->flush);
        }
        if (r < 0)
                return r;
        if (again && notebook_initialized(b->notebook, &hello))
                return greeting_resume(b, hello);
        return greeting_start(b);
}
