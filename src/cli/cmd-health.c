/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-health.h"
#include "base/limit-table.h"
#include "cli/daemon-option.h"
#include "cli/figures.h"
#include "client/conn.h"
#include "client/wait.h"
#include "control/path.h"

#define DEFAULT_ADDRESS "127.0.0.1:7780"

typedef struct HealthOptions {
        bool ready;
        const char *socket, *url;
} HealthOptions;

enum { LINE_CAP = 4096, SHOWN = 200, OK = 200 };

static const char *asked_path(const HealthOptions *o)
{
        return o->ready ? "/readyz" : "/livez";
}

/* ---- one place ----------------------------------------------------------------------- */

/* The first line of what it answered, or nothing. */
static void append_reason(Buf *line, Span body)
{
        Span first = span_trim(span_first(body, span_find(body, '\n')));
        size_t before = line->len;
        if (first.len == 0)
                return;
        int r = buf_append_str(line, ": ");
        if (r == 0)
                r = figure_text(line, span_first(first, SHOWN));
        if (r < 0)
                line->len = before;
}

static int judge(const CommandCall *call, const ClientPlace *p, ClientConn *c)
{
        const HealthOptions *o = call->options;
        int status = client_conn_status(c);
        if (c->state == CLIENT_CONN_BROKEN) {
                command_error(call->path, "%s: %s", p->socket[0] ? p->socket : p->authority, c->why);
                return EXIT_CODE_FAILED;
        }
        if (status == OK)
                return EXIT_CODE_DONE;
        CLEANUP(buf_done) Buf line = BUF_INIT(LINE_CAP);
        int r = buf_appendf(&line, "%s (HTTP status %d)", o->ready ? "not ready" : "not healthy", status);
        if (r == 0)
                append_reason(&line, client_conn_body(c));
        command_error(call->path, "%s", buf_text(&line));
        return EXIT_CODE_FAILED;
}

/* EXIT_CODE_NO_DAEMON: nobody is there; nothing was said yet. */
static int ask(const CommandCall *call, const ClientPlace *p)
{
        const ClientRequest request = {.method = "GET"};
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), LIMIT_HEALTH_TIME * NSEC_PER_SEC);
        ClientConn c;
        int r = client_conn_init(&c), code;
        if (r < 0)
                return r;
        r = client_conn_request(&c, p, &request, deadline);
        bool absent = r == PLACE_E_NOT_HERE;
        if (r == 0)
                r = client_conn_wait(&c, deadline);
        if (absent)
                code = EXIT_CODE_NO_DAEMON;
        else if (r == 0)
                code = judge(call, p, &c);
        else {
                command_error(call->path, "%s: %s", p->socket[0] ? p->socket : p->authority,
                              r > 0 ? "no answer in time" : strerror(-r));
                code = EXIT_CODE_FAILED;
        }
        client_conn_done(&c);
        return code;
}

static int ask_last(const CommandCall *call, const ClientPlace *p)
{
        int code = ask(call, p);
        if (code != EXIT_CODE_NO_DAEMON)
                return code;
        command_error(call->path, "nobody listens at %s", p->socket[0] ? p->socket : p->authority);
        return EXIT_CODE_FAILED;
}

/* ---- which place ------------------------------------------------------------------------ */

static int ask_url(const CommandCall *call, const char *url)
{
        const HealthOptions *o = call->options;
        const char *why;
        ClientPlace p;
        if (client_place_url(span_of(url), &p, &why) != 0) {
                command_error(call->path, "--url: %s", why);
                return EXIT_CODE_FAILED;
        }
        if (strcmp(p.path, "/") == 0)
                (void)snprintf(p.path, sizeof(p.path), "%s", asked_path(o));
        return ask_last(call, &p);
}

/* What the daemon is told to listen on; a container has no other hint. */
static int ask_address(const CommandCall *call)
{
        const char *given = getenv("MCPVISOR_LISTEN");
        Span left = span_of(given && *given ? given : DEFAULT_ADDRESS), first = SPAN_NONE;
        ClientPlace p;
        if (!span_next(&left, ',', &first) ||
            client_place_listen(span_trim(first), asked_path(call->options), &p) != 0) {
                command_error(call->path, "MCPVISOR_LISTEN does not begin with an address");
                return EXIT_CODE_FAILED;
        }
        return ask_last(call, &p);
}

static int health_entry(const CommandCall *call)
{
        const HealthOptions *o = call->options;
        CLEANUP(buf_done) Buf path = BUF_INIT(PLACE_SOCKET);
        ClientPlace p;
        if (o->url)
                return ask_url(call, o->url);
        int r = control_http_path(o->socket, &path);
        if (r == 0)
                r = client_place_socket(buf_text(&path), asked_path(o), &p);
        int code = r == 0 ? ask(call, &p) : EXIT_CODE_NO_DAEMON;
        if (code == EXIT_CODE_NO_DAEMON)
                code = o->socket ? ask_last(call, &p) : ask_address(call);
        return code;
}

static const Option health_options[] = {
        {"ready", 0, NULL, "whether it takes requests, not only whether it lives",
         OPTION_IS_FLAG(HealthOptions, ready)},
        OPTION_SOCKET(HealthOptions),
        {"url", 0, "URL", "ask there: http://HOST:PORT", OPTION_IS_STRING(HealthOptions, url)},
};

const Command cmd_health = {
        .name = "health",
        .summary = "ask the daemon whether it lives, for probes",
        .description =
                "Asks the HTTP endpoint of the daemon whether it lives, or with --ready whether the servers "
                "that it needs are ready. Says nothing when all is well, and one line when it is not.\n\n"
                "It asks the URL that is given; else the socket of the daemon; else, when there is none, the "
                "first address of MCPVISOR_LISTEN, or " DEFAULT_ADDRESS ".",
        .usage = "[OPTION...]",
        OPTIONS(health_options),
        .options_size = sizeof(HealthOptions),
        .entry = health_entry,
        .is_probe = true,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED),
        .examples = EXAMPLES(
                {"mcpvisor health", "as the health check of a container"},
                {"mcpvisor health --ready --url http://127.0.0.1:7780", "of a daemon of another user"}),
};
