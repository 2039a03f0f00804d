/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-events.h"
#include "cli/daemon.h"
#include "cli/figures.h"

static int append_word(Buf *out, const char *before, const json_t *line, const char *key)
{
        const char *text = daemon_text(line, key);
        if (!text || !*text)
                return 0;
        int r = buf_append_str(out, before);
        return r < 0 ? r : figure_text(out, span_of(text));
}

/* 17:00:00 fs starting -> ready: text; others: 17:00:00 reload: text */
static int print_event(Buf *out, json_t *line)
{
        const char *at = daemon_text(line, "at");
        bool change = daemon_text(line, "to") != NULL;
        int r = figure_moment(out, FIGURE_TIME, at ? at : "-");
        if (r == 0 && !change)
                r = append_word(out, " ", line, "type");
        if (r == 0)
                r = append_word(out, " ", line, "server");
        if (r == 0)
                r = append_word(out, " ", line, "from");
        if (r == 0)
                r = append_word(out, " -> ", line, "to");
        if (r == 0)
                r = append_word(out, ": ", line, "text");
        return r < 0 ? r : buf_append_char(out, '\n');
}

static int events_entry(const CommandCall *call)
{
        const EventsOptions *o = call->options;
        const DaemonRequest request = {.words = {"events", o->follow ? "-f" : NULL}};
        const DaemonStream stream = {.follow = o->follow, .json = o->json, .print = print_event};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = daemon_stream(&d, &stream);
        daemon_done(&d);
        return code;
}

static const Option events_options[] = {
        {"follow", 'f', NULL, "go on with events as they come", OPTION_IS_FLAG(EventsOptions, follow)},
        {"json", 0, NULL, "one JSON object a line", OPTION_IS_FLAG(EventsOptions, json)},
        OPTION_SOCKET(EventsOptions),
};

const Command cmd_events = {
        .name = "events",
        .summary = "show what happened in the daemon",
        .description =
                "Shows what the daemon remembers of the last events: changes of servers' states, reloads, "
                "restarts of the gateway, alerts.\n\n"
                "With --follow, goes on until the daemon ends or you press Ctrl-C.",
        .usage = "[OPTION...]",
        OPTIONS(events_options),
        .options_size = sizeof(EventsOptions),
        .entry = events_entry,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor events -f", "what happens from now on"}),
};
