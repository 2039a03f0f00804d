/* SPDX-License-Identifier: Apache-2.0 */
#include "client/session.h"
#include "client/ask.h"
#include "client/wait.h"
#include "jsonrpc/json.h"
#include "mcp/write.h"

enum { WHY_MAX = 4096, SHOWN_BODY = 300 };

static const EnvelopeLimits envelope_limits = {.depth = 512, .id = 256};

/* ---- what is wrong --------------------------------------------------------------- */

PRINTF(3, 4) static int fault(ClientSession *s, ClientFault f, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        buf_clear(&s->why);
        int r = buf_vappendf(&s->why, fmt, ap);
        va_end(ap);
        return r < 0 && r != -ENOBUFS ? r : (int)f;
}

static int place_fault(ClientSession *s, int e)
{
        if (e == PLACE_E_NOT_HERE)
                return fault(s, CLIENT_E_NOT_HERE, "nobody listens at %s",
                             s->place.socket[0] ? s->place.socket : s->place.authority);
        return e == PLACE_E_TIMEOUT ? fault(s, CLIENT_E_TIMEOUT, "the server does not take connections") : e;
}

/* The text of {"error":...}, which is one or holds one in `message`. */
static int append_reason(Buf *b, Span body)
{
        Span error = jspan_valid(body, envelope_limits.depth) ? jspan_member(body, "error") : SPAN_NONE;
        if (jspan_type(error) == JSPAN_OBJECT)
                error = jspan_member(error, "message");
        return jspan_type(error) == JSPAN_STRING ? jspan_text_append(error, b) : 0;
}

static int refused(ClientSession *s)
{
        CLEANUP(buf_done) Buf reason = BUF_INIT(WHY_MAX);
        s->status = h1_response_status(s->conn.response);
        int r = append_reason(&reason, buf_span(h1_response_body(s->conn.response)));
        if (r == -ENOMEM)
                return r;
        if (reason.len)
                return fault(s, CLIENT_E_REFUSED, "HTTP %d: %.*s", s->status,
                             (int)MIN(reason.len, (size_t)SHOWN_BODY), buf_text(&reason));
        return fault(s, CLIENT_E_REFUSED, "the server answers with HTTP status %d", s->status);
}

/* ---- one exchange ---------------------------------------------------------------- */

static int send_request(ClientSession *s, const char *method, Nsec deadline)
{
        const ClientAsk a = {.method = method,
                             .body = buf_span(&s->body),
                             .token = s->token,
                             .session = buf_span(&s->id),
                             .version = s->version};
        if (s->conn.state != CLIENT_CONN_IDLE)
                client_conn_next(&s->conn);
        int r = client_conn_step(&s->conn); /* it may have been closed in the meantime */
        if (r == 0)
                r = client_ask(&s->conn, &s->place, &a, deadline);
        return r <= 0 ? r : place_fault(s, r);
}

static bool is_open(const ClientSession *s)
{
        return s->conn.state == CLIENT_CONN_SENT || s->conn.state == CLIENT_CONN_BODY;
}

static int step(ClientSession *s)
{
        int r = client_conn_step(&s->conn);
        return r == 0 && s->conn.state == CLIENT_CONN_BROKEN ? fault(s, CLIENT_E_BROKEN, "%s", s->conn.why)
                                                             : r;
}

/* Something more of the answer, or a fault. */
static int go_on(ClientSession *s, Nsec deadline)
{
        int r = client_wait(s->conn.fd, client_conn_events(&s->conn), deadline);
        if (r == CLIENT_WAIT_E_TIMEOUT)
                return fault(s, CLIENT_E_TIMEOUT, "no answer in time");
        return r < 0 ? r : step(s);
}

static int wait_head(ClientSession *s, Nsec deadline)
{
        int r = step(s);
        while (r == 0 && s->conn.state == CLIENT_CONN_SENT)
                r = go_on(s, deadline);
        return r;
}

static int wait_whole(ClientSession *s, Nsec deadline)
{
        int r = 0;
        while (r == 0 && is_open(s))
                r = go_on(s, deadline);
        return r;
}

/* ---- messages -------------------------------------------------------------------- */

enum { NOT_YET = 100 };

/* What it sends us: 0 for the answer, which stays in `message`; NOT_YET for another. */
static int take_message(ClientSession *s, Span text, ClientWatch *watch)
{
        uint64_t id;
        buf_clear(&s->message);
        int r = buf_append_span(&s->message, text);
        if (r < 0)
                return r;
        if (envelope_scan(s->message.data, s->message.len, &envelope_limits, &s->answer) != 0)
                return fault(s, CLIENT_E_BROKEN, "the answer is no message: %s", s->answer.why);
        if (s->answer.kind == ENVELOPE_NOTIFICATION && watch)
                watch->notified(watch, &s->answer);
        if (s->answer.kind != ENVELOPE_RESULT && s->answer.kind != ENVELOPE_ERROR)
                return NOT_YET;
        /* An error to nobody is ours: there is one request only. */
        bool ours = !envelope_has(&s->answer, MEMBER_ID) ||
                    (jspan_uint(envelope_member(&s->answer, MEMBER_ID), &id) && id == s->last_id);
        if (!ours)
                return NOT_YET;
        return s->answer.kind == ENVELOPE_RESULT ? 0 : CLIENT_E_ERROR;
}

