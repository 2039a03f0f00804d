/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/limit-table.h"
#include "base/when.h"
#include "demo/server.h"

typedef struct Call {
        const Envelope *e;
        Span id, arguments;
} Call;

static int refuse(Demo *d, const Call *c, const char *why)
{
        return demo_refuse(d, c->id, RPC_ERROR_INVALID_PARAMS, why);
}

/* ---- what tools answer ------------------------------------------------------- */

/* The member `content` up to where its one text is to be written. */
static void begin_text(JsonWriter *w)
{
        json_write_key(w, "content");
        json_write_array(w);
        json_write_object(w);
        json_write_key(w, "type");
        json_write_str(w, "text");
        json_write_key(w, "text");
}

static void end_text(JsonWriter *w)
{
        json_write_object_end(w);
        json_write_array_end(w);
}

void demo_write_text(JsonWriter *w, const char *text)
{
        begin_text(w);
        json_write_str(w, text);
        end_text(w);
}

static int answer_text(Demo *d, const Call *c, const char *text)
{
        JsonWriter w = demo_result(d, c->id);
        demo_write_text(&w, text);
        return demo_end(&w);
}

/* ---- the tools ---------------------------------------------------------------- */

/* The text goes back byte for byte, escapes included. */
static int call_echo(Demo *d, const Call *c)
{
        Span message = jspan_member(c->arguments, "message");
        if (jspan_type(message) != JSPAN_STRING)
                return refuse(d, c, "echo wants a text `message`");
        JsonWriter w = demo_result(d, c->id);
        begin_text(&w);
        json_write_raw(&w, message);
        end_text(&w);
        return demo_end(&w);
}

/* A number of JSON is one of strtod's, and ends where the text goes on with something else. */
static bool number_of(Span object, const char *name, double *ret)
{
        Span v = jspan_member(object, name);
        if (jspan_type(v) != JSPAN_NUMBER)
                return false;
        *ret = strtod(v.ptr, NULL);
        return isfinite(*ret);
}

static bool whole_of(Span object, const char *name, uint64_t most, uint64_t *ret)
{
        uint64_t n;
        if (!jspan_uint(jspan_member(object, name), &n) || n > most)
                return false;
        *ret = n;
        return true;
}

static int call_add(Demo *d, const Call *c)
{
        char text[32];
        double a, b;
        int64_t x, y, sum;
        if (!number_of(c->arguments, "a", &a) || !number_of(c->arguments, "b", &b) || !isfinite(a + b))
                return refuse(d, c, "add wants numbers `a` and `b` whose sum is one");
        if (jspan_int(jspan_member(c->arguments, "a"), &x) &&
            jspan_int(jspan_member(c->arguments, "b"), &y) && !__builtin_add_overflow(x, y, &sum))
                (void)snprintf(text, sizeof(text), "%lld", (long long)sum);
        else
                (void)snprintf(text, sizeof(text), "%.17g", a + b);
        JsonWriter w = demo_result(d, c->id);
        demo_write_text(&w, text);
        json_write_key(&w, "structuredContent");
        json_write_object(&w);
        json_write_key(&w, "sum");
        json_write_raw(&w, span_of(text));
        json_write_object_end(&w);
        int r = demo_end(&w);
        return r < 0 ? r : demo_counter_changed(d);
}

static int call_time(Demo *d, const Call *c)
{
        char text[WHEN_ROOM];
        return answer_text(d, c, when_text(when_now(), 0, text));
}

