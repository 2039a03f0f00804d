/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line-splitter.h"

enum { PART_STEP = 256 };

void line_splitter_init(LineSplitter *l)
{
        *l = (LineSplitter){0};
}

void line_splitter_done(LineSplitter *l)
{
        free(l->part);
        *l = (LineSplitter){0};
}

static void line_splitter_shrink(LineSplitter *l)
{
        free(l->part);
        l->part = NULL;
        l->size = 0;
}

static bool line_splitter_room(LineSplitter *l, size_t n)
{
        if (l->size - l->len >= n)
                return true;
        size_t size = MIN(MAX(l->len + n, l->size * 2), (size_t)LIMIT_LOG_LINE);
        size = (size + PART_STEP - 1) / PART_STEP * PART_STEP;
        char *part = realloc(l->part, size);
        if (!part)
                return false;
        l->part = part;
        l->size = size;
        return true;
}

/* Moves n bytes from the front of *bytes into the part, which has the room. */
static void line_splitter_keep(LineSplitter *l, Span *bytes, size_t n, Nsec now)
{
        if (l->len == 0)
                l->since = now;
        if (n)
                memcpy(l->part + l->len, bytes->ptr, n);
        l->len += n;
        *bytes = span_skip(*bytes, n);
}

static Line line_splitter_give(LineSplitter *l, Span text, bool partial)
{
        l->len = 0;
        l->midway = partial;
        return (Line){.text = text, .partial = partial};
}

/* The piece that ends n bytes from here: in one place already, or put there. When there is no memory for
 * that, it is only what was kept, and *ret_whole is false. */
static Span line_splitter_join(LineSplitter *l, Span *bytes, size_t n, bool *ret_whole)
{
        Span text = span_first(*bytes, n);

        *ret_whole = true;
        if (l->len == 0) {
                *bytes = span_skip(*bytes, n);
                return text;
        }
        *ret_whole = line_splitter_room(l, n);
        if (*ret_whole)
                line_splitter_keep(l, bytes, n, l->since);
        return span_from(l->part, l->len);
}

bool line_splitter_next(LineSplitter *l, Span *bytes, Nsec now, Line *ret)
{
        bool whole;

        while (bytes->len) {
                size_t room = LIMIT_LOG_LINE - l->len;
                size_t end = span_find(span_first(*bytes, room + 1), '\n');

                if (end > room) { /* only now is it known that the line does not end at the cap */
                        *ret = line_splitter_give(l, line_splitter_join(l, bytes, room, &whole), true);
                        return true;
                }
                if (end == bytes->len) {
                        if (line_splitter_room(l, end)) {
                                line_splitter_keep(l, bytes, end, now);
                                return false;
                        }
                        Span rest = *bytes;
                        if (l->len == 0)
                                *bytes = SPAN_NONE;
                        *ret = line_splitter_give(l, l->len ? span_from(l->part, l->len) : rest, true);
                        return true;
                }

                Span text = line_splitter_join(l, bytes, end, &whole);
                if (!whole) {
                        *ret = line_splitter_give(l, text, true);
                        return true;
                }
                *bytes = span_skip(*bytes, 1);
                if (text.len && text.ptr[text.len - 1] == '\r')
                        text.len--;
                bool nothing_new = l->midway && text.len == 0;
                *ret = line_splitter_give(l, text, false);
                if (!nothing_new)
                        return true;
        }
        if (l->len == 0)
                line_splitter_shrink(l);
        return false;
}

bool line_splitter_flush(LineSplitter *l, Line *ret)
{
        if (l->len == 0) {
                line_splitter_shrink(l);
                return false;
        }
        *ret = line_splitter_give(l, span_from(l->part, l->len), true);
        return true;
}

Nsec line_splitter_deadline(const LineSplitter *l)
{
        return l->len ? nsec_add(l->since, LIMIT_LOG_PARTIAL_TIME * NSEC_PER_SEC) : NSEC_NEVER;
}
