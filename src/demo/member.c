/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/member.h"
#include "base/parse.h"
#include "base/utf8.h"

enum { DEEPEST = 64 };

static void skip_blanks(Span *s)
{
        while (s->len && memchr(" \t\r\n", s->ptr[0], 4))
                *s = span_skip(*s, 1);
}

static bool take_char(Span *s, char c)
{
        skip_blanks(s);
        if (s->len == 0 || s->ptr[0] != c)
                return false;
        *s = span_skip(*s, 1);
        return true;
}

/* How long the escape at the start of s is; 0: it is none. */
static size_t escape_length(Span s)
{
        uint8_t bytes[2];
        if (s.len < 2)
                return 0;
        if (s.ptr[1] == 'u')
                return s.len >= 6 && parse_hex(span_from(s.ptr + 2, 4), bytes, sizeof(bytes)) == 0 ? 6 : 0;
        return memchr("\"\\/bfnrt", s.ptr[1], 8) ? 2 : 0;
}

/* A string with its quotes. */
static int take_string(Span *s, Span *ret)
{
        Span rest = *s;
        if (!take_char(&rest, '"'))
                return -EINVAL;
        const char *begin = rest.ptr - 1;
        while (rest.len && rest.ptr[0] != '"') {
                size_t n = rest.ptr[0] == '\\'          ? escape_length(rest)
                           : (uint8_t)rest.ptr[0] < ' ' ? 0
                                                        : utf8_sequence(rest);
                if (n == 0)
                        return -EINVAL;
                rest = span_skip(rest, n);
        }
        if (rest.len == 0)
                return -EINVAL;
        rest = span_skip(rest, 1);
        *ret = span_from(begin, (size_t)(rest.ptr - begin));
        *s = rest;
        return 0;
}

static size_t digits(Span s)
{
        size_t n = 0;
        while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
                n++;
        return n;
}

/* A number by the grammar of JSON; 0: it is none. */
static size_t number_length(Span s)
{
        Span rest = span_skip(s, s.len && s.ptr[0] == '-');
        size_t n = digits(rest);
        if (n == 0 || (n > 1 && rest.ptr[0] == '0'))
                return 0;
        rest = span_skip(rest, n);
        if (rest.len && rest.ptr[0] == '.') {
                n = digits(span_skip(rest, 1));
                if (n == 0)
                        return 0;
                rest = span_skip(rest, n + 1);
        }
        if (rest.len && (rest.ptr[0] == 'e' || rest.ptr[0] == 'E')) {
                rest = span_skip(rest, 1);
                rest = span_skip(rest, rest.len && (rest.ptr[0] == '+' || rest.ptr[0] == '-'));
                n = digits(rest);
                if (n == 0)
                        return 0;
                rest = span_skip(rest, n);
        }
        return s.len - rest.len;
}

static int take_plain(Span *s, Span *ret)
{
        static const Span words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
        size_t n = number_length(*s);
        for (size_t i = 0; i < ARRAY_SIZE(words) && n == 0; i++)
                if (span_starts(*s, words[i]))
                        n = words[i].len;
        if (n == 0)
                return -EINVAL;
        *ret = span_first(*s, n);
        *s = span_skip(*s, n);
        return 0;
}

/* An object or list, by its brackets; what is between them need not make sense. */
static int take_nested(Span *s, Span *ret)
{
        char closers[DEEPEST];
        size_t depth = 0;
        Span rest = *s, string;
        do {
                if (rest.len == 0)
                        return -EINVAL;
                char c = rest.ptr[0];
                if (c == '"') {
                        if (take_string(&rest, &string) < 0)
                                return -EINVAL;
                        continue;
                }
                if (c == '{' || c == '[') {
                        if (depth == DEEPEST)
                                return -EINVAL;
                        closers[depth++] = c == '{' ? '}' : ']';
                } else if ((c == '}' || c == ']') && closers[--depth] != c) {
                        return -EINVAL;
                }
                rest = span_skip(rest, 1);
        } while (depth > 0);
        *ret = span_first(*s, s->len - rest.len);
        *s = rest;
        return 0;
}

static int take_value(Span *s, Span *ret)
{
        skip_blanks(s);
        if (s->len == 0)
                return -EINVAL;
        switch (s->ptr[0]) {
        case '"':
                return take_string(s, ret);
        case '{':
        case '[':
                return take_nested(s, ret);
        default:
                return take_plain(s, ret);
        }
}

static int take_member(Span *s, const MemberWant *wants, size_t n_wants)
{
        Span name, value;
        skip_blanks(s);
        if (take_string(s, &name) < 0 || !take_char(s, ':') || take_value(s, &value) < 0)
                return -EINVAL;
        name = span_first(span_skip(name, 1), name.len - 2);
        for (size_t i = 0; i < n_wants; i++)
                if (span_equal(name, span_of(wants[i].name)))
                        *wants[i].ret = value;
        return 0;
}

int members_find(Span object, const MemberWant *wants, size_t n_wants)
{
        Span s = object;
        if (!take_char(&s, '{'))
                return -EINVAL;
        if (!take_char(&s, '}')) {
                do {
                        if (take_member(&s, wants, n_wants) < 0)
                                return -EINVAL;
                } while (take_char(&s, ','));
                if (!take_char(&s, '}'))
                        return -EINVAL;
        }
        skip_blanks(&s);
        return s.len ? -EINVAL : 0;
}
