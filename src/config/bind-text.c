/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "config/bind-text.h"
#include "config/check.h"
#include "config/token-shape.h"
#include "config/value.h"

enum {
        QUOTED_SHOWN = 80,
        WHY_LONGEST = 16 * 1024, /* a path, and what is wrong with it */
};

/* ---- secrets ------------------------------------------------------------- */

/* Is it a secret for what the file itself says: its place, its name, its looks? */
static bool is_secret_place(const SchemaRow *row, Span name)
{
        return row->secret || (row->type == TYPE_MAP && row->check_name && token_name(name));
}

static void warn_token(Bind *b, const Node *n)
{
        const char *kind = token_shape(n->text);
        if (kind && b->env)
                bind_say(b, DIAG_WARNING, n,
                         "holds a literal %s: keep it in a file of mode 0600 and write ${file:PATH}", kind);
}

/* "text" as it may be shown: short, on one line, never a secret. */
static int quote(const Node *n, bool secret, Buf *out)
{
        if (secret || token_shape(n->text))
                return buf_append_str(out, "the value");
        size_t shown = MIN(n->text.len, (size_t)QUOTED_SHOWN);
        bool cut = shown < n->text.len;
        while (cut && shown > 0 && ((uint8_t)n->text.ptr[shown] & 0xc0) == 0x80)
                shown--; /* not in the middle of a character */
        int r = buf_append_char(out, '"');
        if (r == 0)
                r = buf_append_span(out, span_first(n->text, shown));
        return r < 0 ? r : buf_append_str(out, cut ? "...\"" : "\"");
}

static int refuse_value(Bind *b, const Node *n, bool secret, const char *why)
{
        CLEANUP(buf_done) Buf quoted = BUF_INIT(4096);
        int r = quote(n, secret, &quoted);
        if (r < 0)
                return r;
        if (secret || token_shape(n->text))
                r = mask_add(&b->masks, n);
        bind_say(b, DIAG_ERROR, n, "%s %s", quoted.data, why);
        return r;
}

/* ---- texts --------------------------------------------------------------- */

static int refuse_kind(Bind *b, const SchemaRow *row, const Node *n)
{
        static const char *const kinds[_SCHEMA_TYPE_MAX] = {
                [TYPE_TEXT] = "a text",
                [TYPE_LIST] = "a text",
                [TYPE_MAP] = "a text",
                [TYPE_UINT] = "a number",
                [TYPE_INT] = "a number",
                [TYPE_SIZE] = "a size",
                [TYPE_DURATION] = "a time",
                [TYPE_PERCENT] = "a percentage",
                [TYPE_RATIO] = "a number from 0 to 1",
                [TYPE_MODE] = "a file mode",
        };
        CLEANUP(buf_done) Buf type = BUF_INIT(1024);
        if (kinds[row->type] == NULL) {
                int r = value_type_text(row, &type);
                if (r < 0)
                        return r;
        }
        bind_say(b, DIAG_ERROR, n, "is %s, where %s is expected%s", node_kind_name(n),
                 kinds[row->type] ? kinds[row->type] : buf_text(&type),
                 row->check == check_command ? ": the program alone; put its arguments into `args`" : "");
        return 0;
}

static void refuse_null(Bind *b, const SchemaRow *row, const Node *n)
{
        bool text = row->type == TYPE_TEXT || row->type == TYPE_LIST || row->type == TYPE_MAP;
        bind_say(b, DIAG_ERROR, n, "has no value: write one, or remove the %s%s",
                 row->type == TYPE_LIST ? "item" : "key", text ? " (\"\" is the empty text)" : "");
}

static int check_scalar(Bind *b, const SchemaRow *row, const Node *n, bool *ret_ok)
{
        *ret_ok = n->kind == NODE_SCALAR && !node_is_null(n);
        if (n->kind != NODE_SCALAR)
                return refuse_kind(b, row, n);
        if (!*ret_ok)
                refuse_null(b, row, n);
        return 0;
}

/* The text with its references replaced, in `out`. */
static int expand_node(Bind *b, const Node *n, Buf *out, Expansion *ret, bool *ret_ok)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(WHY_LONGEST);
        *ret = (Expansion){0};
        *ret_ok = true;
        if (!b->env)
                return buf_append_span(out, n->text);
        int r = expand(b->env, n->text, out, ret, &why);
        if (r == EXPAND_E_INVALID) {
                *ret_ok = false;
                r = token_shape(n->text) ? mask_add(&b->masks, n) : 0;
                bind_say(b, DIAG_ERROR, n, "%s", buf_text(&why));
        }
        return r;
}

