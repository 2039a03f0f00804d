/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>

#include "cli/cli.h"
#include "cli/cmd-version.h"
#include "cli/command-table.h"
#include "cli/help.h"

enum { CLI_WHY_CAP = 4096, CLI_ARENA_CAP = 16 * 1024 * 1024 };

/* A program may be started with a standard descriptor closed. The next file it opens would
 * take the number, and a message would end up in it. So the number is taken, by something
 * that refuses the wrong direction: a write to a missing stdout is an error at the end. */
static int hold_standard_fds(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                if (fcntl(fd, F_GETFD) >= 0)
                        continue;
                /* The lowest free number is given: those below are open, so it is this one. */
                if (open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd)
                        return -errno;
        }
        return 0;
}

/* A reader that goes away, or a file at its limit, is an error of write(), told at the end, and
 * not a silent death. Who starts us may ignore SIGCHLD: then nobody learns how a child ended. */
static void set_signals(void)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
        (void)sigaction(SIGPIPE, &ignore, NULL);
        (void)sigaction(SIGXFSZ, &ignore, NULL);
        (void)sigaction(SIGCHLD, &usual, NULL);
}

static int run_command(const OptionArgs *args, CommandContext *context)
{
        const Command *c = command_find(command_table, span_of(args->items[0]));
        if (!c)
                return command_unknown("", command_table, args->items[0]);
        return command_run(c, c->name, context, (int)args->n - 1, args->items + 1);
}

static int dispatch(const GlobalOptions *g, const OptionArgs *args, CommandContext *context)
{
        terminal_probe((ColorMode)g->color, &context->terminal);
        if (g->help) {
                help_overview(stdout, context->terminal.out_color);
                return EXIT_CODE_DONE;
        }
        if (g->version) {
                version_print(stdout);
                return EXIT_CODE_DONE;
        }
        if (args->n == 0) {
                help_short(stderr, "", NULL);
                return EXIT_CODE_USAGE;
        }
        return run_command(args, context);
}

/* main blocks all signals before it knows what it is. A command that has no use for that gets back what
 * was; a daemon misses none. */
static void free_signals(const GlobalOptions *g, const OptionArgs *args, const CommandContext *context)
{
        bool runs = !g->help && !g->version && args->n > 0;
        const Command *c = runs ? command_find(command_table, span_of(args->items[0])) : NULL;
        if (!c || !c->keeps_signals)
                (void)sigprocmask(SIG_SETMASK, context->signals, NULL);
}

static int parse_and_dispatch(int argc, char **argv, CommandContext *context)
{
        CLEANUP(arena_done) Arena arena = ARENA_INIT(CLI_ARENA_CAP);
        CLEANUP(buf_done) Buf why = BUF_INIT(CLI_WHY_CAP);
        GlobalOptions g = {.color = COLOR_AUTO};
        const OptionSet set = {global_options, global_options_size, &g};
        const OptionParse parse = {
                .sets = &set, .n_sets = 1, .stop_at_positional = true, .arena = &arena, .why = &why};
        OptionArgs args = {0};
        int r = option_parse(&parse, argc, argv, &args);
        free_signals(&g, &args, context);
        if (r == OPTION_E_USAGE)
                return command_usage_error("", "%s", buf_text(&why));
        return r < 0 ? r : dispatch(&g, &args, context);
}

/* Why an earlier write failed: stdio has forgotten it, but a pipe without a reader says so again. */
static int failed_write(void)
{
        struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
        return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) ? -EPIPE : -EIO;
}

/* What is still in stdio's buffer is written now; only then is the result known. */
static int finish_stdout(void)
{
        bool failed = ferror(stdout);
        int r = fflush(stdout) == 0 ? 0 : -errno;
        if (r == 0 && failed)
                r = failed_write();
        return r;
}

int cli_main(int argc, char **argv, DaemonEntry *daemon, const sigset_t *signals)
{
        CommandContext context = {.daemon = daemon, .signals = signals};
        int r = hold_standard_fds();
        if (r == 0) {
                set_signals();
                r = parse_and_dispatch(MAX(argc - 1, 0), argv + 1, &context);
        }
        if (r < 0) {
                command_error("", "%s", strerror(-r));
                r = EXIT_CODE_INTERNAL;
        }
        int written = finish_stdout();
        if (written < 0) {
                command_error("", "cannot write to standard output: %s", strerror(-written));
                r = r == EXIT_CODE_DONE ? EXIT_CODE_FAILED : r;
        }
        return r;
}
