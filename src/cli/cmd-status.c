/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-status.h"
#include "cli/daemon.h"
#include "cli/status-table.h"
#include "control/server-state.h"

#define REDRAW_LEAST (250 * NSEC_PER_MSEC) /* at most four times a second */
#define TICK         NSEC_PER_SEC          /* uptimes on a terminal */

static const char *const state_words[] = {
#define S(id, name, doc) (name),
        SERVER_STATES(S)
#undef S
                NULL,
};

/* What the daemon said: the object, and the line as it came. */
typedef struct Status {
        json_t *json; /* owned */
        Buf text;
} Status;

static void status_done(Status *s)
{
        json_decref(s->json);
        buf_done(&s->text);
        *s = (Status){.text = BUF_INIT(BUF_CAP_NONE)};
}

/* ---- one look ----------------------------------------------------------------- */

static int read_status(Daemon *d, Status *ret)
{
        Nsec deadline = daemon_patience();
        DaemonAnswer a = daemon_next(d, deadline);
        if (a != DAEMON_LINE)
                return daemon_failed(d, a == DAEMON_OK ? DAEMON_GARBLED : a);
        int r = buf_append_span(&ret->text, d->text);
        if (r < 0) {
                errno = -r;
                return daemon_failed(d, DAEMON_FAULT);
        }
        ret->json = TAKE_PTR(d->line);
        a = daemon_next(d, deadline);
        return a == DAEMON_OK ? EXIT_CODE_DONE : daemon_failed(d, a == DAEMON_LINE ? DAEMON_GARBLED : a);
}

/* *ret is to be freed in any case. */
static int look(const CommandCall *call, Status *ret)
{
        const StatusOptions *o = call->options;
        const DaemonRequest request = {.words = {"status"}, .names = true};
        Daemon d;
        status_done(ret);
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        code = read_status(&d, ret);
        daemon_done(&d);
        return code;
}

/* The text that stands for a status, with the end of its last line. */
static int render(const CommandCall *call, const Status *s, Buf *ret)
{
        const StatusOptions *o = call->options;
        Terminal now;
        if (o->json) {
                int r = buf_append_span(ret, buf_span(&s->text));
                return r < 0 ? r : buf_append_char(ret, '\n');
        }
        terminal_probe(COLOR_NEVER, &now); /* its width may have changed since */
        const StatusLook how = {.width = now.out_tty ? now.width : 0, .color = call->terminal->out_color};
        return status_table(s->json, &how, ret);
}

static int show(const CommandCall *call, const Status *s)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = render(call, s, &b);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        (void)fwrite(buf_text(&b), 1, b.len, stdout); /* its errors are told at the end */
        return EXIT_CODE_DONE;
}

static int status_once(const CommandCall *call, Status *s)
{
        int code = look(call, s);
        if (code == EXIT_CODE_DONE)
                code = show(call, s);
        if (code == EXIT_CODE_DONE && call->n_args && !status_all_are(s->json, "ready"))
                code = EXIT_CODE_NOT_READY;
        return code;
}

/* ---- until a state is reached --------------------------------------------------- */

/* Could it have led to `state`? Any other event may change which servers there are. */
static bool event_matters(const json_t *event, const char *state)
{
        const char *type = daemon_text(event, "type"), *to = daemon_text(event, "to");
        return !type || !to || strcmp(type, "server_state") != 0 || strcmp(to, state) == 0;
}

/* DAEMON_LINE once something has happened that matters; what came with it is taken as well. */
static DaemonAnswer await_event(Daemon *events, const char *state, Nsec deadline)
{
        DaemonAnswer a;
        bool matters = false;
        while ((a = daemon_next(events, matters ? 0 : deadline)) == DAEMON_LINE)
                matters |= event_matters(events->line, state);
        return matters && a == DAEMON_TIMEOUT ? DAEMON_LINE : a;
}

static int wait_on(const CommandCall *call, Daemon *events, Status *s)
{
        const StatusOptions *o = call->options;
        const char *state = state_words[o->wait];
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), o->timeout);
        for (;;) {
                int code = look(call, s);
                if (code != EXIT_CODE_DONE)
                        return code;
                if (status_all_are(s->json, state))
                        return show(call, s);
                DaemonAnswer a = await_event(events, state, deadline);
                if (a == DAEMON_TIMEOUT) {
                        code = look(call, s);
                        if (code == EXIT_CODE_DONE)
                                code = show(call, s);
                        command_error(call->path, "not all of them are %s", state);
                        return code == EXIT_CODE_DONE ? EXIT_CODE_NOT_READY : code;
                }
                if (a != DAEMON_LINE)
                        return daemon_failed(events, a == DAEMON_OK ? DAEMON_LOST : a);
        }
}

/* ---- for as long as somebody looks ------------------------------------------------ */

