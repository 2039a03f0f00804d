/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <unistd.h>

#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "cli/daemon-command.h"
#include "cli/env-table.h"

typedef enum SettingKind { SETTING_LIST, SETTING_WORD, SETTING_PATH, SETTING_FLAG } SettingKind;

typedef struct Setting {
        const char *option; /* without the dashes; env-table.c says which variable means the same */
        const char *key;    /* of the file */
        SettingKind kind;
        size_t offset;            /* in DaemonFlags */
        const char *const *words; /* SETTING_WORD: what the index means; SETTING_FLAG: the value to set */
} Setting;

#define SETTING(option, key, kind, field, ...)                                             \
        {                                                                                  \
                (option), (key), SETTING_##kind, offsetof(DaemonFlags, field), __VA_ARGS__ \
        }

static const Setting settings[] = {
        SETTING("listen", "listen", LIST, listen, NULL),
        SETTING("allow-host", "allowed_hosts", LIST, allow_hosts, NULL),
        SETTING("log-format", "log.format", WORD, log_format, WORDS(LOG_FORMAT_WORDS)),
        SETTING("log-level", "log.level", WORD, log_level, WORDS(LOG_LEVEL_WORDS)),
        SETTING("token-file", "auth.token_file", PATH, token_file, NULL),
        SETTING("insecure-no-auth", "auth.mode", FLAG, insecure, WORDS("none")),
        SETTING("insecure-no-auth", "auth.allow_insecure", FLAG, insecure, WORDS("true")),
};

/* What becomes of the rows: `sets` has room for each. */
typedef struct Apply {
        const CommandCall *call;
        const DaemonFlags *flags;
        Arena *arena;
        const char **sets;
        size_t n_sets;
} Apply;

/* ---- values --------------------------------------------------------------- */

const char *daemon_literal(Arena *arena, const char *text)
{
        size_t dollars = 0;
        for (const char *c = text; *c; c++)
                dollars += *c == '$';
        char *copy = arena_alloc(arena, strlen(text) + dollars + 1), *to = copy;
        for (const char *c = text; copy && *c; c++) {
                *to++ = *c;
                if (*c == '$')
                        *to++ = '$';
        }
        return copy;
}

int daemon_path(Arena *arena, const char *path, const char **ret)
{
        if (!path || path[0] == '/' || !*path) {
                *ret = path;
                return 0;
        }
        CLEANUP(buf_done) Buf b = BUF_INIT(2 * PATH_MAX);
        CLEANUP_FREE char *real = realpath(path, NULL), *here = real ? NULL : realpath(".", NULL);
        if (!real && !here)
                return -errno;
        int r = buf_append_str(&b, real ? real : here);
        if (r == 0 && !real)
                r = buf_appendf(&b, "%s%s", strcmp(here, "/") == 0 ? "" : "/",
                                strncmp(path, "./", 2) == 0 ? path + 2 : path);
        char *kept = r == 0 ? arena_strdup(arena, buf_span(&b)) : NULL;
        if (!kept)
                return r < 0 ? r : -ENOMEM;
        *ret = kept;
        return 0;
}

/* ---- one setting ----------------------------------------------------------- */

bool flag_is_built(const CommandCall *call, const FlagUse *use)
{
        const SchemaRow *row = schema_find(use->owner, span_of(use->key));
        assert(row);
        if (schema_features[row->feature].present)
                return true;
        if (row->landed && use->value && strcmp(row->landed, use->value) == 0)
                return true;
        (void)command_usage_error(call->path, "%s has no effect yet: it comes with %s", use->flag,
                                  schema_feature_name(row->feature));
        return false;
}

/* Adds `PLACE KEY=YAML`. Returns an exit status, or a negative errno. */
static int add_set(Apply *a, const char *place, const Setting *s, Span yaml)
{
        const FlagUse use = {place, OWNER_ROOT, s->key, NULL};
        if (!flag_is_built(a->call, &use))
                return EXIT_CODE_USAGE;
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_VALUE);
        int r = buf_appendf(&b, "%s %s=", place, s->key);
        if (r == 0)
                r = buf_append_span(&b, yaml);
        if (r == -ENOBUFS)
                return command_usage_error(a->call->path, "%s is too long", place);
        char *text = r == 0 ? arena_strdup(a->arena, buf_span(&b)) : NULL;
        if (!text)
                return r < 0 ? r : -ENOMEM;
        a->sets[a->n_sets++] = text;
        return EXIT_CODE_DONE;
}

static int quote_literal(Apply *a, const char *text, Buf *b)
{
        const char *literal = daemon_literal(a->arena, text);
        return literal ? json_quote(b, span_of(literal)) : -ENOMEM;
}

static int add_text(Apply *a, const char *place, const Setting *s, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_VALUE);
        if (!utf8_valid(span_of(text)))
                return command_usage_error(a->call->path, "%s is not UTF-8", place);
        int r = quote_literal(a, text, &b);
        return r < 0 ? r : add_set(a, place, s, buf_span(&b));
}

