/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/warmup.h"
#include "base/json-writer.h"
#include "base/log.h"
#include "gateway/upstream.h"
#include "jsonrpc/json.h"

typedef struct Warmup {
        Call call;
        Backend *backend; /* borrowed: the parent */
        Timer deadline;
        size_t next; /* of the configured ones */
} Warmup;

static int warmup_next(Warmup *w);

void warmup_free(Backend *b)
{
        Warmup *w = TAKE_PTR(b->warmup);
        if (!w)
                return;
        timer_done(&w->deadline);
        free(w);
}

/* The one under way; NULL: it is configured no more. */
static const WarmupConfig *current(const Warmup *w)
{
        const ConfigGroup *all = &w->backend->upstream->config->warmup;
        return w->next < all->n ? (const WarmupConfig *)all->items + w->next : NULL;
}

static int warmup_over(Warmup *w, const char *why)
{
        const WarmupConfig *c = current(w);
        timer_cancel(&w->deadline);
        if (why)
                log_warning_with(LOG_FIELDS(LOG_SERVER(w->backend->upstream->name)), "warmup: %s: %s",
                                 c ? c->tool.value : "a call", why);
        w->next++;
        return w->backend->state == BACKEND_READY ? warmup_next(w) : 0;
}

static int warmup_answered(Call *c, const Envelope *e)
{
        Warmup *w = CONTAINER_OF(c, Warmup, call);
        if (e->kind == ENVELOPE_ERROR)
                return warmup_over(w, "it was answered by an error");
        return warmup_over(w,
                           jspan_true(envelope_member(e, MEMBER_RESULT_IS_ERROR)) ? "the tool failed" : NULL);
}

static int warmup_failed(Call *c, Fault fault)
{
        return warmup_over(CONTAINER_OF(c, Warmup, call), fault_table[fault].name);
}

static const CallOps warmup_ops = {.answered = warmup_answered, .failed = warmup_failed, .ours = true};

static int warmup_late(Timer *timer, Nsec now UNUSED)
{
        Warmup *w = CONTAINER_OF(timer, Warmup, deadline);
        if (w->call.state != CALL_SENT)
                return 0;
        int r = backend_forget(w->backend, &w->call, true, "the warmup took too long");
        return backend_survive(w->backend, r < 0 ? r : warmup_over(w, "no answer within request_timeout"));
}

static const TimerOps deadline_ops = {.fired = warmup_late};

static int warmup_next(Warmup *w)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        Backend *b = w->backend;
        const WarmupConfig *c = current(w);
        if (!c)
                return 0;
        int r = buf_append_str(&params, "{\"name\":");
        if (r == 0)
                r = json_quote(&params, span_of(c->tool.value));
        if (r == 0)
                r = buf_append_str(&params, ",\"arguments\":");
        if (r == 0)
                r = buf_append_str(&params, c->arguments.value ? c->arguments.value : "{}");
        if (r == 0)
                r = buf_append_char(&params, '}');
        if (r < 0)
                return r;
        timer_arm(&w->deadline, nsec_add(loop_now(b->loop), b->upstream->config->request_timeout));
        return backend_ask(b, &w->call, MCP_METHOD_TOOLS_CALL, buf_span(&params));
}

int warmup_start(Backend *b)
{
        if (b->warmup || b->upstream->config->warmup.n == 0)
                return 0;
        Warmup *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Warmup){.call.ops = &warmup_ops, .backend = b};
        int r = timer_init(&w->deadline, loop_timers(b->loop), &deadline_ops);
        if (r < 0) {
                free(w);
                return r;
        }
        b->warmup = w;
        return warmup_next(w);
}
