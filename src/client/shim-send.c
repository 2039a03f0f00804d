/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ask.h"
#include "client/shim-private.h"
#include "jsonrpc/json.h"
#include "mcp/method.h"

enum {
        CONNECT_TIME = 5, /* seconds; the loop stands still so long at most */
        NOTE_TIME = 10,   /* seconds that a notification or replay holds up what is behind it */
        PAUSE_MS = 100,   /* before the next try to reach a server that is not there */
        RETRY_MS = 1000,  /* before a stream is opened again, if the server names no time */
        MOST_TRIES = 5,
        SHOWN_REASON = 300,
};

static Nsec now(void)
{
        return clock_now(&clock_monotonic);
}

static Nsec in_ms(uint64_t ms)
{
        return nsec_add(now(), ms * NSEC_PER_MSEC);
}

/* ---- life ----------------------------------------------------------------------- */

static int take_conn(Shim *s, ClientConn *ret)
{
        if (s->n_idle == 0)
                return client_conn_init(ret);
        *ret = s->idle[--s->n_idle];
        return 0;
}

/* Back to where the next message finds it. */
static void give_conn(Shim *s, ClientConn *c)
{
        client_conn_next(c);
        if (c->fd >= 0 && s->n_idle < SHIM_IDLE)
                s->idle[s->n_idle++] = *c;
        else
                client_conn_done(c);
        *c = (ClientConn){.fd = -EBADF};
}

bool shim_is_harmless(McpMethod m)
{
        return m != MCP_METHOD_TOOLS_CALL && m != MCP_METHOD_OTHER;
}

int shim_turn_new(Shim *s, ShimKind kind, Span body, const Envelope *e, ShimTurn **ret)
{
        ShimTurn *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->kind = kind;
        t->conn.fd = -EBADF;
        t->body = BUF_INIT(BUF_CAP_NONE);
        t->id = BUF_INIT(BUF_CAP_NONE);
        t->give_up = nsec_add(now(), s->args->patience);
        t->late = NSEC_NEVER;
        sse_reader_init(&t->sse, CLIENT_BODY_MAX);
        TAILQ_INSERT_TAIL(&s->turns, t, link);
        s->n_turns++;
        int r = buf_append_span(&t->body, body);
        if (r == 0 && e)
                r = buf_append_span(&t->id, envelope_member(e, MEMBER_ID));
        McpMethod m = e ? mcp_method_of(envelope_member(e, MEMBER_METHOD)) : MCP_METHOD_OTHER;
        t->harmless = kind != SHIM_REQUEST || shim_is_harmless(m);
        t->lasts = kind == SHIM_REQUEST && wish_lasts(m);
        t->opens = m == MCP_METHOD_INITIALIZED;
        if (r == 0)
                *ret = t;
        else
                shim_turn_free(s, t);
        return r;
}

void shim_turn_free(Shim *s, ShimTurn *t)
{
        TAILQ_REMOVE(&s->turns, t, link);
        s->n_turns--;
        if (s->barrier == t)
                s->barrier = NULL;
        client_conn_done(&t->conn);
        sse_reader_done(&t->sse);
        buf_done(&t->body);
        buf_done(&t->id);
        free(t);
}

/* ---- ends ------------------------------------------------------------------------- */

static int end(Shim *s, ShimTurn *t)
{
        t->over = true;
        t->due = t->late = NSEC_NEVER;
        if (t->conn.response)
                give_conn(s, &t->conn);
        return t->opens ? shim_session_ready(s) : 0;
}

int shim_turn_fail(Shim *s, ShimTurn *t, const char *why)
{
        int r = 0;
        if (t->conn.response)
                client_conn_drop(&t->conn);
        if (t->kind == SHIM_REQUEST || t->kind == SHIM_INITIALIZE)
                r = shim_say_error(s, buf_span(&t->id), RPC_ERROR_INTERNAL, why);
        if (t->kind == SHIM_BATCH)
                r = shim_batch_fail(s, t, RPC_ERROR_INTERNAL, why);
        if (t->kind == SHIM_REPLAY)
                s->impatient = true;
        if (r == 0 && t->kind == SHIM_REPEAT)
                r = shim_session_failed(s, why);
        if (t->kind == SHIM_INITIALIZE)
                s->session = SHIM_NO_SESSION;
        return r < 0 ? r : end(s, t);
}

/* Later once more. */
static void wait_again(Shim *s, ShimTurn *t, uint64_t ms)
{
        if (t->conn.response)
                give_conn(s, &t->conn);
        t->late = NSEC_NEVER;
        t->due = in_ms(ms);
}

