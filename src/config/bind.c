/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "config/bind-key.h"
#include "config/bind-text.h"
#include "config/bind.h"
#include "config/value.h"
#include "config/written.h"

void bind_init(Bind *b, Config *config, const char *file, const ExpandEnv *env, DiagList *diags)
{
        *b = (Bind){.config = config, .file = file, .env = env, .diags = diags, .path = BUF_INIT(16 * 1024)};
}

void bind_done(Bind *b)
{
        buf_done(&b->path);
        mask_done(&b->masks);
}

static int note_written(Bind *b, const SchemaRow *row, void *object, const Node *n, const char *raw)
{
        ConfigHead *head = object;
        ConfigWritten *w = ARENA_NEW(&b->config->arena, ConfigWritten);
        if (!w)
                return -ENOMEM;
        DiagAt at = node_at(b->file, n);
        *w = (ConfigWritten){head->written, schema_index(row), at.line, at.col, at.width, raw, b->place};
        head->written = w;
        return 0;
}

/* ---- structs in lists and maps ------------------------------------------- */

static int begin_item(Bind *b, const SchemaRow *row, const void *template, void *item, const Node *n)
{
        size_t size = schema_owner_size(row->group);
        if (template)
                memcpy(item, template, size);
        int r = template ? 0 : bind_defaults(b, row->group, item);
        ConfigHead *head = item;
        head->line = n->line;
        head->col = n->col;
        return r;
}

static void check_required(Bind *b, const BindTarget *t, const Node *n)
{
        for (const SchemaRow *row = schema_first(t->owner); row; row = schema_next(row))
                if (row->required && !config_written(t->object, row))
                        bind_say(b, DIAG_ERROR, n->key ? n->key : n, "the key `%s` is missing",
                                 schema_local_path(row));
}

/* Servers that other programs have turned off: nobody wants to hear what else is in them. */
static bool is_disabled(Bind *b, const SchemaRow *row, const Node *n)
{
        const Node *d = row->group == OWNER_SERVER ? node_get(n, SPAN("disabled")) : NULL;
        bool disabled = false;
        if (!d || d->kind != NODE_SCALAR || parse_bool(d->text, &disabled) < 0 || !disabled)
                return false;
        bind_say(b, DIAG_NOTE, d, "`disabled` is true: this server is left out");
        return true;
}

static int bind_item(Bind *b, const SchemaRow *row, void *item, const Node *n, bool *ret_keep)
{
        BindTarget t = {.owner = row->group, .object = item};
        int r = 0;
        if (is_disabled(b, row, n)) {
                t.skip = true;
        } else if (n->kind == NODE_MAP) {
                r = bind_map_of_keys(b, &t, n, SPAN_NONE);
                if (r == 0 && !t.skip)
                        check_required(b, &t, n);
                if (r == 0 && !t.skip && row->group == OWNER_SERVER)
                        r = bind_env_file(b, item);
        } else if (n->kind == NODE_SCALAR && !node_is_null(n) && row->group == OWNER_LISTEN) {
                r = bind_value(b, schema_first(row->group), item, n); /* the address alone */
        } else {
                bind_say(b, DIAG_ERROR, n, "is %s, where a map of keys is expected",
                         node_is_null(n) ? "empty" : node_kind_name(n));
                t.skip = true;
        }
        *ret_keep = !t.skip;
        return r;
}

static int name_item(Bind *b, const SchemaRow *row, void *item, const Node *n)
{
        ConfigHead *head = item;
        const char *wrong = row->check_name ? row->check_name(n->key->text) : NULL;
        if (wrong)
                bind_say(b, DIAG_ERROR, n->key, "the name \"%.80s\" %s", n->key->text.ptr, wrong);
        head->line = n->key->line;
        head->col = n->key->col;
        head->name = arena_strdup(&b->config->arena, n->key->text);
        return head->name ? 0 : -ENOMEM;
}

static int bind_groups(Bind *b, const SchemaRow *row, ConfigGroup *group, const Node *n)
{
        const void *template = row->group == OWNER_SERVER ? b->server_template : NULL;
        NodeKind kind = row->named ? NODE_MAP : NODE_LIST;
        if (kind == NODE_LIST && row->group == OWNER_LISTEN && n->kind == NODE_SCALAR && !node_is_null(n)) {
                bind_say_list(b, n);
                return 0;
        }
        if (n->kind != kind && !node_is_null(n)) {
                bind_say(b, DIAG_ERROR, n, "is %s, where a %s is expected", node_kind_name(n),
                         row->named ? "map with names as its keys" : "list");
                return 0;
        }
        size_t size = schema_owner_size(row->group), kept = 0, index = 0;
        char *items = n->count ? arena_alloc_array(&b->config->arena, n->count, size) : NULL;
        if (n->count && !items)
                return -ENOMEM;

        for (const Node *c = n->first; c; c = c->next, index++) {
                void *item = items + kept * size;
                bool keep = false;
                size_t back;
                int r = row->named ? bind_path_key(b, c->key->text, &back) : bind_path_index(b, index, &back);
                if (r == 0)
                        r = begin_item(b, row, template, item, c);
                if (r == 0 && row->named)
                        r = name_item(b, row, item, c);
                if (r == 0)
                        r = bind_item(b, row, item, c, &keep);
                bind_path_back(b, back);
                if (r < 0)
                        return r;
                kept += keep;
        }
        *group = (ConfigGroup){items, kept};
        return 0;
}

