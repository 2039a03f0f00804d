/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-logs.h"
#include "cli/daemon.h"
#include "cli/figures.h"

/* 17:00:00 fs stderr text */
static int print_log(Buf *out, json_t *line)
{
        static const char *const words[] = {"server", "stream"};
        const json_t *text = json_object_get(line, "text");
        const char *at = daemon_text(line, "at");
        int r = figure_moment(out, FIGURE_TIME, at ? at : "-");
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                const char *word = daemon_text(line, words[i]);
                if (r == 0)
                        r = buf_append_char(out, ' ');
                if (r == 0)
                        r = figure_text(out, span_of(word ? word : "-"));
        }
        if (r == 0)
                r = buf_append_char(out, ' ');
        if (r == 0 && json_is_string(text))
                r = figure_text(out, span_from(json_string_value(text), json_string_length(text)));
        return r < 0 ? r : buf_append_char(out, '\n');
}

static int logs_entry(const CommandCall *call)
{
        const LogsOptions *o = call->options;
        DaemonSince since;
        char tail[40] = "";
        daemon_since(o->since, since);
        if (o->tail != UINT64_MAX)
                snprintf(tail, sizeof(tail), "--tail=%llu", (unsigned long long)o->tail);
        const DaemonRequest request = {.words = {"logs", o->follow ? "-f" : "", since, tail}, .names = true};
        const DaemonStream stream = {.follow = o->follow, .json = o->json, .print = print_log};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = daemon_stream(&d, &stream);
        daemon_done(&d);
        return code;
}

static const Option logs_options[] = {
        {"follow", 'f', NULL, "go on with lines as they come", OPTION_IS_FLAG(LogsOptions, follow)},
        {"json", 0, NULL, "one JSON object a line", OPTION_IS_FLAG(LogsOptions, json)},
        {"since", 0, "T", "only what is not older than this: 30s, 10m, 2h",
         OPTION_IS_DURATION(LogsOptions, since)},
        OPTION_SOCKET(LogsOptions),
        {"tail", 0, "N", "only the last N lines", OPTION_IS_NUMBER(LogsOptions, tail), .max = 1000000000},
};

static const LogsOptions logs_defaults = {.since = NSEC_NEVER, .tail = UINT64_MAX};

const Command cmd_logs = {
        .name = "logs",
        .summary = "show what a server wrote",
        .description =
                "Shows the last lines of a server that the daemon keeps: what it wrote to stderr, what "
                "it wrote to stdout that is no protocol (stray), and what mcpvisor did with it.\n\n"
                "With --follow, goes on until the daemon ends or you press Ctrl-C.",
        .usage = "[OPTION...] NAME",
        OPTIONS(logs_options),
        .options_size = sizeof(LogsOptions),
        .defaults = &logs_defaults,
        .entry = logs_entry,
        .min_args = 1,
        .max_args = 1,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor logs -f fs", "the last lines of fs, and those to come"},
                             {"mcpvisor logs --since=10m --json fs", "for machines"}),
};
