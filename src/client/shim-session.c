/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ask.h"
#include "client/shim-private.h"
#include "jsonrpc/json.h"

enum { MOST_TRIES = 5, FAREWELL_MS = 1000 };

/* A new session: what belongs to the old one is forgotten. */
int shim_session_opened(Shim *s, const ShimTurn *t, const Envelope *answer)
{
        char room[32];
        Span version;
        if (answer->kind != ENVELOPE_RESULT) {
                s->session = SHIM_NO_SESSION;
                return t->kind == SHIM_REPEAT ? shim_session_failed(s, "mcpvisor opens no new session") : 0;
        }
        bool told = jspan_text(envelope_member(answer, MEMBER_RESULT_VERSION), room, sizeof(room), &version);
        s->version = told ? mcp_version_of(version) : _MCP_VERSION_INVALID;
        s->can = mcp_server_can(envelope_member(answer, MEMBER_RESULT_CAPABILITIES));
        s->generation++;
        buf_clear(&s->session_id);
        int r = buf_append_span(&s->session_id,
                                h1_response_header(t->conn.response, H1_RESPONSE_MCP_SESSION));
        if (r < 0)
                return r;
        if (t->kind == SHIM_INITIALIZE) { /* the host begins anew */
                s->session = SHIM_OPEN;
                wish_list_clear(&s->wishes);
        }
        if (t->kind == SHIM_INITIALIZE || s->initialized.len == 0)
                return t->kind == SHIM_REPEAT ? shim_session_ready(s) : 0;
        ShimTurn *note;
        r = shim_turn_new(s, SHIM_NOTE, buf_span(&s->initialized), NULL, &note);
        if (r == 0)
                note->opens = note->repeated = true;
        return r;
}

/* What the server offers now may be other than what the host knows of it. */
static int say_changed(Shim *s)
{
        static const struct {
                McpCapabilities can;
                McpMethod method;
        } rows[] = {
                {MCP_CAN(TOOLS), MCP_METHOD_TOOLS_CHANGED},
                {MCP_CAN(PROMPTS), MCP_METHOD_PROMPTS_CHANGED},
                {MCP_CAN(RESOURCES), MCP_METHOD_RESOURCES_CHANGED},
        };
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                if (!(s->can & rows[i].can))
                        continue;
                r = mcp_write_notification(&b, rows[i].method, SPAN_NONE);
                if (r == 0)
                        r = shim_say(s, buf_span(&b));
        }
        return r;
}

int shim_session_ready(Shim *s)
{
        bool listens = false, again = s->session == SHIM_OPENING, said;
        ShimTurn *t;
        int r = shim_replay_next(s, &said);
        if (r < 0 || (again && said && !s->impatient))
                return r;
        s->session = SHIM_OPEN;
        s->lost = 0;
        TAILQ_FOREACH(t, &s->turns, link)
        {
                listens |= t->kind == SHIM_LISTEN && !t->over;
                bool waits = t->due == NSEC_NEVER || (again && t->kind == SHIM_LISTEN);
                if (t->over || t->conn.response || !waits)
                        continue;
                sse_reader_done(&t->sse); /* its events are those of the old session */
                sse_reader_init(&t->sse, CLIENT_BODY_MAX);
                t->give_up = nsec_add(clock_now(&clock_monotonic), s->args->patience);
                t->due = 0;
        }
        r = listens || s->ended ? 0 : shim_turn_new(s, SHIM_LISTEN, SPAN_NONE, NULL, &t);
        return r == 0 && again ? say_changed(s) : r;
}

/* Asks for a session with the host's own words, once. */
static int reopen(Shim *s)
{
        CLEANUP(buf_done) Buf copy = BUF_INIT(BUF_CAP_NONE);
        ShimTurn *t;
        Envelope e;
        TAILQ_FOREACH(t, &s->turns, link)
        if (t->kind == SHIM_REPEAT && !t->over)
                return 0;
        s->session = SHIM_OPENING;
        s->impatient = false;
        if (++s->lost > MOST_TRIES)
                return shim_session_failed(s, "mcpvisor forgets each session at once");
        int r = buf_append_span(&copy, buf_span(&s->initialize));
        if (r < 0)
                return r;
        if (envelope_scan(copy.data, copy.len, &shim_limits, &e) != 0)
                return -EPROTO; /* it was valid when the host said it */
        return shim_turn_new(s, SHIM_REPEAT, buf_span(&s->initialize), &e, &t);
}

int shim_session_lost(Shim *s, ShimTurn *t)
{
        bool current = t->generation == s->generation;
        if (s->initialize.len == 0 || t->resumed || ++t->tries > MOST_TRIES)
                return shim_turn_fail(s, t, "mcpvisor has forgotten the session");
        client_conn_done(&t->conn);
        t->conn = (ClientConn){.fd = -EBADF};
        t->late = NSEC_NEVER;
        if (t->repeated) {
                t->over = true;
                return current ? reopen(s) : 0;
        }
        t->due = current || s->session == SHIM_OPENING ? NSEC_NEVER : 0;
        return !current || s->session == SHIM_OPENING ? 0 : reopen(s);
}

int shim_session_failed(Shim *s, const char *why)
{
        ShimTurn *t;
        int r = 0;
        s->session = SHIM_NO_SESSION;
        s->lost = 0;
        TAILQ_FOREACH(t, &s->turns, link)
        if (r == 0 && !t->over && !t->conn.response && t->due == NSEC_NEVER)
                r = shim_turn_fail(s, t, why);
        return r;
}

void shim_session_end(Shim *s)
{
        ClientConn c;
        const ClientAsk a = {.method = "DELETE",
                             .token = s->args->token,
                             .session = buf_span(&s->session_id),
                             .version = s->version};
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), FAREWELL_MS * NSEC_PER_MSEC);
        if (s->session_id.len == 0 || client_conn_init(&c) < 0)
                return;
        int r = client_ask(&c, s->args->place, &a, deadline);
        if (r == 0)
                r = client_conn_wait(&c, deadline); /* or not: it forgets it in time by itself */
        client_conn_done(&c);
}
