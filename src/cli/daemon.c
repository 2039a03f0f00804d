/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "cli/daemon.h"
#include "cli/figures.h"
#include "control/path.h"

enum { PATH_CAP = 4096, TEXT_CAP = 1024 * 1024 };

#define HOW_TO_START "start one: mcpvisor serve -c FILE; or name its socket: --socket or MCPVISOR_SOCKET"

/* ---- ask ------------------------------------------------------------------ */

static int say_unreachable(const CommandCall *call, const char *path, int r)
{
        CLEANUP(buf_done) Buf shown = BUF_INIT(4 * PATH_CAP);
        const char *text = figure_text(&shown, span_of(path)) < 0 ? "?" : buf_text(&shown);
        if (r < 0) {
                command_error(call->path, "cannot connect to %s: %s", text, strerror(-r));
                return EXIT_CODE_FAILED;
        }
        if (r == CONTROL_CLIENT_E_NO_DAEMON)
                command_error(call->path, "no daemon answers at %s (" HOW_TO_START ")", text);
        else
                command_error(call->path, "the daemon at %s does not answer", text);
        return EXIT_CODE_NO_DAEMON;
}

static size_t collect(const CommandCall *call, const DaemonRequest *request, const char **ret)
{
        size_t n = 0;
        bool dashed = false;
        for (size_t i = 0; i < ARRAY_SIZE(request->words) && request->words[i]; i++)
                if (*request->words[i])
                        ret[n++] = request->words[i];
        for (size_t i = 0; request->names && i < call->n_args; i++)
                dashed |= call->args[i][0] == '-';
        if (dashed)
                ret[n++] = "--";
        for (size_t i = 0; request->names && i < call->n_args; i++)
                ret[n++] = call->args[i];
        return n;
}

static int send_request(const CommandCall *call, const DaemonRequest *request, Daemon *d)
{
        CLEANUP_FREE const char **words = calloc(ARRAY_SIZE(request->words) + 1 + call->n_args,
                                                 sizeof(*words));
        if (!words)
                return -ENOMEM;
        return control_client_ask(&d->client, words, collect(call, request, words));
}

static int connect_and_ask(const CommandCall *call, const DaemonRequest *request, Daemon *d)
{
        int r = control_client_open(buf_text(&d->path), &d->client);
        if (r != 0)
                return say_unreachable(call, buf_text(&d->path), r);
        r = send_request(call, request, d);
        if (r == 0 || r == CONTROL_CLIENT_E_CLOSED) /* who is turned away is told why before */
                return EXIT_CODE_DONE;
        control_client_done(&d->client);
        if (r == -ENOBUFS)
                return command_usage_error(call->path, "too many names, or too long ones");
        if (r == -EINVAL)
                return command_usage_error(call->path, "no server has a name of several lines");
        return say_unreachable(call, buf_text(&d->path), r);
}

int daemon_ask(const CommandCall *call, const char *socket, const DaemonRequest *request, Daemon *ret)
{
        Daemon d = {.call = call, .client = {.fd = -EBADF}, .path = BUF_INIT(PATH_CAP)};
        int r = control_socket_path(socket, &d.path);
        int code = r < 0 ? say_unreachable(call, "the control socket", r)
                         : connect_and_ask(call, request, &d);
        if (code == EXIT_CODE_DONE)
                *ret = d;
        else
                buf_done(&d.path);
        return code;
}

void daemon_done(Daemon *d)
{
        json_decref(d->line);
        d->line = NULL;
        control_client_done(&d->client);
        buf_done(&d->path);
}

/* ---- answers ---------------------------------------------------------------- */

Nsec daemon_patience(void)
{
        return nsec_add(clock_now(&clock_monotonic), LIMIT_CONTROL_ANSWER_TIME * NSEC_PER_SEC);
}

