#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completions of the command line for three shells, each a script made from
 * the command table: commands, aliases, sub-commands, options, their values,
 * files and directories. Errors stick to the stream.
 */

#include "cli/command.h"

void completion_bash(FILE *f);
void completion_fish(FILE *f);
void completion_zsh(FILE *f);

/* A place in a command line where something can be completed: the program (`command` is
 * NULL, `path` is ""), a command, or a sub-command. */
typedef struct CompletionLevel {
        char path[COMMAND_PATH_MAX];
        const Command *command;
        const Command *const *commands; /* that may come next; NULL: none */
        OptionSet options[2];           /* values are not set */
} CompletionLevel;

typedef void CompletionVisit(FILE *f, const CompletionLevel *level);

/* Visits the program, then each command and its sub-commands in the order of the table. */
void completion_each_level(FILE *f, CompletionVisit *visit);

/* Visits each option that is known at a level. */
void completion_each_option(FILE *f, const CompletionLevel *level,
                            void (*visit)(FILE *f, const CompletionLevel *level, const Option *o));

/* Whether an option is known after any command: it need not be repeated for each. */
bool completion_is_common(const Option *o);

/* How many positional arguments have completions; COMMAND_ARGS_ANY: all. */
size_t completion_args(const Command *c);
