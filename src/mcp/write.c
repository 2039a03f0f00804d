/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json-writer.h"
#include "mcp/write.h"

#define META "io.modelcontextprotocol/"

/* One message being written; `before` is where the buffer goes back to when there is no room for it. */
typedef struct Message {
        JsonWriter w;
        size_t before;
} Message;

static Message begin(Buf *b)
{
        Message m = {.w = JSON_WRITER(b), .before = b->len};
        json_write_object(&m.w);
        return m;
}

static int end(Message *m)
{
        Buf *b = m->w.buf;
        json_write_object_end(&m->w);
        int r = json_write_done(&m->w);
        if (r < 0 && b->data) {
                b->len = m->before;
                b->data[b->len] = '\0';
        }
        return r;
}

static void key_str(Message *m, const char *key, const char *value)
{
        json_write_key(&m->w, key);
        json_write_str(&m->w, value);
}

/* Nothing where there is no value. */
static void key_raw(Message *m, const char *key, Span value)
{
        if (span_is_empty(value))
                return;
        json_write_key(&m->w, key);
        json_write_raw(&m->w, value);
}

static void key_object(Message *m, const char *key)
{
        json_write_key(&m->w, key);
        json_write_object(&m->w);
}

static Message begin_message(Buf *b)
{
        Message m = begin(b);
        key_str(&m, "jsonrpc", "2.0");
        return m;
}

static Message begin_request(Buf *b, uint64_t id, McpMethod method)
{
        Message m = begin_message(b);
        json_write_key(&m.w, "id");
        json_write_uint(&m.w, id);
        key_str(&m, "method", mcp_method_name(method));
        return m;
}

/* Who we are, as clientInfo and serverInfo say it. */
static void key_ourselves(Message *m, const char *key)
{
        key_object(m, key);
        key_str(m, "name", "mcpvisor");
        key_str(m, "title", "mcpvisor");
        key_str(m, "version", PACKAGE_VERSION);
        json_write_object_end(&m->w);
}

int mcp_write_error(Buf *b, const McpErrorArgs *a)
{
        const RpcErrorRow *row = &rpc_error_table[a->error];
        Message m = begin_message(b);
        key_raw(&m, "id", !span_is_empty(a->id) ? a->id : a->null_id ? SPAN("null") : SPAN_NONE);
        key_object(&m, "error");
        json_write_key(&m.w, "code");
        json_write_int(&m.w, row->code);
        key_str(&m, "message", a->message ? a->message : row->text);
        key_raw(&m, "data", a->data);
        json_write_object_end(&m.w);
        return end(&m);
}

int mcp_write_result(Buf *b, Span id, Span result)
{
        Message m = begin_message(b);
        key_raw(&m, "id", id);
        key_raw(&m, "result", result);
        return end(&m);
}

int mcp_write_request(Buf *b, uint64_t id, McpMethod method, Span params)
{
        Message m = begin_request(b, id, method);
        key_raw(&m, "params", params);
        return end(&m);
}

int mcp_write_notification(Buf *b, McpMethod method, Span params)
{
        Message m = begin_message(b);
        key_str(&m, "method", mcp_method_name(method));
        key_raw(&m, "params", params);
        return end(&m);
}

int mcp_write_initialize(Buf *b, uint64_t id, McpVersion v, Span capabilities)
{
        Message m = begin_request(b, id, MCP_METHOD_INITIALIZE);
        key_object(&m, "params");
        key_str(&m, "protocolVersion", mcp_version_table[v].text);
        key_raw(&m, "capabilities", capabilities);
        key_ourselves(&m, "clientInfo");
        json_write_object_end(&m.w);
        return end(&m);
}

int mcp_write_discover(Buf *b, uint64_t id)
{
        Message m = begin_request(b, id, MCP_METHOD_DISCOVER);
        key_object(&m, "params");
        key_object(&m, "_meta");
        key_str(&m, META "protocolVersion", mcp_version_table[MCP_MODERN_NEWEST].text);
        key_raw(&m, META "clientCapabilities", SPAN("{}"));
        key_ourselves(&m, META "clientInfo");
        json_write_object_end(&m.w);
        json_write_object_end(&m.w);
        return end(&m);
}

int mcp_write_welcome(Buf *b, const McpWelcome *w)
{
        CLEANUP(buf_done) Buf can = BUF_INIT(BUF_CAP_NONE);
        int r = mcp_write_server_can(&can, w->can);
        if (r < 0)
                return r;
        Message m = begin(b);
        key_str(&m, "protocolVersion", mcp_version_table[w->version].text);
        key_raw(&m, "capabilities", buf_span(&can));
        if (span_is_empty(w->server_info))
                key_ourselves(&m, "serverInfo");
        else
                key_raw(&m, "serverInfo", w->server_info);
        key_raw(&m, "instructions", w->instructions);
        return end(&m);
}