static int call_slow(Demo *d, const Call *c)
{
        double seconds = 0;
        uint64_t steps = 1;
        if (!number_of(c->arguments, "seconds", &seconds) || seconds < 0 || seconds > LIMIT_DEMO_SLOW)
                return refuse(d, c, "slow wants a number `seconds` from 0 to 3600");
        if (jspan_member(c->arguments, "steps").len &&
            (!whole_of(c->arguments, "steps", LIMIT_DEMO_STEPS, &steps) || steps == 0))
                return refuse(d, c, "`steps` is a whole number from 1 to 10000");
        const DemoSlowArgs args = {.id = c->id,
                                   .token = envelope_member(c->e, MEMBER_META_PROGRESS_TOKEN),
                                   .length = (Nsec)(seconds * (double)NSEC_PER_SEC),
                                   .steps = steps};
        int r = demo_slow_begin(d, &args);
        return r == -ENOBUFS ? demo_refuse(d, c->id, RPC_ERROR_INTERNAL, "too many slow calls last already")
                             : r;
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Bytes 0, 1, ... 255, 0, ... as base64, written where there is room for all of it. */
static void fill_base64(char *to, uint64_t size)
{
        for (uint64_t i = 0; i < size; i += 3, to += 4) {
                uint32_t b = (uint32_t)(i & 255) << 16;
                b |= i + 1 < size ? (uint32_t)((i + 1) & 255) << 8 : 0;
                b |= i + 2 < size ? (uint32_t)((i + 2) & 255) : 0;
                to[0] = base64[b >> 18];
                to[1] = base64[b >> 12 & 63];
                to[2] = i + 1 < size ? base64[b >> 6 & 63] : '=';
                to[3] = i + 2 < size ? base64[b & 63] : '=';
        }
}

static void fill_text(char *to, uint64_t size)
{
        static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
        for (uint64_t i = 0; i < size; i += sizeof(line) - 1)
                memcpy(to + i, line, (size_t)MIN(size - i, sizeof(line) - 1));
}

/* A string of so many characters straight into the answer. */
static void write_filled(JsonWriter *w, uint64_t size, uint64_t length, void (*fill)(char *, uint64_t))
{
        char *room;
        json_write_raw(w, SPAN("\""));
        if (w->error == 0)
                w->error = buf_reserve(w->buf, (size_t)length + 1, &room);
        if (w->error != 0)
                return;
        fill(room, size);
        room[length] = '"';
        buf_commit(w->buf, (size_t)length + 1);
}

static void write_bytes(JsonWriter *w, uint64_t size)
{
        char uri[48];
        (void)snprintf(uri, sizeof(uri), "demo://blob/%llu", (unsigned long long)size);
        json_write_key(w, "content");
        json_write_array(w);
        json_write_object(w);
        json_write_key(w, "type");
        json_write_str(w, "resource");
        json_write_key(w, "resource");
        json_write_object(w);
        json_write_key(w, "uri");
        json_write_str(w, uri);
        json_write_key(w, "mimeType");
        json_write_str(w, "application/octet-stream");
        json_write_key(w, "blob");
        write_filled(w, size, (size + 2) / 3 * 4, fill_base64);
        json_write_object_end(w);
        end_text(w);
}

static int call_blob(Demo *d, const Call *c)
{
        uint64_t size;
        Span as = jspan_member(c->arguments, "as");
        bool bytes = jspan_is(as, "bytes");
        uint64_t most = bytes ? LIMIT_DEMO_BLOB / 4 * 3 : LIMIT_DEMO_BLOB;
        if (!whole_of(c->arguments, "size", most, &size))
                return refuse(d, c,
                              bytes ? "blob wants a `size` of at most 7077888 bytes"
                                    : "blob wants a `size` of at most 9437184 bytes");
        if (as.len && !bytes && !jspan_is(as, "text"))
                return refuse(d, c, "`as` is text or bytes");
        JsonWriter w = demo_result(d, c->id);
        if (bytes) {
                write_bytes(&w, size);
                return demo_end(&w);
        }
        begin_text(&w);
        write_filled(&w, size, size, fill_text);
        end_text(&w);
        return demo_end(&w);
}

static int call_fail(Demo *d, const Call *c)
{
        Span mode = jspan_member(c->arguments, "mode");
        if (jspan_is(mode, "hang"))
                return 0;
        if (jspan_is(mode, "exit")) {
                d->ended = true;
                return 0;
        }
        if (jspan_is(mode, "error"))
                return demo_refuse(d, c->id, RPC_ERROR_INTERNAL, "failed, as was asked");
        if (mode.len && !jspan_is(mode, "result"))
                return refuse(d, c, "`mode` is result, error, exit or hang");
        JsonWriter w = demo_result(d, c->id);
        demo_write_text(&w, "failed, as was asked");
        json_write_key(&w, "isError");
        json_write_bool(&w, true);
        return demo_end(&w);
}

static int call_log(Demo *d, const Call *c)
{
        Span message = jspan_member(c->arguments, "message"), word = jspan_member(c->arguments, "level");
        McpLevel level = word.len ? mcp_level_of(word) : MCP_LEVEL_INFO;
        if (jspan_type(message) != JSPAN_STRING || level == _MCP_LEVEL_INVALID)
                return refuse(d, c, "log wants a text `message` and one of the eight levels");
        if (level < d->level)
                return answer_text(d, c, "left out: below the level that is set");
        JsonWriter w = demo_notification(d, MCP_METHOD_MESSAGE);
        json_write_key(&w, "level");
        json_write_str(&w, mcp_level_name(level));
        json_write_key(&w, "logger");
        json_write_str(&w, "demo");
        json_write_key(&w, "data");
        json_write_raw(&w, message);
        int r = demo_end(&w);
        return r < 0 ? r : answer_text(d, c, "logged");
}

/* ---- the table ------------------------------------------------------------------ */

#define OBJECT(properties, required) \
        "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}"
#define READS "{\"readOnlyHint\":true,\"idempotentHint\":true,\"openWorldHint\":false}"
#define DOES  "{\"readOnlyHint\":false,\"destructiveHint\":false,\"openWorldHint\":false}"

typedef struct Tool {
        const char *name, *description;
        const char *schema, *annotations; /* JSON */
        const char *output;               /* schema of structuredContent; NULL: there is none */
        int (*call)(Demo *d, const Call *c);
} Tool;

static const Tool tools[] = {
        {"echo", "Gives a text back as it is.", OBJECT("\"message\":{\"type\":\"string\"}", "\"message\""),
         READS, NULL, call_echo},
        {"add", "Adds two numbers, and changes demo://counter.",
         OBJECT("\"a\":{\"type\":\"number\"},\"b\":{\"type\":\"number\"}", "\"a\",\"b\""), DOES,
         OBJECT("\"sum\":{\"type\":\"number\"}", "\"sum\""), call_add},
        {"time", "Tells the time, in UTC.", OBJECT("", ""), READS, NULL, call_time},
        {"slow", "Takes its time, and tells of its progress when asked to.",
         OBJECT("\"seconds\":{\"type\":\"number\",\"minimum\":0,\"maximum\":3600},"
                "\"steps\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":1}",
                "\"seconds\""),
         READS, NULL, call_slow},
        {"blob", "Makes a text, or bytes, of a given size.",
         OBJECT("\"size\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9437184},"
                "\"as\":{\"type\":\"string\",\"enum\":[\"text\",\"bytes\"],\"default\":\"text\"}",
                "\"size\""),
         READS, NULL, call_blob},
        {"fail", "Fails: by a result that says so, by an error, by its end, or by no answer.",
         OBJECT("\"mode\":{\"type\":\"string\",\"enum\":[\"result\",\"error\",\"exit\",\"hang\"],"
                "\"default\":\"result\"}",
                ""),
         DOES, NULL, call_fail},
        {"log", "Writes a message to the client's log.",
         OBJECT("\"message\":{\"type\":\"string\"},\"level\":{\"type\":\"string\",\"enum\":[\"debug\","
                "\"info\",\"notice\",\"warning\",\"error\",\"critical\",\"alert\",\"emergency\"],"
                "\"default\":\"info\"}",
                "\"message\""),
         DOES, NULL, call_log},
};

