/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-change.h"
#include "cli/daemon.h"
#include "cli/figures.h"

enum { LIVE_MOST = 20, TEXT_CAP = 64 * 1024 };

/* One line of the terminal for each server, written over as it changes. */
typedef struct Live {
        bool on;
        size_t n;
        unsigned width;         /* a longer line would be two */
        char *names[LIVE_MOST]; /* owned */
} Live;

static void live_done(Live *live)
{
        for (size_t i = 0; i < live->n; i++)
                free(live->names[i]);
}

/* The line of a server, a new one if need be; false: there is no more room. */
static bool live_find(Live *live, const char *name, size_t *ret)
{
        for (size_t i = 0; i < live->n; i++)
                if (strcmp(live->names[i], name) == 0) {
                        *ret = i;
                        return true;
                }
        if (live->n == LIVE_MOST || !(live->names[live->n] = strdup(name)))
                return false;
        *ret = live->n++;
        putchar('\n');
        return true;
}

static bool live_show(Live *live, const char *name, Span text)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(TEXT_CAP);
        size_t at;
        if (!live->on || figure_cut(&line, text, live->width) < 0 || !live_find(live, name, &at))
                return false;
        printf("\033[%zuA\r\033[K%s\033[%zuB\r", live->n - at, buf_text(&line), live->n - at);
        (void)fflush(stdout); /* what goes wrong is told at the end */
        return true;
}

/* "fs: ready", "fs: the reason why not" */
static int describe(const json_t *line, const char *name, Buf *ret)
{
        const char *state = daemon_text(line, "state"), *error = daemon_text(line, "error");
        int r = figure_text(ret, span_of(name));
        if (r == 0)
                r = buf_append_str(ret, ": ");
        return r < 0 ? r : figure_text(ret, span_of(error ? error : state ? state : "-"));
}

static int show_line(Live *live, const Daemon *d)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(TEXT_CAP);
        const char *name = daemon_text(d->line, "server");
        const json_t *done = json_object_get(d->line, "done");
        if (!name)
                return 0; /* of a later version */
        int r = describe(d->line, name, &text);
        if (r < 0)
                return r;
        if (live_show(live, name, buf_span(&text)) || !done)
                return 0;
        if (json_is_true(done))
                puts(buf_text(&text));
        else
                command_error(d->call->path, "%s", buf_text(&text));
        return 0;
}

static int follow_change(Daemon *d)
{
        Live live = {.on = d->call->terminal->out_tty, .width = d->call->terminal->width};
        DaemonAnswer a;
        int r = 0;
        while (r == 0 && (a = daemon_next(d, NSEC_NEVER)) == DAEMON_LINE)
                r = show_line(&live, d);
        live_done(&live);
        if (r < 0) {
                errno = -r;
                return daemon_failed(d, DAEMON_FAULT);
        }
        return a == DAEMON_OK ? EXIT_CODE_DONE : daemon_failed(d, a);
}

static int change_entry(const CommandCall *call)
{
        const ChangeOptions *o = call->options;
        if (o->all == (call->n_args > 0))
                return command_usage_error(call->path, o->all ? "either names or --all, not both"
                                                              : "names of servers are missing, or --all");
        const DaemonRequest request = {
                .words = {call->command->name, o->all ? "--all" : "", o->no_wait ? "--no-wait" : ""},
                .names = true};
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = follow_change(&d);
        daemon_done(&d);
        return code;
}

static const Option change_options[] = {
        {"all", 0, NULL, "all servers of the configuration", OPTION_IS_FLAG(ChangeOptions, all)},
        {"no-wait", 0, NULL, "return once the daemon has taken the request",
         OPTION_IS_FLAG(ChangeOptions, no_wait)},
        OPTION_SOCKET(ChangeOptions),
};

#define CHANGE(verb, what, text, ...)                                                                       \
        {                                                                                                   \
                .name = (verb), .summary = what,                                                            \
                .description = text "\n\nReturns when it is done or "                                       \
                                    "has failed, unless with --no-wait.",                                   \
                .usage = "[OPTION...] NAME...\n--all [OPTION...]", OPTIONS(change_options),                 \
                .options_size = sizeof(ChangeOptions), .entry = change_entry, .max_args = COMMAND_ARGS_ANY, \
                .exits = CLIENT_EXITS, .examples = EXAMPLES(__VA_ARGS__)                                    \
        }

const Command cmd_reset = CHANGE(
        "reset", "forget what went wrong with servers, and start them",
        "Forgets the crashes of the named servers, so that their restart budget is full again, and starts "
        "those that do not run. The way out of degraded.",
        {"mcpvisor reset gh", "after its token was put right"});

const Command cmd_restart =
        CHANGE("restart", "stop servers and start them again",
               "Stops the named servers and starts them again. Calls that come meanwhile wait.",
               {"mcpvisor restart fs gh", "both, at the same time"});

const Command cmd_start =
        CHANGE("start", "start servers",
               "Starts the named servers: those stopped by hand, and lazy ones that nobody has "
               "called yet.",
               {"mcpvisor start --all", "every server of the configuration"});

const Command cmd_stop =
        CHANGE("stop", "stop servers until they are started by hand",
               "Stops the named servers. They stay stopped until they are started by hand; calls "
               "for them fail meanwhile.",
               {"mcpvisor stop --no-wait fs", "do not wait until it has ended"});
