/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "config/bind.h"
#include "config/expand.h"
#include "config/print.h"
#include "config/schema.h"
#include "config/value.h"
#include "config/written.h"

typedef struct Printer {
        Buf *buf;
        const Config *defaults;
        unsigned indent;
        char open[256]; /* the section whose heading was printed last, relative to the struct */
} Printer;

enum { INDENT = 2 };

/* ---- texts --------------------------------------------------------------- */

/* Would a YAML 1.1 or 1.2 reader take it for anything but a text? */
static bool looks_typed(Span s)
{
        static const char *const words[] = {"null", "true", "false", "yes",  "no",   "on",
                                            "off",  "y",    "n",     "none", "never"};
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (span_equal_nocase(s, span_of(words[i])))
                        return true;
        return strchr("0123456789.+-~=<", s.ptr[0]) != NULL;
}

static bool is_plain(Span s)
{
        if (s.len == 0 || looks_typed(s))
                return false;
        for (size_t i = 0; i < s.len; i++) {
                char c = s.ptr[i];
                bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                if (!word && !strchr("_/.-@", c) && !(c == ':' && i + 1 < s.len && s.ptr[i + 1] != ' '))
                        return false;
        }
        return strchr("-.@:", s.ptr[0]) == NULL && s.ptr[s.len - 1] != ':';
}

/* What libyaml refuses to read or takes for the end of a line, though JSON lets it stand: its code
 * point, 0 for all else. */
static unsigned unreadable(Span s)
{
        uint8_t a = (uint8_t)s.ptr[0], b = s.len > 1 ? (uint8_t)s.ptr[1] : 0,
                c = s.len > 2 ? (uint8_t)s.ptr[2] : 0;
        if (a == 0x7f)
                return a;
        if (a == 0xc2 && b < 0xa0) /* C1 */
                return b;
        if (a == 0xe2 && b == 0x80 && (c == 0xa8 || c == 0xa9)) /* line and paragraph separator */
                return 0x2000 | (c & 0x3f);
        if (a == 0xef && b == 0xbb && c == 0xbf) /* byte order mark */
                return 0xfeff;
        return a == 0xef && b == 0xbf && c >= 0xbe ? 0xffc0 | (c & 0x3f) : 0;
}

/* Quoted texts of JSON, so that YAML reads the same. */
static int put_json(Buf *b, Span s)
{
        int r = 0;
        while (s.len && r == 0) {
                size_t n = MAX(utf8_sequence(s), (size_t)1);
                unsigned code = unreadable(s);
                r = code ? buf_appendf(b, "\\u%04x", code) : buf_append(b, s.ptr, n);
                s = span_skip(s, n);
        }
        return r;
}

int config_quote(Buf *b, Span s)
{
        CLEANUP(buf_done) Buf json = BUF_INIT(BUF_CAP_NONE);
        if (is_plain(s))
                return buf_append_span(b, s);
        int r = json_quote(&json, s);
        return r < 0 ? r : put_json(b, buf_span(&json));
}

static int put_text(Printer *p, const ConfigText *t, const char *name)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r;
        if (t->raw)
                return config_quote(p->buf, span_of(t->raw));
        bool masked = t->secret && !span_starts(span_of(t->value), SPAN("<secret:"));
        if (masked)
                r = buf_appendf(&text, "<secret:%s>", name);
        else
                r = expand_quote(span_of(t->value), &text);
        return r < 0 ? r : config_quote(p->buf, buf_span(&text));
}

static int put_list(Printer *p, const ConfigList *l, const char *name)
{
        int r = buf_append_char(p->buf, '[');
        for (size_t i = 0; i < l->n && r == 0; i++) {
                r = i ? buf_append_str(p->buf, ", ") : 0;
                if (r == 0)
                        r = put_text(p, &l->items[i], name);
        }
        return r < 0 ? r : buf_append_char(p->buf, ']');
}

static int put_indent(Printer *p, unsigned more)
{
        return buf_appendf(p->buf, "%*s", (int)(p->indent + more), "");
}

static int put_map(Printer *p, const ConfigMap *m, unsigned more)
{
        int r = 0;
        for (size_t i = 0; i < m->n && r == 0; i++) {
                r = buf_append_char(p->buf, '\n');
                if (r == 0)
                        r = put_indent(p, more + INDENT);
                if (r == 0)
                        r = config_quote(p->buf, span_of(m->items[i].name));
                if (r == 0)
                        r = buf_append_str(p->buf, ": ");
                if (r == 0)
                        r = put_text(p, &m->items[i].text, m->items[i].name);
        }
        return r;
}

/* ---- keys ---------------------------------------------------------------- */

static size_t shared_parts(const char *a, const char *b)
{
        size_t same = 0;
        for (size_t i = 0; a[i] && a[i] == b[i]; i++)
                if (a[i] == '.')
                        same = i + 1;
        return same;
}

