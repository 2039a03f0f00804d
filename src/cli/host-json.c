/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "cli/host-json.h"
#include "jsonrpc/json.h"

#define INDENT "  "

enum { DEEPEST = 512 };

/* ---- comments ------------------------------------------------------------------------- */

/* Length of the comment at the start of s; 0: there is none. */
static size_t comment_length(Span s)
{
        if (s.len < 2 || s.ptr[0] != '/')
                return 0;
        if (s.ptr[1] == '/')
                return span_find(s, '\n');
        if (s.ptr[1] != '*')
                return 0;
        return MIN(span_find_span(span_skip(s, 2), SPAN("*/")) + 4, s.len);
}

static size_t string_length(Span s)
{
        for (size_t i = 1; i < s.len; i++) {
                if (s.ptr[i] == '"')
                        return i + 1;
                i += s.ptr[i] == '\\';
        }
        return s.len;
}

/* Halves of surrogate pairs, which some programs write and JSON does not know, become U+FFFD. */
static void mend(char *s, size_t n)
{
        for (size_t i = 0; i + 6 <= n; i += s[i] == '\\' ? 2 : 1)
                if (s[i] == '\\' && s[i + 1] == 'u' && (s[i + 2] == 'd' || s[i + 2] == 'D') &&
                    strchr("89abcdefABCDEF", s[i + 3]) && isxdigit((unsigned char)s[i + 4]) &&
                    isxdigit((unsigned char)s[i + 5]))
                        memcpy(s + i + 2, "fffd", 4);
}

/* A copy that is JSON, in which each byte keeps its place: what goes beyond it is spaces. */
static int blank(Span text, Buf *ret)
{
        int r = buf_append_span(ret, text);
        size_t comma = SIZE_MAX, n;
        for (size_t i = 0; r == 0 && i < text.len; i += n) {
                Span rest = span_skip(text, i);
                char c = rest.ptr[0];
                n = comment_length(rest);
                if (n) {
                        memset(ret->data + i, ' ', n);
                        continue;
                }
                n = c == '"' ? string_length(rest) : 1;
                mend(ret->data + i, n);
                if (memchr(" \t\r\n", c, 4))
                        continue;
                if ((c == '}' || c == ']') && comma != SIZE_MAX)
                        ret->data[comma] = ' ';
                comma = c == ',' ? i : SIZE_MAX;
        }
        if (r == 0 && span_starts(text, SPAN("\xef\xbb\xbf")))
                memset(ret->data, ' ', 3);
        return r;
}

/* ---- places --------------------------------------------------------------------------- */

static Span blanks_at(Span text, size_t at)
{
        size_t end = at;
        while (end < text.len && memchr(" \t", text.ptr[end], 2))
                end++;
        return span_from(text.ptr + at, end - at);
}

/* The blanks before the first member of an object that begins at `open`, if it has a line of its own. */
static Span indent_of(Span text, size_t open)
{
        size_t line = open;
        for (size_t at = open + 1; at < text.len && memchr(" \t\r\n", text.ptr[at], 4); at++)
                if (text.ptr[at] == '\n')
                        line = at + 1;
        return line == open ? SPAN_NONE : blanks_at(text, line);
}

static int append_lines(Buf *b, Span value, Span indent)
{
        Span line;
        int r = 0;
        for (bool first = true; r == 0 && span_next(&value, '\n', &line); first = false) {
                r = first ? 0 : buf_append_char(b, '\n');
                if (r == 0 && !first)
                        r = buf_append_span(b, indent);
                if (r == 0)
                        r = buf_append_span(b, line);
        }
        return r;
}

/* An edit of the text: what stands between is replaced. */
typedef struct Edit {
        size_t from, to;
} Edit;

typedef struct Merge {
        Span text, blanked;
        Buf *out;
} Merge;

/* A place in the text for one in the blanked copy. */
static size_t place(const Merge *m, const char *p)
{
        return (size_t)(p - m->blanked.ptr);
}

static int replace(const Merge *m, Edit e, Span with)
{
        int r = buf_append_span(m->out, span_first(m->text, e.from));
        if (r == 0)
                r = buf_append_span(m->out, with);
        return r < 0 ? r : buf_append_span(m->out, span_skip(m->text, e.to));
}

