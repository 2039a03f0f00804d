/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line-splitter.h"

int line_splitter_init(LineSplitter *l)
{
        char *part = malloc(LIMIT_LOG_LINE);
        if (!part)
                return -ENOMEM;
        *l = (LineSplitter){.part = part};
        return 0;
}

void line_splitter_done(LineSplitter *l)
{
        free(l->part);
        *l = (LineSplitter){0};
}

/* Moves up to n bytes from the front of *bytes into the part. */
static void line_splitter_keep(LineSplitter *l, Span *bytes, size_t n, Nsec now)
{
        if (l->len == 0)
                l->since = now;
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

bool line_splitter_next(LineSplitter *l, Span *bytes, Nsec now, Line *ret)
{
        while (bytes->len) {
                size_t room = LIMIT_LOG_LINE - l->len;
                size_t end = span_find(span_first(*bytes, room + 1), '\n');

                if (end > room) { /* only now is it known that the line does not end at the cap */
                        line_splitter_keep(l, bytes, room, now);
                        *ret = line_splitter_give(l, span_from(l->part, l->len), true);
                        return true;
                }
                if (end == bytes->len) {
                        line_splitter_keep(l, bytes, end, now);
                        return false;
                }

                Span text = span_first(*bytes, end);
                if (l->len) {
                        line_splitter_keep(l, bytes, end, now);
                        text = span_from(l->part, l->len);
                        *bytes = span_skip(*bytes, 1);
                } else {
                        *bytes = span_skip(*bytes, end + 1);
                }
                if (text.len && text.ptr[text.len - 1] == '\r')
                        text.len--;
                bool nothing_new = l->midway && text.len == 0;
                *ret = line_splitter_give(l, text, false);
                if (!nothing_new)
                        return true;
        }
        return false;
}

bool line_splitter_flush(LineSplitter *l, Line *ret)
{
        if (l->len == 0)
                return false;
        *ret = line_splitter_give(l, span_from(l->part, l->len), true);
        return true;
}

Nsec line_splitter_deadline(const LineSplitter *l)
{
        return l->len ? nsec_add(l->since, LIMIT_LOG_PARTIAL_TIME * NSEC_PER_SEC) : NSEC_NEVER;
}
