/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/batch.h"

int batch_new(Client *c, size_t max, Batch **ret)
{
        Batch *b = malloc(sizeof(*b));
        if (!b)
                return -ENOMEM;
        *b = (Batch){.client = c, .waiting = 1, .max = max, .out = BUF_INIT(BUF_CAP_NONE)};
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
        if (c) {
                const Span parts[] = {buf_span(&b->out), SPAN("]")};
                const bool any = b->out.len > 0;
                c->batch = NULL;
                r = client_answer(c,
                                  &(ClientAnswer){.status = any ? 200 : 202,
                                                  .type = any ? SPAN("application/json") : SPAN_NONE},
                                  parts, any ? ARRAY_SIZE(parts) : 0);
        }
        buf_done(&b->out);
        free(b);
        return r;
}

int batch_skip(Batch *b)
{
        return --b->waiting ? 0 : batch_finish(b);
}

/* Without one of its answers it is none: its client sees the connection end. */
static void batch_lose(Batch *b)
{
        Client *c = TAKE_PTR(b->client);
        c->batch = NULL;
        buf_done(&b->out);
        http_conn_close(&c->http);
}

int batch_answer(Batch *b, const Span *parts, unsigned n)
{
        int r = b->client ? buf_append_char(&b->out, b->out.len ? ',' : '[') : 0;
        for (unsigned i = 0; r == 0 && b->client && i < n; i++)
                r = buf_append_span(&b->out, parts[i]);
        if (r < 0)
                batch_lose(b);
        return batch_skip(b);
}

bool batch_has_room(const Batch *b, const Span *parts, unsigned n)
{
        size_t all = b->out.len;
        for (unsigned i = 0; i < n; i++)
                all += parts[i].len;
        return b->out.len == 0 || all <= b->max;
}
