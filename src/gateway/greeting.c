/* SPDX-License-Identifier: Apache-2.0 */
/* The first words with a server of the session era: initialize, its answer, notifications/initialized. */
#include "gateway/backend-private.h"
#include "jsonrpc/json.h"
#include "mcp/write.h"

struct Greeting {
        Call call;
        Backend *backend; /* borrowed: the parent */
};

void greeting_free(Backend *b)
{
        free(TAKE_PTR(b->greeting));
}

/* A result that does not fit is kept by its version alone. */
static int note_hello(Backend *b)
{
        char text[64];
        int r = notebook_set_initialized(b->notebook, buf_span(&b->hello));
        if (r != -ENOBUFS)
                return r;
        (void)snprintf(text, sizeof(text), "{\"protocolVersion\":\"%s\"}",
                       mcp_version_table[b->version].text);
        return notebook_set_initialized(b->notebook, span_of(text));
}

static int take_version(Backend *b, Span value)
{
        char room[16];
        Span text;
        McpVersion v = jspan_text(value, room, sizeof(room), &text) ? mcp_version_of(text)
                                                                    : _MCP_VERSION_INVALID;
        if (v < 0 || mcp_version_table[v].era != MCP_LEGACY)
                return -EPROTO;
        b->version = v;
        b->era = MCP_LEGACY;
        return 0;
}

static int greeting_done(Backend *b, Span hello)
{
        buf_clear(&b->hello);
        int r = buf_append_span(&b->hello, hello);
        if (r == 0)
                r = note_hello(b);
        if (r < 0)
                return r;
        b->state = b->draining ? BACKEND_DRAINING : BACKEND_READY;
        return b->ops->ready(b);
}

static int say_initialized(Backend *b)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_notification(&line, MCP_METHOD_INITIALIZED, SPAN_NONE);
        const Span text = buf_span(&line);
        return r < 0 ? r : backend_write(b, &text, 1);
}

static int fail_version(Backend *b, Span value)
{
        char text[160];
        Span shown = value.len ? span_first(value, 40) : SPAN("(none)");
        (void)snprintf(text, sizeof(text),
                       "answers initialize with the protocol version %.*s, which is not known",
                       (int)shown.len, shown.ptr);
        return backend_fail(b, IPC_FAILURE_HANDSHAKE, text);
}

static int fail_error(Backend *b, const Envelope *e)
{
        char text[400], room[256];
        Span code = envelope_member(e, MEMBER_ERROR_CODE), message = SPAN_NONE;
        if (!jspan_text(envelope_member(e, MEMBER_ERROR_MESSAGE), room, sizeof(room), &message))
                message = SPAN("(a long text)");
        (void)snprintf(text, sizeof(text), "refuses initialize: error %.*s: %.*s", (int)MIN(code.len, 20u),
                       code.ptr, (int)message.len, message.len ? message.ptr : "");
        return backend_fail(b, IPC_FAILURE_HANDSHAKE, text);
}

static int greeting_answered(Call *c, const Envelope *e)
{
        Backend *b = CONTAINER_OF(c, struct Greeting, call)->backend;
        Span version = envelope_member(e, MEMBER_RESULT_VERSION);
        if (e->kind == ENVELOPE_ERROR)
                return fail_error(b, e);
        if (take_version(b, version) < 0)
                return fail_version(b, version);
        int r = say_initialized(b);
        return r < 0 ? r : greeting_done(b, envelope_member(e, MEMBER_RESULT));
}

/* By the end of the instance, or by an answer that is too long. */
static int greeting_failed(Call *c, Fault fault UNUSED)
{
        return backend_fail(CONTAINER_OF(c, struct Greeting, call)->backend, IPC_FAILURE_HANDSHAKE,
                            "its answer to initialize cannot be read");
}

static const CallOps greeting_ops = {.answered = greeting_answered, .failed = greeting_failed, .ours = true};

int greeting_start(Backend *b)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        b->greeting = calloc(1, sizeof(*b->greeting));
        if (!b->greeting)
                return -ENOMEM;
        *b->greeting = (struct Greeting){.call = {.ops = &greeting_ops, .method = MCP_METHOD_INITIALIZE},
                                         .backend = b};
        int r = backend_expect(b, &b->greeting->call);
        if (r == 0)
                r = mcp_write_initialize(&line, b->greeting->call.node.id, MCP_LEGACY_NEWEST,
                                         buf_span(&b->capabilities));
        const Span text = buf_span(&line);
        return r < 0 ? r : backend_write(b, &text, 1);
}

int greeting_resume(Backend *b, Span hello)
{
        if (!jspan_valid(hello, 64) || take_version(b, jspan_member(hello, "protocolVersion")) < 0)
                return backend_fail(b, IPC_FAILURE_HANDSHAKE, "its notebook cannot be read");
        return greeting_done(b, hello);
}
