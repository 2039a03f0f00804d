/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/stream.h"
#include "gateway/root.h"
#include "mcp/write.h"

static int stream_event(Stream *st, const Span *parts, unsigned n, bool *ret_taken)
{
        char id[EVENT_ID_SIZE];
        replay_add(&st->session->events, st->number, parts, n, id);
        return client_event(st->client, span_of(id), parts, n, ret_taken);
}

static void stream_free(Stream *st)
{
        TAILQ_REMOVE(&st->session->streams, st, link);
        session_busy(st->session, false);
        metric_sub(gateway_metrics(st->client->gateway), METRIC_STREAMS, 1);
        st->client->stream = NULL;
        free(st);
}

void stream_cut(Stream *st)
{
        stream_free(st);
}

int stream_end(Stream *st)
{
        Client *c = st->client;
        stream_free(st);
        return client_end_stream(c);
}

/* ---- beginning ------------------------------------------------------------------ */

static int replay(Client *c, Session *s, uint32_t stream, uint64_t number, bool *ret_taken)
{
        char id[EVENT_ID_SIZE];
        Span data[2];
        bool lost;
        int r = 0;
        *ret_taken = true;
        while (r == 0 && *ret_taken && replay_next(&s->events, stream, &number, data, &lost)) {
                event_id_write(stream, number, id);
                r = client_event(c, span_of(id), data, 2, ret_taken);
        }
        return r;
}

static Exchange *exchange_of(const Session *s, uint32_t stream)
{
        Exchange *x;
        LIST_FOREACH(x, &s->exchanges, in_session)
        if (x->open && x->numbered && x->stream == stream)
                break;
        return x;
}

static int stream_new(Client *c, Session *s, uint32_t number)
{
        Stream *st = malloc(sizeof(*st));
        if (!st)
                return -ENOMEM;
        *st = (Stream){.session = s, .client = c, .number = number};
        TAILQ_INSERT_TAIL(&s->streams, st, link);
        session_busy(s, true);
        c->stream = st;
        metric_add(gateway_metrics(c->gateway), METRIC_STREAMS, 1);
        unsigned missed = s->missed;
        s->missed = 0;
        if (missed)
                session_tell_changed(s, missed);
        return 0;
}

static Stream *stream_numbered(const Session *s, uint32_t number)
{
        Stream *st;
        TAILQ_FOREACH(st, &s->streams, link)
        if (st->number == number)
                break;
        return st;
}

/* Takes up a stream where its client left it: the answer to a POST, or a GET stream. */
static int resume(Client *c, Session *s, uint32_t stream, uint64_t number)
{
        bool taken;
        Stream *old = stream_numbered(s, stream);
        int r = old ? stream_end(old) : 0;
        if (r == 0)
                r = replay(c, s, stream, number, &taken);
        if (r < 0 || !taken)
                return r;
        Exchange *x = exchange_of(s, stream);
        if (x)
                return exchange_resume(x, c);
        if (stream % 2 == 0)
                return stream_new(c, s, stream);
        return client_end_stream(c); /* the answer was the last there is */
}

int stream_open(Client *c, Session *s, Span last_event_id)
{
        uint32_t stream;
        uint64_t number;
        bool open, again = last_event_id.len && event_id_parse(last_event_id, &stream, &number);
        int r = client_open_stream(c, &(ClientAnswer){.status = 200}, &open);
        if (r < 0 || !open)
                return r;
        if (again && stream_is_known(s, stream))
                return resume(c, s, stream, number);
        return stream_new(c, s, stream_number(s, true));
}

/* ---- messages of the session ------------------------------------------------------- */

/* One that takes nothing any more is none. */
int session_push(Session *s, const Span *parts, unsigned n, bool *ret_taken)
{
        Stream *st;
        int r = 0;
        *ret_taken = false;
        while (r == 0 && !*ret_taken && (st = TAILQ_FIRST(&s->streams))) {
                r = stream_event(st, parts, n, ret_taken);
                if (!*ret_taken)
                        stream_cut(st);
        }
        return r;
}

void session_tell_changed(Session *s, unsigned lists)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        /* resources and their templates are one to clients */
        if (lists & (1u << MCP_LIST_TEMPLATES))
                lists |= 1u << MCP_LIST_RESOURCES;
        for (McpList l = 0; l < MCP_LIST_TEMPLATES; l++) {
                bool taken = false;
                if (!(lists & (1u << l)))
                        continue;
                buf_clear(&b);
                int r = mcp_write_notification(&b, mcp_list_table[l].changed, SPAN_NONE);
                const Span text = buf_span(&b);
                if (r == 0)
                        r = session_push(s, &text, 1, &taken);
                if (r < 0 || !taken)
                        s->missed |= 1u << l;
        }
}
