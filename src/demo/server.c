/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/limit-table.h"
#include "demo/server.h"
#include "mcp/write.h"

enum { DEEPEST = 512, LONGEST_ID = 256 };

void demo_init(Demo *d, const Clock *clock)
{
        /* Answers are bounded by what one read brings and by what a tool makes. */
        *d = (Demo){.clock = clock,
                    .out = BUF_INIT(BUF_CAP_NONE),
                    .version = MCP_LEGACY_NEWEST,
                    .level = MCP_LEVEL_INFO};
        TAILQ_INIT(&d->slows);
}

void demo_done(Demo *d)
{
        while (!TAILQ_EMPTY(&d->slows))
                demo_slow_drop(d, TAILQ_FIRST(&d->slows));
        buf_done(&d->out);
}

/* ---- messages --------------------------------------------------------------- */

JsonWriter demo_result(Demo *d, Span id)
{
        JsonWriter w = JSON_WRITER(&d->out);
        json_write_object(&w);
        json_write_key(&w, "jsonrpc");
        json_write_str(&w, "2.0");
        json_write_key(&w, "id");
        json_write_raw(&w, id);
        json_write_key(&w, "result");
        json_write_object(&w);
        return w;
}

JsonWriter demo_notification(Demo *d, McpMethod m)
{
        JsonWriter w = JSON_WRITER(&d->out);
        json_write_object(&w);
        json_write_key(&w, "jsonrpc");
        json_write_str(&w, "2.0");
        json_write_key(&w, "method");
        json_write_str(&w, mcp_method_name(m));
        json_write_key(&w, "params");
        json_write_object(&w);
        return w;
}

int demo_end(JsonWriter *w)
{
        json_write_object_end(w);
        json_write_object_end(w);
        int r = json_write_done(w);
        return r < 0 ? r : buf_append_char(w->buf, '\n');
}

int demo_refuse(Demo *d, Span id, RpcError error, const char *why)
{
        const McpErrorArgs a = {
                .id = id, .null_id = mcp_has(d->version, MCP_ERROR_NEEDS_ID), .error = error, .message = why};
        int r = mcp_write_error(&d->out, &a);
        return r < 0 ? r : buf_append_char(&d->out, '\n');
}

/* ---- methods ---------------------------------------------------------------- */

static int answer_empty(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        return demo_end(&w);
}

static int write_welcome(Demo *d, Span id)
{
        static const McpCapabilities can = MCP_CAN(TOOLS) | MCP_CAN(PROMPTS) | MCP_CAN(RESOURCES) |
                                           MCP_CAN(SUBSCRIBE) | MCP_CAN(COMPLETIONS) | MCP_CAN(LOGGING);
        const McpWelcome welcome = {
                .version = d->version,
                .can = can,
                .server_info = SPAN("{\"name\":\"mcpvisor-demo\",\"title\":\"The demo of mcpvisor\","
                                    "\"version\":\"" PACKAGE_VERSION "\"}"),
                .instructions = SPAN("\"A server to try things with: it echoes, adds, waits and fails.\"")};
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_welcome(&b, &welcome);
        if (r == 0)
                r = mcp_write_result(&d->out, id, buf_span(&b));
        return r < 0 ? r : buf_append_char(&d->out, '\n');
}

static int answer_initialize(Demo *d, const Envelope *e)
{
        char room[32];
        Span asked = SPAN_NONE, id = envelope_member(e, MEMBER_ID);
        if (!envelope_has(e, MEMBER_PROTOCOL_VERSION))
                return demo_refuse(d, id, RPC_ERROR_INVALID_PARAMS, "protocolVersion is missing");
        if (!jspan_text(envelope_member(e, MEMBER_PROTOCOL_VERSION), room, sizeof(room), &asked))
                asked = SPAN_NONE; /* as one that nobody knows */
        d->version = mcp_version_negotiate(asked);
        return write_welcome(d, id);
}

static int answer_set_level(Demo *d, const Envelope *e)
{
        McpLevel level = mcp_level_of(envelope_member(e, MEMBER_LEVEL));
        if (level == _MCP_LEVEL_INVALID)
                return demo_refuse(d, envelope_member(e, MEMBER_ID), RPC_ERROR_INVALID_PARAMS,
                                   "there is no such level");
        d->level = level;
        return answer_empty(d, e);
}

static DemoAnswer *const answers[_MCP_METHOD_MAX] = {
        [MCP_METHOD_INITIALIZE] = answer_initialize,
        [MCP_METHOD_PING] = answer_empty,
        [MCP_METHOD_SET_LEVEL] = answer_set_level,
        [MCP_METHOD_TOOLS_LIST] = demo_tools_list,
        [MCP_METHOD_TOOLS_CALL] = demo_tools_call,
        [MCP_METHOD_RESOURCES_LIST] = demo_resources_list,
        [MCP_METHOD_TEMPLATES_LIST] = demo_templates_list,
        [MCP_METHOD_RESOURCES_READ] = demo_resources_read,
        [MCP_METHOD_RESOURCES_SUBSCRIBE] = demo_subscribe,
        [MCP_METHOD_RESOURCES_UNSUBSCRIBE] = demo_unsubscribe,
        [MCP_METHOD_PROMPTS_LIST] = demo_prompts_list,
        [MCP_METHOD_PROMPTS_GET] = demo_prompts_get,
        [MCP_METHOD_COMPLETE] = demo_complete,
};

static int take_request(Demo *d, const Envelope *e)
{
        McpMethod m = mcp_method_of(envelope_member(e, MEMBER_METHOD));
        if (m == MCP_METHOD_OTHER || !answers[m])
                return demo_refuse(d, envelope_member(e, MEMBER_ID), RPC_ERROR_METHOD_NOT_FOUND, NULL);
        return answers[m](d, e);
}

static int take_notification(Demo *d, const Envelope *e)
{
        if (mcp_method_of(envelope_member(e, MEMBER_METHOD)) == MCP_METHOD_CANCELLED)
                demo_slow_cancel(d, envelope_member(e, MEMBER_REQUEST_ID));
        return 0;
}

/* ---- lines ------------------------------------------------------------------ */

int demo_take(Demo *d, char *line, size_t n)
{
        static const EnvelopeLimits limits = {.depth = DEEPEST, .id = LONGEST_ID};
        Envelope e;
        if (span_trim(span_from(line, n)).len == 0)
                return 0;
        switch (envelope_scan(line, n, &limits, &e)) {
        case 0:
                break;
        case ENVELOPE_E_SYNTAX:
                return demo_refuse(d, SPAN_NONE, RPC_ERROR_PARSE, e.why);
        case ENVELOPE_E_BATCH:
                return demo_refuse(d, SPAN_NONE, RPC_ERROR_INVALID_REQUEST, "batches are not known here");
        default:
                return demo_refuse(d, envelope_member(&e, MEMBER_ID), RPC_ERROR_INVALID_REQUEST, e.why);
        }
        if (e.kind == ENVELOPE_REQUEST)
                return take_request(d, &e);
        /* Nothing is ever asked here, so an answer answers nothing. */
        return e.kind == ENVELOPE_NOTIFICATION ? take_notification(d, &e) : 0;
}

int demo_take_too_long(Demo *d)
{
        return demo_refuse(d, SPAN_NONE, RPC_ERROR_INVALID_REQUEST, "the message is too long");
}
