/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-reload.h"
#include "cli/daemon.h"
#include "cli/figures.h"

enum { TEXT_CAP = 1024 * 1024 };

/* What the daemon is at, on one line of a terminal. */
static void show_phase(const Daemon *d)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(TEXT_CAP);
        const char *text = daemon_text(d->line, "text"), *phase = daemon_text(d->line, "phase");
        if (!d->call->terminal->err_tty || (!text && !phase))
                return;
        if (figure_text(&b, span_of(text && *text ? text : phase)) == 0)
                fprintf(stderr, "\r\033[K%s", buf_text(&b));
}

static int append_names(Buf *b, const json_t *names)
{
        const json_t *item;
        size_t i;
        int r = 0;
        json_array_foreach(names, i, item)
        {
                const char *name = json_is_string(item) ? json_string_value(item)
                                                        : daemon_text(item, "server");
                if (r == 0)
                        r = buf_append_str(b, i ? ", " : " ");
                if (r == 0)
                        r = figure_text(b, span_of(name ? name : "?"));
        }
        return r;
}

/* "generation 4: added a, b; restarted c; 12 unchanged" */
static int describe(const json_t *line, Buf *b)
{
        static const char *const changes[] = {"added", "removed", "restarted", "live"};
        double generation = daemon_figure(line, "generation"), same = daemon_figure(line, "same");
        int r = generation >= 0 ? buf_appendf(b, "generation %.0f:", generation) : buf_append_str(b, "done:");
        for (size_t i = 0; i < ARRAY_SIZE(changes) && r == 0; i++) {
                const json_t *names = json_object_get(line, changes[i]);
                if (json_array_size(names) == 0)
                        continue;
                r = buf_appendf(b, " %s", changes[i]);
                if (r == 0)
                        r = append_names(b, names);
                if (r == 0)
                        r = buf_append_char(b, ';');
        }
        return r < 0 ? r : buf_appendf(b, " %.0f unchanged", MAX(same, 0.0));
}

/* What is in force now, also when not every server could start with it. */
static int report(const Daemon *d, DaemonAnswer a)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(TEXT_CAP), failed = BUF_INIT(TEXT_CAP);
        const json_t *partial = json_object_get(d->line, "partial");
        int r = describe(d->line, &text);
        if (r == 0)
                r = append_names(&failed, partial);
        if (r < 0) {
                errno = -r;
                return daemon_failed(d, DAEMON_FAULT);
        }
        if (a == DAEMON_OK || daemon_figure(d->line, "generation") >= 0)
                puts(buf_text(&text));
        if (json_array_size(partial))
                command_error(d->call->path, "these servers did not start:%s", buf_text(&failed));
        if (a != DAEMON_OK)
                return daemon_failed(d, a);
        return json_array_size(partial) ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

static int follow_reload(Daemon *d, bool reported)
{
        DaemonAnswer a;
        bool shown = false;
        while ((a = daemon_next(d, NSEC_NEVER)) == DAEMON_LINE) {
                show_phase(d);
                shown = true;
        }
        if (shown && d->call->terminal->err_tty)
                fputs("\r\033[K", stderr);
        if (a != DAEMON_OK && a != DAEMON_REFUSED)
                return daemon_failed(d, a);
        return a == DAEMON_OK && !reported ? EXIT_CODE_DONE : report(d, a);
}

static int reload_entry(const CommandCall *call)
{
        const ReloadOptions *o = call->options;
        const DaemonRequest request = {.words = {"reload", o->no_wait ? "--no-wait" : NULL}};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = follow_reload(&d, !o->no_wait);
        daemon_done(&d);
        return code;
}

static int drain_entry(const CommandCall *call)
{
        const DrainOptions *o = call->options;
        const DaemonRequest request = {.words = {"drain"}};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        DaemonAnswer a = daemon_next(&d, daemon_patience());
        code = a == DAEMON_OK ? EXIT_CODE_DONE : daemon_failed(&d, a == DAEMON_LINE ? DAEMON_GARBLED : a);
        daemon_done(&d);
        return code;
}

static const Option reload_options[] = {
        {"no-wait", 0, NULL, "return once the daemon has taken the request",
         OPTION_IS_FLAG(ReloadOptions, no_wait)},
        OPTION_SOCKET(ReloadOptions),
};

static const Option drain_options[] = {
        OPTION_SOCKET(DrainOptions),
};

const Command cmd_drain = {
        .name = "drain",
        .summary = "take no new requests",
        .description =
                "Tells the daemon to take no new requests: /readyz says no, new requests get 503, those in "
                "flight go on, and the servers stay. It lasts until the daemon stops.",
        .usage = "[OPTION...]",
        OPTIONS(drain_options),
        .options_size = sizeof(DrainOptions),
        .entry = drain_entry,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor drain", "before the machine is taken out of a pool"}),
};

const Command cmd_reload = {
        .name = "reload",
        .summary = "read the configuration again",
        .description =
                "Tells the daemon to read its configuration again, and to start, stop and restart what "
                "the change asks for. A configuration with an error changes nothing.\n\n"
                "Returns when all is done, unless with --no-wait; the status is 1 when the configuration was "
                "refused, and when a server did not start with it.",
        .usage = "[OPTION...]",
        OPTIONS(reload_options),
        .options_size = sizeof(ReloadOptions),
        .entry = reload_entry,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor check mcpvisor.yaml && mcpvisor reload", "all errors first"}),
};
