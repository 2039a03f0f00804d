/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command-table.h"
#include "cli/completion.h"

/* The part that is the same for any table. bash cuts words at "=" unless told otherwise;
 * both ways work. Files are left to readline, which knows how to quote them. */
static const char engine[] =
        "_mcpvisor()\n"
        "{\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} path='' kind='' words='' most=0\n"
        "    local word value='' ended='' before='' given=0 i\n"
        "    COMPREPLY=()\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n"
        "        if [[ $value ]]; then\n"
        "            [[ $word == = ]] || value=''\n"
        "        elif [[ $ended ]]; then\n"
        "            given=$((given + 1))\n"
        "        elif [[ $word == -- ]]; then\n"
        "            ended=1\n"
        "        elif [[ $word == -?* ]]; then\n"
        "            if _mcpvisor_value \"$path\" \"$word\"; then value=$word; fi\n"
        "        elif ! _mcpvisor_enter \"$path\" \"$word\"; then\n"
        "            given=$((given + 1))\n"
        "        fi\n"
        "    done\n"
        "    if [[ ! $value && ! $ended && $cur == --*=* ]]; then\n"
        "        value=${cur%%=*} before=${cur%%=*}= cur=${cur#*=}\n"
        "    fi\n"
        "    kind='' words=''\n"
        "    if [[ $value ]]; then\n"
        "        [[ $cur != = ]] || cur=''\n"
        "        _mcpvisor_value \"$path\" \"$value\" || return 0\n"
        "    elif [[ ! $ended && $cur == -* ]]; then\n"
        "        kind='words'\n"
        "        _mcpvisor_options \"$path\"\n"
        "    else\n"
        "        _mcpvisor_arguments \"$path\"\n"
        "        ((given < most)) || return 0\n"
        "    fi\n"
        "    case $kind in\n"
        "    words) mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$words\" -- \"$cur\") ;;\n"
        "    file) compopt -o default ;;\n"
        "    dir) compopt -o dirnames ;;\n"
        "    esac\n"
        "}\n"
        "complete -F _mcpvisor mcpvisor\n";

static void write_words(FILE *f, const char *const *words)
{
        fputs("kind='words' words='", f);
        for (size_t i = 0; words && words[i]; i++)
                fprintf(f, "%s%s", i ? " " : "", words[i]);
        fputc('\'', f);
}

static void write_commands(FILE *f, const Command *const *table)
{
        fputs("kind='words' words='", f);
        for (size_t i = 0; table[i]; i++) {
                fprintf(f, "%s%s", i ? " " : "", table[i]->name);
                for (size_t k = 0; table[i]->aliases && table[i]->aliases[k]; k++)
                        fprintf(f, " %s", table[i]->aliases[k]);
        }
        fputc('\'', f);
}

static void write_kind(FILE *f, Complete complete, const char *const *words)
{
        static const char *const kinds[_COMPLETE_MAX] = {
                [COMPLETE_NONE] = "kind='none'",
                [COMPLETE_FILE] = "kind='file'",
                [COMPLETE_DIR] = "kind='dir'",
        };
        if (words)
                write_words(f, words);
        else
                fputs(kinds[complete], f);
}

static void visit_enter(FILE *f, const CompletionLevel *level)
{
        for (size_t i = 0; level->commands && level->commands[i]; i++) {
                const Command *c = level->commands[i];
                fprintf(f, "    '%s/%s'", level->path, c->name);
                for (size_t k = 0; c->aliases && c->aliases[k]; k++)
                        fprintf(f, " | '%s/%s'", level->path, c->aliases[k]);
                fprintf(f, ") path='%s%s%s' ;;\n", level->path, *level->path ? " " : "", c->name);
        }
}

static void option_name(FILE *f, const CompletionLevel *level, const Option *o)
{
        fprintf(f, "%s--%s", o == level->options[0].rows ? "" : " ", o->name);
}

static void visit_options(FILE *f, const CompletionLevel *level)
{
        fprintf(f, "    '%s') words='", level->path);
        completion_each_option(f, level, option_name);
        fputs("' ;;\n", f);
}

static void option_value(FILE *f, const CompletionLevel *level, const Option *o)
{
        bool common = completion_is_common(o);
        if (!option_takes_value(o) || (common && level->command))
                return; /* a common one is written once, for any path */
        const char *any = common ? "*" : "";
        fprintf(f, "    %s'%s --%s'", any, level->path, o->name);
        if (o->letter)
                fprintf(f, " | %s'%s -%c'", any, level->path, o->letter);
        fputs(") ", f);
        write_kind(f, o->complete, o->words);
        fputs(" ;;\n", f);
}

static void visit_values(FILE *f, const CompletionLevel *level)
{
        completion_each_option(f, level, option_value);
}

static void visit_arguments(FILE *f, const CompletionLevel *level)
{
        const Command *c = level->command;
        size_t most = completion_args(c);
        if (!level->commands && most == 0)
                return;
        fprintf(f, "    '%s') most=%zu ", level->path, level->commands ? 1 : most);
        if (level->commands)
                write_commands(f, level->commands);
        else if (c->args_complete == COMPLETE_COMMANDS)
                write_commands(f, command_table);
        else
                write_kind(f, c->args_complete, c->arg_words);
        fputs(" ;;\n", f);
}

static void function(FILE *f, const char *head, CompletionVisit *visit)
{
        fputs(head, f);
        completion_each_level(f, visit);
        fputs("    *) return 1 ;;\n    esac\n}\n\n", f);
}

void completion_bash(FILE *f)
{
        fputs("# shellcheck shell=bash\n"
              "# SPDX-License-Identifier: Apache-2.0\n"
              "# Completions of mcpvisor for bash, written by `mcpvisor completion bash`.\n"
              "# The functions fill variables of _mcpvisor, which calls them.\n"
              "# shellcheck disable=SC2034\n\n",
              f);
        function(f,
                 "# PATH WORD: the command that WORD is after PATH.\n"
                 "_mcpvisor_enter()\n{\n    case \"$1/$2\" in\n",
                 visit_enter);
        function(f,
                 "# PATH: the options there.\n"
                 "_mcpvisor_options()\n{\n    case $1 in\n",
                 visit_options);
        function(f,
                 "# PATH OPTION: what its value may be; fails when it takes none.\n"
                 "_mcpvisor_value()\n{\n    case \"$1 $2\" in\n",
                 visit_values);
        function(f,
                 "# PATH: what arguments may be there, and how many.\n"
                 "_mcpvisor_arguments()\n{\n    case $1 in\n",
                 visit_arguments);
        fputs(engine, f);
}
