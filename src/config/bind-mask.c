/* SPDX-License-Identifier: Apache-2.0 */
/* Which stretches of the text are never shown: the part of bind.h about masks. */

#include "config/bind.h"
#include "config/token-shape.h"

static int add(Bind *b, SourceMask m)
{
        if (b->n_masks == b->room_masks) {
                size_t room = MAX(b->room_masks * 2, (size_t)16);
                SourceMask *masks = realloc(b->masks, room * sizeof(*masks));
                if (!masks)
                        return -ENOMEM;
                b->masks = masks;
                b->room_masks = room;
        }
        b->masks[b->n_masks++] = m;
        return 0;
}

int bind_mask(Bind *b, const Node *n)
{
        return add(b, (SourceMask){n->line, n->col, n->end_line, n->end_col});
}

int bind_mask_tokens(Bind *b, const Node *n)
{
        int r = 0;
        if (n->kind == NODE_SCALAR)
                return token_shape(n->text) ? bind_mask(b, n) : 0;
        for (const Node *c = n->first; c && r == 0; c = c->next) {
                if (c->key)
                        r = bind_mask_tokens(b, c->key);
                if (r == 0)
                        r = bind_mask_tokens(b, c);
        }
        return r;
}

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Does a secret's name stand before this colon, with quotes or without? */
static bool names_secret(Span before)
{
        size_t end = before.len;
        while (end > 0 && strchr(" \"'", before.ptr[end - 1]))
                end--;
        size_t begin = end;
        while (begin > 0 && is_word(before.ptr[begin - 1]))
                begin--;
        return begin < end && token_name(span_skip(span_first(before, end), begin));
}

static bool is_secret_line(Span line)
{
        for (size_t i = 0; i < line.len; i++)
                if (line.ptr[i] == ':' && names_secret(span_first(line, i)))
                        return true;
        return token_shape(line) != NULL;
}

int bind_mask_lines(Bind *b, Span text)
{
        uint32_t number = 0;
        int r = 0;
        for (Span line; r == 0 && source_next_line(&text, &line);) {
                number++;
                if (is_secret_line(line))
                        r = add(b, (SourceMask){number, 1, number, UINT32_MAX});
        }
        return r;
}
