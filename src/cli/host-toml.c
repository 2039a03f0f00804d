/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host-toml.h"

/* A header without its brackets and the space in them; empty: the line is none. */
static Span header_of(Span line)
{
        Span s = span_trim(line);
        if (s.len < 2 || s.ptr[0] != '[')
                return SPAN_NONE;
        size_t end = span_find(s, ']');
        return end == s.len ? SPAN_NONE : span_trim(span_first(span_skip(s, 1), end - 1));
}

static const char *find_doubt(Span text, Span group)
{
        Span left = text, line;
        if (span_find_span(text, SPAN("\"\"\"")) < text.len || span_find_span(text, SPAN("'''")) < text.len)
                return "it has texts of several lines, in which a table cannot be told from text";
        while (span_next(&left, '\n', &line)) {
                Span s = span_trim(line);
                if (s.len && s.ptr[0] == '"')
                        s = span_skip(s, 1);
                if (!span_starts(s, group))
                        continue;
                Span rest = span_trim(span_skip(s, group.len));
                if (rest.len && (rest.ptr[0] == '.' || rest.ptr[0] == '=' || rest.ptr[0] == '"'))
                        return "its servers are written inline, not as tables";
        }
        return NULL;
}

/* From the header of the table to the next header, but for blank lines and comments before that. */
static bool find_table(Span text, Span table, size_t *ret_from, size_t *ret_to)
{
        Span left = text, line;
        size_t from = SIZE_MAX, end = 0;
        while (span_next(&left, '\n', &line)) {
                size_t at = (size_t)(line.ptr - text.ptr);
                Span trimmed = span_trim(line);
                bool header = trimmed.len && trimmed.ptr[0] == '[' && header_of(line).len;
                if (header && from != SIZE_MAX)
                        break;
                if (header && span_equal(header_of(line), table))
                        from = at;
                if (from != SIZE_MAX && trimmed.len && trimmed.ptr[0] != '#')
                        end = MIN(at + line.len + 1, text.len);
        }
        if (from == SIZE_MAX)
                return false;
        *ret_from = from;
        *ret_to = end;
        return true;
}

static int append_table(Buf *b, const char *table, Span body)
{
        int r = buf_appendf(b, "[%s]\n", table);
        return r < 0 ? r : buf_append_span(b, body);
}

int host_toml_merge(Span text, const char *table, Span body, Buf *ret, const char **ret_why)
{
        Span name = span_of(table), group = span_first(name, span_find(name, '.'));
        const char *why = find_doubt(text, group);
        size_t from = text.len, to = text.len;
        if (why) {
                *ret_why = why;
                return HOST_TOML_E_UNSURE;
        }
        bool there = find_table(text, name, &from, &to);
        Span before = span_first(text, from);
        int r = buf_append_span(ret, before);
        if (r == 0 && !there && before.len)
                r = buf_append_str(ret, span_ends(before, SPAN("\n")) ? "\n" : "\n\n");
        if (r == 0)
                r = append_table(ret, table, body);
        return r < 0 ? r : buf_append_span(ret, span_skip(text, to));
}
