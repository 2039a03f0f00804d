/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools, one row each. Each takes "ms", the time to wait before it does what it does; its
 * result has what it says as structuredContent.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/mcp-child.h"

enum { NAMES = 64, NAME = 128 };

typedef struct Names {
        char at[NAMES][NAME];
        long long times[NAMES];
        size_t n;
} Names;

static Names grown, hidden, subscribed, counts;
static char level[32] = "\"\"";
static char *hello;

static size_t names_find(const Names *names, Text name)
{
        for (size_t i = 0; i < names->n; i++)
                if (strlen(names->at[i]) == name.n && memcmp(names->at[i], name.at, name.n) == 0)
                        return i;
        return names->n;
}

static bool names_add(Names *names, Text name)
{
        size_t i = names_find(names, name);
        if (i == NAMES || name.n == 0 || name.n >= NAME)
                return false;
        if (i == names->n) {
                memcpy(names->at[i], name.at, name.n);
                names->at[i][name.n] = '\0';
                names->times[i] = 0;
                names->n++;
        }
        names->times[i]++;
        return true;
}

static void names_remove(Names *names, Text name)
{
        size_t i = names_find(names, name);
        if (i == names->n)
                return;
        names->n--;
        memmove(names->at[i], names->at[i + 1], (names->n - i) * NAME);
        memmove(&names->times[i], &names->times[i + 1], (names->n - i) * sizeof(names->times[0]));
}

/* ["a","b"], or {"a":1,"b":2} */
static char *names_json(const Names *names, bool times)
{
        static char room[NAMES * (NAME + 24) + 3];
        int n = snprintf(room, sizeof(room), times ? "{" : "[");
        for (size_t i = 0; i < names->n; i++) {
                n += snprintf(room + n, sizeof(room) - (size_t)n, "%s%s", i ? "," : "", names->at[i]);
                if (times)
                        n += snprintf(room + n, sizeof(room) - (size_t)n, ":%lld", names->times[i]);
        }
        snprintf(room + n, sizeof(room) - (size_t)n, times ? "}" : "]");
        return room;
}

#define STRUCTURED "{\"content\":[],\"structuredContent\":"

static Text arg(const Call *c, const char *name)
{
        return member(c->args, name);
}

/* ---- what answers at once ---- */

/* Its arguments, byte for byte. */
static void tool_echo(Call *c)
{
        answer(c->id, STRUCTURED "%.*s}", c->args.n ? (int)c->args.n : 4, c->args.n ? c->args.at : "null");
}

/* Its name, and what no other process has: its pid may be 1 or 2 in each life. */
static void tool_who(Call *c)
{
        static char life[32];
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        if (!*life)
                snprintf(life, sizeof(life), "%lld.%09ld", (long long)t.tv_sec, t.tv_nsec);
        answer(c->id, STRUCTURED "{\"name\":\"%s\",\"life\":\"%s\"}}", options.name, life);
}

/* The request as it was received. */
static void tool_seen(Call *c)
{
        char *line = quoted((Text){c->line, c->line_n});
        answer(c->id, STRUCTURED "{\"line\":%s}}", line);
        free(line);
}

/* What initialize told. */
static void tool_hello(Call *c)
{
        answer(c->id, STRUCTURED "%s}", hello ? hello : "{}");
}

/* How often it has had each method. */
static void tool_counts(Call *c)
{
        answer(c->id, STRUCTURED "%s}", names_json(&counts, true));
}

static void tool_state(Call *c)
{
        answer(c->id, STRUCTURED "{\"level\":%s,\"subscribed\":%s}}", level, names_json(&subscribed, false));
}

static void tool_fail(Call *c)
{
        answer(c->id, "{\"content\":[{\"type\":\"text\",\"text\":\"failed\"}],\"isError\":true}");
}

/* {"code", "message"} */
static void tool_error(Call *c)
{
        size_t n;
        char *message = string_of(arg(c, "message"), &n);
        answer_error(c->id, (int)number_of(arg(c, "code"), -32000), message ? message : "no");
        free(message);
}

/* {"bytes": N}: that many in one text. */
static void tool_big(Call *c)
{
        size_t n = (size_t)number_of(arg(c, "bytes"), 1);
        char *text = malloc(n + 1);
        if (!text)
                _exit(99);
        memset(text, 'x', n);
        text[n] = '\0';
        answer(c->id, "{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}", text);
        free(text);
}

