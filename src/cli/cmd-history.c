/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-history.h"
#include "cli/daemon.h"
#include "cli/figures.h"

static int append_word(Buf *out, const char *before, const json_t *line, const char *key)
{
        const char *text = daemon_text(line, key);
        int r = buf_append_str(out, before);
        return r < 0 ? r : figure_text(out, span_of(text ? text : "-"));
}

static int append_stderr(Buf *out, const json_t *line)
{
        const json_t *text;
        size_t i;
        int r = 0;
        json_array_foreach(json_object_get(line, "stderr"), i, text)
        {
                if (r == 0)
                        r = buf_append_str(out, "    | ");
                if (r == 0)
                        r = figure_text(out, span_from(json_string_value(text), json_string_length(text)));
                if (r == 0)
                        r = buf_append_char(out, '\n');
        }
        return r;
}

/* 2026-11-20 17:00:00 fs signal after 1h2m: killed by signal 9 (not ours), then its last words */
static int print_exit(Buf *out, json_t *line)
{
        const char *at = daemon_text(line, "at");
        double up = daemon_figure(line, "uptime_s");
        int r = figure_moment(out, FIGURE_DATE, at ? at : "-");
        if (r == 0)
                r = append_word(out, " ", line, "server");
        if (r == 0)
                r = append_word(out, " ", line, "class");
        if (r == 0 && up >= 0)
                r = buf_append_str(out, " after ");
        if (r == 0 && up >= 0)
                r = figure_age(out, up);
        if (r == 0)
                r = append_word(out, ": ", line, "reason");
        if (r == 0)
                r = buf_append_char(out, '\n');
        return r < 0 ? r : append_stderr(out, line);
}

static int history_entry(const CommandCall *call)
{
        const HistoryOptions *o = call->options;
        DaemonSince since;
        daemon_since(o->since, since);
        const DaemonRequest request = {.words = {"history", since}, .names = true};
        const DaemonStream stream = {.json = o->json, .print = print_exit};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = daemon_stream(&d, &stream);
        daemon_done(&d);
        return code;
}

static const Option history_options[] = {
        {"json", 0, NULL, "one JSON object a line", OPTION_IS_FLAG(HistoryOptions, json)},
        {"since", 0, "T", "only what is not older than this: 30s, 10m, 2h",
         OPTION_IS_DURATION(HistoryOptions, since)},
        OPTION_SOCKET(HistoryOptions),
};

static const HistoryOptions history_defaults = {.since = NSEC_NEVER};

const Command cmd_history = {
        .name = "history",
        .summary = "show how servers ended",
        .description =
                "Shows the exits of the named servers, or of all, the oldest first: when, why, after how "
                "long, and what was last on stderr.",
        .usage = "[OPTION...] [NAME...]",
        OPTIONS(history_options),
        .options_size = sizeof(HistoryOptions),
        .defaults = &history_defaults,
        .entry = history_entry,
        .max_args = COMMAND_ARGS_ANY,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor history --since=2h fs", "how fs ended in the last two hours"}),
};
