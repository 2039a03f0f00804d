/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/mcp-child.h"

Options options = {
        .name = "child",
        .capabilities =
                "{\"tools\":{\"listChanged\":true},\"resources\":{\"subscribe\":true,\"listChanged\":true},"
                "\"prompts\":{\"listChanged\":true},\"logging\":{},\"completions\":{}}",
        .at_start = "",
};

/* ---- messages ---- */

void write_raw(const char *bytes, size_t n)
{
        if (fwrite(bytes, 1, n, stdout) != n || fflush(stdout) != 0)
                _exit(0);
}

static PRINTF(2, 0) void write_message(const char *head, const char *format, va_list args, const char *tail)
{
        if (fputs(head, stdout) < 0 || vprintf(format, args) < 0 || puts(tail) < 0 || fflush(stdout) != 0)
                _exit(0);
}

void answer(Text id, const char *format, ...)
{
        char tail[256];
        va_list args;
        snprintf(tail, sizeof(tail), ",\"jsonrpc\":\"2.0\",\"id\":%.*s}", (int)id.n, id.at);
        va_start(args, format);
        write_message("{\"result\":", format, args, tail);
        va_end(args);
}

void answer_error(Text id, int code, const char *message)
{
        printf("{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"error\":{\"code\":%d,\"message\":\"%s\"}}\n", (int)id.n,
               id.at, code, message);
        write_raw("", 0);
}

void notify(const char *method, const char *format, ...)
{
        char head[256];
        va_list args;
        snprintf(head, sizeof(head), "{\"method\":\"%s\",\"params\":", method);
        va_start(args, format);
        write_message(head, format, args, ",\"jsonrpc\":\"2.0\"}");
        va_end(args);
}

uint64_t ask(const char *method, Text params)
{
        static uint64_t last; /* begins with 1, as ours may; both count for themselves */
        printf("{\"method\":%s,\"params\":%.*s,\"jsonrpc\":\"2.0\",\"id\":%llu}\n", method,
               params.n ? (int)params.n : 2, params.n ? params.at : "{}", (unsigned long long)++last);
        write_raw("", 0);
        return last;
}

char *quoted(Text bytes)
{
        char *got = malloc(bytes.n * 6 + 3), *out = got;
        if (!got)
                _exit(99);
        *out++ = '"';
        for (size_t i = 0; i < bytes.n; i++) {
                unsigned char c = (unsigned char)bytes.at[i];
                if (c < 0x20)
                        out += snprintf(out, 7, "\\u%04x", c);
                else if (c == '"' || c == '\\')
                        *out++ = '\\', *out++ = (char)c;
                else
                        *out++ = (char)c;
        }
        memcpy(out, "\"", 2);
        return got;
}

/* ---- methods ---- */

static void do_initialize(Text id, Text params)
{
        Text asked = member(params, "protocolVersion");
        tools_keep_hello(params);
        if (options.die_at_initialize)
                _exit(3);
        if (options.no_initialize)
                return;
        if (options.refuse_initialize) {
                answer_error(id, -32603, "not today");
                return;
        }
        answer(id,
               "{\"protocolVersion\":%s%.*s%s,\"capabilities\":%s,\"serverInfo\":{\"name\":\"%s\","
               "\"version\":\"1\"}%s%s%s}",
               options.protocol ? "\"" : "", options.protocol ? (int)strlen(options.protocol) : (int)asked.n,
               options.protocol ? options.protocol : asked.at, options.protocol ? "\"" : "",
               options.capabilities, options.name, options.instructions ? ",\"instructions\":\"" : "",
               options.instructions ? options.instructions : "", options.instructions ? "\"" : "");
}

static void do_resources(Text id, Text params UNUSED)
{
        answer(id,
               "{\"resources\":[{\"uri\":\"child://%s/a\",\"name\":\"a\"},{\"uri\":\"child://%s/"
               "b\",\"name\":\"b\"},"
               "{\"uri\":\"child://common\",\"name\":\"common\"}]}",
               options.name, options.name);
}

static void do_templates(Text id, Text params UNUSED)
{
        answer(id, "{\"resourceTemplates\":[{\"uriTemplate\":\"child://%s/item/{id}\",\"name\":\"item\"}]}",
               options.name);
}

/* What is below child://NAME/ is there, and says who read it. */
static void do_read(Text id, Text params)
{
        char own[128];
        Text uri = member(params, "uri");
        int n = snprintf(own, sizeof(own), "\"child://%s/", options.name);
        if ((uri.n < (size_t)n || memcmp(uri.at, own, (size_t)n) != 0) && !is(uri, "child://common")) {
                answer_error(id, -32002, "Resource not found");
                return;
        }
        answer(id, "{\"contents\":[{\"uri\":%.*s,\"text\":\"read by %s\"}]}", (int)uri.n, uri.at,
               options.name);
}

static void do_prompts(Text id, Text params UNUSED)
{
        answer(id,
               "{\"prompts\":[{\"name\":\"greet\",\"arguments\":[{\"name\":\"who\",\"required\":true}]}]}");
}

static void do_prompt(Text id, Text params)
{
        Text who = member(member(params, "arguments"), "who");
        if (!is(member(params, "name"), "greet"))
                answer_error(id, -32602, "Unknown prompt");
        else
                answer(id,
                       "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":%.*s}}]}",
                       who.n ? (int)who.n : 2, who.n ? who.at : "\"\"");
}