/* ---- single values ------------------------------------------------------- */

/* The word replaces what a map wrote before (in `defaults`, say). */
static void clear_below(const SchemaRow *row, void *object)
{
        Span path = span_of(row->path);
        for (const SchemaRow *r = schema_first(row->owner); r; r = schema_next(r))
                if (span_starts(span_of(r->path), path) && r->path[path.len] == '.') {
                        assert(r->type == TYPE_LIST);
                        *(ConfigList *)value_field_rw(r, object) = (ConfigList){0};
                }
}

/* Says so when the key does nothing in this version. Its value is checked all the same. */
static void check_landed(Bind *b, const SchemaRow *row, const Node *n)
{
        if (schema_features[row->feature].present)
                return;
        if (row->owner != OWNER_ROOT && row->owner != OWNER_SERVER)
                return; /* said at the list or map that holds it */
        if (row->landed && n->kind == NODE_SCALAR && span_equal(n->text, span_of(row->landed)))
                return;
        if (b->planned) {
                b->pending++;
                return;
        }
        bind_say(b, DIAG_ERROR, n->key ? n->key : n, "has no effect yet: it comes with %s; take it out%s",
                 schema_feature_name(row->feature), b->place ? "" : ", or use --planned to check the rest");
}

static int bind_text_field(Bind *b, const SchemaRow *row, ConfigText *field, const Node *n,
                           const char **ret_raw, bool *ret_ok)
{
        ConfigText text = {0};
        int r = bind_text(b, row, span_of(schema_local_path(row)), n, &text, ret_ok);
        if (r < 0 || !*ret_ok)
                return r;
        bool none = row->none && strcmp(text.value, "none") == 0;
        *ret_raw = none ? text.raw : NULL; /* which the text, being none, cannot keep */
        *field = none ? (ConfigText){.line = text.line, .col = text.col} : text;
        return 0;
}

static int bind_field(Bind *b, const SchemaRow *row, void *object, const Node *n, const char **ret_raw,
                      bool *ret_ok)
{
        void *field = value_field_rw(row, object);
        *ret_ok = true;
        switch (row->type) {
        case TYPE_TEXT:
                return bind_text_field(b, row, field, n, ret_raw, ret_ok);
        case TYPE_JSON:
                return bind_json(b, field, n);
        case TYPE_LIST:
                return bind_list(b, row, field, n);
        case TYPE_MAP:
                return bind_map(b, row, field, n);
        case TYPE_GROUPS:
                return bind_groups(b, row, field, n);
        case TYPE_DEFAULTS:
                return 0; /* was read before the servers */
        default:
                return bind_scalar(b, row, field, n, ret_raw, ret_ok);
        }
}

int bind_value(Bind *b, const SchemaRow *row, void *object, const Node *n)
{
        const char *raw = NULL;
        bool ok;
        check_landed(b, row, n);
        int r = bind_field(b, row, object, n, &raw, &ok);
        if (r == 0 && schema_union_word(row) >= 0 && ok)
                clear_below(row, object);
        return r < 0 ? r : note_written(b, row, object, n, raw);
}

/* ---- the whole ----------------------------------------------------------- */

static int parse_default(Bind *b, const SchemaRow *row, void *object)
{
        Node *n = NULL;
        int r = node_parse(&b->config->arena, "default", span_of(row->def), b->diags, &n);
        assert(r <= 0);
        if (r < 0)
                return r;
        node_forget_places(n); /* it stands on no line of the file */
        return bind_field(b, row, object, n, &(const char *){NULL}, &(bool){false});
}

int bind_defaults(Bind *b, SchemaOwner owner, void *object)
{
        int r = 0;
        for (const SchemaRow *row = schema_first(owner); row && r == 0; row = schema_next(row)) {
                if (!row->def || strcmp(row->def, "[]") == 0 || strcmp(row->def, "{}") == 0)
                        continue;
                if (row->type == TYPE_TEXT && strcmp(row->def, "none") == 0)
                        continue;
                if (value_is_scalar(row)) {
                        CLEANUP(buf_done) Buf why = BUF_INIT(1024);
                        r = value_parse(row, span_of(row->def), value_field_rw(row, object), &why);
                        assert(r <= 0);
                } else {
                        r = parse_default(b, row, object);
                }
        }
        return r;
}

static int bind_server_defaults(Bind *b, const Node *root, ServerConfig *template)
{
        const Node *n = node_get(root, SPAN("defaults"));
        BindTarget t = {.owner = OWNER_SERVER, .object = template};
        int r = bind_defaults(b, OWNER_SERVER, template);
        if (r < 0 || !n)
                return r;
        size_t back;
        r = bind_path_key(b, SPAN("defaults"), &back);
        if (r == 0)
                r = bind_section(b, &t, n, SPAN_NONE, NULL);
        bind_path_back(b, back);
        return r;
}

int bind_root(Bind *b, const Node *root)
{
        BindTarget t = {.owner = OWNER_ROOT, .object = b->config};
        if (root->kind != NODE_MAP) {
                bind_say(b, DIAG_ERROR, root, "the configuration is %s, where a map of keys is expected",
                         node_kind_name(root));
                return 0;
        }
        ServerConfig template = {0};
        int r = bind_server_defaults(b, root, &template);
        b->server_template = &template;
        if (r == 0)
                r = bind_map_of_keys(b, &t, root, SPAN_NONE);
        b->server_template = NULL;
        return r;
}
