/* SPDX-License-Identifier: Apache-2.0 */
#include "config/mask.h"
#include "config/schema.h"
#include "config/source-guess.h"
#include "config/token-shape.h"

void mask_done(MaskList *l)
{
        free(l->items);
        *l = (MaskList){0};
}

int mask_add(MaskList *l, const Node *n)
{
        if (l->n == l->room) {
                size_t room = MAX(l->room * 2, (size_t)16);
                SourceMask *items = realloc(l->items, room * sizeof(*items));
                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->room = room;
        }
        l->items[l->n++] = (SourceMask){n->line, n->col, n->end_line, n->end_col};
        return 0;
}

/* A key of ours that holds no secret, though its name says so: the path of a key, say. */
static bool is_harmless(Span key)
{
        for (size_t i = 0; i < schema_table_size; i++) {
                const char *path = schema_table[i].path, *dot = strrchr(path, '.');
                if (!schema_table[i].secret && span_equal(span_of(dot ? dot + 1 : path), key))
                        return true;
        }
        return false;
}

bool mask_is_secret_key(Span key)
{
        return token_name(key) && !is_harmless(key);
}

/* Maps of other programs, or of ours, in which every value is one. */
static bool holds_secrets(Span key)
{
        return span_equal(key, SPAN("headers")) || span_equal(key, SPAN("secrets"));
}

/* One reference and nothing else: says where a secret is, not what it is. */
static bool is_reference(Span s)
{
        return span_starts(s, SPAN("${")) && span_find(s, '}') == s.len - 1 &&
               span_find_span(s, SPAN(":-")) == s.len;
}

/* Also where a line was written wrongly: `- API_KEY=text`, or no space after the colon. */
static bool is_secret_text(Span s)
{
        return token_shape(s) || source_guess_assigns(s);
}

/* The depth of the tree is bounded: LIMIT_CONFIG_DEPTH. */
static int mask_below(MaskList *l, const Node *n, bool all)
{
        if (n->kind == NODE_SCALAR)
                return (all && !is_reference(n->text)) || is_secret_text(n->text) ? mask_add(l, n) : 0;
        int r = 0;
        bool secrets = all || (n->key && n->kind == NODE_MAP && holds_secrets(n->key->text));
        for (const Node *c = n->first; c && r == 0; c = c->next) {
                if (c->key && is_secret_text(c->key->text)) /* a token in the place of a name */
                        r = mask_add(l, c->key);
                if (r == 0)
                        r = mask_below(l, c, secrets || (c->key && mask_is_secret_key(c->key->text)));
        }
        return r;
}

int mask_nodes(MaskList *l, const Node *n)
{
        return mask_below(l, n, false);
}