/* Is part of the secret written out beside its references: in the text, or as the default of one? */
static bool is_literal(Span raw)
{
        for (size_t at; (at = span_find_span(raw, SPAN(":-"))) < raw.len;) {
                raw = span_skip(raw, at + 2);
                if (!span_starts(raw, SPAN("}")))
                        return true;
        }
        return false;
}

static int keep_text(Bind *b, const Node *n, Span value, const Expansion *e, bool secret, ConfigText *ret)
{
        ConfigText t = {.line = n->line, .col = n->col, .secret = secret};
        t.value = arena_strdup(&b->config->arena, value);
        if (!t.value)
                return -ENOMEM;
        bool literal = token_shape(n->text) || (secret && is_literal(n->text));
        if (e->references && !literal) {
                t.raw = arena_strdup(&b->config->arena, n->text);
                if (!t.raw)
                        return -ENOMEM;
        }
        *ret = t;
        return 0;
}

int bind_text(Bind *b, const SchemaRow *row, Span name, const Node *n, ConfigText *ret, bool *ret_ok)
{
        CLEANUP(buf_done) Buf value = BUF_INIT(LIMIT_CONFIG_VALUE);
        Expansion e;
        int r = check_scalar(b, row, n, ret_ok);
        if (r == 0 && *ret_ok)
                r = expand_node(b, n, &value, &e, ret_ok);
        if (r < 0 || !*ret_ok)
                return r;

        Span v = span_from(buf_text(&value), value.len);
        bool secret = e.secret || is_secret_place(row, name) || token_shape(v);
        const char *wrong = row->none && span_equal(v, SPAN("none")) ? NULL
                            : row->check                             ? row->check(v)
                                                                     : NULL;
        if (wrong) {
                bool pasted = row->check == check_token_hash; /* the token itself, in the place of its hash */
                *ret_ok = false;
                return refuse_value(b, n, pasted || (secret && !e.references), wrong);
        }
        warn_token(b, n);
        if (secret && !e.secret && (!e.references || token_shape(n->text)))
                r = mask_add(&b->masks, n);
        if (r == 0)
                r = keep_text(b, n, v, &e, secret, ret);
        return r;
}

int bind_scalar(Bind *b, const SchemaRow *row, void *field, const Node *n, const char **ret_raw, bool *ret_ok)
{
        CLEANUP(buf_done) Buf value = BUF_INIT(LIMIT_CONFIG_VALUE);
        CLEANUP(buf_done) Buf why = BUF_INIT(WHY_LONGEST);
        Expansion e;
        *ret_raw = NULL;
        int r = check_scalar(b, row, n, ret_ok);
        if (r == 0 && *ret_ok)
                r = expand_node(b, n, &value, &e, ret_ok);
        if (r < 0 || !*ret_ok)
                return r;

        r = value_parse(row, span_from(buf_text(&value), value.len), field, &why);
        if (r == VALUE_E_INVALID) {
                *ret_ok = false;
                return refuse_value(b, n, false,
                                    e.references ? "stands for a value that does not fit here" : why.data);
        }
        if (r == 0 && e.references) {
                *ret_raw = arena_strdup(&b->config->arena, n->text);
                r = *ret_raw ? 0 : -ENOMEM;
        }
        return r;
}

int bind_json(Bind *b, ConfigText *text, const Node *n)
{
        CLEANUP(buf_done) Buf json = BUF_INIT(LIMIT_CONFIG_VALUE);
        size_t before = b->masks.n;
        int r = mask_nodes(&b->masks, n);
        bool secret = b->masks.n > before;
        if (r == 0)
                r = node_to_json(n, &json);
        if (r == -ENOBUFS) {
                bind_say(b, DIAG_ERROR, n, "is longer than %d bytes", LIMIT_CONFIG_VALUE);
                return 0;
        }
        if (r < 0)
                return r;
        *text = (ConfigText){.line = n->line, .col = n->col, .secret = secret};
        text->value = arena_strdup(&b->config->arena, buf_span(&json));
        return text->value ? 0 : -ENOMEM;
}

/* ---- lists and maps ------------------------------------------------------ */

