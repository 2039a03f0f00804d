/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/endpoint.h"
#include "base/limit-table.h"
#include "cli/figures.h"
#include "control/path.h"

enum { NAME_MAX_LENGTH = 64, TEXT_CAP = 64 * 1024, NOT_FOUND = 404 };

static bool is_name(const char *name)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
        return n > 0 && n <= NAME_MAX_LENGTH && name[n] == '\0';
}

int endpoint_place(const CommandCall *call, const char *socket, const char *name, ClientPlace *ret)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PLACE_SOCKET);
        CLEANUP(buf_done) Buf target = BUF_INIT(PLACE_PATH);
        if (name && !is_name(name))
                return command_usage_error(call->path,
                                           "a name of a server is made of A-Z, a-z, 0-9, _ and -");
        int r = control_http_path(socket, &path);
        if (r == 0)
                r = buf_appendf(&target, "/mcp%s%s", name ? "/" : "", name ? name : "");
        if (r == 0)
                r = client_place_socket(buf_text(&path), buf_text(&target), ret);
        if (r == 0)
                return EXIT_CODE_DONE;
        command_error(call->path, "the socket of the daemon: %s", strerror(-r));
        return EXIT_CODE_FAILED;
}

Nsec endpoint_patience(void)
{
        return nsec_add(clock_now(&clock_monotonic), LIMIT_CONTROL_ANSWER_TIME * NSEC_PER_SEC);
}

static void say(const CommandCall *call, const char *subject, const char *text)
{
        CLEANUP(buf_done) Buf shown = BUF_INIT(TEXT_CAP);
        const char *safe = figure_text(&shown, span_of(text)) == 0 ? buf_text(&shown) : "?";
        command_error(call->path, "%s%s%s", subject ? subject : "", subject ? ": " : "", safe);
}

int endpoint_failed(const CommandCall *call, const ClientSession *s, const char *subject, int r)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(TEXT_CAP);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        if (r == CLIENT_E_NOT_HERE) {
                int e = buf_appendf(&text,
                                    "no daemon answers at %s (start one: mcpvisor serve -c FILE; or name its "
                                    "socket: --socket or MCPVISOR_SOCKET)",
                                    s->place.socket);
                say(call, NULL, e == 0 ? buf_text(&text) : "no daemon answers");
                return EXIT_CODE_NO_DAEMON;
        }
        if (r == CLIENT_E_REFUSED && s->status == NOT_FOUND && subject) {
                say(call, NULL, "no server and no view has this name");
                return EXIT_CODE_FAILED;
        }
        say(call, subject, buf_text(&s->why));
        return r == CLIENT_E_TIMEOUT && s->last_id <= 1 ? EXIT_CODE_NO_DAEMON : EXIT_CODE_FAILED;
}

int endpoint_open(const CommandCall *call, const ClientPlace *place, ClientSession *ret)
{
        const char *name = strchr(place->path + 1, '/');
        int r = client_session_open(ret, place, NULL, endpoint_patience());
        return r == 0 ? EXIT_CODE_DONE : endpoint_failed(call, ret, name ? name + 1 : NULL, r);
}
