/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-sandbox.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "cli/read-config.h"
#include "cli/show-diags.h"
#include "config/schema.h"
#include "control/path.h"
#include "sandbox/explain.h"
#include "sandbox/prepare.h"
#include "sandbox/probe.h"

typedef struct ExplainOptions {
        bool json, steps;
        const char *config;
} ExplainOptions;

typedef struct TestOptions {
        bool json;
} TestOptions;

static int say(const CommandCall *call, int r)
{
        if (r == 0)
                return EXIT_CODE_DONE;
        command_error(call->path, "%s", strerror(-r));
        return EXIT_CODE_INTERNAL;
}

/* ---- what is ours ----------------------------------------------------------------------- */

enum { OWN_STATE, OWN_RUNTIME, OWN_FILE, OWN_TOKEN, OWN_KEY, _OWN_MAX };

/* As the daemon of this configuration would find them, run by who runs this. */
typedef struct Places {
        Buf state, runtime;
        char *file; /* of realpath() */
        const char *own[_OWN_MAX + 1];
} Places;

static void places_done(Places *p)
{
        buf_done(&p->state);
        buf_done(&p->runtime);
        free(p->file);
}

static int place(Buf *b, const char *given, int (*usual)(Buf *ret))
{
        return given ? buf_append_str(b, given) : usual(b);
}

static int find_places(const Config *c, const char *path, Places *p)
{
        size_t n = 0;
        int r = place(&p->state, c->state_dir.value, control_state_dir);
        if (r == 0)
                r = place(&p->runtime, c->runtime_dir.value, control_runtime_dir);
        if (r < 0)
                return r;
        p->file = realpath(path, NULL);
        const char *const all[_OWN_MAX] = {
                [OWN_STATE] = buf_text(&p->state),
                [OWN_RUNTIME] = buf_text(&p->runtime),
                [OWN_FILE] = p->file,
                [OWN_TOKEN] = c->auth.token_file.value,
                [OWN_KEY] = c->tls.key.value,
        };
        for (size_t i = 0; i < _OWN_MAX; i++)
                if (all[i])
                        p->own[n++] = all[i];
        return 0;
}

/* ---- explain ---------------------------------------------------------------------------- */

typedef struct Explain {
        const CommandCall *call;
        const Config *config;
        const Places *places;
        SandboxMachine machine;
        Buf text;
        JsonWriter json;
        bool refused;
} Explain;

static int explain_server(Explain *e, const ServerConfig *s)
{
        const ExplainOptions *o = e->call->options;
        CLEANUP(buf_done) Buf home = BUF_INIT(PATH_MAX);
        Prepared p;
        int r = buf_appendf(&home, "%s/home/%s", buf_text(&e->places->state), s->head.name);
        if (r < 0)
                return r;
        const PrepareArgs args = {
                .config = e->config,
                .server = s,
                .machine = &e->machine,
                .own = e->places->own,
                .home = buf_text(&home),
        };
        r = sandbox_prepare(&args, &p);
        if (r < 0)
                return r;
        const ExplainArgs explain = {.server = s, .machine = &e->machine, .plan = &p.plan, .steps = o->steps};
        e->refused |= p.plan.verdict == SANDBOX_REFUSED;
        if (o->json)
                explain_json(&explain, &e->json);
        else
                r = explain_text(&explain, &e->text);
        prepared_done(&p);
        return r;
}

static int explain_servers(Explain *e, const ServerConfig *only)
{
        const ExplainOptions *o = e->call->options;
        int r = 0;
        e->json = JSON_WRITER(&e->text);
        if (o->json)
                json_write_array(&e->json);
        for (size_t i = 0; r == 0 && i < e->config->servers.n; i++) {
                const ServerConfig *s = config_server(e->config, i);
                if (only && s != only)
                        continue;
                if (e->text.len && !o->json)
                        r = buf_append_char(&e->text, '\n');
                if (r == 0)
                        r = explain_server(e, s);
        }
        if (r == 0 && o->json) {
                json_write_array_end(&e->json);
                r = json_write_done(&e->json);
        }
        if (r == 0 && o->json)
                r = buf_append_char(&e->text, '\n');
        return r;
}

