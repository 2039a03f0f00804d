/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "cli/import-server.h"
#include "cli/import-value.h"
#include "config/foreign.h"

typedef struct Entry {
        Import *im;
        ImportServer *server;
        json_t *object;
} Entry;

/* ---- texts --------------------------------------------------------------- */

/* Numbers and truth values count as the texts that hosts make of them. The result may look into
 * `room`. SPAN_NONE: none of these. */
static Span scalar(const json_t *v, char room[static 64])
{
        if (json_is_string(v))
                return span_from(json_string_value(v), json_string_length(v));
        if (json_is_boolean(v))
                return json_is_true(v) ? SPAN("true") : SPAN("false");
        if (!json_is_number(v))
                return SPAN_NONE;
        double d = json_number_value(v);
        bool whole = d > -1e15 && d < 1e15 && d == (double)(long long)d;
        int n = whole ? snprintf(room, 64, "%lld", (long long)d) : snprintf(room, 64, "%.17g", d);
        return span_from(room, (size_t)n);
}

/* *ret_ok is false when the server had to be left out. */
static int get_text(Entry *e, const char *key, const json_t *v, char room[static 64], Span *ret, bool *ret_ok)
{
        const char *wrong = NULL;
        *ret = scalar(v, room);
        *ret_ok = false;
        if (!ret->ptr)
                wrong = "is no text";
        else if (ret->len && memchr(ret->ptr, 0, ret->len))
                wrong = "has a NUL character in it";
        else if (ret->len > LIMIT_CONFIG_VALUE)
                wrong = "is longer than a value can be";
        if (wrong)
                return import_leave_out(e->im, e->server, "%s %s", key, wrong);
        *ret_ok = true;
        return 0;
}

/* ---- keys ---------------------------------------------------------------- */

typedef int KeyReader(Entry *e, const char *key, json_t *v);

/* What relative paths are relative to: the working directory, or else the project. */
static const char *base_of(const Entry *e)
{
        const ImportValue *cwd = &e->server->cwd;
        if (cwd->n == 1 && cwd->pieces[0].kind == IMPORT_TEXT && span_starts(cwd->pieces[0].text, SPAN("/")))
                return cwd->pieces[0].text.ptr;
        return e->server->project;
}

static int read_path(Entry *e, const char *key, const json_t *v, const char *dir, bool command,
                     ImportValue *ret)
{
        char room[64];
        Span text;
        bool ok;
        int r = get_text(e, key, v, room, &text, &ok);
        return r < 0 || !ok ? r : import_path(e->im, e->server, text, key, dir, command, ret);
}

static int read_command(Entry *e, const char *key, json_t *v)
{
        return read_path(e, key, v, base_of(e), true, &e->server->command);
}

static int read_cwd(Entry *e, const char *key, json_t *v)
{
        return read_path(e, key, v, e->server->project, false, &e->server->cwd);
}

static int read_env_file(Entry *e, const char *key, json_t *v)
{
        return read_path(e, key, v, base_of(e), false, &e->server->env_file);
}

static int check_list(Entry *e, const char *key, const json_t *v, bool *ret_ok)
{
        *ret_ok = json_is_array(v) && json_array_size(v) <= LIMIT_CONFIG_LIST;
        if (*ret_ok)
                return 0;
        return import_leave_out(e->im, e->server, json_is_array(v) ? "%s is too long" : "%s is no list", key);
}

static int read_args(Entry *e, const char *key, json_t *v)
{
        ImportServer *s = e->server;
        Span before = SPAN_NONE, text;
        char rooms[2][64]; /* `before` may look into the other one */
        bool ok;
        int r = check_list(e, key, v, &ok);
        if (r < 0 || !ok)
                return r;
        s->args = ARENA_NEW_N(&e->im->arena, ImportValue, json_array_size(v));
        if (!s->args)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(v); i++) {
                r = get_text(e, key, json_array_get(v, i), rooms[i % 2], &text, &ok);
                if (r == 0 && ok)
                        r = import_argument(e->im, s, text, before, i, &s->args[s->n_args++]);
                if (r < 0 || !ok)
                        return r;
                before = text;
        }
        return 0;
}

static int read_env(Entry *e, const char *key, json_t *v)
{
        ImportServer *s = e->server;
        const char *name;
        json_t *item;
        if (!json_is_object(v) || json_object_size(v) > LIMIT_CONFIG_LIST)
                return import_leave_out(e->im, s, "%s is no map of variables", key);
        s->env = ARENA_NEW_N(&e->im->arena, ImportPair, json_object_size(v));
        if (!s->env)
                return -ENOMEM;
        json_object_foreach(v, name, item)
        {
                ImportPair *p = &s->env[s->n_env];
                char room[64];
                Span text;
                bool ok;
                if (json_is_null(item)) /* VS Code: remove it; here nothing is inherited */
                        continue;
                p->name = arena_strdup(&e->im->arena, span_of(name));
                if (!p->name)
                        return -ENOMEM;
                int r = get_text(e, name, item, room, &text, &ok);
                if (r == 0 && ok)
                        r = import_value(e->im, s, text, name, import_is_secret_name(span_of(name)),
                                         &p->value);
                if (r < 0 || !ok)
                        return r;
                s->n_env++;
        }
        return 0;
}

