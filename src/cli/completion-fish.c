/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command-table.h"
#include "cli/completion.h"

/* After the tables of __mcpvisor_state: the rest of it, and the condition of each line. */
static const char state_head[] =
        "# The command that the words so far lead to, and how many arguments follow it.\n"
        "function __mcpvisor_state\n"
        "    set -l path ''\n"
        "    set -l value ''\n"
        "    set -l ended ''\n"
        "    set -l given 0\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        if test -n \"$value\"\n"
        "            set value ''\n"
        "        else if test -n \"$ended\"\n"
        "            set given (math $given + 1)\n"
        "        else if test \"$word\" = --\n"
        "            set ended 1\n"
        "        else if string match -qr -- '^-.' \"$word\"\n"
        "            switch \"$path $word\"\n";
static const char state_middle[] = "            end\n"
                                   "        else\n"
                                   "            switch \"$path/$word\"\n";
static const char state_tail[] = "                case '*'\n"
                                 "                    set given (math $given + 1)\n"
                                 "            end\n"
                                 "        end\n"
                                 "    end\n"
                                 "    printf '%s\\n' \"$path\" $given\n"
                                 "end\n\n"
                                 "# PATH [MOST]: whether we are there, with fewer than MOST arguments.\n"
                                 "function __mcpvisor_at\n"
                                 "    set -l state (__mcpvisor_state)\n"
                                 "    test \"$state[1]\" = \"$argv[1]\"; or return 1\n"
                                 "    test (count $argv) -lt 2; or test $state[2] -lt $argv[2]\n"
                                 "end\n\n";

static void quote(FILE *f, const char *text)
{
        fputc('\'', f);
        for (; *text; text++)
                fprintf(f, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
        fputc('\'', f);
}

static void option_state(FILE *f, const CompletionLevel *level, const Option *o)
{
        bool common = completion_is_common(o);
        if (!option_takes_value(o) || (common && level->command))
                return; /* a common one is written once, for any path */
        const char *any = common ? "*" : "";
        fprintf(f, "                case '%s%s --%s'", any, level->path, o->name);
        if (o->letter)
                fprintf(f, " '%s%s -%c'", any, level->path, o->letter);
        fputs("\n                    set value 1\n", f);
}

static void visit_option_states(FILE *f, const CompletionLevel *level)
{
        completion_each_option(f, level, option_state);
}

static void visit_command_states(FILE *f, const CompletionLevel *level)
{
        for (size_t i = 0; level->commands && level->commands[i]; i++) {
                const Command *c = level->commands[i];
                fprintf(f, "                case '%s/%s'", level->path, c->name);
                for (size_t k = 0; c->aliases && c->aliases[k]; k++)
                        fprintf(f, " '%s/%s'", level->path, c->aliases[k]);
                fprintf(f, "\n                    set path '%s%s%s'\n", level->path, *level->path ? " " : "",
                        c->name);
        }
}

/* complete -c mcpvisor -n "__mcpvisor_at 'PATH' MOST": what follows is up to the caller. */
static void begin(FILE *f, const CompletionLevel *level, size_t most)
{
        fprintf(f, "complete -c mcpvisor -n \"__mcpvisor_at '%s'", level->path);
        if (most && most < COMMAND_ARGS_ANY)
                fprintf(f, " %zu", most);
        fputc('"', f);
}

static void write_words(FILE *f, const char *const *words)
{
        fputs(" -a '", f);
        for (size_t i = 0; words[i]; i++)
                fprintf(f, "%s%s", i ? " " : "", words[i]);
        fputc('\'', f);
}

static void option_line(FILE *f, const CompletionLevel *level, const Option *o)
{
        static const char *const values[_COMPLETE_MAX] = {
                [COMPLETE_NONE] = " -x",
                [COMPLETE_FILE] = " -r -F",
                [COMPLETE_DIR] = " -x -a '(__fish_complete_directories)'",
        };
        bool common = completion_is_common(o);
        if (common && level->command)
                return; /* written once, at the top, for everywhere */
        if (common)
                fputs("complete -c mcpvisor", f);
        else
                begin(f, level, 0);
        fprintf(f, " -l %s", o->name);
        if (o->letter)
                fprintf(f, " -s %c", o->letter);
        if (o->words) {
                fputs(" -x", f);
                write_words(f, o->words);
        } else if (option_takes_value(o)) {
                fputs(values[o->complete], f);
        }
        fputs(" -d ", f);
        quote(f, o->doc);
        fputc('\n', f);
}

static void command_lines(FILE *f, const CompletionLevel *level, const Command *const *table)
{
        for (; *table; table++) {
                begin(f, level, 1);
                fprintf(f, " -a '%s", (*table)->name);
                for (size_t k = 0; (*table)->aliases && (*table)->aliases[k]; k++)
                        fprintf(f, " %s", (*table)->aliases[k]);
                fputs("' -d ", f);
                quote(f, (*table)->summary);
                fputc('\n', f);
        }
}

static void argument_line(FILE *f, const CompletionLevel *level)
{
        static const char *const kinds[_COMPLETE_MAX] = {
                [COMPLETE_FILE] = " -F",
                [COMPLETE_DIR] = " -a '(__fish_complete_directories)'",
        };
        const Command *c = level->command;
        size_t most = completion_args(c);
        if (most == 0)
                return;
        if (c->args_complete == COMPLETE_COMMANDS) {
                command_lines(f, level, command_table);
                return;
        }
        begin(f, level, most);
        if (c->arg_words)
                write_words(f, c->arg_words);
        else
                fputs(kinds[c->args_complete], f);
        fputc('\n', f);
}

static void visit_lines(FILE *f, const CompletionLevel *level)
{
        fprintf(f, "\n# mcpvisor%s%s\n", *level->path ? " " : "", level->path);
        if (level->commands)
                command_lines(f, level, level->commands);
        else
                argument_line(f, level);
        completion_each_option(f, level, option_line);
}

void completion_fish(FILE *f)
{
        fputs("# SPDX-License-Identifier: Apache-2.0\n"
              "# Completions of mcpvisor for fish, written by `mcpvisor completion fish`.\n\n",
              f);
        fputs(state_head, f);
        completion_each_level(f, visit_option_states);
        fputs(state_middle, f);
        completion_each_level(f, visit_command_states);
        fputs(state_tail, f);
        fputs("complete -c mcpvisor -f\n", f);
        completion_each_level(f, visit_lines);
}