static int not_here(Shim *s, ShimTurn *t, const char *why)
{
        if (t->kind == SHIM_LISTEN) {
                wait_again(s, t, RETRY_MS);
                return 0;
        }
        if (now() < t->give_up) {
                wait_again(s, t, PAUSE_MS);
                return 0;
        }
        if (t->kind == SHIM_INITIALIZE)
                s->not_here = s->ended = true;
        return shim_turn_fail(s, t, why);
}

/* The connection broke. What the server may have begun to do is not asked for twice. */
static int broken(Shim *s, ShimTurn *t)
{
        if (t->kind == SHIM_LISTEN) {
                wait_again(s, t, t->sse.retry_ms ? t->sse.retry_ms : RETRY_MS);
                return 0;
        }
        if (!t->harmless || t->body.len == 0 || ++t->tries > MOST_TRIES)
                return shim_turn_fail(s, t, "the connection to mcpvisor was lost before the answer came");
        t->give_up = nsec_add(now(), s->args->patience);
        wait_again(s, t, t->conn.stale ? 0 : PAUSE_MS);
        return 0;
}

/* ---- send ------------------------------------------------------------------------- */

int shim_turn_start(Shim *s, ShimTurn *t)
{
        bool opens = t->kind == SHIM_INITIALIZE || t->kind == SHIM_REPEAT;
        const ClientAsk a = {.method = t->kind == SHIM_LISTEN || t->resumed ? "GET" : "POST",
                             .body = buf_span(&t->body),
                             .token = s->args->token,
                             .session = opens ? SPAN_NONE : buf_span(&s->session_id),
                             .version = opens ? _MCP_VERSION_INVALID : s->version,
                             .last_event = buf_span(&t->sse.id)};
        int r = t->conn.response ? 0 : take_conn(s, &t->conn);
        if (r == 0)
                r = client_ask(&t->conn, s->args->place, &a, nsec_add(now(), CONNECT_TIME * NSEC_PER_SEC));
        t->due = NSEC_NEVER;
        t->generation = s->generation;
        sse_reader_restart(&t->sse);
        if (r == PLACE_E_NOT_HERE || r == PLACE_E_TIMEOUT || r == -EAGAIN)
                return not_here(s, t, "mcpvisor does not answer: it is not running, or not there");
        if (r == -EINVAL)
                return shim_turn_fail(s, t, "the session cannot be named in a header");
        if (r != 0)
                return r;
        if (t->kind == SHIM_NOTE || t->kind == SHIM_REPLAY)
                t->late = nsec_add(now(), NOTE_TIME * NSEC_PER_SEC);
        return shim_turn_step(s, t);
}

/* ---- answers ------------------------------------------------------------------------ */

static bool answers(const ShimTurn *t, const Envelope *e)
{
        return (e->kind == ENVELOPE_RESULT || e->kind == ENVELOPE_ERROR) &&
               span_equal(envelope_member(e, MEMBER_ID), buf_span(&t->id));
}

static bool says_changed(const Envelope *e)
{
        McpMethod m = e->kind == ENVELOPE_NOTIFICATION ? mcp_method_of(envelope_member(e, MEMBER_METHOD))
                                                       : MCP_METHOD_OTHER;
        return m == MCP_METHOD_RESOURCES_CHANGED || m == MCP_METHOD_TOOLS_CHANGED ||
               m == MCP_METHOD_PROMPTS_CHANGED;
}

static int take_message(Shim *s, ShimTurn *t, const Envelope *e)
{
        bool answer = answers(t, e);
        int r = 0;
        bool ours = t->kind == SHIM_REPEAT || t->kind == SHIM_REPLAY;
        t->answered |= answer;
        if (answer && (t->kind == SHIM_INITIALIZE || t->kind == SHIM_REPEAT))
                r = shim_session_opened(s, t, e);
        if (answer && t->kind == SHIM_REPLAY && e->kind == ENVELOPE_ERROR)
                shim_replay_refused(s, t);
        if (answer && t->lasts && e->kind == ENVELOPE_RESULT)
                r = shim_replay_granted(s, buf_span(&t->body), t->generation);
        if (r == 0 && t->kind == SHIM_LISTEN && says_changed(e))
                r = shim_replay_again(s);
        return r < 0 || (answer && ours) ? r : shim_say(s, e->text);
}