void bind_say_list(Bind *b, const Node *n)
{
        CLEANUP(buf_done) Buf quoted = BUF_INIT(4096);
        bool shown = n->text.len <= QUOTED_SHOWN && span_find(n->text, '"') == n->text.len &&
                     span_find(n->text, '\\') == n->text.len && !token_shape(n->text);
        if (quote(n, false, &quoted) == 0)
                bind_say(b, DIAG_ERROR, n, "is a list: write [%s]", shown ? quoted.data : "...");
}

static bool is_container(Bind *b, NodeKind kind, const Node *n)
{
        if (n->kind == kind || node_is_null(n))
                return true;
        if (kind == NODE_LIST && n->kind == NODE_SCALAR) {
                bind_say_list(b, n);
                return false;
        }
        bind_say(b, DIAG_ERROR, n, "is %s, where a %s is expected", node_kind_name(n),
                 kind == NODE_LIST ? "list" : "map");
        return false;
}

int bind_list(Bind *b, const SchemaRow *row, ConfigList *list, const Node *n)
{
        if (!is_container(b, NODE_LIST, n))
                return 0;
        ConfigText *items = n->count ? ARENA_NEW_N(&b->config->arena, ConfigText, n->count) : NULL;
        if (n->count && !items)
                return -ENOMEM;

        size_t kept = 0, index = 0;
        for (const Node *c = n->first; c; c = c->next, index++) {
                size_t back;
                bool ok = false;
                int r = bind_path_index(b, index, &back);
                if (r == 0)
                        r = bind_text(b, row, SPAN_NONE, c, &items[kept], &ok);
                bind_path_back(b, back);
                if (r < 0)
                        return r;
                kept += ok;
        }
        *list = (ConfigList){items, kept};
        return 0;
}

static ConfigPair *find_pair(ConfigPair *items, size_t n, Span name)
{
        for (size_t i = 0; i < n; i++)
                if (span_equal(span_of(items[i].name), name))
                        return &items[i];
        return NULL;
}

/* A key that is a name and its value in one, or a token: nobody may see what is in it. */
static bool holds_value(Span name)
{
        return span_find(name, '=') < name.len || span_find(name, ':') < name.len || token_shape(name);
}

/* The first `n_before` items were there already; only they can have the name, a map's own are unique. */
static int bind_pair(Bind *b, const SchemaRow *row, ConfigPair *items, size_t n_before, size_t *n_items,
                     const Node *c)
{
        Span name = c->key->text;
        const char *wrong = row->check_name ? row->check_name(name) : NULL;
        if (wrong && holds_value(name)) {
                bind_say(b, DIAG_ERROR, c->key,
                         "a name is expected here, then \": \" and the value (not NAME=VALUE)");
                return mask_add(&b->masks, c->key);
        }
        if (wrong) {
                bind_say(b, DIAG_ERROR, c->key, "\"%.80s\" %s", name.ptr, wrong);
                return 0;
        }
        ConfigText text = {0};
        bool ok;
        int r = bind_text(b, row, name, c, &text, &ok);
        if (r < 0 || !ok)
                return r;

        ConfigPair *p = find_pair(items, n_before, name);
        if (!p) {
                p = &items[(*n_items)++];
                p->name = arena_strdup(&b->config->arena, name);
                if (!p->name)
                        return -ENOMEM;
        }
        p->text = text;
        return 0;
}

int bind_map(Bind *b, const SchemaRow *row, ConfigMap *map, const Node *n)
{
        if (!is_container(b, NODE_MAP, n))
                return 0;
        size_t room = map->n + n->count, kept = map->n;
        ConfigPair *items = room ? ARENA_NEW_N(&b->config->arena, ConfigPair, room) : NULL;
        if (room && !items)
                return -ENOMEM;
        if (map->n)
                memcpy(items, map->items, map->n * sizeof(*items));

        for (const Node *c = n->first; c; c = c->next) {
                size_t back;
                bool hide = row->check_name && row->check_name(c->key->text) && holds_value(c->key->text);
                int r = bind_path_key(b, hide ? SPAN("NAME") : c->key->text, &back);
                if (r == 0)
                        r = bind_pair(b, row, items, map->n, &kept, c);
                bind_path_back(b, back);
                if (r < 0)
                        return r;
        }
        *map = (ConfigMap){items, kept};
        return 0;
}
