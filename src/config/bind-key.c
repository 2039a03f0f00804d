/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/parse.h"
#include "config/bind-key.h"
#include "config/bind-text.h"
#include "config/foreign.h"
#include "config/value.h"

/* Our own name for it must not stand in the same map too. */
static int bind_alias(Bind *b, BindTarget *t, const ForeignRow *f, const Node *n)
{
        const SchemaRow *row = schema_find(t->owner, span_of(f->text));
        const Node *other = t->map;
        Span rest = span_of(f->text), part;
        while (other && span_next(&rest, '.', &part))
                other = node_get(other, part);
        if (other) {
                bind_say(b, DIAG_ERROR, n->key,
                         "means the same as `%s`, which is on line %u: keep one of them", f->text,
                         other->key->line);
                return 0;
        }
        return bind_value(b, row, t->object, n);
}

static void bind_transport(Bind *b, BindTarget *t, const ForeignRow *f, const Node *n)
{
        if (n->kind == NODE_SCALAR && span_equal_nocase(n->text, SPAN("stdio")))
                return;
        bind_say(b, DIAG_ERROR, n, "%s", f->text);
        t->skip = true;
}

static void bind_disabled(Bind *b, BindTarget *t, const Node *n)
{
        const ConfigHead *head = t->object;
        bool value; /* false: true was met before its server was read */
        if (!head->name)
                bind_say(b, DIAG_ERROR, n->key, "is for one server: it cannot stand in `defaults`");
        else if (n->kind != NODE_SCALAR || parse_bool(n->text, &value) < 0)
                bind_say(b, DIAG_ERROR, n, "is not true or false");
}

static int bind_foreign(Bind *b, BindTarget *t, const ForeignRow *f, const Node *n)
{
        switch (f->act) {
        case FOREIGN_ALIAS:
                return bind_alias(b, t, f, n);
        case FOREIGN_SILENT:
                return 0;
        case FOREIGN_IGNORE:
                bind_say(b, DIAG_WARNING, n->key, "%s", f->text);
                return 0;
        case FOREIGN_REFUSE:
                if (!t->skip) /* once is enough for `type: http` and its `url` */
                        bind_say(b, DIAG_ERROR, n->key, "%s", f->text);
                t->skip = true;
                return 0;
        case FOREIGN_TYPE:
                bind_transport(b, t, f, n);
                return 0;
        default:
                bind_disabled(b, t, n);
                return 0;
        }
}

int bind_section(Bind *b, BindTarget *t, const Node *n, Span path, const SchemaRow *row)
{
        if (node_is_null(n))
                return 0;
        if (n->kind != NODE_MAP) {
                bind_say(b, DIAG_ERROR, n, "is %s, where a map of keys is expected", node_kind_name(n));
                return 0;
        }
        if (row) {
                int word = schema_union_word(row);
                memcpy(value_field_rw(row, t->object), &word, sizeof(word));
        }
        return bind_map_of_keys(b, t, n, path);
}

static int bind_key(Bind *b, BindTarget *t, const Node *n, Span path)
{
        const SchemaRow *row = schema_find(t->owner, path);
        bool below = (!row || n->kind == NODE_MAP) && schema_has_below(t->owner, path);
        if (row && !below)
                return bind_value(b, row, t->object, n);
        if (below)
                return bind_section(b, t, n, path, row);

        bool top = span_find(path, '.') == path.len;
        const ForeignRow *f = top ? foreign_find(t->owner, path) : NULL;
        if (f)
                return bind_foreign(b, t, f, n);
        bind_say_unknown(b, t->owner, n, span_first(path, path.len - MIN(path.len, n->key->text.len + 1)));
        return 0;
}

int bind_map_of_keys(Bind *b, BindTarget *t, const Node *map, Span prefix)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(LIMIT_KEY_PATH);
        if (prefix.len == 0)
                t->map = map;
        for (const Node *c = map->first; c; c = c->next) {
                size_t back;
                if (span_find(c->key->text, '.') < c->key->text.len) {
                        bind_say(b, DIAG_ERROR, c->key,
                                 "\"%.80s\" is not known: keys stand inside each other, they are not joined "
                                 "by dots",
                                 c->key->text.ptr);
                        continue;
                }
                buf_clear(&path);
                int r = buf_append_span(&path, prefix);
                if (r == 0 && prefix.len)
                        r = buf_append_char(&path, '.');
                if (r == 0)
                        r = buf_append_span(&path, c->key->text);
                if (r == -ENOBUFS) {
                        bind_say(b, DIAG_ERROR, c->key, "a key of %zu bytes", c->key->text.len);
                        continue;
                }
                if (r == 0)
                        r = bind_path_key(b, c->key->text, &back);
                if (r < 0)
                        return r;
                r = bind_key(b, t, c, buf_span(&path));
                bind_path_back(b, back);
                if (r < 0)
                        return r;
        }
        return 0;
}