static DaemonAnswer read_line(Daemon *d)
{
        json_decref(d->line);
        d->line = json_loadb(d->text.ptr, d->text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        if (!json_is_object(d->line))
                return DAEMON_GARBLED;
        const json_t *ok = json_object_get(d->line, "ok");
        if (!ok)
                return DAEMON_LINE;
        return json_is_true(ok) ? DAEMON_OK : DAEMON_REFUSED;
}

DaemonAnswer daemon_next(Daemon *d, Nsec deadline)
{
        int r = control_client_line(&d->client, deadline, &d->text);
        if (r == 0)
                return read_line(d);
        if (r == CONTROL_CLIENT_E_TIMEOUT)
                return DAEMON_TIMEOUT;
        if (r > 0)
                return DAEMON_LOST;
        errno = -r;
        return r == -EMSGSIZE ? DAEMON_GARBLED : DAEMON_FAULT;
}

/* Its text may have several lines; what else a terminal would obey is shown. */
static void say_refused(const Daemon *d)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(TEXT_CAP);
        const char *text = daemon_text(d->line, "error");
        Span left = span_of(text ? text : "refused"), line;
        int r = 0;
        for (bool first = true; r == 0 && span_next(&left, '\n', &line); first = false) {
                r = first ? 0 : buf_append_char(&b, '\n');
                if (r == 0)
                        r = figure_text(&b, line);
        }
        command_error(d->call->path, "%s", buf_text(&b));
}

int daemon_failed(const Daemon *d, DaemonAnswer a)
{
        switch (a) {
        case DAEMON_REFUSED:
                say_refused(d);
                return EXIT_CODE_FAILED;
        case DAEMON_TIMEOUT:
                command_error(d->call->path, "no answer from the daemon for %d seconds",
                              LIMIT_CONTROL_ANSWER_TIME);
                return EXIT_CODE_NO_DAEMON;
        case DAEMON_LOST:
                command_error(d->call->path, "the daemon has closed the connection");
                return EXIT_CODE_NO_DAEMON;
        case DAEMON_GARBLED:
                command_error(d->call->path, "the daemon's answer cannot be understood");
                return EXIT_CODE_FAILED;
        default:
                command_error(d->call->path, "%s", strerror(errno));
                return EXIT_CODE_INTERNAL;
        }
}

/* ---- streams ---------------------------------------------------------------- */

void daemon_since(Nsec ago, DaemonSince ret)
{
        struct timespec now;
        ret[0] = '\0';
        if (ago == NSEC_NEVER || clock_gettime(CLOCK_REALTIME, &now) < 0)
                return;
        Nsec wall = (Nsec)now.tv_sec * NSEC_PER_SEC + (Nsec)now.tv_nsec;
        snprintf(ret, sizeof(DaemonSince), "--since=%llu",
                 (unsigned long long)(nsec_sub(wall, ago) / NSEC_PER_USEC));
}

static int write_line(const Daemon *d, const DaemonStream *stream)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        double skipped = daemon_figure(d->line, "skipped");
        int r = 0;
        if (stream->json)
                r = buf_append_span(&b, d->text);
        else if (skipped >= 0)
                r = buf_appendf(&b, "(%.0f lines were skipped: the reader was too slow)", skipped);
        else
                r = stream->print(&b, d->line);
        if (r == 0 && (stream->json || skipped >= 0))
                r = buf_append_char(&b, '\n');
        (void)fwrite(buf_text(&b), 1, b.len, stdout); /* looked at below, and at the end */
        return r;
}

int daemon_stream(Daemon *d, const DaemonStream *stream)
{
        for (;;) {
                DaemonAnswer a = daemon_next(d, stream->follow ? NSEC_NEVER : daemon_patience());
                if (a == DAEMON_OK)
                        return EXIT_CODE_DONE;
                if (a == DAEMON_LOST && stream->follow) {
                        command_error(d->call->path, "the daemon has ended");
                        return EXIT_CODE_DONE;
                }
                if (a != DAEMON_LINE)
                        return daemon_failed(d, a);
                int r = write_line(d, stream);
                if (r < 0) {
                        errno = -r;
                        return daemon_failed(d, DAEMON_FAULT);
                }
                if ((stream->follow && fflush(stdout) != 0) || ferror(stdout))
                        return EXIT_CODE_DONE; /* who reads has gone; the end says so */
        }
}

const char *daemon_text(const json_t *object, const char *key)
{
        return json_string_value(json_object_get(object, key));
}

double daemon_figure(const json_t *object, const char *key)
{
        const json_t *v = json_object_get(object, key);
        return json_is_number(v) ? json_number_value(v) : -1;
}
