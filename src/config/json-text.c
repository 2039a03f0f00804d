/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "base/utf8.h"
#include "config/json-text.h"

static void blank(char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] != '\n')
                        p[i] = ' ';
}

/* Length of a comment at the start of s, 0 if there is none. */
static size_t comment(Span s)
{
        if (span_starts(s, SPAN("//")))
                return span_find(s, '\n');
        if (span_starts(s, SPAN("/*"))) {
                size_t end = span_find_span(span_skip(s, 2), SPAN("*/"));
                return MIN(end + 4, s.len);
        }
        return 0;
}

/* Length of a quoted text at the start of s; the whole rest when it has no end. */
static size_t quoted(Span s)
{
        char quote = s.ptr[0];
        for (size_t i = 1; i < s.len; i++) {
                if (s.ptr[i] == '\\' && quote == '"')
                        i++;
                else if (s.ptr[i] == quote)
                        return i + 1;
        }
        return s.len;
}

/* Skips white space and comments: where the first thing of the text stands. */
static size_t first_token(Span s)
{
        size_t i = 0;
        while (i < s.len) {
                size_t n = comment(span_skip(s, i));
                if (n == 0 && !strchr(" \t\r\n", s.ptr[i]))
                        break;
                i += MAX(n, (size_t)1);
        }
        return i;
}

/* A comment begins where a value could: not in the middle of a plain word such as http://x. */
static bool may_begin(Span s, size_t i)
{
        if (i >= 2 && s.ptr[i - 1] == ':')
                return s.ptr[i - 2] == '"';
        return i == 0 || strchr(" \t\r\n,{}[]\"", s.ptr[i - 1]);
}

static void blank_comments(Buf *text)
{
        Span s = buf_span(text);
        for (size_t i = 0; i < s.len;) {
                size_t n = may_begin(s, i) ? comment(span_skip(s, i)) : 0;
                if (n)
                        blank(text->data + i, n);
                else if (s.ptr[i] == '"' || s.ptr[i] == '\'')
                        n = quoted(span_skip(s, i));
                else if (s.ptr[i] == '#') /* of YAML in braces: quotes in it mean nothing */
                        n = span_find(span_skip(s, i), '\n');
                i += MAX(n, (size_t)1);
        }
}

static bool unit_at(Span s, uint32_t *ret)
{
        uint8_t two[2];
        if (!span_starts(s, SPAN("\\u")) || parse_hex(span_first(span_skip(s, 2), 4), two, 2) < 0)
                return false;
        *ret = (uint32_t)two[0] << 8 | two[1];
        return true;
}

/* The code point of a surrogate pair at the start of s. */
static bool pair_at(Span s, uint32_t *ret)
{
        uint32_t high, low;
        if (!unit_at(s, &high) || high < 0xd800 || high > 0xdbff)
                return false;
        if (!unit_at(span_skip(s, 6), &low) || low < 0xdc00 || low > 0xdfff)
                return false;
        *ret = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return true;
}

static int join_pairs(Buf *text)
{
        CLEANUP(buf_done) Buf out = BUF_INIT(text->cap);
        Span s = buf_span(text);
        if (span_find_span(s, SPAN("\\ud")) == s.len && span_find_span(s, SPAN("\\uD")) == s.len)
                return 0;
        while (s.len) {
                size_t run = span_find(s, '\\');
                uint32_t code;
                int r = buf_append(&out, s.ptr, run);
                s = span_skip(s, run);
                if (r == 0 && pair_at(s, &code)) {
                        r = utf8_append(&out, code);
                        s = span_skip(s, 12);
                } else if (r == 0) {
                        size_t n = MIN(s.len, (size_t)2); /* the backslash and what it escapes */
                        r = buf_append(&out, s.ptr, n);
                        s = span_skip(s, n);
                }
                if (r < 0)
                        return r;
        }
        Buf old = *text;
        *text = out;
        out = old;
        return 0;
}

int json_text_prepare(Buf *text)
{
        Span s = buf_span(text);
        size_t first = first_token(s);
        if (first == s.len || s.ptr[first] != '{')
                return 0;
        blank_comments(text);
        return join_pairs(text);
}
