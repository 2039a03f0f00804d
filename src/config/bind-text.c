/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "config/bind-text.h"
#include "config/token-shape.h"
#include "config/value.h"

enum { QUOTED_SHOWN = 80 };

/* ---- where we are -------------------------------------------------------- */

int bind_path_key(Bind *b, Span key, size_t *ret_back)
{
        *ret_back = b->path.len;
        int r = b->path.len ? buf_append_char(&b->path, '.') : 0;
        return r < 0 ? r : buf_append_span(&b->path, key);
}

int bind_path_index(Bind *b, size_t i, size_t *ret_back)
{
        *ret_back = b->path.len;
        return buf_appendf(&b->path, "[%zu]", i);
}

void bind_path_back(Bind *b, size_t back)
{
        b->path.len = back;
        if (b->path.data)
                b->path.data[back] = '\0';
}

void bind_say(Bind *b, DiagSeverity severity, const Node *n, const char *fmt, ...)
{
        char text[512];
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        diag_add(b->diags, severity, node_at(b->file, n), b->path.len ? buf_text(&b->path) : NULL, "%s",
                 text);
}

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
        if (secret)
                r = bind_mask(b, n);
        bind_say(b, DIAG_ERROR, n, "%s %s", quoted.data, why);
        return r;
}

/* ---- texts --------------------------------------------------------------- */

static int refuse_kind(Bind *b, const SchemaRow *row, const Node *n)
{
        CLEANUP(buf_done) Buf type = BUF_INIT(1024);
        int r = value_is_scalar(row) ? value_type_text(row, &type) : buf_append_str(&type, "a text");
        if (r == 0)
                bind_say(b, DIAG_ERROR, n, "is %s, where %s is expected", node_kind_name(n), type.data);
        return r;
}

static int check_scalar(Bind *b, const SchemaRow *row, const Node *n, bool *ret_ok)
{
        *ret_ok = n->kind == NODE_SCALAR && !node_is_null(n);
        if (n->kind != NODE_SCALAR)
                return refuse_kind(b, row, n);
        if (!*ret_ok)
                bind_say(b, DIAG_ERROR, n,
                         "has no value: write one, or remove the key (\"\" is the empty text)");
        return 0;
}

/* The text with its references replaced, in `out`. */
static int expand_node(Bind *b, const Node *n, Buf *out, Expansion *ret, bool *ret_ok)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(EXPAND_WHY);
        *ret = (Expansion){0};
        *ret_ok = true;
        if (!b->env)
                return buf_append_span(out, n->text);
        int r = expand(b->env, n->text, out, ret, &why);
        if (r == EXPAND_E_INVALID) {
                *ret_ok = false;
                r = 0;
                bind_say(b, DIAG_ERROR, n, "%s", buf_text(&why));
        }
        return r;
}

static int keep_text(Bind *b, const Node *n, Span value, const Expansion *e, ConfigText *ret)
{
        ConfigText t = {.line = n->line, .col = n->col, .secret = e->secret};
        t.value = arena_strdup(&b->config->arena, value);
        if (!t.value)
                return -ENOMEM;
        if (e->references) {
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
                *ret_ok = false;
                return refuse_value(b, n, secret && !e.references, wrong);
        }
        warn_token(b, n);
        if (secret && !e.references)
                r = bind_mask(b, n);
        if (r == 0)
                r = keep_text(b, n, v, &e, ret);
        if (r == 0)
                ret->secret = secret;
        return r;
}

int bind_scalar(Bind *b, const SchemaRow *row, void *field, const Node *n, const char **ret_raw, bool *ret_ok)
{
        CLEANUP(buf_done) Buf value = BUF_INIT(LIMIT_CONFIG_VALUE);
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
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
        int r = node_to_json(n, &json);
        if (r == -ENOBUFS) {
                bind_say(b, DIAG_ERROR, n, "is longer than %d bytes", LIMIT_CONFIG_VALUE);
                return 0;
        }
        if (r < 0)
                return r;
        *text = (ConfigText){.line = n->line, .col = n->col};
        text->value = arena_strdup(&b->config->arena, buf_span(&json));
        return text->value ? 0 : -ENOMEM;
}

/* ---- lists and maps ------------------------------------------------------ */

static bool is_container(Bind *b, const SchemaRow *row, NodeKind kind, const Node *n)
{
        if (n->kind == kind || node_is_null(n))
                return true;
        if (kind == NODE_LIST && n->kind == NODE_SCALAR && row->type == TYPE_LIST) {
                CLEANUP(buf_done) Buf quoted = BUF_INIT(4096);
                int r = quote(n, row->secret, &quoted);
                bind_say(b, DIAG_ERROR, n, "is a list: write [%s]", r == 0 ? quoted.data : "...");
                return false;
        }
        bind_say(b, DIAG_ERROR, n, "is %s, where a %s is expected", node_kind_name(n),
                 kind == NODE_LIST ? "list" : "map");
        return false;
}

int bind_list(Bind *b, const SchemaRow *row, ConfigList *list, const Node *n)
{
        if (!is_container(b, row, NODE_LIST, n))
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

/* The first `n_before` items were there already; only they can have the name, a map's own are unique. */
static int bind_pair(Bind *b, const SchemaRow *row, ConfigPair *items, size_t n_before, size_t *n_items,
                     const Node *c)
{
        Span name = c->key->text;
        const char *wrong = row->check_name ? row->check_name(name) : NULL;
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
        if (!is_container(b, row, NODE_MAP, n))
                return 0;
        size_t room = map->n + n->count, kept = map->n;
        ConfigPair *items = room ? ARENA_NEW_N(&b->config->arena, ConfigPair, room) : NULL;
        if (room && !items)
                return -ENOMEM;
        if (map->n)
                memcpy(items, map->items, map->n * sizeof(*items));

        for (const Node *c = n->first; c; c = c->next) {
                size_t back;
                int r = bind_path_key(b, c->key->text, &back);
                if (r == 0)
                        r = bind_pair(b, row, items, map->n, &kept, c);
                bind_path_back(b, back);
                if (r < 0)
                        return r;
        }
        *map = (ConfigMap){items, kept};
        return 0;
}