/* Headings of the sections between the last key and this one, then the key itself. *ret_more is how
 * much deeper than the struct it stands. */
static int put_key(Printer *p, const char *local, unsigned *ret_more)
{
        size_t same = shared_parts(p->open, local);
        unsigned more = 0;
        for (size_t i = 0; i < same; i++)
                more += local[i] == '.' ? INDENT : 0;

        Span rest = span_of(local + same), part;
        int r = 0;
        while (r == 0 && span_next(&rest, '.', &part)) {
                r = put_indent(p, more);
                if (r == 0)
                        r = buf_append_span(p->buf, part);
                if (r == 0)
                        r = buf_append_str(p->buf, rest.ptr ? ":\n" : ":");
                if (rest.ptr)
                        more += INDENT;
        }
        (void)snprintf(p->open, sizeof(p->open), "%s", local);
        *ret_more = more;
        return r;
}

static int put_struct(Printer *p, SchemaOwner owner, const void *object, const void *plain);

/* A list of small structs: one line each, in braces. */
static int put_inline(Printer *p, SchemaOwner owner, const void *object)
{
        int r = buf_append_char(p->buf, '{'), n = 0;
        for (const SchemaRow *row = schema_first(owner); row && r == 0; row = schema_next(row)) {
                const ConfigText *text = value_field(row, object);
                const ConfigWritten *w = config_written(object, row);
                if (!w)
                        continue;
                r = buf_appendf(p->buf, "%s%s: ", n++ ? ", " : "", schema_local_path(row));
                if (r == 0 && row->type == TYPE_JSON && text->secret)
                        r = buf_appendf(p->buf, "\"<secret:%s>\"", schema_local_path(row));
                else if (r == 0 && row->type == TYPE_JSON)
                        r = put_json(p->buf, span_of(text->value));
                else if (r == 0 && row->type == TYPE_TEXT)
                        r = put_text(p, text, schema_local_path(row));
                else if (r == 0 && w->raw)
                        r = config_quote(p->buf, span_of(w->raw));
                else if (r == 0)
                        r = value_format(row, text, p->buf);
        }
        return r < 0 ? r : buf_append_char(p->buf, '}');
}

static int put_items(Printer *p, const SchemaRow *row, const ConfigGroup *g, unsigned more)
{
        size_t size = schema_owner_size(row->group);
        int r = g->n ? 0 : buf_append_str(p->buf, " []");
        for (size_t i = 0; i < g->n && r == 0; i++) {
                r = buf_append_char(p->buf, '\n');
                if (r == 0)
                        r = put_indent(p, more + INDENT);
                if (r == 0)
                        r = buf_append_str(p->buf, "- ");
                if (r == 0)
                        r = put_inline(p, row->group, (const char *)g->items + i * size);
        }
        return r < 0 ? r : buf_append_char(p->buf, '\n');
}

/* What a struct of this kind is without a word about it in the file. */
static int plain_struct(SchemaOwner owner, Config *scratch, void **ret)
{
        void *plain = arena_alloc(&scratch->arena, schema_owner_size(owner));
        DiagList none;
        Bind b;
        if (!plain)
                return -ENOMEM;
        diag_list_init(&none);
        bind_init(&b, scratch, "default", NULL, &none);
        int r = bind_defaults(&b, owner, plain);
        bind_done(&b);
        diag_list_done(&none);
        *ret = plain;
        return r;
}

static int put_named(Printer *p, const SchemaRow *row, const ConfigGroup *g, unsigned more)
{
        CLEANUP(config_unref_p) Config *scratch = NULL;
        size_t size = schema_owner_size(row->group);
        void *plain;
        Printer inner = {.buf = p->buf, .indent = p->indent + more + 2 * INDENT};
        int r = config_new(&scratch);
        if (r == 0)
                r = plain_struct(row->group, scratch, &plain);
        if (r == 0)
                r = buf_append_char(p->buf, '\n');
        for (size_t i = 0; i < g->n && r == 0; i++) {
                const void *item = (const char *)g->items + i * size;
                const ConfigHead *head = item;
                r = put_indent(p, more + INDENT);
                if (r == 0)
                        r = config_quote(p->buf, span_of(head->name));
                if (r == 0)
                        r = buf_append_char(p->buf, ':');
                size_t heading = p->buf->len;
                if (r == 0)
                        r = buf_append_char(p->buf, '\n');
                if (r == 0) {
                        inner.open[0] = '\0';
                        r = put_struct(&inner, row->group, item, plain);
                }
                if (r == 0 && p->buf->len == heading + 1) { /* nothing in it */
                        p->buf->len = heading;
                        r = buf_append_str(p->buf, " {}\n");
                }
        }
        return r;
}

