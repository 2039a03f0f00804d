/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

bool span_equal(Span a, Span b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Not strncasecmp: that ends at a NUL and asks the locale. */
bool span_equal_nocase(Span a, Span b)
{
        if (a.len != b.len)
                return false;
        for (size_t i = 0; i < a.len; i++)
                if (lower(a.ptr[i]) != lower(b.ptr[i]))
                        return false;
        return true;
}

bool span_starts(Span s, Span prefix)
{
        return s.len >= prefix.len && span_equal(span_first(s, prefix.len), prefix);
}

bool span_ends(Span s, Span suffix)
{
        return s.len >= suffix.len && span_equal(span_skip(s, s.len - suffix.len), suffix);
}

int span_compare(Span a, Span b)
{
        size_t n = MIN(a.len, b.len);
        int r = n ? memcmp(a.ptr, b.ptr, n) : 0;
        if (r)
                return r;
        return (a.len > b.len) - (a.len < b.len);
}

size_t span_find(Span s, char c)
{
        const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;
        return p ? (size_t)(p - s.ptr) : s.len;
}

size_t span_find_span(Span s, Span needle)
{
        if (needle.len == 0)
                return 0;
        const char *p = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
        return p ? (size_t)(p - s.ptr) : s.len;
}

static bool is_white(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Span span_trim(Span s)
{
        while (s.len && is_white(s.ptr[0]))
                s = span_skip(s, 1);
        while (s.len && is_white(s.ptr[s.len - 1]))
                s.len--;
        return s;
}

bool span_next(Span *s, char sep, Span *ret_part)
{
        if (!s->ptr)
                return false;

        size_t at = span_find(*s, sep);
        *ret_part = span_first(*s, at);
        if (at == s->len)
                *s = SPAN_NONE;
        else
                *s = (Span){s->ptr + at + 1, s->len - at - 1};
        return true;
}