static void write_tool(JsonWriter *w, const Tool *t)
{
        json_write_object(w);
        json_write_key(w, "name");
        json_write_str(w, t->name);
        json_write_key(w, "description");
        json_write_str(w, t->description);
        json_write_key(w, "inputSchema");
        json_write_raw(w, span_of(t->schema));
        if (t->output) {
                json_write_key(w, "outputSchema");
                json_write_raw(w, span_of(t->output));
        }
        json_write_key(w, "annotations");
        json_write_raw(w, span_of(t->annotations));
        json_write_object_end(w);
}

int demo_tools_list(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "tools");
        json_write_array(&w);
        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                write_tool(&w, &tools[i]);
        json_write_array_end(&w);
        return demo_end(&w);
}

int demo_tools_call(Demo *d, const Envelope *e)
{
        const Call c = {.e = e,
                        .id = envelope_member(e, MEMBER_ID),
                        .arguments = envelope_member(e, MEMBER_ARGUMENTS)};
        if (c.arguments.len && jspan_type(c.arguments) != JSPAN_OBJECT)
                return refuse(d, &c, "arguments are no object");
        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                if (jspan_is(envelope_member(e, MEMBER_NAME), tools[i].name))
                        return tools[i].call(d, &c);
        return refuse(d, &c, "there is no such tool");
}
