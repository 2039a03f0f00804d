/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stdio MCP server that costs as little as can be, to measure what stands
 * before it: echo (text), blob (size), sleep (ms). It takes all input that is
 * there, answers it, and writes once. In its results the id comes last, as
 * with most servers in the world.
 */
#include <poll.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "bench/member.h"

enum { READ_SIZE = 256 * 1024, OUT_MOST = 256 * 1024, ID_MAX = 64, SLEEPERS = 4096 };

typedef struct Sleeper {
        Nsec until;
        size_t id_len;
        char id[ID_MAX];
} Sleeper;

typedef struct Echo {
        Buf in, out;
        size_t looked; /* bytes of the input that hold no newline */
        size_t n_sleepers;
        Sleeper sleepers[SLEEPERS];
} Echo;

static Echo echo;

static void must(int r)
{
        if (r != 0)
                _exit(1); /* whoever started us is gone */
}

static void put(Span s)
{
        must(buf_append_span(&echo.out, s));
}

static void flush(void)
{
        must(fd_write_all(STDOUT_FILENO, buf_span(&echo.out)));
        buf_clear(&echo.out);
}

/* ---- answers ---------------------------------------------------------------------- */

static void finish(Span id)
{
        put(SPAN(",\"jsonrpc\":\"2.0\",\"id\":"));
        put(id);
        put(SPAN("}\n"));
        if (echo.out.len > OUT_MOST)
                flush();
}

static void answer(Span id, Span result)
{
        put(SPAN("{\"result\":"));
        put(result);
        finish(id);
}

static void refuse(Span id, Span error)
{
        put(SPAN("{\"error\":"));
        put(error);
        finish(id);
}

static void text_begin(void)
{
        put(SPAN("{\"result\":{\"content\":[{\"type\":\"text\",\"text\":"));
}

static void text_end(Span id)
{
        put(SPAN("}]}"));
        finish(id);
}

/* ---- tools ------------------------------------------------------------------------ */

static void call_echo(Span id, Span arguments)
{
        Span text = member_of(arguments, "text");
        text_begin();
        put(text.len ? text : SPAN("\"\""));
        text_end(id);
}

