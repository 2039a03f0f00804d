/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "cli/cmd-connect.h"
#include "cli/daemon-option.h"
#include "cli/endpoint.h"
#include "client/shim.h"

typedef struct ConnectOptions {
        const char *socket;
} ConnectOptions;

/* Readable when a signal waits that would have ended us: the session is closed before. */
static int open_deadly(int *ret_fd)
{
        static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        struct sigaction now;
        sigset_t deadly;
        (void)sigemptyset(&deadly);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
                        (void)sigaddset(&deadly, signals[i]);
        int fd = signalfd(-1, &deadly, SFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

static int connect_entry(const CommandCall *call)
{
        const ConnectOptions *o = call->options;
        CLEANUP_FD int deadly = -EBADF;
        ClientPlace place;
        int code = endpoint_place(call, o->socket, call->n_args ? call->args[0] : NULL, &place);
        if (code != EXIT_CODE_DONE)
                return code;
        int r = open_deadly(&deadly);
        const ClientShimArgs args = {.place = &place,
                                     .in = STDIN_FILENO,
                                     .out = STDOUT_FILENO,
                                     .stop = deadly,
                                     .patience = LIMIT_CONNECT_PATIENCE * NSEC_PER_SEC};
        if (r == 0)
                r = client_shim_run(&args);
        if (r != SHIM_E_NOT_HERE)
                return r;
        command_error(call->path, "no daemon answers at %s (start one: mcpvisor serve -c FILE)",
                      place.socket);
        return EXIT_CODE_NO_DAEMON;
}

static const Option connect_options[] = {
        OPTION_SOCKET(ConnectOptions),
};

const Command cmd_connect = {
        .name = "connect",
        .summary = "be a stdio server for a host, by the running daemon",
        .description =
                "Speaks MCP on standard input and output and passes each message on to the running daemon: "
                "for hosts that start their servers themselves and know no URL. However many hosts do so, "
                "the daemon's servers run once.\n\n"
                "With a name, offers one server or view, with the names of its own; without, all servers. "
                "When the daemon starts anew, the session is opened again without a word, "
                "with its subscriptions and its log level. A session of 2025-03-26 may have several messages "
                "in one line.",
        .usage = "[OPTION...] [NAME]",
        OPTIONS(connect_options),
        .options_size = sizeof(ConnectOptions),
        .entry = connect_entry,
        .max_args = 1,
        .keeps_signals = true,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor connect", "as the command of a server in a host's settings"},
                             {"mcpvisor connect fs", "one server only"}),
};
