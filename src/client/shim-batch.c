/* SPDX-License-Identifier: Apache-2.0 */
/* Several messages in one line, as sessions of 2025-03-26 may have them: one POST, and one line back. */
#include "client/shim-private.h"
#include "jsonrpc/json.h"

/* What the messages of a batch are, all together. */
typedef struct BatchFacts {
        unsigned n;
        bool asks, unsafe, lasts;
        Buf ids;          /* of its requests: an array, but for its end */
        Span initialized; /* the host is ready, as it says it; empty: it does not say so */
} BatchFacts;

static int scan_item(Span item, Envelope *ret)
{
        return envelope_scan((char *)(uintptr_t)item.ptr, item.len, &shim_limits, ret);
}

/* What is no message gets its error from the server, by which the batch has an answer, too. */
static int look(BatchFacts *f, Span item)
{
        Envelope e;
        bool valid = scan_item(item, &e) == 0;
        McpMethod m = valid ? mcp_method_of(envelope_member(&e, MEMBER_METHOD)) : MCP_METHOD_OTHER;
        f->n++;
        f->asks |= !valid || e.kind == ENVELOPE_REQUEST;
        if (valid && e.kind == ENVELOPE_NOTIFICATION && m == MCP_METHOD_INITIALIZED)
                f->initialized = e.text;
        if (!valid || e.kind != ENVELOPE_REQUEST)
                return 0;
        f->unsafe |= !shim_is_harmless(m);
        f->lasts |= wish_lasts(m);
        int r = buf_append_char(&f->ids, f->ids.len ? ',' : '[');
        return r < 0 ? r : buf_append_span(&f->ids, envelope_member(&e, MEMBER_ID));
}

static int send(Shim *s, Span array, BatchFacts *f)
{
        ShimTurn *t;
        int r = f->ids.len ? buf_append_char(&f->ids, ']') : 0;
        if (r == 0)
                r = shim_turn_new(s, f->asks ? SHIM_BATCH : SHIM_NOTE, array, NULL, &t);
        if (r < 0)
                return r;
        t->id = f->ids;
        f->ids = BUF_INIT(BUF_CAP_NONE);
        t->harmless = !f->unsafe;
        t->lasts = f->lasts;
        t->opens = f->initialized.len > 0;
        if (s->session == SHIM_OPENING)
                t->due = NSEC_NEVER;
        if (!f->asks)
                s->barrier = t;
        if (!t->opens)
                return 0;
        buf_clear(&s->initialized);
        return buf_append_span(&s->initialized, f->initialized);
}

int shim_batch_new(Shim *s, Span array)
{
        BatchFacts f = {.ids = BUF_INIT(BUF_CAP_NONE)};
        JspanWalk walk = jspan_walk(array);
        Span item;
        int r = 0;
        if (s->version == _MCP_VERSION_INVALID || !mcp_has(s->version, MCP_HAS_BATCH))
                return shim_say_error(s, SPAN_NONE, RPC_ERROR_INVALID_REQUEST,
                                      "several messages in one line are for sessions of 2025-03-26 only");
        while (r == 0 && jspan_next(&walk, NULL, &item))
                r = look(&f, item);
        if (r == 0 && f.n == 0)
                r = shim_say_error(s, SPAN_NONE, RPC_ERROR_INVALID_REQUEST, "an empty batch");
        else if (r == 0)
                r = send(s, array, &f);
        buf_done(&f.ids);
        return r;
}

/* ---- its answer -------------------------------------------------------------------- */

static bool is_granted(Span answers, Span id)
{
        JspanWalk walk = jspan_walk(answers);
        Span item;
        Envelope e;
        while (jspan_next(&walk, NULL, &item))
                if (scan_item(item, &e) == 0 && e.kind == ENVELOPE_RESULT &&
                    span_equal(envelope_member(&e, MEMBER_ID), id))
                        return true;
        return false;
}

int shim_batch_answered(Shim *s, ShimTurn *t, Span answers)
{
        JspanWalk walk = jspan_walk(buf_span(&t->body));
        Span item;
        Envelope e;
        int r = 0;
        t->answered = true;
        while (r == 0 && t->lasts && jspan_next(&walk, NULL, &item))
                if (scan_item(item, &e) == 0 && e.kind == ENVELOPE_REQUEST &&
                    is_granted(answers, envelope_member(&e, MEMBER_ID)))
                        r = shim_replay_granted(s, item, t->generation);
        return r < 0 ? r : shim_say(s, answers);
}

int shim_batch_fail(Shim *s, const ShimTurn *t, RpcError error, const char *why)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        JspanWalk walk = jspan_walk(buf_span(&t->id));
        Span id;
        int r = 0;
        if (t->id.len == 0)
                return shim_say_error(s, SPAN_NONE, error, why);
        while (r == 0 && jspan_next(&walk, NULL, &id)) {
                r = buf_append_char(&b, b.len ? ',' : '[');
                if (r == 0)
                        r = mcp_write_error(&b, &(McpErrorArgs){.id = id, .error = error, .message = why});
        }
        if (r == 0)
                r = buf_append_char(&b, ']');
        return r < 0 ? r : shim_say(s, buf_span(&b));
}
