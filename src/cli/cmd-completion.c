/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-completion.h"
#include "cli/completion.h"

typedef struct Shell {
        const char *name;
        void (*write)(FILE *f);
} Shell;

#define SHELL_NAMES "bash", "fish", "zsh"

static const Shell shells[] = {
        {"bash", completion_bash},
        {"fish", completion_fish},
        {"zsh", completion_zsh},
};

static int completion_entry(const CommandCall *call)
{
        for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
                if (strcmp(shells[i].name, call->args[0]) == 0) {
                        shells[i].write(stdout);
                        return EXIT_CODE_DONE;
                }
        return command_usage_error(call->path, "there are completions for bash, fish and zsh only");
}

const Command cmd_completion = {
        .name = "completion",
        .summary = "write completions for a shell",
        .description = "Writes a script that completes commands, options, their values and file names in "
                       "a shell. Packages install it; without one, load it from the shell's start file.",
        .usage = "bash|fish|zsh",
        .entry = completion_entry,
        .min_args = 1,
        .max_args = 1,
        .args_complete = COMPLETE_WORDS,
        .arg_words = WORDS(SHELL_NAMES),
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE),
        .examples = EXAMPLES({"source <(mcpvisor completion bash)", "in ~/.bashrc"},
                             {"source <(mcpvisor completion zsh)", "in ~/.zshrc, after compinit"},
                             {"mcpvisor completion fish | source", "in ~/.config/fish/config.fish"}),
};
