/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "config/bind-say.h"
#include "config/foreign.h"

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
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(b->diags, severity, node_at(b->file, n), b->path.len ? buf_text(&b->path) : NULL, fmt, ap);
        va_end(ap);
}

/* ---- a key that nobody knows: what may have been meant, and where it belongs */

typedef struct KnownKeys {
        Nearest nearest;
        Buf list;
        char best[64];
} KnownKeys;

static void offer_key(void *data, Span key)
{
        KnownKeys *k = data;
        char text[64];
        if (key.len >= sizeof(text))
                return;
        memcpy(text, key.ptr, key.len);
        text[key.len] = '\0';
        const char *before = k->nearest.best;
        unsigned distance = k->nearest.distance;
        nearest_offer(&k->nearest, text);
        if (k->nearest.best != before || k->nearest.distance != distance) {
                memcpy(k->best, text, key.len + 1);
                k->nearest.best = k->best;
        }
        if (buf_appendf(&k->list, "%s%s", k->list.len ? ", " : "", text) < 0)
                buf_clear(&k->list);
}

/* The full path of a key that stands elsewhere in the same struct, and only there: `memory` is
 * sandbox.memory. */
static const char *find_elsewhere(SchemaOwner owner, Span key)
{
        const char *found = NULL;
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row)) {
                const char *local = schema_local_path(row), *dot = strrchr(local, '.');
                if (!dot || row->internal || !span_equal(span_of(dot + 1), key))
                        continue;
                if (found)
                        return NULL;
                found = local;
        }
        return found;
}

/* Whose key it is when it stands in the wrong place. */
static const char *find_owner(Span key)
{
        if (schema_find(OWNER_SERVER, key) || schema_has_below(OWNER_SERVER, key))
                return "a server (under servers.NAME, or under `defaults` for all of them)";
        if (schema_find(OWNER_ROOT, key) || schema_has_below(OWNER_ROOT, key))
                return "the whole file, and stands at its left edge";
        return NULL;
}

void bind_say_unknown(Bind *b, SchemaOwner owner, const Node *n, Span prefix)
{
        enum { LISTED = 12 * 16 };
        KnownKeys k = {.nearest = NEAREST_INIT(n->key->text), .list = BUF_INIT(LISTED)};
        schema_each_below(owner, prefix, offer_key, &k);
        for (size_t i = 0; i < foreign_table_size; i++)
                if (foreign_table[i].owner == owner && prefix.len == 0 &&
                    foreign_table[i].act == FOREIGN_ALIAS)
                        offer_key(&k, span_of(foreign_table[i].key));

        const char *elsewhere = find_elsewhere(owner, n->key->text), *of = find_owner(n->key->text);
        if (elsewhere)
                bind_say(b, DIAG_ERROR, n->key, "is not known here (did you mean %s?)", elsewhere);
        else if (of && owner != OWNER_VIEW)
                bind_say(b, DIAG_ERROR, n->key, "is not known here: it is a key of %s", of);
        else if (k.nearest.best)
                bind_say(b, DIAG_ERROR, n->key, "is not known (did you mean %s?)", k.best);
        else if (k.list.len && prefix.len)
                bind_say(b, DIAG_ERROR, n->key, "is not known; here may stand: %s", k.list.data);
        else
                bind_say(b, DIAG_ERROR, n->key, "is not known");
        buf_done(&k.list);
}