static int add_list(Apply *a, const char *place, const Setting *s, const OptionList *list)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_VALUE);
        int r = buf_append_char(&b, '[');
        for (size_t i = 0; i < list->n && r == 0; i++) {
                if (!utf8_valid(span_of(list->items[i])))
                        return command_usage_error(a->call->path, "%s is not UTF-8", place);
                r = i ? buf_append_str(&b, ", ") : 0;
                if (r == 0)
                        r = quote_literal(a, list->items[i], &b);
        }
        if (r == 0)
                r = buf_append_char(&b, ']');
        return r < 0 ? r : add_set(a, place, s, buf_span(&b));
}

/* "a, b" of a variable. */
static int add_commas(Apply *a, const char *place, const Setting *s, const char *text)
{
        Span rest = span_of(text), part;
        OptionList list = {.items = arena_alloc_array(a->arena, strlen(text) + 1, sizeof(char *))};
        if (!list.items)
                return -ENOMEM;
        while (span_next(&rest, ',', &part)) {
                char *item = arena_strdup(a->arena, span_trim(part));
                if (!item)
                        return -ENOMEM;
                if (*item)
                        list.items[list.n++] = item;
        }
        return list.n ? add_list(a, place, s, &list) : EXIT_CODE_DONE;
}

/* Sets *ret_given when the option was used. */
static int apply_option(Apply *a, const Setting *s, bool *ret_given)
{
        char place[64];
        const char *field = (const char *)a->flags + s->offset, *path;
        int index, r;
        (void)snprintf(place, sizeof(place), "--%s", s->option);
        *ret_given = true;
        switch (s->kind) {
        case SETTING_LIST:
                *ret_given = ((const OptionList *)(const void *)field)->n > 0;
                return *ret_given ? add_list(a, place, s, (const void *)field) : EXIT_CODE_DONE;
        case SETTING_WORD:
                memcpy(&index, field, sizeof(index));
                *ret_given = index >= 0;
                return *ret_given ? add_text(a, place, s, s->words[index]) : EXIT_CODE_DONE;
        case SETTING_PATH:
                memcpy(&path, field, sizeof(path));
                *ret_given = path != NULL;
                r = daemon_path(a->arena, path, &path);
                return r < 0 || !path ? r : add_text(a, place, s, path);
        default:
                *ret_given = *(const bool *)field;
                return *ret_given ? add_set(a, place, s, span_of(s->words[0])) : EXIT_CODE_DONE;
        }
}

static bool is_for(const EnvRow *row, const char *command)
{
        Span left = span_of(row->commands ? row->commands : ""), name;
        while (span_next(&left, ' ', &name))
                if (span_equal(name, span_of(command)))
                        return true;
        return false;
}

static int apply_variable(Apply *a, const Setting *s)
{
        for (size_t i = 0; i < env_table_size; i++) {
                const EnvRow *row = &env_table[i];
                if (!row->option || strcmp(row->option, s->option) != 0 ||
                    !is_for(row, a->call->command->name))
                        continue;
                const char *text = getenv(row->name);
                if (!text || !*text)
                        return EXIT_CODE_DONE;
                return s->kind == SETTING_LIST ? add_commas(a, row->name, s, text)
                                               : add_text(a, row->name, s, text);
        }
        return EXIT_CODE_DONE;
}

/* ---- all ------------------------------------------------------------------ */

/* Whoever can read our environment in /proc shall not find it there either. */
static int take_token(Arena *arena, const char **ret)
{
        char *text = getenv("MCPVISOR_TOKEN");
        if (!text)
                return 0;
        char *copy = arena_strdup(arena, span_of(text));
        if (!copy)
                return -ENOMEM;
        explicit_bzero(text, strlen(text));
        if (unsetenv("MCPVISOR_TOKEN") < 0)
                return -errno;
        *ret = *copy ? copy : NULL;
        return 0;
}

static int apply_all(Apply *a)
{
        for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
                bool given;
                int r = apply_option(a, &settings[i], &given);
                if (r == EXIT_CODE_DONE && !given)
                        r = apply_variable(a, &settings[i]);
                if (r != EXIT_CODE_DONE)
                        return r;
        }
        return EXIT_CODE_DONE;
}

static bool sets_listen(const Apply *a)
{
        for (size_t i = 0; i < a->n_sets; i++) {
                Span s = span_of(a->sets[i]);
                if (span_starts(span_skip(s, span_find(s, ' ')), SPAN(" listen=")))
                        return true;
        }
        return false;
}

int daemon_flags_apply(const CommandCall *call, const DaemonFlags *flags, Arena *arena, DaemonOptions *ret)
{
        const char **sets = arena_alloc_array(arena, ARRAY_SIZE(settings), sizeof(*sets));
        Apply a = {.call = call, .flags = flags, .arena = arena, .sets = sets};
        int r = sets ? take_token(arena, &ret->token) : -ENOMEM;
        if (r == 0)
                r = apply_all(&a);
        if (r != EXIT_CODE_DONE)
                return r;
        ret->set = sets;
        ret->n_set = a.n_sets;
        ret->listen_given = sets_listen(&a);
        return EXIT_CODE_DONE;
}

int daemon_start(const CommandCall *call, const DaemonOptions *options)
{
        if (call->context->daemon)
                return call->context->daemon(options);
        command_error(call->path, "internal error: this executable holds no daemon");
        return EXIT_CODE_INTERNAL;
}
