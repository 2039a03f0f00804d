#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of the program as a row: how it is called, what it takes, what
 * it returns, what help says of it, and the function that does it. Each row
 * stands in its own cmd-NAME.c; command-table.c lists them. Finding a command
 * and calling it is here; what a command does is not.
 */

#include <signal.h>

#include "cli/exit-code.h"
#include "cli/option.h"
#include "cli/terminal.h"
#include "config/daemon.h"

typedef struct Command Command;

enum { COMMAND_PATH_MAX = 64, COMMAND_ARGS_ANY = 1000000 };

/* What is around every command. */
typedef struct CommandContext {
        Terminal terminal;
        DaemonEntry *daemon;     /* what serve and run become; NULL: this executable has none */
        const sigset_t *signals; /* the mask that main found before it blocked all */
} CommandContext;

/* What a command is called with. All of it is borrowed and outlives the call. */
typedef struct CommandCall {
        const Command *command;
        const char *path;    /* "check", "config print": for messages */
        const void *options; /* the command's struct; NULL when it has none */
        char *const *args;   /* the positional arguments */
        size_t n_args;       /* within the bounds of the row */
        const Terminal *terminal;
        const CommandContext *context;
} CommandCall;

/* Returns the exit status. Results go to stdout, messages to stderr. */
typedef int CommandEntry(const CommandCall *call);

typedef struct CommandExample {
        const char *line; /* as typed */
        const char *doc;  /* a fragment */
} CommandExample;

struct Command {
        const char *name;
        const char *const *aliases; /* ends with NULL; NULL: none */
        const char *summary;        /* a fragment: no capital, no full stop */
        const char *description;    /* sentences; paragraphs are separated by an empty line */
        const char *usage;          /* what follows the name; one form a line */
        const Option *options;      /* sorted by name */
        size_t n_options;
        size_t options_size;  /* of the struct that they fill */
        const void *defaults; /* such a struct; NULL: all zero */
        CommandEntry *entry;  /* NULL when it has sub-commands */
        size_t min_args, max_args;
        Complete args_complete;
        const char *const *arg_words;   /* for COMPLETE_WORDS; ends with NULL */
        bool stop_at_positional;        /* what follows the first argument is not ours */
        bool keeps_signals;             /* runs with all signals blocked, as main began */
        bool is_probe;                  /* whoever calls it knows 0 and 1 only, whatever is wrong */
        const int *exits;               /* see EXITS */
        const CommandExample *examples; /* ends with a row of NULL; NULL: none */
        const Command *const *sub;      /* ends with NULL; NULL: no sub-commands */
};

#define OPTIONS(table) .options = (table), .n_options = ARRAY_SIZE(table)
#define EXITS(...)     ((const int[]){__VA_ARGS__, -1}) /* in rising order */
#define EXAMPLES(...)  ((const CommandExample[]){__VA_ARGS__, {NULL, NULL}})

/* By name or alias; NULL when `table` has none. */
const Command *command_find(const Command *const *table, Span name);
bool command_is_called(const Command *c, Span name);
/* Whether one of these names, separated by spaces, is in the command table. */
bool command_any_exists(const char *names);

/* Parses argv, which begins after the command's name, and calls it, or its sub-command.
 * Returns the exit status. */
int command_run(const Command *c, const char *path, CommandContext *context, int argc,
                char **argv) MUST_CHECK;

/* Says on stderr why the call is wrong and where help is; returns EXIT_CODE_USAGE. */
int command_usage_error(const char *path, const char *fmt, ...) PRINTF(2, 3);
/* The same for a name that `table` does not have, with the nearest that it has. */
int command_unknown(const char *path, const Command *const *table, const char *name);
/* `mcpvisor: PATH: text` on stderr. */
void command_error(const char *path, const char *fmt, ...) PRINTF(2, 3);
