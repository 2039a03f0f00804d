/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/splice.h"

void splice_init(Splice *s, Span text)
{
        s->text = text;
        s->n = 0;
}

/* Whether `a`, which came later, stands before `b`: what only puts something in goes before what replaces
 * there, and after what was put in before it. */
static bool stands_before(const SpliceEdit *a, const SpliceEdit *b)
{
        return a->at < b->at || (a->at == b->at && a->cut == 0 && b->cut > 0);
}

void splice_replace(Splice *s, Span old, Span put)
{
        assert(s->n < SPLICE_EDITS);
        assert(old.ptr >= s->text.ptr && old.ptr + old.len <= s->text.ptr + s->text.len);
        SpliceEdit edit = {(size_t)(old.ptr - s->text.ptr), old.len, put};
        unsigned i = s->n++;
        for (; i > 0 && stands_before(&edit, &s->edits[i - 1]); i--)
                s->edits[i] = s->edits[i - 1];
        s->edits[i] = edit;
        assert(i == 0 || s->edits[i - 1].at + s->edits[i - 1].cut <= edit.at);
        assert(i + 1 == s->n || edit.at + edit.cut <= s->edits[i + 1].at);
}

size_t splice_length(const Splice *s)
{
        size_t n = s->text.len;
        for (unsigned i = 0; i < s->n; i++)
                n = n - s->edits[i].cut + s->edits[i].put.len;
        return n;
}

static void add_part(Span ret[static SPLICE_PARTS], unsigned *n, Span part)
{
        if (part.len)
                ret[(*n)++] = part;
}

unsigned splice_parts(const Splice *s, Span ret[static SPLICE_PARTS])
{
        unsigned n = 0;
        size_t at = 0;
        for (unsigned i = 0; i < s->n; i++) {
                const SpliceEdit *edit = &s->edits[i];
                add_part(ret, &n, span_from(s->text.ptr + at, edit->at - at));
                add_part(ret, &n, edit->put);
                at = edit->at + edit->cut;
        }
        add_part(ret, &n, span_skip(s->text, at));
        return n;
}

int splice_append(const Splice *s, Buf *b)
{
        Span parts[SPLICE_PARTS];
        unsigned n = splice_parts(s, parts);
        char *room;
        int r = buf_reserve(b, splice_length(s), &room);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < n; i++) {
                memcpy(room, parts[i].ptr, parts[i].len);
                room += parts[i].len;
        }
        buf_commit(b, splice_length(s));
        return 0;
}