/* ---- what tells something ---- */

/* {"n": N, "every": MS}: that many, then the result. */
static void tool_progress(Call *c)
{
        long long n = number_of(arg(c, "n"), 1);
        if (c->step < n) {
                c->step++;
                if (c->token.n > 0)
                        notify("notifications/progress",
                               "{\"progressToken\":%.*s,\"progress\":%lld,\"total\":%lld}", (int)c->token.n,
                               c->token.at, c->step, n);
                c->keep = true;
                c->due_ms = now_ms() + number_of(arg(c, "every"), 0);
                return;
        }
        answer(c->id, STRUCTURED "{\"n\":%lld}}", n);
}

/* {"level", "data", "logger"} as the notification has them */
static void tool_log(Call *c)
{
        notify("notifications/message", "%.*s", (int)c->args.n, c->args.at);
        answer(c->id, STRUCTURED "{}}");
}

/* {"uri"}: updated, if anybody has subscribed. */
static void tool_touch(Call *c)
{
        Text uri = arg(c, "uri");
        bool told = names_find(&subscribed, uri) < subscribed.n;
        if (told)
                notify("notifications/resources/updated", "{\"uri\":%.*s}", (int)uri.n, uri.at);
        answer(c->id, STRUCTURED "{\"told\":%s}}", told ? "true" : "false");
}

/* {"name"}: one more tool. {"quiet": true}: nothing is said. */
static void tool_grow(Call *c)
{
        bool done = names_add(&grown, arg(c, "name"));
        if (arg(c, "quiet").n == 0)
                notify("notifications/tools/list_changed", "{}");
        answer(c->id, STRUCTURED "{\"done\":%s}}", done ? "true" : "false");
}

/* {"name"}: that one is gone. */
static void tool_shrink(Call *c)
{
        Text name = arg(c, "name");
        if (names_find(&grown, name) < grown.n)
                names_remove(&grown, name);
        else
                names_add(&hidden, name);
        notify("notifications/tools/list_changed", "{}");
        answer(c->id, STRUCTURED "{}}");
}

/* {"method", "params"}: asks the client; the result is what it answered. */
static void tool_ask(Call *c)
{
        if (c->reply.n > 0) {
                char *line = quoted(c->reply);
                answer(c->id, STRUCTURED "{\"reply\":%s}}", line);
                free(line);
                return;
        }
        Text method = arg(c, "method");
        size_t n;
        char *name = string_of(method, &n);
        char *json = name ? quoted((Text){name, n}) : NULL;
        c->question = json ? ask(json, arg(c, "params")) : 0;
        c->keep = true;
        free(json);
        free(name);
}

/* ---- what goes wrong ---- */

/* {"code"}: without an answer. {"after": true}: behind one. */
static void tool_die(Call *c)
{
        if (arg(c, "after").n > 0)
                answer(c->id, STRUCTURED "{}}");
        _exit((int)number_of(arg(c, "code"), 1));
}

static void tool_hang(Call *c)
{
        c->keep = true;
}

/* The bytes, with the id in place of each $ID. */
static void write_filled(const char *bytes, size_t n, Text id)
{
        for (const char *end = bytes + n, *p; bytes < end; bytes = p + 3) {
                p = memmem(bytes, (size_t)(end - bytes), "$ID", 3);
                write_raw(bytes, (size_t)((p ? p : end) - bytes));
                if (!p)
                        return;
                write_raw(id.at, id.n);
        }
}

/* {"text": T} or {"hex": H}: written as it is, with the id in place of $ID. {"answer": true}: then a result.
 */
static void tool_raw(Call *c)
{
        size_t n = 0;
        char *bytes = arg(c, "hex").n > 0 ? bytes_of(arg(c, "hex"), &n) : string_of(arg(c, "text"), &n);
        if (bytes)
                write_filled(bytes, n, c->id);
        free(bytes);
        if (arg(c, "answer").n > 0)
                answer(c->id, STRUCTURED "{}}");
}

/* {"bytes": N}: a line so long that is no message, then the result. */
static void tool_long_line(Call *c)
{
        static char chunk[65536];
        memset(chunk, 'y', sizeof(chunk));
        for (size_t n = (size_t)number_of(arg(c, "bytes"), 1); n > 0; n -= MIN(n, sizeof(chunk)))
                write_raw(chunk, MIN(n, sizeof(chunk)));
        write_raw("\n", 1);
        answer(c->id, STRUCTURED "{}}");
}

