/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "cli/cmd-config.h"
#include "cli/read-config.h"
#include "cli/show-diags.h"
#include "config/node.h"
#include "config/print.h"
#include "config/schema-doc.h"

/* Writes what `make` makes, or says why not. */
static int write_made(const CommandCall *call, int (*make)(Buf *b))
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = make(&b);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        fputs(buf_text(&b), stdout);
        return EXIT_CODE_DONE;
}

/* The canonical text is YAML of ours: it becomes JSON by its nodes. */
static int print_json(Span text, Buf *b)
{
        CLEANUP(arena_done) Arena arena = ARENA_INIT(LIMIT_CONFIG_ARENA);
        CLEANUP(diag_list_done) DiagList diags;
        Node *root = NULL;
        diag_list_init(&diags);
        int r = node_parse(&arena, "canonical", text, &diags, &root);
        if (r == 0)
                r = root ? node_to_json(root, b) : buf_append_str(b, "{}");
        if (r == 0)
                r = buf_append_char(b, '\n');
        return r > 0 ? -EINVAL : r;
}

static int print_text(const CommandCall *call, int fd)
{
        const ConfigPrintOptions *o = call->options;
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_BLOB);
        CLEANUP(buf_done) Buf json = BUF_INIT(BUF_CAP_NONE);
        int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, &text);
        if (r == 0 && o->format == CONFIG_PRINT_JSON)
                r = print_json(buf_span(&text), &json);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        fputs(buf_text(o->format == CONFIG_PRINT_JSON ? &json : &text), stdout);
        return EXIT_CODE_DONE;
}

static int print_entry(const CommandCall *call)
{
        const char *path = read_config_path(call);
        if (!path)
                return EXIT_CODE_USAGE;
        const ValidateArgs args = {.path = path, .no_resolve = true, .planned = true};
        ValidateResult v;
        int code = read_config(call, &args, &v);
        if (code != EXIT_CODE_DONE)
                return code;
        if (v.valid)
                code = print_text(call, v.text_fd);
        else if (show_diags_text(&v.diags, call->terminal) < 0)
                code = EXIT_CODE_INTERNAL;
        else
                code = EXIT_CODE_FAILED;
        validate_result_done(&v);
        return code;
}

static int schema_entry(const CommandCall *call)
{
        static int (*const makers[])(Buf * b) = {
                [CONFIG_SCHEMA_JSON] = schema_write_json,
                [CONFIG_SCHEMA_MARKDOWN] = schema_write_markdown,
                [CONFIG_SCHEMA_MAN] = schema_write_man,
        };
        const ConfigSchemaOptions *o = call->options;
        return write_made(call, makers[o->format]);
}

static int defaults_entry(const CommandCall *call)
{
        return write_made(call, config_print_defaults);
}

static const Option print_options[] = {
        {"format", 0, "FORMAT", "yaml (the default) or json", OPTION_IS_WORD(ConfigPrintOptions, format),
         .words = WORDS("yaml", "json")},
};

static const Option schema_options[] = {
        {"format", 0, "FORMAT", "json (the default: JSON Schema), markdown or man",
         OPTION_IS_WORD(ConfigSchemaOptions, format), .words = WORDS("json", "markdown", "man")},
};

static const Command config_defaults = {
        .name = "defaults",
        .summary = "show every key with its default",
        .description = "Prints a configuration in which every key has its default.",
        .usage = "",
        .entry = defaults_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config defaults", "what holds when nothing is written"}),
};

static const Command config_print_command = {
        .name = "print",
        .summary = "show a file in its canonical form",
        .description = "Prints a configuration in its canonical form: every key that is not at its "
                       "default, in one order. References are shown as written, literal secrets as "
                       "<secret:NAME>; no option shows them.",
        .usage = "[OPTION...] [FILE]",
        OPTIONS(print_options),
        .options_size = sizeof(ConfigPrintOptions),
        .entry = print_entry,
        .max_args = 1,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config print mcpvisor.yaml", "the file as it is understood"}),
};

static const Command config_schema = {
        .name = "schema",
        .summary = "show the schema of the configuration",
        .description = "Prints all keys with types, defaults, bounds and explanations: as JSON Schema "
                       "2020-12 for editors, as Markdown, or as a manual page.",
        .usage = "[OPTION...]",
        OPTIONS(schema_options),
        .options_size = sizeof(ConfigSchemaOptions),
        .entry = schema_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor config schema > mcpvisor.schema.json",
                              "for an editor that completes keys by JSON Schema"}),
};

static const Command *const config_commands[] = {&config_defaults, &config_print_command, &config_schema,
                                                 NULL};

const Command cmd_config = {
        .name = "config",
        .summary = "show a configuration, the schema, or the defaults",
        .description = "Shows what the program understands of configurations.",
        .usage = "COMMAND [OPTION...] [FILE]",
        .sub = config_commands,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
};
