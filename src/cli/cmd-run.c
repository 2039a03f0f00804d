/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-run.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "cli/run-config.h"

static int write_text(const CommandCall *call, Arena *arena, int *ret_fd)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_FILE);
        CLEANUP_FD int fd = -EBADF;
        int r = run_config_write(call, arena, &text);
        if (r == -ENOBUFS)
                return command_usage_error(call->path, "all that together is too long");
        if (r != EXIT_CODE_DONE)
                return r;
        r = fd_memfd_new("mcpvisor-run", &fd);
        if (r == 0)
                r = fd_write_all(fd, buf_span(&text));
        if (r == 0)
                r = fd_memfd_seal(fd);
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

static int run_entry(const CommandCall *call)
{
        const RunOptions *o = call->options;
        CLEANUP(arena_done) Arena arena = ARENA_INIT(LIMIT_CONFIG_ARENA);
        CLEANUP_FD int fd = -EBADF;
        DaemonOptions d = {.mode = DAEMON_RUN};
        int r = daemon_path(&arena, o->state_dir, &d.state_dir);
        if (r == 0)
                r = daemon_path(&arena, o->runtime_dir, &d.runtime_dir);
        if (r == 0)
                r = daemon_flags_apply(call, &o->flags, &arena, &d);
        if (r == EXIT_CODE_DONE)
                r = write_text(call, &arena, &fd);
        if (r != EXIT_CODE_DONE)
                return r;
        d.text_fd = fd;
        return daemon_start(call, &d);
}

static const Option run_options[] = {
        {"allow-host", 0, "HOST",
         "name that a Host header may bear beside localhost and addresses; may be "
         "repeated",
         OPTION_IS_LIST(RunOptions, flags.allow_hosts)},
        {"cpus", 0, "NUMBER", "most CPUs that it may use: 1.5 is one and a half",
         OPTION_IS_STRING(RunOptions, cpus)},
        {"env", 'e', "KEY[=VALUE]",
         "environment variable; without a value ours is passed on; may be repeated",
         OPTION_IS_LIST(RunOptions, env)},
        {"env-file", 0, "FILE", "file of KEY=VALUE lines; -e wins over it",
         OPTION_IS_STRING(RunOptions, env_file), .complete = COMPLETE_FILE},
        {"insecure-no-auth", 0, NULL, "nobody needs a token, whatever the address",
         OPTION_IS_FLAG(RunOptions, flags.insecure)},
        {"listen", 0, "ADDRESS", "address of the HTTP endpoint; may be repeated",
         OPTION_IS_LIST(RunOptions, flags.listen)},
        {"memory", 0, "SIZE", "memory of its whole process tree", OPTION_IS_SIZE(RunOptions, memory),
         .min = 1024 * 1024, .max = UINT64_MAX},
        {"name", 0, "NAME", "name of the server; made from the command when not given",
         OPTION_IS_STRING(RunOptions, name)},
        {"net", 0, "NET", "the network that it sees: none, loopback or host", OPTION_IS_WORD(RunOptions, net),
         .words = WORDS(RUN_NET_WORDS)},
        {"pids", 0, "NUMBER", "processes and threads of its tree", OPTION_IS_NUMBER(RunOptions, pids),
         .min = 1, .max = 1000000},
        {"profile", 0, "PROFILE", "the set of fences: none, standard or strict",
         OPTION_IS_WORD(RunOptions, profile), .words = WORDS(PROFILE_WORDS)},
        {"restart", 0, "POLICY",
         "when it is started again after it ended: always, on-failure or never "
         "(the default)",
         OPTION_IS_WORD(RunOptions, restart), .words = WORDS(RESTART_WORDS)},
        {"ro", 0, "PATH", "path that it may read; may be repeated", OPTION_IS_LIST(RunOptions, ro),
         .complete = COMPLETE_FILE},
        {"runtime-dir", 0, "DIR", "directory of the sockets and the lock",
         OPTION_IS_STRING(RunOptions, runtime_dir), .complete = COMPLETE_DIR},
        {"rw", 0, "PATH", "path that it may write; may be repeated", OPTION_IS_LIST(RunOptions, rw),
         .complete = COMPLETE_FILE},
        {"share", 0, "SHARE", "who shares an instance: shared, session or exclusive",
         OPTION_IS_WORD(RunOptions, share), .words = WORDS(SHARE_WORDS)},
        {"state-dir", 0, "DIR", "directory of what outlives the daemon",
         OPTION_IS_STRING(RunOptions, state_dir), .complete = COMPLETE_DIR},
        {"timeout", 0, "TIME", "time for one call, waiting included", OPTION_IS_DURATION(RunOptions, timeout),
         .min = 100 * NSEC_PER_MSEC, .max = 86400 * NSEC_PER_SEC},
        {"token-file", 0, "FILE", "file with the token of the HTTP endpoint; made when it is missing",
         OPTION_IS_STRING(RunOptions, flags.token_file), .complete = COMPLETE_FILE},
        {"user", 0, "USER", "user that it runs as", OPTION_IS_STRING(RunOptions, user)},
        {"workdir", 0, "DIR", "its working directory", OPTION_IS_STRING(RunOptions, workdir),
         .complete = COMPLETE_DIR},
};

const Command cmd_run = {
        .name = "run",
        .summary = "run one server, without a configuration file",
        .description = "Starts one server and gives it an HTTP endpoint, until it ends or this command is "
                       "told to stop. What follows -- is the server's command with its arguments; no shell "
                       "reads it.\n\n"
                       "When the server ends by itself, the exit status is that of its command, or 128 and "
                       "the number of the signal that ended it; after a requested stop it is 0.",
        .usage = "[OPTION...] -- COMMAND [ARGUMENT...]",
        OPTIONS(run_options),
        .options_size = sizeof(RunOptions),
        .defaults = &(const RunOptions){.flags = DAEMON_FLAGS_NONE,
                                        .net = -1,
                                        .profile = -1,
                                        .share = -1,
                                        .restart = RESTART_NEVER},
        .entry = run_entry,
        .min_args = 1,
        .max_args = COMMAND_ARGS_ANY,
        .stop_at_positional = true,
        .keeps_signals = true,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL,
                       EXIT_CODE_REFUSED, EXIT_CODE_CANNOT_EXECUTE, EXIT_CODE_NOT_FOUND),
        .examples = EXAMPLES({"mcpvisor run -- npx -y @modelcontextprotocol/server-everything@2026.1.26",
                              "one server, reachable by HTTP"},
                             {"mcpvisor run -e LOG=debug --restart on-failure -- ./server --stdio",
                              "with a variable, and started again after a failure"}),
};
