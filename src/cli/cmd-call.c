/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "cli/cmd-call.h"
#include "cli/daemon-option.h"
#include "cli/endpoint.h"
#include "cli/figures.h"
#include "jsonrpc/json.h"

typedef struct CallOptions {
        bool json;
        const char *socket;
        Nsec timeout;
} CallOptions;

enum { DEEPEST = 512, PROGRESS_TOKEN = 1 };

/* ---- arguments ------------------------------------------------------------------ */

static int check_arguments(const CommandCall *call, Span text)
{
        Span value = span_trim(text);
        if (!jspan_valid(value, DEEPEST))
                return command_usage_error(call->path, "the arguments are no valid JSON");
        if (jspan_type(value) != JSPAN_OBJECT)
                return command_usage_error(call->path, "the arguments are no JSON object: {\"name\": value}");
        return EXIT_CODE_DONE;
}

/* {} when there are none; "-" is standard input. */
static int read_arguments(const CommandCall *call, Buf *ret)
{
        const char *given = call->n_args > 2 ? call->args[2] : "{}";
        int r = strcmp(given, "-") == 0 ? fd_read_all(STDIN_FILENO, ret) : buf_append_str(ret, given);
        if (r == -ENOBUFS)
                return command_usage_error(call->path, "the arguments are longer than %d bytes",
                                           LIMIT_CONTROL_ANSWER);
        if (r < 0) {
                command_error(call->path, "standard input: %s", strerror(-r));
                return EXIT_CODE_FAILED;
        }
        return check_arguments(call, buf_span(ret));
}

static int write_params(Buf *b, const char *tool, Span arguments, bool progress)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        json_write_key(&w, "name");
        json_write_str(&w, tool);
        json_write_key(&w, "arguments");
        json_write_raw(&w, span_trim(arguments));
        if (progress) {
                json_write_key(&w, "_meta");
                json_write_object(&w);
                json_write_key(&w, "progressToken");
                json_write_uint(&w, PROGRESS_TOKEN);
                json_write_object_end(&w);
        }
        json_write_object_end(&w);
        return json_write_done(&w);
}

/* ---- the result ------------------------------------------------------------------ */

/* What a terminal would obey is shown instead; line ends stay. */
static int append_safe(Buf *b, Span text)
{
        Span line;
        int r = 0;
        for (bool first = true; r == 0 && span_next(&text, '\n', &line); first = false) {
                r = first ? 0 : buf_append_char(b, '\n');
                if (r == 0)
                        r = figure_text(b, line);
        }
        return r;
}

static int append_text(Buf *b, Span value, bool safe)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = jspan_text_append(value, &text);
        if (r == -EINVAL || (r == 0 && text.len == 0))
                return 0;
        if (r == 0)
                r = safe ? append_safe(b, buf_span(&text)) : buf_append_span(b, buf_span(&text));
        if (r == 0 && text.data[text.len - 1] != '\n')
                r = buf_append_char(b, '\n');
        return r;
}

/* What is no text is named. */
static int append_other(Buf *b, const char *what, Span name, Span type)
{
        char name_room[1024], type_room[128];
        Span n, t;
        int r = buf_appendf(b, "(%s", what);
        if (r == 0 && jspan_text(name, name_room, sizeof(name_room), &n) && n.len) {
                r = buf_append_char(b, ' ');
                if (r == 0)
                        r = figure_text(b, n);
        }
        if (r == 0 && jspan_text(type, type_room, sizeof(type_room), &t) && t.len) {
                r = buf_append_str(b, ", ");
                if (r == 0)
                        r = figure_text(b, t);
        }
        return r < 0 ? r : buf_append_str(b, ")\n");
}

static int append_content(Buf *b, Span item, bool safe)
{
        Span type = jspan_member(item, "type"), resource = jspan_member(item, "resource");
        if (jspan_is(type, "text"))
                return append_text(b, jspan_member(item, "text"), safe);
        if (jspan_is(type, "resource") && jspan_type(jspan_member(resource, "text")) == JSPAN_STRING)
                return append_text(b, jspan_member(resource, "text"), safe);
        if (jspan_is(type, "resource"))
                return append_other(b, "resource", jspan_member(resource, "uri"),
                                    jspan_member(resource, "mimeType"));
        if (jspan_is(type, "resource_link"))
                return append_other(b, "resource", jspan_member(item, "uri"), jspan_member(item, "mimeType"));
        const char *what = jspan_is(type, "image")   ? "image"
                           : jspan_is(type, "audio") ? "audio"
                                                     : "other content";
        return append_other(b, what, SPAN_NONE, jspan_member(item, "mimeType"));
}

static int append_result(Buf *b, Span result, bool safe)
{
        Span content = jspan_member(result, "content"), item;
        int r = 0;
        if (jspan_type(content) == JSPAN_ARRAY) {
                JspanWalk w = jspan_walk(content);
                while (r == 0 && jspan_next(&w, NULL, &item))
                        r = append_content(b, item, safe);
        }
        Span structured = jspan_member(result, "structuredContent");
        if (r < 0 || b->len || structured.len == 0)
                return r;
        r = buf_append_span(b, structured);
        return r < 0 ? r : buf_append_char(b, '\n');
}

