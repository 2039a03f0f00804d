/* SPDX-License-Identifier: Apache-2.0 */
#include "config/override.h"
#include "config/bind-say.h"

typedef struct Override {
        const char *place; /* of the snapshot */
        Span key, value;   /* value.ptr NULL: there is no = */
} Override;

static int parse(Bind *b, const char *text, Override *ret)
{
        Span s = span_of(text);
        size_t equals = span_find(s, '='), blank = span_find(span_first(s, equals), ' ');
        Span place = blank < equals ? span_first(s, blank) : SPAN(OVERRIDE_PLACE);
        Span key = span_first(s, equals);
        if (blank < equals)
                key = span_skip(key, blank + 1);
        char *kept = arena_strdup(&b->config->arena, place);
        if (!kept)
                return -ENOMEM;
        *ret = (Override){kept, key, equals < s.len ? span_skip(s, equals + 1) : SPAN_NONE};
        return 0;
}

PRINTF(3, 4) static int refuse(Bind *b, const Override *o, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(b->diags, DIAG_ERROR, (DiagAt){.file = o->place}, NULL, fmt, ap);
        va_end(ap);
        return 0;
}

/* Servers and views have names of their own and may be many: they are the file's. */
static bool can_be_set(const SchemaRow *row)
{
        return row && row->type != TYPE_DEFAULTS && !row->named && !row->internal;
}

static int bind_here(Bind *b, const SchemaRow *row, const Override *o, Node *n)
{
        const char *file = b->file;
        size_t back;
        node_forget_places(n);
        b->file = b->place = o->place;
        int r = bind_path_key(b, o->key, &back);
        if (r == 0)
                r = bind_value(b, row, b->config, n);
        bind_path_back(b, back);
        b->file = file;
        b->place = NULL;
        return r;
}

int override_bind(Bind *b, Arena *nodes, const char *text)
{
        Override o;
        Node *n = NULL;
        int r = parse(b, text, &o);
        if (r < 0)
                return r;
        const SchemaRow *row = schema_find(OWNER_ROOT, o.key);
        if (o.key.len == 0 || !o.value.ptr)
                return refuse(b, &o, "is not KEY=VALUE");
        if (!can_be_set(row))
                return refuse(b, &o, "\"%.*s\" is no key of the file that can be set here",
                              (int)MIN(o.key.len, (size_t)80), o.key.ptr);
        r = node_parse(nodes, o.place, o.value, b->diags, &n);
        if (r != 0)
                return MIN(r, 0);
        if (!n)
                return refuse(b, &o, "%s: there is no value", row->path);
        return bind_here(b, row, &o, n);
}