static int take_events(ClientSession *s, ClientWatch *watch)
{
        Buf *body = h1_response_body(s->conn.response);
        int r = NOT_YET;
        while (r == NOT_YET && body->len) {
                size_t used;
                bool event;
                r = sse_reader_feed(&s->sse, buf_span(body), &used, &event);
                if (r == SSE_READER_E_TOO_LONG)
                        return fault(s, CLIENT_E_BROKEN, "an event is too long");
                if (r < 0)
                        return r;
                buf_consume(body, used);
                r = event ? take_message(s, buf_span(&s->sse.data), watch) : NOT_YET;
        }
        return r;
}

static int read_stream(ClientSession *s, Nsec deadline, ClientWatch *watch)
{
        sse_reader_restart(&s->sse);
        for (;;) {
                int r = take_events(s, watch);
                if (r != NOT_YET)
                        return r;
                if (!is_open(s))
                        return fault(s, CLIENT_E_BROKEN, "the stream ended before the answer");
                r = go_on(s, deadline);
                if (r != 0)
                        return r;
        }
}

static int read_answer(ClientSession *s, Nsec deadline, ClientWatch *watch)
{
        H1Response *h = s->conn.response;
        int r = wait_head(s, deadline);
        if (r != 0)
                return r;
        if (h1_response_status(h) == 200 && h1_response_is(h, "text/event-stream"))
                return read_stream(s, deadline, watch);
        r = wait_whole(s, deadline);
        if (r != 0)
                return r;
        if (h1_response_status(h) != 200 && !h1_response_is(h, "application/json"))
                return refused(s);
        r = take_message(s, buf_span(h1_response_body(h)), watch);
        /* {"error":"..."} of HTTP itself is no message. */
        if (h1_response_status(h) != 200 && r != CLIENT_E_ERROR && r >= 0)
                return refused(s);
        return r == NOT_YET ? fault(s, CLIENT_E_BROKEN, "what came is no answer") : r;
}

static int explain_error(ClientSession *s)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(WHY_MAX);
        int r = jspan_text_append(envelope_member(&s->answer, MEMBER_ERROR_MESSAGE), &text);
        if (r == -ENOMEM)
                return r;
        Span code = envelope_member(&s->answer, MEMBER_ERROR_CODE);
        return fault(s, CLIENT_E_ERROR, "%s (%.*s)", buf_text(&text), (int)code.len, code.ptr);
}

static int ask(ClientSession *s, Nsec deadline, ClientWatch *watch)
{
        int r = send_request(s, "POST", deadline);
        if (r == 0)
                r = read_answer(s, deadline, watch);
        if (r != 0 && is_open(s))
                client_conn_drop(&s->conn);
        return r == CLIENT_E_ERROR ? explain_error(s) : r;
}

int client_session_request(ClientSession *s, McpMethod m, Span params, Nsec deadline, ClientWatch *watch)
{
        buf_clear(&s->body);
        int r = mcp_write_request(&s->body, ++s->last_id, m, params);
        return r < 0 ? r : ask(s, deadline, watch);
}

/* ---- life -------------------------------------------------------------------------- */

static int say_initialized(ClientSession *s, Nsec deadline)
{
        buf_clear(&s->body);
        int r = mcp_write_notification(&s->body, MCP_METHOD_INITIALIZED, SPAN_NONE);
        if (r == 0)
                r = send_request(s, "POST", deadline);
        if (r == 0)
                r = wait_head(s, deadline);
        if (r == 0)
                r = wait_whole(s, deadline);
        return r == 0 && h1_response_status(s->conn.response) / 100 != 2 ? refused(s) : r;
}

static int take_welcome(ClientSession *s)
{
        char room[32];
        Span text;
        if (!jspan_text(envelope_member(&s->answer, MEMBER_RESULT_VERSION), room, sizeof(room), &text))
                return fault(s, CLIENT_E_BROKEN, "the server names no version of the protocol");
        s->version = mcp_version_of(text);
        if (s->version == _MCP_VERSION_INVALID)
                return fault(s, CLIENT_E_BROKEN, "the server wants version %.*s of the protocol",
                             (int)text.len, text.ptr);
        return buf_append_span(&s->id, h1_response_header(s->conn.response, H1_RESPONSE_MCP_SESSION));
}

int client_session_open(ClientSession *s, const ClientPlace *place, const char *token, Nsec deadline)
{
        *s = (ClientSession){.place = *place,
                             .token = token,
                             .id = BUF_INIT(CLIENT_HEADER_MAX),
                             .body = BUF_INIT(BUF_CAP_NONE),
                             .message = BUF_INIT(BUF_CAP_NONE),
                             .version = _MCP_VERSION_INVALID,
                             .why = BUF_INIT(WHY_MAX)};
        sse_reader_init(&s->sse, CLIENT_BODY_MAX);
        int r = client_conn_init(&s->conn);
        if (r == 0)
                r = mcp_write_initialize(&s->body, ++s->last_id, MCP_LEGACY_NEWEST, SPAN("{}"));
        if (r == 0)
                r = ask(s, deadline, NULL);
        if (r == 0)
                r = take_welcome(s);
        return r == 0 ? say_initialized(s, deadline) : r;
}

void client_session_close(ClientSession *s, Nsec deadline)
{
        int r = s->id.len ? send_request(s, "DELETE", deadline) : -ENOENT;
        if (r == 0)
                r = client_conn_wait(&s->conn, deadline);
        buf_clear(&s->id);
}

void client_session_done(ClientSession *s)
{
        client_conn_done(&s->conn);
        sse_reader_done(&s->sse);
        buf_done(&s->id);
        buf_done(&s->body);
        buf_done(&s->message);
        buf_done(&s->why);
}
