/* SPDX-License-Identifier: Apache-2.0 */
/* How messages of an exchange reach its client: as one object, as events, or as a part of an array. */
#include "gateway/batch.h"
#include "gateway/exchange-private.h"
#include "gateway/fault.h"
#include "gateway/upstream.h"

/* ---- its stream -------------------------------------------------------------------- */

static int give_event(Exchange *x, const Span *parts, unsigned n, bool last, bool *ret_taken)
{
        char id[EVENT_ID_SIZE];
        Span name = SPAN_NONE;
        if (x->numbered && x->session) {
                (last ? replay_add_last : replay_add)(&x->session->events, x->stream, parts, n, id);
                name = span_of(id);
        }
        *ret_taken = false;
        int r = x->client ? client_event(x->client, name, parts, n, ret_taken) : 0;
        if (x->client && !*ret_taken)
                TAKE_PTR(x->client)->exchange = NULL;
        return r;
}

static int open_stream(Exchange *x)
{
        bool open;
        int r = client_open_stream(x->client, &(ClientAnswer){.status = 200}, &open);
        if (r < 0)
                return r;
        x->open = true;
        if (x->session) {
                x->numbered = true;
                x->stream = stream_number(x->session, false);
        }
        if (!open || !x->numbered || !mcp_has(x->version, MCP_HAS_PRIMING))
                return 0;
        char id[EVENT_ID_SIZE];
        replay_first_id(&x->session->events, x->stream, id);
        return client_prime(x->client, span_of(id));
}

bool exchange_has_stream(const Exchange *x)
{
        return !x->batch && !x->finished && (x->open || (x->client && x->client->accepts_sse));
}

int exchange_push(Exchange *x, const Span *parts, unsigned n)
{
        bool taken;
        int r = 0;
        if (!exchange_has_stream(x))
                return EXCHANGE_E_NO_STREAM;
        if (!x->open)
                r = open_stream(x);
        if (r < 0)
                return r;
        r = give_event(x, parts, n, false, &taken);
        return r < 0 || taken || x->numbered ? r : EXCHANGE_E_NO_STREAM;
}

/* ---- its answer -------------------------------------------------------------------- */

/* One that the array has no room for is told so. */
static int give_batch(Exchange *x, const Span *parts, unsigned n)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const FaultArgs a = {.fault = FAULT_MESSAGE_TOO_LARGE,
                             .server = x->call.upstream ? x->call.upstream->name : NULL,
                             .retry_after_ms = UINT64_MAX,
                             .exit_class = -1,
                             .code = -1,
                             .correlation_id = span_of(x->correlation)};
        if (batch_has_room(x->batch, parts, n) || fault_write(&b, exchange_id(x), &a) < 0)
                return batch_answer(TAKE_PTR(x->batch), parts, n);
        const Span text = buf_span(&b);
        return batch_answer(TAKE_PTR(x->batch), &text, 1);
}

int exchange_give(Exchange *x, const Span *parts, unsigned n)
{
        Client *c = x->client;
        bool taken;
        int r = 0;
        if (x->batch)
                return give_batch(x, parts, n);
        if (c && !x->open && c->accepts_json) {
                c->exchange = NULL;
                x->client = NULL;
                return client_answer(c, &(ClientAnswer){.status = 200, .type = SPAN("application/json")},
                                     parts, n);
        }
        if (c && !x->open)
                r = open_stream(x);
        if (r == 0 && x->open)
                r = give_event(x, parts, n, true, &taken);
        c = x->client; /* it may have gone by that */
        if (r < 0 || !c)
                return r;
        c->exchange = NULL;
        x->client = NULL;
        return client_end_stream(c);
}