static int append_member(Buf *b, const char *name, Span value, Span indent)
{
        int r = buf_appendf(b, "\n%.*s\"%s\": ", (int)indent.len, indent.ptr, name);
        return r < 0 ? r : append_lines(b, value, indent);
}

/* Behind the last member of the object, or as its only one. `level`: how deep the object lies. */
static int insert(const Merge *m, Span object, unsigned level, const char *name, Span value)
{
        CLEANUP(buf_done) Buf indent = BUF_INIT(4096);
        CLEANUP(buf_done) Buf piece = BUF_INIT(BUF_CAP_NONE);
        Span last = SPAN_NONE, v, found = indent_of(m->text, place(m, object.ptr));
        JspanWalk w = jspan_walk(object);
        while (jspan_next(&w, NULL, &v))
                last = v;
        int r = last.ptr && found.ptr ? buf_append_span(&indent, found) : 0;
        for (unsigned i = 0; i <= level && r == 0 && !(last.ptr && found.ptr); i++)
                r = buf_append_str(&indent, INDENT);
        if (r == 0 && last.ptr)
                r = buf_append_char(&piece, ',');
        if (r == 0)
                r = append_member(&piece, name, value, buf_span(&indent));
        if (r < 0)
                return r;
        if (last.ptr) {
                size_t at = place(m, last.ptr) + last.len;
                return replace(m, (Edit){at, at}, buf_span(&piece));
        }
        r = buf_append_char(&piece, '\n');
        for (unsigned i = 0; i < level && r == 0; i++)
                r = buf_append_str(&piece, INDENT);
        size_t at = place(m, object.ptr) + 1, end = place(m, object.ptr) + object.len - 1;
        bool empty = span_trim(span_from(m->text.ptr + at, end - at)).len == 0;
        return r < 0 ? r : replace(m, (Edit){at, empty ? end : at}, buf_span(&piece));
}

static int insert_section(const Merge *m, Span top, const char *section, const char *name, Span value)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = buf_append_char(&b, '{');
        if (r == 0)
                r = append_member(&b, name, value, SPAN(INDENT));
        if (r == 0)
                r = buf_append_str(&b, "\n}");
        return r < 0 ? r : insert(m, top, 0, section, buf_span(&b));
}

/* The lines of a value that is replaced begin as its first line does. */
static int replace_value(const Merge *m, Span old, Span value)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        size_t from = place(m, old.ptr), line = from;
        while (line > 0 && m->text.ptr[line - 1] != '\n')
                line--;
        int r = append_lines(&b, value, blanks_at(m->text, line));
        return r < 0 ? r : replace(m, (Edit){from, from + old.len}, buf_span(&b));
}

/* The member of that name, however it is written; empty: none. False: there are several. */
static bool find(Span object, const char *name, Span *ret)
{
        Span n, v;
        JspanWalk w = jspan_walk(object);
        *ret = SPAN_NONE;
        while (jspan_next(&w, &n, &v)) {
                if (!jspan_is(n, name))
                        continue;
                if (ret->ptr)
                        return false;
                *ret = v;
        }
        return true;
}

int host_json_merge(Span text, const char *section, const char *name, Span value, Buf *ret)
{
        CLEANUP(buf_done) Buf copy = BUF_INIT(BUF_CAP_NONE);
        static const Span nothing = {"{}\n", 3};
        if (span_trim(text).len == 0)
                text = nothing;
        int r = blank(text, &copy);
        if (r < 0)
                return r;
        const Merge m = {.text = text, .blanked = buf_span(&copy), .out = ret};
        Span top = span_trim(m.blanked), at, old;
        if (!jspan_valid(top, DEEPEST))
                return HOST_JSON_E_UNCLEAR;
        if (jspan_type(top) != JSPAN_OBJECT || !find(top, section, &at))
                return HOST_JSON_E_UNCLEAR;
        if (!at.ptr)
                return insert_section(&m, top, section, name, value);
        if (jspan_type(at) != JSPAN_OBJECT || !find(at, name, &old))
                return HOST_JSON_E_UNCLEAR;
        return old.ptr ? replace_value(&m, old, value) : insert(&m, at, 1, name, value);
}
