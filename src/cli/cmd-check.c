/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/utf8.h"
#include "cli/cmd-check.h"
#include "cli/read-config.h"
#include "cli/show-diags.h"
#include "config/diff.h"

static ValidateArgs validate_args(const CheckOptions *o, const char *path)
{
        return (ValidateArgs){
                .path = path, .strict = o->strict, .no_resolve = o->no_resolve, .planned = o->planned};
}

static int show(const CommandCall *call, const DiagList *diags)
{
        const CheckOptions *o = call->options;
        int r = o->format == CHECK_FORMAT_JSON ? show_diags_json(diags)
                                               : show_diags_text(diags, call->terminal);
        if (r == 0)
                return EXIT_CODE_DONE;
        command_error(call->path, "%s", strerror(-r));
        return EXIT_CODE_INTERNAL;
}

/* ---- one file ------------------------------------------------------------- */

static int conclude(const CommandCall *call, const char *path, const ValidateResult *v)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        CLEANUP(buf_done) Buf shown = BUF_INIT(BUF_CAP_NONE);
        char count[64];
        show_diags_count(&v->diags, count, sizeof(count));
        int r = utf8_escape(&shown, span_of(path));
        if (r == 0 && !v->valid) {
                fprintf(stderr, "%s: %s\n", buf_text(&shown), count);
                return EXIT_CODE_FAILED;
        }
        if (r == 0)
                r = read_config_blob(v, &c);
        if (r < 0) {
                read_config_error(call, path, "the validator's answer cannot be read");
                return EXIT_CODE_INTERNAL;
        }
        printf("%s: valid, %zu server%s, %s\n", buf_text(&shown), c->servers.n, c->servers.n == 1 ? "" : "s",
               count);
        return EXIT_CODE_DONE;
}

static int check_file(const CommandCall *call, const char *path)
{
        const CheckOptions *o = call->options;
        const ValidateArgs args = validate_args(o, path);
        ValidateResult v;
        int code = read_config(call, &args, &v);
        if (code != EXIT_CODE_DONE)
                return code;
        code = show(call, &v.diags);
        if (code == EXIT_CODE_DONE && o->format == CHECK_FORMAT_TEXT)
                code = conclude(call, path, &v);
        else if (code == EXIT_CODE_DONE)
                code = v.valid ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
        validate_result_done(&v);
        return code;
}

/* ---- two files ------------------------------------------------------------ */

static int load_for_diff(const CommandCall *call, const char *path, Config **ret)
{
        const ValidateArgs args = validate_args(call->options, path);
        ValidateResult v;
        int code = read_config(call, &args, &v);
        if (code != EXIT_CODE_DONE)
                return code;
        if (!v.valid) {
                code = show(call, &v.diags);
                if (code == EXIT_CODE_DONE)
                        code = EXIT_CODE_FAILED;
        } else if (read_config_blob(&v, ret) < 0) {
                read_config_error(call, path, "the validator's answer cannot be read");
                code = EXIT_CODE_INTERNAL;
        }
        validate_result_done(&v);
        return code;
}

static const char *server_name(const DiffEntry *e)
{
        return (e->after ? e->after : e->before)->head.name;
}

static void print_rows(const uint16_t *rows, size_t n)
{
        for (size_t i = 0; i < n; i++)
                printf("%s%s", i ? ", " : ": ", schema_local_path(&schema_table[rows[i]]));
        putchar('\n');
}

static void print_diff_text(const ConfigDiff *d)
{
        size_t same = 0;
        if (d->n_rows) {
                printf("daemon %s", schema_reload_name(d->reload));
                print_rows(d->rows, d->n_rows);
        }
        for (size_t i = 0; i < d->n_servers; i++) {
                const DiffEntry *e = &d->servers[i];
                same += e->action == DIFF_SAME;
                if (e->action == DIFF_SAME)
                        continue;
                printf("%-7s %s", diff_action_name(e->action), server_name(e));
                print_rows(e->rows, e->n_rows);
        }
        printf("%zu server%s unchanged\n", same, same == 1 ? "" : "s");
}