/* {"times": N}: a line that is no message, so often. */
static void tool_stray(Call *c)
{
        for (long long i = number_of(arg(c, "times"), 1); i > 0; i--)
                write_raw("this is no message\n", 19);
        answer(c->id, STRUCTURED "{}}");
}

static const struct {
        const char *name;
        void (*run)(Call *c);
} tools[] = {
        {"echo", tool_echo},     {"who", tool_who},
        {"seen", tool_seen},     {"hello", tool_hello},
        {"counts", tool_counts}, {"state", tool_state},
        {"fail", tool_fail},     {"error", tool_error},
        {"big", tool_big},       {"progress", tool_progress},
        {"log", tool_log},       {"touch", tool_touch},
        {"grow", tool_grow},     {"shrink", tool_shrink},
        {"ask", tool_ask},       {"die", tool_die},
        {"hang", tool_hang},     {"raw", tool_raw},
        {"stray", tool_stray},   {"long_line", tool_long_line},
};

/* ---- the list ---- */

void tools_call(Text line)
{
        Text params = member(line, "params"), name = member(params, "name"),
             args = member(params, "arguments");
        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                if (is(name, tools[i].name)) {
                        calls_add(line, tools[i].run,
                                  tools[i].run == tool_hang ? -1 : number_of(member(args, "ms"), 0));
                        return;
                }
        if (names_find(&grown, name) < grown.n || (name.n > 2 && name.at[1] == 't' && options.tools > 0))
                calls_add(line, tool_echo, number_of(member(args, "ms"), 0));
        else
                answer(member(line, "id"), "{\"content\":[{\"type\":\"text\",\"text\":\"MCP error -32602: "
                                           "Tool not found\"}],\"isError\":true}");
}

static bool is_hidden(const char *name)
{
        char json[NAME];
        int n = snprintf(json, sizeof(json), "\"%s\"", name);
        return names_find(&hidden, (Text){json, (size_t)n}) < hidden.n;
}

/* The i-th of all, as a JSON string; false when it is hidden. */
static bool tool_at(size_t i, char *room, size_t size)
{
        if (i < ARRAY_SIZE(tools)) {
                snprintf(room, size, "\"%s\"", tools[i].name);
                return !is_hidden(tools[i].name);
        }
        i -= ARRAY_SIZE(tools);
        if (i < (size_t)options.tools)
                snprintf(room, size, "\"t%zu\"", i);
        else
                snprintf(room, size, "%s", grown.at[i - (size_t)options.tools]);
        return true;
}

void tools_list(Text id, Text params)
{
        size_t all = ARRAY_SIZE(tools) + (size_t)options.tools + grown.n, size = all * (NAME + 64) + 64;
        size_t from = 0, to = all;
        Text cursor = member(params, "cursor");
        if (cursor.n > 2)
                from = (size_t)number_of((Text){cursor.at + 1, cursor.n - 2}, 0);
        if (options.page > 0)
                to = MIN(all, from + (size_t)options.page);
        char *list = malloc(size), name[NAME];
        size_t n = 0;
        if (!list)
                _exit(99);
        list[0] = '\0';
        for (size_t i = from; i < to; i++)
                if (tool_at(i, name, sizeof(name)))
                        n += (size_t)snprintf(list + n, size - n,
                                              "%s{\"name\":%s,\"inputSchema\":{\"type\":\"object\"}}",
                                              n ? "," : "", name);
        if (to < all)
                answer(id, "{\"tools\":[%s],\"nextCursor\":\"%zu\"}", list, to);
        else
                answer(id, "{\"tools\":[%s]}", list);
        free(list);
}

void tools_set_level(Text to)
{
        if (to.n > 0 && to.n < sizeof(level)) {
                memcpy(level, to.at, to.n);
                level[to.n] = '\0';
        }
}

void tools_subscribe(Text uri, bool on)
{
        if (on)
                names_add(&subscribed, uri);
        else
                names_remove(&subscribed, uri);
}

bool tools_count(Text method)
{
        return names_add(&counts, method);
}

void tools_keep_hello(Text params)
{
        free(hello);
        hello = strndup(params.at, params.n);
}
