/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/batch.h"

int batch_new(Client *c, Batch **ret)
{
        Batch *b = malloc(sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (Batch){.client = c, .waiting = 1, .out = BUF_INIT(BUF_CAP_NONE)};
        c->batch = b;
        *ret = b;
        return 0;
}

void batch_expect(Batch *b)
{
        b->waiting++;
}

void batch_cut(Batch *b)
{
        b->client = NULL;
}

static int batch_finish(Batch *b)
{
        Client *c = b->client;
        int r = 0;
        if (b->out.len)
                r = buf_append_char(&b->out, ']');
        if (r == 0 && c) {
                const Span body = buf_span(&b->out);
                c->batch = NULL;
                r = client_answer(c,
                                  &(ClientAnswer){.status = body.len ? 200 : 202,
                                                  .type = body.len ? SPAN("application/json") : SPAN_NONE},
                                  &body, body.len > 0);
        }
        buf_done(&b->out);
        free(b);
        return r;
}

int batch_skip(Batch *b)
{
        return --b->waiting ? 0 : batch_finish(b);
}

int batch_answer(Batch *b, const Span *parts, unsigned n)
{
        int r = b->client ? buf_append_char(&b->out, b->out.len ? ',' : '[') : 0;
        for (unsigned i = 0; r == 0 && b->client && i < n; i++)
                r = buf_append_span(&b->out, parts[i]);
        return r < 0 ? r : batch_skip(b);
}