static void json_rows(JsonWriter *w, const uint16_t *rows, size_t n)
{
        json_write_key(w, "keys");
        json_write_array(w);
        for (size_t i = 0; i < n; i++)
                json_write_str(w, schema_local_path(&schema_table[rows[i]]));
        json_write_array_end(w);
}

static int print_diff_json(const ConfigDiff *d)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        JsonWriter w = JSON_WRITER(&b);
        json_write_object(&w);
        json_write_key(&w, "daemon");
        json_write_object(&w);
        json_write_key(&w, "reload");
        json_write_str(&w, d->n_rows ? schema_reload_name(d->reload) : NULL);
        json_rows(&w, d->rows, d->n_rows);
        json_write_object_end(&w);
        json_write_key(&w, "servers");
        json_write_array(&w);
        for (size_t i = 0; i < d->n_servers; i++) {
                json_write_object(&w);
                json_write_key(&w, "name");
                json_write_str(&w, server_name(&d->servers[i]));
                json_write_key(&w, "action");
                json_write_str(&w, diff_action_name(d->servers[i].action));
                json_rows(&w, d->servers[i].rows, d->servers[i].n_rows);
                json_write_object_end(&w);
        }
        json_write_array_end(&w);
        json_write_object_end(&w);
        int r = json_write_done(&w);
        if (r == 0)
                puts(buf_text(&b));
        return r;
}

static int check_diff(const CommandCall *call)
{
        const CheckOptions *o = call->options;
        CLEANUP(config_unref_p) Config *before = NULL, *after = NULL;
        ConfigDiff d;
        int code = load_for_diff(call, call->args[0], &before);
        if (code == EXIT_CODE_DONE)
                code = load_for_diff(call, call->args[1], &after);
        if (code != EXIT_CODE_DONE)
                return code;
        int r = config_diff(before, after, &d);
        if (r == 0 && o->format == CHECK_FORMAT_JSON)
                r = print_diff_json(&d);
        else if (r == 0)
                print_diff_text(&d);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        config_diff_done(&d);
        return EXIT_CODE_DONE;
}

static int check_entry(const CommandCall *call)
{
        const CheckOptions *o = call->options;
        if (o->diff && call->n_args != 2)
                return command_usage_error(call->path, "--diff needs two files: OLD and NEW");
        if (!o->diff && call->n_args > 1)
                return command_usage_error(call->path, "one file at a time, unless with --diff");
        if (o->diff)
                return check_diff(call);
        const char *path = read_config_path(call);
        return path ? check_file(call, path) : EXIT_CODE_USAGE;
}

static const Option check_options[] = {
        {"diff", 0, NULL, "compare two files: what a reload from OLD to NEW would do",
         OPTION_IS_FLAG(CheckOptions, diff)},
        {"format", 0, "FORMAT", "text (the default), or json: one object a line on stdout",
         OPTION_IS_WORD(CheckOptions, format), .words = WORDS("text", "json")},
        {"no-resolve", 0, NULL, "do not look for commands, users and directories on this machine",
         OPTION_IS_FLAG(CheckOptions, no_resolve)},
        {"planned", 0, NULL, "accept keys that have no effect in this version",
         OPTION_IS_FLAG(CheckOptions, planned)},
        {"strict", 0, NULL, "warnings are errors", OPTION_IS_FLAG(CheckOptions, strict)},
};

const Command cmd_check = {
        .name = "check",
        .aliases = WORDS("validate"),
        .summary = "check a configuration file",
        .description = "Reads a configuration file and tells everything that is wrong with it, each "
                       "with file, line and column. Also looks where each command is found, and whether "
                       "users and directories exist.\n\n"
                       "With --diff, tells what a reload from one file to another would do to each server.",
        .usage = "[OPTION...] [FILE]\n--diff [OPTION...] OLD NEW",
        OPTIONS(check_options),
        .options_size = sizeof(CheckOptions),
        .entry = check_entry,
        .max_args = 2,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor check mcpvisor.yaml", "all errors and warnings, with the lines"},
                             {"mcpvisor check --strict --format=json mcpvisor.yaml",
                              "for machines: a warning is a failure too"},
                             {"mcpvisor check --diff old.yaml new.yaml", "which servers would restart"}),
};