static void do_complete(Text id, Text params)
{
        Text ref = member(params, "ref"), value = member(member(params, "argument"), "value");
        Text what = member(ref, "name").n ? member(ref, "name") : member(ref, "uri");
        answer(id, "{\"completion\":{\"values\":[%.*s,%.*s]}}", (int)what.n, what.at, (int)value.n, value.at);
}

static void do_level(Text id, Text params)
{
        tools_set_level(member(params, "level"));
        answer(id, "{}");
}

static void do_subscribe(Text id, Text params)
{
        tools_subscribe(member(params, "uri"), true);
        answer(id, "{}");
}

static void do_unsubscribe(Text id, Text params)
{
        tools_subscribe(member(params, "uri"), false);
        answer(id, "{}");
}

static void do_ping(Text id, Text params UNUSED)
{
        answer(id, "{}");
}

static const struct {
        const char *name;
        void (*run)(Text id, Text params);
} methods[] = {
        {"initialize", do_initialize},
        {"ping", do_ping},
        {"tools/list", tools_list},
        {"resources/list", do_resources},
        {"resources/templates/list", do_templates},
        {"resources/read", do_read},
        {"resources/subscribe", do_subscribe},
        {"resources/unsubscribe", do_unsubscribe},
        {"prompts/list", do_prompts},
        {"prompts/get", do_prompt},
        {"completion/complete", do_complete},
        {"logging/setLevel", do_level},
};

static void take_notification(Text method, Text params)
{
        if (is(method, "notifications/cancelled"))
                calls_cancel(member(params, "requestId"));
        if (!is(method, "notifications/initialized"))
                return;
        if (strcmp(options.at_start, "roots") == 0)
                ask("\"roots/list\"", (Text){"", 0});
        if (strcmp(options.at_start, "changed") == 0)
                notify("notifications/tools/list_changed", "{}");
}

static void take(Text line)
{
        Text method = member(line, "method"), id = member(line, "id"), params = member(line, "params");
        if (method.n == 0) {
                calls_answered(line);
                return;
        }
        tools_count(method);
        if (id.n == 0) {
                take_notification(method, params);
                return;
        }
        if (is(method, "tools/call")) {
                tools_call(line);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (is(method, methods[i].name)) {
                        methods[i].run(id, params);
                        return;
                }
        answer_error(id, -32601, "Method not found");
}

/* ---- the loop ---- */

static void note(Text line)
{
        int fd = options.log ? open(options.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
        if (fd < 0)
                return;
        char *whole = NULL;
        int n = asprintf(&whole, "%d %.*s\n", (int)getpid(), (int)line.n, line.at);
        if (n < 0 || write(fd, whole, (size_t)n) != n)
                _exit(99);
        free(whole);
        close(fd);
}

/* Takes the whole lines of what was read; how much is left. */
static size_t take_lines(char *bytes, size_t n)
{
        char *p = bytes, *end;
        while ((end = memchr(p, '\n', n - (size_t)(p - bytes)))) {
                Text line = {p, (size_t)(end - p)};
                note(line);
                take(line);
                p = end + 1;
        }
        n -= (size_t)(p - bytes);
        memmove(bytes, p, n);
        return n;
}

/* False at the end of stdin. */
static bool read_some(void)
{
        static char *bytes;
        static size_t n, size;
        if (size - n < 65536) {
                size = size * 2 + 65536;
                bytes = realloc(bytes, size);
                if (!bytes)
                        _exit(99);
        }
        ssize_t got = read(STDIN_FILENO, bytes + n, size - n);
        if (got <= 0)
                return got < 0 && errno == EINTR;
        n = take_lines(bytes, n + (size_t)got);
        return true;
}

/* One row for each option: a text, a number, or a flag. */
static const struct {
        const char *name;
        const char **text;
        long long *number;
        bool *flag;
} rows[] = {
        {"name", &options.name, NULL, NULL},
        {"protocol", &options.protocol, NULL, NULL},
        {"capabilities", &options.capabilities, NULL, NULL},
        {"instructions", &options.instructions, NULL, NULL},
        {"at-start", &options.at_start, NULL, NULL},
        {"log", &options.log, NULL, NULL},
        {"tools", NULL, &options.tools, NULL},
        {"page", NULL, &options.page, NULL},
        {"ignore-eof", NULL, NULL, &options.ignore_eof},
        {"no-initialize", NULL, NULL, &options.no_initialize},
        {"refuse-initialize", NULL, NULL, &options.refuse_initialize},
        {"die-at-initialize", NULL, NULL, &options.die_at_initialize},
        {"late-after-cancel", NULL, NULL, &options.late_after_cancel},
};

static void take_options(int argc, char **argv)
{
        struct option known[ARRAY_SIZE(rows) + 1] = {0};
        int c, i;
        for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
                known[n] = (struct option){rows[n].name, rows[n].flag ? no_argument : required_argument, NULL,
                                           1};
        while ((c = getopt_long(argc, argv, "", known, &i)) != -1) {
                if (c != 1)
                        _exit(99);
                if (rows[i].text)
                        *rows[i].text = optarg;
                else if (rows[i].number)
                        *rows[i].number = strtoll(optarg, NULL, 10);
                else
                        *rows[i].flag = true;
        }
        if (optind < argc)
                _exit(99);
}

int main(int argc, char **argv)
{
        take_options(argc, argv);
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        for (;;) {
                int n = poll(&in, 1, calls_wait());
                if (n < 0 && errno != EINTR)
                        return 99;
                if (n > 0 && !read_some()) {
                        if (!options.ignore_eof)
                                return 0;
                        in.fd = -1;
                }
                calls_run_due();
        }
}