static int explain_config(const CommandCall *call, const Config *c, const char *path, const char *name)
{
        CLEANUP(places_done) Places places = {.state = BUF_INIT(PATH_MAX), .runtime = BUF_INIT(PATH_MAX)};
        Explain e = {.call = call, .config = c, .places = &places, .text = BUF_INIT(BUF_CAP_NONE)};
        const ServerConfig *only = name ? config_find_server(c, name) : NULL;
        if (name && !only) {
                command_error(call->path, "%s has no server %s", path, name);
                return EXIT_CODE_FAILED;
        }
        int r = find_places(c, path, &places);
        if (r == 0)
                r = probe(&probe_calls, &e.machine);
        if (r == 0)
                r = explain_servers(&e, only);
        if (r == 0)
                fputs(buf_text(&e.text), stdout);
        if (r == 0 && !schema_features[FEATURE_SANDBOX].present)
                fputs("note: this version explains these fences; it does not build them yet\n", stderr);
        buf_done(&e.text);
        return r < 0 ? say(call, r) : e.refused ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

/* A file has a dot or a slash in its name, a server has neither. */
static bool is_file(const char *arg)
{
        return strchr(arg, '.') || strchr(arg, '/');
}

static const char *config_path(const CommandCall *call, const char **ret_name)
{
        const ExplainOptions *o = call->options;
        const char *env = getenv("MCPVISOR_CONFIG");
        const char *path = o->config ? o->config : env && *env ? env : NULL;
        if (call->n_args && is_file(call->args[0]))
                path = call->args[0];
        else if (call->n_args)
                *ret_name = call->args[0];
        if (call->n_args > 1)
                *ret_name = call->args[1];
        if (!path)
                (void)command_usage_error(call->path, "no file: name one, or set MCPVISOR_CONFIG");
        return path;
}

static int explain_entry(const CommandCall *call)
{
        const char *name = NULL, *path = config_path(call, &name);
        CLEANUP(config_unref_p) Config *c = NULL;
        ValidateResult v;
        if (!path)
                return EXIT_CODE_USAGE;
        const ValidateArgs args = {.path = path, .keep_going = true, .planned = true};
        int code = read_config(call, &args, &v);
        if (code != EXIT_CODE_DONE)
                return code;
        if (!v.valid) {
                code = show_diags_text(&v.diags, call->terminal) < 0 ? EXIT_CODE_INTERNAL : EXIT_CODE_FAILED;
        } else if (read_config_blob(&v, &c) < 0) {
                read_config_error(call, path, "the validator's answer cannot be read");
                code = EXIT_CODE_INTERNAL;
        } else {
                code = explain_config(call, c, path, name);
        }
        validate_result_done(&v);
        return code;
}

/* ---- test --------------------------------------------------------------------------------- */

static int test_entry(const CommandCall *call)
{
        const TestOptions *o = call->options;
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m;
        int r = probe(&probe_calls, &m);
        if (r == 0 && o->json) {
                JsonWriter w = JSON_WRITER(&text);
                explain_machine_json(&m, &w);
                r = json_write_done(&w);
                if (r == 0)
                        r = buf_append_char(&text, '\n');
        } else if (r == 0) {
                r = explain_machine_text(&m, &text);
        }
        if (r == 0)
                fputs(buf_text(&text), stdout);
        return say(call, r);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static const Option explain_options[] = {
        {"config", 'c', "FILE", "the configuration that NAME is looked for in; else that of MCPVISOR_CONFIG",
         OPTION_IS_STRING(ExplainOptions, config), .complete = COMPLETE_FILE},
        {"json", 0, NULL, "as one JSON array, an object each", OPTION_IS_FLAG(ExplainOptions, json)},
        {"steps", 0, NULL, "each step by which the fences are built, too",
         OPTION_IS_FLAG(ExplainOptions, steps)},
};

static const Option test_options[] = {
        {"json", 0, NULL, "as one JSON object", OPTION_IS_FLAG(TestOptions, json)},
};

static const Command sandbox_explain = {
        .name = "explain",
        .summary = "tell what a server may do",
        .description =
                "Tells in plain words which fences a server's configuration asks for, which of them this "
                "machine can build, what is lost without the others, and which files, network and limits the "
                "server gets. It asks this machine as the user who runs it: a daemon of another user, or in "
                "a "
                "container, may be given more or less. All servers of a file, or the one of that name. Exits "
                "with 1 if one of them would be refused.",
        .usage = "[OPTION...] FILE [NAME]\n[OPTION...] NAME",
        OPTIONS(explain_options),
        .options_size = sizeof(ExplainOptions),
        .entry = explain_entry,
        .max_args = 2,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor sandbox explain mcpvisor.yaml fs", "one server"},
                             {"mcpvisor sandbox explain --json mcpvisor.yaml", "all of them, for machines"}),
};

static const Command sandbox_test = {
        .name = "test",
        .summary = "tell which fences this machine offers",
        .description =
                "Tries each thing that fences are built from, in a process of its own, and tells which are "
                "refused, by which error, and what to do about it. Nothing of it stays.",
        .usage = "[OPTION...]",
        OPTIONS(test_options),
        .options_size = sizeof(TestOptions),
        .entry = test_entry,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor sandbox test", "before choosing a profile"}),
};

static const Command *const sandbox_commands[] = {&sandbox_explain, &sandbox_test, NULL};

const Command cmd_sandbox = {
        .name = "sandbox",
        .summary = "explain and test the fences of servers",
        .description = "Shows what fences servers get, and what this machine has to build them from.",
        .usage = "COMMAND [OPTION...] [ARG...]",
        .sub = sandbox_commands,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
};
