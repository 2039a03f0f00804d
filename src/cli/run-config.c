/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run-config.h"
#include "base/json-writer.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "cli/run-name.h"
#include "config/check.h"

enum { INDENT = 2, SHOWN_MOST = 80, NUMBER_ROOM = 32 };

static const char *const net_words[] = {RUN_NET_WORDS};
static const char *const profile_words[] = {PROFILE_WORDS};
static const char *const share_words[] = {SHARE_WORDS};
static const char *const restart_words[] = {RESTART_WORDS};

typedef struct RunText {
        const CommandCall *call;
        const RunOptions *o;
        Arena *arena;
        JsonWriter w;
        int error; /* the first that the writer does not know of */
} RunText;

/* ---- before anything is written -------------------------------------------- */

static int check_built(const CommandCall *call)
{
        const RunOptions *o = call->options;
        const struct {
                bool given;
                FlagUse use;
        } rows[] = {
                {o->ro.n > 0, {"--ro", OWNER_SERVER, "sandbox.ro", NULL}},
                {o->rw.n > 0, {"--rw", OWNER_SERVER, "sandbox.rw", NULL}},
                {o->net >= 0, {"--net", OWNER_SERVER, "sandbox.net", NULL}},
                {o->memory > 0, {"--memory", OWNER_SERVER, "sandbox.memory", NULL}},
                {o->pids > 0, {"--pids", OWNER_SERVER, "sandbox.pids", NULL}},
                {o->cpus != NULL, {"--cpus", OWNER_SERVER, "sandbox.cpu", NULL}},
                {o->profile >= 0,
                 {"--profile", OWNER_SERVER, "sandbox.profile", profile_words[MAX(o->profile, 0)]}},
                {o->share >= 0, {"--share", OWNER_SERVER, "share", share_words[MAX(o->share, 0)]}},
                {o->timeout > 0, {"--timeout", OWNER_SERVER, "request_timeout", NULL}},
                {o->user != NULL, {"--user", OWNER_SERVER, "user", NULL}},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].given && !flag_is_built(call, &rows[i].use))
                        return EXIT_CODE_USAGE;
        return EXIT_CODE_DONE;
}

/* The text is UTF-8, as files are: nothing may become another byte on its way. */
static int check_texts(const CommandCall *call)
{
        const RunOptions *o = call->options;
        const char *const singles[] = {o->name, o->env_file, o->workdir, o->user, o->cpus};
        const OptionList lists[] = {
                o->env, o->ro, o->rw, {(const char **)(uintptr_t)call->args, call->n_args}};
        bool valid = true;
        for (size_t i = 0; i < ARRAY_SIZE(singles); i++)
                valid = valid && (!singles[i] || utf8_valid(span_of(singles[i])));
        for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
                for (size_t i = 0; i < lists[l].n; i++)
                        valid = valid && utf8_valid(span_of(lists[l].items[i]));
        if (!valid)
                return command_usage_error(call->path, "an argument is not UTF-8");

        const char *wrong = o->name ? *o->name ? check_name(span_of(o->name)) : "is empty" : NULL;
        if (wrong)
                return command_usage_error(call->path, "--name: the name %s", wrong);
        for (size_t i = 0; i < o->env.n; i++) {
                Span s = span_of(o->env.items[i]);
                wrong = check_env_name(span_first(s, span_find(s, '=')));
                if (wrong)
                        return command_usage_error(call->path, "-e: the name before the = %s", wrong);
        }
        return EXIT_CODE_DONE;
}

/* "1.5" -> 150. */
static int parse_cpus(Span s, uint64_t *ret)
{
        size_t dot = span_find(s, '.');
        Span decimals = span_skip(s, dot + 1);
        uint64_t whole, part = 0;
        if (parse_u64(span_first(s, dot), &whole) < 0 || whole > UINT32_MAX || decimals.len > 2)
                return -EINVAL;
        if (dot < s.len && parse_u64(decimals, &part) < 0)
                return -EINVAL;
        *ret = whole * 100 + (decimals.len == 1 ? part * 10 : part);
        return *ret ? 0 : -EINVAL;
}

/* ---- writing ---------------------------------------------------------------- */

static void note(RunText *t, int r)
{
        if (r < 0 && t->error == 0)
                t->error = r;
}

static void text(RunText *t, const char *value)
{
        const char *literal = daemon_literal(t->arena, value);
        note(t, literal ? 0 : -ENOMEM);
        if (literal)
                json_write_str(&t->w, literal);
}

static void key_text(RunText *t, const char *key, const char *value)
{
        if (!value)
                return;
        json_write_key(&t->w, key);
        text(t, value);
}

static void key_path(RunText *t, const char *key, const char *path)
{
        const char *absolute = NULL;
        note(t, daemon_path(t->arena, path, &absolute));
        key_text(t, key, absolute);
}

