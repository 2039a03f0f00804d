/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/plan-private.h"

enum { ALIGN = 8 };

static int put_text(Buf *b, size_t from, const char *s, uint32_t *ret)
{
        uint32_t here = (uint32_t)(b->len - from);
        if (!s)
                return 0;
        int r = buf_append(b, s, strlen(s) + 1);
        if (r == 0)
                *ret = here;
        return r;
}

static int put_bytes(Buf *b, size_t from, Span bytes, SandboxOp *op)
{
        static const char zeros[ALIGN];
        int r = buf_append(b, zeros, (ALIGN - (b->len - from) % ALIGN) % ALIGN);
        if (r < 0 || span_is_empty(bytes))
                return r;
        op->bytes = (uint32_t)(b->len - from);
        op->n_bytes = (uint32_t)bytes.len;
        return buf_append_span(b, bytes);
}

static int put_step(Buf *b, size_t from, size_t at, const SandboxStep *s)
{
        SandboxOp op = {.kind = s->kind, .phase = s->phase, .a = s->a, .b = s->b, .c = s->c};
        int r = put_text(b, from, s->text, &op.text);
        if (r == 0)
                r = put_text(b, from, s->other, &op.other);
        if (r == 0)
                r = put_bytes(b, from, s->bytes, &op);
        if (r == 0)
                memcpy(b->data + from + at, &op, sizeof(op));
        return r;
}

int sandbox_plan_encode(const SandboxPlan *p, Buf *b)
{
        size_t from = b->len, at = sizeof(SandboxProgram);
        SandboxProgram head = {.magic = SANDBOX_PROGRAM_MAGIC, .ops = (uint32_t)at};
        char *room;
        for (size_t i = 0; i < p->n; i++)
                head.n += p->steps[i].phase != PHASE_DAEMON;
        size_t begin = at + head.n * sizeof(SandboxOp);
        int r = buf_reserve(b, begin, &room);
        if (r < 0)
                return r;
        memset(room, 0, begin);
        buf_commit(b, begin);
        for (size_t i = 0; r == 0 && i < p->n; i++) {
                if (p->steps[i].phase == PHASE_DAEMON)
                        continue;
                r = put_step(b, from, at, &p->steps[i]);
                at += sizeof(SandboxOp);
        }
        head.size = (uint32_t)(b->len - from);
        if (r == 0)
                memcpy(b->data + from, &head, sizeof(head));
        return r;
}