static int read_deny(Entry *e, const char *key, json_t *v)
{
        ImportServer *s = e->server;
        bool ok;
        int r = check_list(e, key, v, &ok);
        if (r < 0 || !ok)
                return r;
        s->deny = ARENA_NEW_N(&e->im->arena, ImportValue, json_array_size(v));
        if (!s->deny)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(v); i++) {
                char room[64];
                Span text;
                r = get_text(e, key, json_array_get(v, i), room, &text, &ok);
                if (r == 0 && ok)
                        r = import_value(e->im, s, text, key, false, &s->deny[s->n_deny++]);
                if (r < 0 || !ok)
                        return r;
        }
        return 0;
}

typedef struct KeyRow {
        const char *path; /* in our schema */
        KeyReader *read;
} KeyRow;

/* In the order in which they are read: relative paths need the working directory. */
static const KeyRow keys[] = {
        {"cwd", read_cwd}, {"command", read_command},   {"args", read_args},
        {"env", read_env}, {"env_file", read_env_file}, {"tools.deny", read_deny},
};

/* The path in our schema that a key of a host stands for; NULL: none. */
static const char *schema_path(const char *key)
{
        const ForeignRow *f = foreign_find(OWNER_SERVER, span_of(key));
        if (f)
                return f->act == FOREIGN_ALIAS ? f->text : NULL;
        return key;
}

static const KeyRow *find_key(const char *key)
{
        const char *path = schema_path(key);
        for (size_t i = 0; path && i < ARRAY_SIZE(keys); i++)
                if (strcmp(keys[i].path, path) == 0)
                        return &keys[i];
        return NULL;
}

/* ---- the other keys ------------------------------------------------------ */

static int read_other(Entry *e, const char *key, const json_t *v)
{
        const ForeignRow *f = foreign_find(OWNER_SERVER, span_of(key));
        if (!f)
                return import_note(e->im, e->server, "%.64s is not known here", key);
        switch (f->act) {
        case FOREIGN_REFUSE:
                return import_leave_out(e->im, e->server, "%s", f->text);
        case FOREIGN_TYPE:
                if (json_is_string(v) && strcasecmp(json_string_value(v), "stdio") == 0)
                        return 0;
                return import_leave_out(e->im, e->server, "%s", f->text);
        case FOREIGN_DISABLED:
                return json_is_true(v) ? import_leave_out(e->im, e->server, "it is disabled there") : 0;
        case FOREIGN_IGNORE:
                return import_note(e->im, e->server, "%s %s", f->key, f->text);
        default:
                return 0;
        }
}

/* Hosts start a server in its project; here that is said only where it matters. */
static int add_cwd(Entry *e, json_t *args)
{
        ImportServer *s = e->server;
        const json_t *item;
        size_t i;
        if (s->cwd.given || !s->project)
                return 0;
        json_array_foreach(args, i, item)
        {
                Span text = span_of(json_string_value(item));
                if (text.len && import_is_local(text, s->project))
                        return import_value(e->im, s, span_of(s->project), "cwd", false, &s->cwd);
        }
        return 0;
}

static int read_known(Entry *e)
{
        const char *key;
        json_t *v;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                json_object_foreach(e->object, key, v)
                {
                        if (find_key(key) != &keys[i] || json_is_null(v))
                                continue;
                        int r = keys[i].read(e, key, v);
                        if (r < 0 || e->server->left_out)
                                return r;
                }
        }
        return 0;
}

int import_server(Import *im, ImportServer *s, json_t *entry)
{
        Entry e = {.im = im, .server = s, .object = entry};
        const char *key;
        json_t *v;
        if (!json_is_object(entry))
                return import_leave_out(im, s, "it is no JSON object");
        json_object_foreach(entry, key, v)
        {
                int r = find_key(key) || json_is_null(v) ? 0 : read_other(&e, key, v);
                if (r < 0 || s->left_out)
                        return r;
        }
        int r = read_known(&e);
        if (r == 0 && !s->left_out && !s->command.given)
                r = import_leave_out(im, s, "it has no command");
        return r < 0 || s->left_out ? r : add_cwd(&e, json_object_get(entry, "args"));
}