static void key_paths(RunText *t, const char *key, const OptionList *list)
{
        if (list->n == 0)
                return;
        json_write_key(&t->w, key);
        json_write_array(&t->w);
        for (size_t i = 0; i < list->n; i++) {
                const char *path = NULL;
                note(t, daemon_path(t->arena, list->items[i], &path));
                text(t, path ? path : "");
        }
        json_write_array_end(&t->w);
}

static void key_word(RunText *t, const char *key, const char *const *words, int index)
{
        if (index >= 0)
                key_text(t, key, words[index]);
}

/* A number with its unit. */
static void key_amount(RunText *t, const char *key, uint64_t v, int (*format)(Buf *b, uint64_t v))
{
        CLEANUP(buf_done) Buf b = BUF_INIT(NUMBER_ROOM);
        if (v == 0)
                return;
        note(t, format(&b, v));
        key_text(t, key, buf_text(&b));
}

static Span env_name(const char *item)
{
        return span_first(span_of(item), span_find(span_of(item), '='));
}

/* The last of a name wins. */
static bool is_last(const OptionList *env, size_t i)
{
        for (size_t k = i + 1; k < env->n; k++)
                if (span_equal(env_name(env->items[i]), env_name(env->items[k])))
                        return false;
        return true;
}

static void write_env(RunText *t)
{
        const OptionList *env = &t->o->env;
        json_write_key(&t->w, "env");
        json_write_object(&t->w);
        for (size_t i = 0; i < env->n; i++) {
                const char *value = strchr(env->items[i], '=');
                if (!value || !is_last(env, i))
                        continue;
                json_write_key_span(&t->w, env_name(env->items[i]));
                text(t, value + 1);
        }
        json_write_object_end(&t->w);
        json_write_key(&t->w, "env_pass");
        json_write_array(&t->w);
        for (size_t i = 0; i < env->n; i++)
                if (!strchr(env->items[i], '=') && is_last(env, i))
                        text(t, env->items[i]);
        json_write_array_end(&t->w);
}

static void write_sandbox(RunText *t, uint64_t cpu)
{
        const RunOptions *o = t->o;
        char percent[NUMBER_ROOM];
        json_write_key(&t->w, "sandbox");
        json_write_object(&t->w);
        key_word(t, "profile", profile_words, o->profile);
        key_paths(t, "ro", &o->ro);
        key_paths(t, "rw", &o->rw);
        key_word(t, "net", net_words, o->net);
        key_amount(t, "memory", o->memory, format_size);
        if (o->pids) {
                json_write_key(&t->w, "pids");
                json_write_uint(&t->w, o->pids);
        }
        (void)snprintf(percent, sizeof(percent), "%llu%%", (unsigned long long)cpu);
        key_text(t, "cpu", cpu ? percent : NULL);
        json_write_object_end(&t->w);
}

static void write_command(RunText *t)
{
        const CommandCall *call = t->call;
        if (strchr(call->args[0], '/'))
                key_path(t, "command", call->args[0]);
        else
                key_text(t, "command", call->args[0]);
        json_write_key(&t->w, "args");
        json_write_array(&t->w);
        for (size_t i = 1; i < call->n_args; i++)
                text(t, call->args[i]);
        json_write_array_end(&t->w);
}

static void write_server(RunText *t, const char *name, uint64_t cpu)
{
        const RunOptions *o = t->o;
        json_write_object(&t->w);
        json_write_key(&t->w, "ready");
        json_write_str(&t->w, "all"); /* there is but one */
        json_write_key(&t->w, "servers");
        json_write_object(&t->w);
        json_write_key(&t->w, name);
        json_write_object(&t->w);
        write_command(t);
        key_path(t, "cwd", o->workdir);
        key_path(t, "env_file", o->env_file);
        if (o->env.n)
                write_env(t);
        key_text(t, "user", o->user);
        key_word(t, "share", share_words, o->share);
        key_amount(t, "request_timeout", o->timeout, format_duration);
        json_write_key(&t->w, "restart");
        json_write_object(&t->w);
        key_word(t, "policy", restart_words, o->restart);
        json_write_object_end(&t->w);
        write_sandbox(t, cpu);
        json_write_object_end(&t->w);
        json_write_object_end(&t->w);
        json_write_object_end(&t->w);
}

int run_config_write(const CommandCall *call, Arena *arena, Buf *ret_text)
{
        const RunOptions *o = call->options;
        char name[RUN_NAME_ROOM];
        uint64_t cpu = 0;
        int r = check_built(call);
        if (r == EXIT_CODE_DONE)
                r = check_texts(call);
        if (r != EXIT_CODE_DONE)
                return r;
        if (o->cpus && parse_cpus(span_of(o->cpus), &cpu) < 0)
                return command_usage_error(call->path, "--cpus is not a number above 0 with at most two "
                                                       "decimals, like 1.5");
        if (!o->name && run_name(call->args, call->n_args, name) < 0)
                return -ENOMEM;
        RunText t = {.call = call, .o = o, .arena = arena, .w = JSON_WRITER_PRETTY(ret_text, INDENT)};
        write_server(&t, o->name ? o->name : name, cpu);
        r = json_write_done(&t.w);
        return t.error < 0 ? t.error : r;
}
