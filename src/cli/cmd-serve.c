/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-serve.h"
#include "base/limit-table.h"

static const char *config_path(const CommandCall *call)
{
        const ServeOptions *o = call->options;
        const char *path = o->config ? o->config : getenv("MCPVISOR_CONFIG");
        if (path && strcmp(path, "-") == 0) {
                (void)command_usage_error(call->path,
                                          "-c - is not possible: a reload could not read it again");
                return NULL;
        }
        if (path && *path)
                return path;
        (void)command_usage_error(call->path, "no file: name one with -c, or set MCPVISOR_CONFIG");
        return NULL;
}

static int serve_entry(const CommandCall *call)
{
        const ServeOptions *o = call->options;
        CLEANUP(arena_done) Arena arena = ARENA_INIT(LIMIT_CONFIG_ARENA);
        DaemonOptions d = {.mode = DAEMON_SERVE, .text_fd = -1, .keep_going = o->keep_going};
        d.path = config_path(call);
        if (!d.path)
                return EXIT_CODE_USAGE;
        int r = daemon_path(&arena, o->state_dir, &d.state_dir);
        if (r == 0)
                r = daemon_path(&arena, o->runtime_dir, &d.runtime_dir);
        if (r == 0)
                r = daemon_flags_apply(call, &o->flags, &arena, &d);
        return r != EXIT_CODE_DONE ? r : daemon_start(call, &d);
}

static const Option serve_options[] = {
        {"config", 'c', "FILE", "the configuration file", OPTION_IS_STRING(ServeOptions, config),
         .complete = COMPLETE_FILE},
        {"keep-going", 0, NULL, "start the other servers when the command of one is not found",
         OPTION_IS_FLAG(ServeOptions, keep_going)},
        {"listen", 0, "ADDRESS",
         "address of the HTTP endpoint, instead of those in the file; may be repeated",
         OPTION_IS_LIST(ServeOptions, flags.listen)},
        {"log-format", 0, "FORMAT", "how log lines are written: text or json",
         OPTION_IS_WORD(ServeOptions, flags.log_format), .words = WORDS(LOG_FORMAT_WORDS)},
        {"log-level", 0, "LEVEL", "the least level that is logged",
         OPTION_IS_WORD(ServeOptions, flags.log_level), .words = WORDS(LOG_LEVEL_WORDS)},
        {"runtime-dir", 0, "DIR", "directory of the sockets and the lock",
         OPTION_IS_STRING(ServeOptions, runtime_dir), .complete = COMPLETE_DIR},
        {"state-dir", 0, "DIR", "directory of what outlives the daemon",
         OPTION_IS_STRING(ServeOptions, state_dir), .complete = COMPLETE_DIR},
};

const Command cmd_serve = {
        .name = "serve",
        .summary = "run the servers of a configuration file",
        .description = "Starts the servers of a configuration file and keeps them running until it is told "
                       "to stop. SIGHUP reads the file again and changes only what differs; SIGTERM and "
                       "SIGINT stop all servers, a second one without waiting.\n\n"
                       "A file with any error is refused with status 125 before anything is started.",
        .usage = "-c FILE [OPTION...]",
        OPTIONS(serve_options),
        .options_size = sizeof(ServeOptions),
        .defaults = &(const ServeOptions){.flags = DAEMON_FLAGS_NONE},
        .entry = serve_entry,
        .keeps_signals = true,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL,
                       EXIT_CODE_REFUSED),
        .examples = EXAMPLES({"mcpvisor serve -c mcpvisor.yaml", "all servers of a file"},
                             {"mcpvisor serve -c mcpvisor.yaml --listen 127.0.0.1:8080 --log-level debug",
                              "the same elsewhere, with more to read"}),
};