static int take_events(Shim *s, ShimTurn *t)
{
        Buf *body = h1_response_body(t->conn.response);
        while (body->len) {
                size_t used;
                Envelope e;
                bool event;
                int r = sse_reader_feed(&t->sse, buf_span(body), &used, &event);
                if (r == SSE_READER_E_TOO_LONG)
                        return shim_turn_fail(s, t, "a message of the server is too long");
                if (r < 0)
                        return r;
                buf_consume(body, used);
                if (!event || envelope_scan(t->sse.data.data, t->sse.data.len, &shim_limits, &e) != 0)
                        continue; /* no message is none for the host either */
                r = take_message(s, t, &e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int end_stream(Shim *s, ShimTurn *t)
{
        uint64_t ms = t->sse.retry_ms ? t->sse.retry_ms : RETRY_MS;
        if (t->over || (t->answered && t->kind != SHIM_LISTEN))
                return t->over ? 0 : end(s, t);
        if (t->kind == SHIM_LISTEN || t->sse.id.len) {
                t->resumed = t->kind != SHIM_LISTEN;
                wait_again(s, t, ms);
                return 0;
        }
        return shim_turn_fail(s, t, "the connection to mcpvisor was lost before the answer came");
}

/* {"error":"..."} of the server, or the status alone. */
static int take_refusal(Shim *s, ShimTurn *t)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(SHOWN_REASON + 128);
        CLEANUP(buf_done) Buf text = BUF_INIT(SHOWN_REASON);
        Span body = buf_span(h1_response_body(t->conn.response));
        Span error = jspan_valid(body, 16) ? jspan_member(body, "error") : SPAN_NONE;
        int r = jspan_type(error) == JSPAN_STRING ? jspan_text_append(error, &text) : 0;
        if (r == -ENOMEM)
                return r;
        r = buf_appendf(&why, "mcpvisor answered with HTTP status %d%s%s",
                        h1_response_status(t->conn.response), text.len ? ": " : "", buf_text(&text));
        return r < 0 ? r : shim_turn_fail(s, t, buf_text(&why));
}

/* An error to nobody, which as an answer to this message can only mean it. */
static int take_nameless(Shim *s, ShimTurn *t, const Envelope *e)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(SHOWN_REASON);
        int64_t code = 0;
        RpcError error = RPC_ERROR_INTERNAL;
        bool told = jspan_int(envelope_member(e, MEMBER_ERROR_CODE), &code);
        for (unsigned i = 0; told && i < _RPC_ERROR_MAX; i++)
                if (rpc_error_table[i].code == code)
                        error = (RpcError)i;
        int r = jspan_text_append(envelope_member(e, MEMBER_ERROR_MESSAGE), &text);
        t->answered = true;
        if (r < 0 && r != -ENOBUFS)
                return r;
        if (t->kind == SHIM_REPEAT)
                return shim_session_failed(s, buf_text(&text));
        if (t->kind == SHIM_BATCH)
                return shim_batch_fail(s, t, error, buf_text(&text));
        if (t->kind != SHIM_REPLAY)
                return shim_say_error(s, buf_span(&t->id), error, buf_text(&text));
        shim_replay_refused(s, t);
        return 0;
}

static bool is_nameless(const Envelope *e)
{
        return e->kind == ENVELOPE_ERROR && !envelope_has(e, MEMBER_ID);
}

static int take_whole(Shim *s, ShimTurn *t)
{
        enum { ACCEPTED = 202, NOT_FOUND = 404, BUSY = 503 };
        int status = h1_response_status(t->conn.response), r = 0;
        Buf *body = h1_response_body(t->conn.response);
        Envelope e;
        if (status == NOT_FOUND && s->session_id.len && t->kind != SHIM_INITIALIZE && t->kind != SHIM_REPEAT)
                return shim_session_lost(s, t);
        if (status == BUSY)
                return not_here(s, t, "mcpvisor takes no requests now: it is starting or ending");
        if (t->kind == SHIM_LISTEN || t->kind == SHIM_NOTE)
                return end(s, t); /* it has no such stream; nobody asked for an answer */
        int q = body->len && h1_response_is(t->conn.response, "application/json")
                        ? envelope_scan(body->data, body->len, &shim_limits, &e)
                        : ENVELOPE_E_SYNTAX;
        if (q == 0)
                r = is_nameless(&e) ? take_nameless(s, t, &e) : take_message(s, t, &e);
        else if (q == ENVELOPE_E_BATCH && t->kind == SHIM_BATCH)
                r = shim_batch_answered(s, t, e.text);
        if (r < 0)
                return r;
        return t->answered ? end(s, t) : take_refusal(s, t);
}

static bool is_stream(const ShimTurn *t)
{
        return h1_response_status(t->conn.response) == 200 &&
               h1_response_is(t->conn.response, "text/event-stream");
}

int shim_turn_step(Shim *s, ShimTurn *t)
{
        int r = client_conn_step(&t->conn);
        if (r < 0 || t->conn.state == CLIENT_CONN_SENT)
                return r;
        bool stream = is_stream(t), open = t->conn.state == CLIENT_CONN_BODY;
        if (stream) {
                r = take_events(s, t);
                return r < 0 || open ? r : end_stream(s, t);
        }
        if (open)
                return 0;
        return t->conn.state == CLIENT_CONN_BROKEN ? broken(s, t) : take_whole(s, t);
}
