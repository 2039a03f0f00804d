/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command-table.h"
#include "cli/completion.h"

/* Within single quotes, and within the brackets of a specification of _arguments. */
static void quote(FILE *f, const char *text)
{
        for (; *text; text++) {
                if (*text == '\'')
                        fputs("'\\''", f);
                else
                        fprintf(f, strchr("[]\\", *text) ? "\\%c" : "%c", *text);
        }
}

/* _mcpvisor, _mcpvisor_config_print */
static void write_function(FILE *f, const char *path)
{
        fprintf(f, "_mcpvisor%s", *path ? "_" : "");
        for (; *path; path++)
                fputc(*path == ' ' ? '_' : *path, f);
}

static void write_action(FILE *f, Complete complete, const char *const *words)
{
        static const char *const actions[_COMPLETE_MAX] = {
                [COMPLETE_NONE] = " ", /* a blank: a value is taken, none can be offered */
                [COMPLETE_FILE] = "_files",
                [COMPLETE_DIR] = "_files -/",
                [COMPLETE_COMMANDS] = "_mcpvisor_commands",
        };
        if (!words) {
                fputs(actions[complete], f);
                return;
        }
        for (size_t i = 0; words[i]; i++)
                fprintf(f, "%s%s", i ? " " : "(", words[i]);
        fputc(')', f);
}

/* '(-o --output)'{-o+,--output=}'[doc]:FILE:_files' */
static void option_spec(FILE *f, const CompletionLevel *level UNUSED, const Option *o)
{
        bool value = option_takes_value(o), list = o->kind == OPTION_LIST;
        fputs("    '", f);
        if (list)
                fputc('*', f);
        else if (o->letter)
                fprintf(f, "(-%c --%s)", o->letter, o->name);
        if (o->letter)
                fprintf(f, "'{-%c%s,--%s%s}'[", o->letter, value ? "+" : "", o->name, value ? "=" : "");
        else
                fprintf(f, "--%s%s[", o->name, value ? "=" : "");
        quote(f, o->doc);
        fputc(']', f);
        if (value) {
                fprintf(f, ":%s:", o->arg);
                write_action(f, o->complete, o->words);
        }
        fputs("' \\\n", f);
}

static void argument_specs(FILE *f, const Command *c)
{
        size_t most = completion_args(c);
        for (size_t i = 1; i <= most; i++) {
                if (most == COMMAND_ARGS_ANY)
                        fputs("    '*:argument:", f);
                else
                        fprintf(f, "    '%zu:argument:", i);
                write_action(f, c->args_complete, c->arg_words);
                fputs("' \\\n", f);
                if (most == COMMAND_ARGS_ANY)
                        break;
        }
}

static void describe_commands(FILE *f, const CompletionLevel *level)
{
        write_function(f, level->path);
        fputs("_commands() {\n  local -a commands\n  commands=(\n", f);
        for (size_t i = 0; level->commands[i]; i++) {
                const Command *c = level->commands[i];
                for (size_t k = 0; k == 0 || (c->aliases && c->aliases[k - 1]); k++) {
                        fprintf(f, "    '%s:", k ? c->aliases[k - 1] : c->name);
                        quote(f, c->summary);
                        fputs("'\n", f);
                }
        }
        fputs("  )\n  _describe -t commands command commands\n}\n\n", f);
}

static void dispatch_commands(FILE *f, const CompletionLevel *level)
{
        fputs("  if [[ $state == args ]]; then\n    case $words[1] in\n", f);
        for (size_t i = 0; level->commands[i]; i++) {
                const Command *c = level->commands[i];
                fprintf(f, "      (%s", c->name);
                for (size_t k = 0; c->aliases && c->aliases[k]; k++)
                        fprintf(f, "|%s", c->aliases[k]);
                fputs(") ", f);
                write_function(f, level->path);
                fprintf(f, "_%s && ret=0 ;;\n", c->name);
        }
        fputs("    esac\n  fi\n", f);
}

static void visit(FILE *f, const CompletionLevel *level)
{
        if (level->commands)
                describe_commands(f, level);
        write_function(f, level->path);
        fputs("() {\n"
              "  local curcontext=$curcontext state line ret=1\n"
              "  typeset -A opt_args\n"
              "  _arguments -C -S -s \\\n",
              f);
        completion_each_option(f, level, option_spec);
        if (level->commands) {
                fputs("    '1:command:", f);
                write_function(f, level->path);
                fputs("_commands' \\\n    '*:: :->args' \\\n", f);
        } else {
                argument_specs(f, level->command);
        }
        fputs("    && ret=0\n", f);
        if (level->commands)
                dispatch_commands(f, level);
        fputs("  return ret\n}\n\n", f);
}

void completion_zsh(FILE *f)
{
        fputs("#compdef mcpvisor\n"
              "# SPDX-License-Identifier: Apache-2.0\n"
              "# Completions of mcpvisor for zsh, written by `mcpvisor completion zsh`.\n\n",
              f);
        completion_each_level(f, visit);
        fputs("# Loaded from fpath this file is the body of the function; sourced it is not.\n"
              "if [[ $funcstack[1] == _mcpvisor ]]; then\n"
              "  _mcpvisor \"$@\"\n"
              "else\n"
              "  compdef _mcpvisor mcpvisor\n"
              "fi\n",
              f);
}