/* Over what is there: lines end with "erase the rest of the line", the last with "and all below". */
static int draw_over(Buf *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span left = buf_span(text), line;
        int r = buf_append_str(&b, "\033[H");
        while (r == 0 && left.len && span_next(&left, '\n', &line)) {
                r = buf_append_span(&b, line);
                if (r == 0)
                        r = buf_append_str(&b, "\033[K\n");
        }
        if (r == 0)
                r = buf_append_str(&b, "\033[J");
        if (r == 0)
                (void)fwrite(b.data, 1, b.len, stdout);
        return r;
}

static int redraw(const CommandCall *call, Status *s, bool first)
{
        const StatusOptions *o = call->options;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        bool over = call->terminal->out_tty && !o->json;
        int code = look(call, s);
        if (code != EXIT_CODE_DONE)
                return code;
        int r = render(call, s, &b);
        if (r == 0 && over) {
                fputs(first ? "\033[2J" : "", stdout);
                r = draw_over(&b);
        } else if (r == 0) {
                fputs(first || o->json ? "" : "\n", stdout);
                (void)fwrite(buf_text(&b), 1, b.len, stdout);
        }
        if (r == 0)
                return EXIT_CODE_DONE;
        command_error(call->path, "%s", strerror(-r));
        return EXIT_CODE_INTERNAL;
}

static int watch(const CommandCall *call, Daemon *events, Status *s)
{
        const StatusOptions *o = call->options;
        bool ticks = call->terminal->out_tty && !o->json;
        for (bool first = true;; first = false) {
                int code = redraw(call, s, first);
                if (code != EXIT_CODE_DONE)
                        return code;
                if (fflush(stdout) != 0)
                        return EXIT_CODE_DONE; /* who looked has gone; the end says so */

                Nsec drawn = clock_now(&clock_monotonic);
                DaemonAnswer a = daemon_next(events, ticks ? nsec_add(drawn, TICK) : NSEC_NEVER);
                while (a == DAEMON_LINE) /* what comes soon after is drawn with it */
                        a = daemon_next(events, nsec_add(drawn, REDRAW_LEAST));
                if (a != DAEMON_TIMEOUT)
                        return daemon_failed(events, a == DAEMON_OK ? DAEMON_LOST : a);
        }
}

/* ---- the command ------------------------------------------------------------------- */

/* Events are asked for first, so that none is lost between the first look and the wait. */
static int with_events(const CommandCall *call, Status *s)
{
        const StatusOptions *o = call->options;
        const DaemonRequest request = {.words = {"events", "-f"}};
        Daemon events;
        int code = daemon_ask(call, o->socket, &request, &events);
        if (code != EXIT_CODE_DONE)
                return code;
        code = o->watch ? watch(call, &events, s) : wait_on(call, &events, s);
        daemon_done(&events);
        return code;
}

static int status_entry(const CommandCall *call)
{
        const StatusOptions *o = call->options;
        Status s = {.text = BUF_INIT(BUF_CAP_NONE)};
        if (o->watch && o->wait >= 0)
                return command_usage_error(call->path, "either --watch or --wait, not both");
        if (o->timeout != NSEC_NEVER && o->wait < 0)
                return command_usage_error(call->path, "--timeout goes with --wait");
        int code = o->watch || o->wait >= 0 ? with_events(call, &s) : status_once(call, &s);
        status_done(&s);
        return code;
}

static const Option status_options[] = {
        {"json", 0, NULL, "as one JSON object", OPTION_IS_FLAG(StatusOptions, json)},
        OPTION_SOCKET(StatusOptions),
        {"timeout", 0, "T", "with --wait: for no longer than this",
         OPTION_IS_DURATION(StatusOptions, timeout)},
        {"wait", 0, "STATE", "return when all of them are in this state", OPTION_IS_WORD(StatusOptions, wait),
         .words = state_words},
        {"watch", 0, NULL, "show it again whenever something changes", OPTION_IS_FLAG(StatusOptions, watch)},
};

static const StatusOptions status_defaults = {.wait = -1, .timeout = NSEC_NEVER};

const Command cmd_status = {
        .name = "status",
        .aliases = WORDS("ps", "ls"),
        .summary = "show the servers and how they are",
        .description =
                "Shows the servers of the daemon, or the named ones: state, process, how long it has been "
                "up, how much of its restart budget is used and when the next start is due, memory, tools, "
                "calls, the time that 95 of 100 calls stay under, and why it last ended.\n\n"
                "With names the exit status is 0 only when all of them are ready.",
        .usage = "[OPTION...] [NAME...]",
        OPTIONS(status_options),
        .options_size = sizeof(StatusOptions),
        .defaults = &status_defaults,
        .entry = status_entry,
        .max_args = COMMAND_ARGS_ANY,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_NO_DAEMON,
                       EXIT_CODE_NOT_READY, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES(
                {"mcpvisor status --wait=ready --timeout=1m fs", "in a script, before the first call"},
                {"mcpvisor status --watch", "until you press Ctrl-C"}),
};