static void call_blob(Span id, Span arguments)
{
        static const char pattern[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
        static Buf blob = BUF_INIT(BUF_CAP_NONE); /* the longest so far */
        uint64_t size = 0;
        if (parse_u64(member_of(arguments, "size"), &size) != 0) {
                refuse(id, SPAN("{\"code\":-32602,\"message\":\"size is a number\"}"));
                return;
        }
        while (blob.len < size)
                must(buf_append(&blob, pattern, sizeof(pattern) - 1));
        text_begin();
        put(SPAN("\""));
        put(span_first(buf_span(&blob), size));
        put(SPAN("\""));
        text_end(id);
}

static void call_sleep(Span id, Span arguments)
{
        uint64_t ms = 0;
        if (parse_u64(member_of(arguments, "ms"), &ms) != 0 || id.len > ID_MAX ||
            echo.n_sleepers == SLEEPERS) {
                refuse(id, SPAN("{\"code\":-32602,\"message\":\"ms is a number\"}"));
                return;
        }
        Sleeper *s = echo.sleepers + echo.n_sleepers++;
        *s = (Sleeper){.until = clock_now(&clock_monotonic) + ms * NSEC_PER_MSEC, .id_len = id.len};
        memcpy(s->id, id.ptr, id.len);
}

static void call_tool(Span id, Span params)
{
        static const struct {
                Span name;
                void (*call)(Span id, Span arguments);
        } tools[] = {
                {{"\"echo\"", 6}, call_echo}, {{"\"blob\"", 6}, call_blob}, {{"\"sleep\"", 7}, call_sleep}};
        Span name = member_of(params, "name"), arguments = member_of(params, "arguments");
        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                if (span_equal(name, tools[i].name)) {
                        tools[i].call(id, arguments);
                        return;
                }
        refuse(id, SPAN("{\"code\":-32602,\"message\":\"no such tool\"}"));
}

/* ---- methods ---------------------------------------------------------------------- */

static void initialize(Span id, Span params)
{
        Span version = member_of(params, "protocolVersion");
        put(SPAN("{\"result\":{\"protocolVersion\":"));
        put(version.len ? version : SPAN("\"2025-06-18\""));
        put(SPAN(",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"mcp-echo\",\"version\":\"1\"}"
                 "}"));
        finish(id);
}

#define TOOL(name, argument, type)                                                                       \
        "{\"name\":\"" name "\",\"description\":\"For measuring.\",\"inputSchema\":{\"type\":"           \
        "\"object\",\"properties\":{\"" argument "\":{\"type\":\"" type "\"}},\"required\":[\"" argument \
        "\"]}}"

static void list_tools(Span id, Span params UNUSED)
{
        answer(id, SPAN("{\"tools\":[" TOOL("echo", "text", "string") "," TOOL(
                           "blob", "size", "integer") "," TOOL("sleep", "ms", "integer") "]}"));
}

static void ping(Span id, Span params UNUSED)
{
        answer(id, SPAN("{}"));
}

static void cancel(Span params)
{
        Span id = member_of(params, "requestId");
        for (size_t i = 0; i < echo.n_sleepers; i++)
                if (span_equal(id, span_from(echo.sleepers[i].id, echo.sleepers[i].id_len))) {
                        echo.sleepers[i] = echo.sleepers[--echo.n_sleepers];
                        return;
                }
}

static void take_message(Span line)
{
        static const struct {
                Span name;
                void (*answer)(Span id, Span params);
        } methods[] = {{{"\"tools/call\"", 12}, call_tool},
                       {{"\"tools/list\"", 12}, list_tools},
                       {{"\"initialize\"", 12}, initialize},
                       {{"\"ping\"", 6}, ping}};
        Span method = member_of(line, "method"), id = member_of(line, "id");
        Span params = member_of(line, "params");
        if (id.len == 0) {
                if (span_equal(method, SPAN("\"notifications/cancelled\"")))
                        cancel(params);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (span_equal(method, methods[i].name)) {
                        methods[i].answer(id, params);
                        return;
                }
        refuse(id, SPAN("{\"code\":-32601,\"message\":\"no such method\"}"));
}

/* ---- input, and time -------------------------------------------------------------- */

/* The lines that are whole; what has been looked at once is not searched again. */
static void take_lines(void)
{
        size_t done = 0;
        Span rest = span_skip(buf_span(&echo.in), echo.looked);
        size_t at;
        while ((at = span_find(rest, '\n')) < rest.len) {
                size_t end = (size_t)(rest.ptr - echo.in.data) + at;
                take_message(span_from(echo.in.data + done, end - done));
                done = end + 1;
                rest = span_skip(rest, at + 1);
        }
        buf_consume(&echo.in, done);
        echo.looked = echo.in.len;
}

/* Ends by itself when nothing more comes. */
static void take_input(void)
{
        char *room;
        must(buf_reserve(&echo.in, READ_SIZE, &room));
        ssize_t n = read(STDIN_FILENO, room, READ_SIZE);
        if (n <= 0)
                _exit(0);
        buf_commit(&echo.in, (size_t)n);
        take_lines();
}

static Nsec wake_sleepers(void)
{
        Nsec now = clock_now(&clock_monotonic), next = NSEC_NEVER;
        for (size_t i = 0; i < echo.n_sleepers;) {
                Sleeper s = echo.sleepers[i];
                if (s.until > now) {
                        next = MIN(next, s.until - now);
                        i++;
                        continue;
                }
                echo.sleepers[i] = echo.sleepers[--echo.n_sleepers];
                text_begin();
                put(SPAN("\"slept\""));
                text_end(span_from(s.id, s.id_len));
        }
        return next;
}

int main(void)
{
        echo.in = echo.out = BUF_INIT(BUF_CAP_NONE);
        for (;;) {
                Nsec next = echo.n_sleepers ? wake_sleepers() : NSEC_NEVER;
                if (echo.out.len)
                        flush();
                struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
                if (next == NSEC_NEVER || poll(&in, 1, (int)(next / NSEC_PER_MSEC) + 1) > 0)
                        take_input();
        }
}