static int show_result(const CommandCall *call, const ClientSession *s)
{
        const CallOptions *o = call->options;
        Span result = envelope_member(&s->answer, MEMBER_RESULT);
        bool error = jspan_true(envelope_member(&s->answer, MEMBER_RESULT_IS_ERROR));
        bool to_stderr = error && !o->json,
             safe = to_stderr ? call->terminal->err_tty : call->terminal->out_tty;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = o->json ? buf_append_span(&b, result) : append_result(&b, result, safe);
        if (r == 0 && o->json)
                r = buf_append_char(&b, '\n');
        if (r < 0)
                return r;
        (void)fwrite(buf_text(&b), 1, b.len, to_stderr ? stderr : stdout); /* looked at at the end */
        if (to_stderr && b.len == 0)
                command_error(call->path, "the tool failed and does not say why");
        return error ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

/* ---- the call ---------------------------------------------------------------------- */

/* On a terminal, one line that is written over. */
typedef struct Progress {
        ClientWatch watch;
        bool shown;
} Progress;

static void show_progress(ClientWatch *watch, const Envelope *e)
{
        Progress *p = CONTAINER_OF(watch, Progress, watch);
        Span params = envelope_member(e, MEMBER_PARAMS), total = jspan_member(params, "total");
        Span done = jspan_member(params, "progress"), text = jspan_member(params, "message");
        CLEANUP(buf_done) Buf line = BUF_INIT(4096);
        if (mcp_method_of(envelope_member(e, MEMBER_METHOD)) != MCP_METHOD_PROGRESS ||
            jspan_type(done) != JSPAN_NUMBER)
                return;
        bool counted = jspan_type(total) == JSPAN_NUMBER;
        int r = buf_appendf(&line, "\r\033[K%.*s%s%.*s ", (int)done.len, done.ptr, counted ? "/" : "",
                            counted ? (int)total.len : 0, counted ? total.ptr : "");
        CLEANUP(buf_done) Buf decoded = BUF_INIT(1024);
        if (r == 0 && text.len && jspan_text_append(text, &decoded) == 0)
                r = figure_text(&line, buf_span(&decoded));
        if (r < 0)
                return;
        (void)fwrite(line.data, 1, line.len, stderr);
        p->shown = true;
}

static int call_tool(const CommandCall *call, ClientSession *s, Span params)
{
        const CallOptions *o = call->options;
        Progress p = {.watch = {show_progress}};
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), o->timeout);
        int r = client_session_request(s, MCP_METHOD_TOOLS_CALL, params, deadline, &p.watch);
        if (p.shown)
                (void)fputs("\r\033[K", stderr);
        if (r == 0)
                r = show_result(call, s);
        else
                r = endpoint_failed(call, s, call->args[0], r);
        return r;
}

static int call_entry(const CommandCall *call)
{
        const CallOptions *o = call->options;
        CLEANUP(buf_done) Buf arguments = BUF_INIT(LIMIT_CONTROL_ANSWER);
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        ClientPlace place;
        ClientSession s;
        int r = read_arguments(call, &arguments);
        if (r == EXIT_CODE_DONE)
                r = endpoint_place(call, o->socket, call->args[0], &place);
        if (r == EXIT_CODE_DONE)
                r = write_params(&params, call->args[1], buf_span(&arguments), call->terminal->err_tty);
        if (r != EXIT_CODE_DONE)
                return r;
        r = endpoint_open(call, &place, &s);
        if (r == EXIT_CODE_DONE)
                r = call_tool(call, &s, buf_span(&params));
        client_session_close(&s, endpoint_patience());
        client_session_done(&s);
        return r;
}

static const Option call_options[] = {
        {"json", 0, NULL, "the result as JSON, as the server gave it", OPTION_IS_FLAG(CallOptions, json)},
        OPTION_SOCKET(CallOptions),
        {"timeout", 0, "T", "wait no longer than this for the result",
         OPTION_IS_DURATION(CallOptions, timeout)},
};

static const CallOptions call_defaults = {.timeout = NSEC_NEVER};

const Command cmd_call = {
        .name = "call",
        .summary = "call a tool of a server",
        .description =
                "Calls a tool of a server of the running daemon and writes the text that it gives back. The "
                "arguments are a JSON object; - reads it from standard input. Content that is no text is "
                "named only; --json shows all of it.\n\n"
                "When the tool fails, what it says goes to standard error and the exit status is 1. "
                "Progress is shown on a terminal.",
        .usage = "[OPTION...] NAME TOOL [JSON|-]",
        OPTIONS(call_options),
        .options_size = sizeof(CallOptions),
        .defaults = &call_defaults,
        .entry = call_entry,
        .min_args = 2,
        .max_args = 3,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES(
                {"mcpvisor call demo add '{\"a\": 2, \"b\": 3}'", "writes 5"},
                {"mcpvisor call --timeout 10s fs read_file - <arguments.json", "arguments from a file"}),
};