static int put_value(Printer *p, const SchemaRow *row, const void *field, const char *raw, unsigned more)
{
        const ConfigText *text = field;
        const ConfigMap *map = field;
        const char *local = schema_local_path(row), *dot = strrchr(local, '.');
        const char *name = dot ? dot + 1 : local;
        int r;
        if (row->type == TYPE_GROUPS)
                return (row->named ? put_named : put_items)(p, row, field, more);
        if (row->type == TYPE_MAP && map->n) {
                r = put_map(p, map, more);
                return r < 0 ? r : buf_append_char(p->buf, '\n');
        }
        r = buf_append_char(p->buf, ' ');
        if (r < 0)
                return r;
        if (raw)
                r = config_quote(p->buf, span_of(raw));
        else if (row->type == TYPE_TEXT)
                r = text->value ? put_text(p, text, name) : buf_append_str(p->buf, "none");
        else if (row->type == TYPE_LIST)
                r = put_list(p, field, name);
        else if (row->type == TYPE_MAP)
                r = buf_append_str(p->buf, "{}");
        else
                r = value_format(row, field, p->buf);
        return r < 0 ? r : buf_append_char(p->buf, '\n');
}

static bool groups_equal(const SchemaRow *row, const ConfigGroup *a, const ConfigGroup *b)
{
        /* Only the listeners have a default that is not empty; it has no places in a file. */
        const ConfigHead *first = a->n ? a->items : NULL;
        return a->n == b->n && (a->n == 0 || (row->group == OWNER_LISTEN && !first->line));
}

/* A word that cannot be written: it stands for the map below it, or for "as the profile says". */
static bool is_silent_word(const SchemaRow *row, const void *field)
{
        return row->type == TYPE_ENUM && !row->words[*(const int *)field][0];
}

/* Is it in the map that stands for a word of `above`? Then it is printed, be it empty. */
static bool stands_for_word(const SchemaRow *row, const SchemaRow *above, const void *object)
{
        if (!above || !span_starts(span_of(row->path), span_of(above->path)))
                return false;
        const int *word = value_field(above, object);
        return row->path[strlen(above->path)] == '.' && *word == schema_union_word(above);
}

static int put_row(Printer *p, const SchemaRow *row, bool stands, const void *object, const void *plain)
{
        const ConfigWritten *w = config_written(object, row);
        const void *field = value_field(row, object), *def = value_field(row, plain);
        unsigned more;
        bool needed = stands || row->required || (w && w->raw);
        if (row->internal || row->type == TYPE_DEFAULTS || (!w && !stands) || is_silent_word(row, field))
                return 0;
        bool same = row->type == TYPE_GROUPS ? groups_equal(row, field, def) : value_equal(row, field, def);
        if (same && !needed)
                return 0;
        int r = put_key(p, schema_local_path(row), &more);
        return r < 0 ? r : put_value(p, row, field, w ? w->raw : NULL, more);
}

static int put_struct(Printer *p, SchemaOwner owner, const void *object, const void *plain)
{
        const SchemaRow *above = NULL; /* the last union: what stands for its word follows it */
        int r = 0;
        for (const SchemaRow *row = schema_first(owner); row && r == 0; row = schema_next(row)) {
                if (schema_union_word(row) >= 0)
                        above = row;
                r = put_row(p, row, stands_for_word(row, above, object), object, plain);
        }
        return r;
}

int config_print(const Config *c, Buf *b)
{
        CLEANUP(config_unref_p) Config *plain = NULL;
        Printer p = {.buf = b};
        int r = config_new(&plain);
        if (r == 0)
                r = put_struct(&p, OWNER_ROOT, c, plain);
        if (r == 0 && c->servers.n == 0)
                r = buf_append_str(b, "servers: {}\n");
        return r;
}

/* ---- the defaults -------------------------------------------------------- */

static int put_default(Printer *p, const SchemaRow *row)
{
        unsigned more;
        if (row->internal || row->type == TYPE_DEFAULTS || row->group == OWNER_SERVER ||
            row->group == OWNER_VIEW)
                return 0;
        int r = put_key(p, schema_local_path(row), &more);
        if (r == 0 && row->def)
                r = row->type == TYPE_MODE ? buf_appendf(p->buf, " \"%s\"", row->def)
                                           : buf_appendf(p->buf, " %s", row->def);
        return r < 0 ? r : buf_append_char(p->buf, '\n');
}

int config_print_defaults(Buf *b)
{
        Printer p = {.buf = b};
        int r = 0;
        for (const SchemaRow *row = schema_first(OWNER_ROOT); row && r == 0; row = schema_next(row))
                if (row->def)
                        r = put_default(&p, row);
        if (r == 0)
                r = buf_append_str(b, "defaults:\n");
        p.indent = INDENT;
        p.open[0] = '\0';
        for (const SchemaRow *row = schema_first(OWNER_SERVER); row && r == 0; row = schema_next(row))
                if (row->def)
                        r = put_default(&p, row);
        return r < 0 ? r : buf_append_str(b, "servers: {}\n");
}
