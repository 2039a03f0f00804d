/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/member.h"

static const char *skip_space(const char *p, const char *end)
{
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
                p++;
        return p;
}

/* Behind the string that begins at p: a quote ends it unless an odd number of backslashes stands before. */
static const char *skip_string(const char *p, const char *end)
{
        for (const char *at = p + 1; at < end; at++) {
                at = memchr(at, '"', (size_t)(end - at));
                if (!at)
                        return end;
                const char *b = at;
                while (b[-1] == '\\')
                        b--;
                if ((at - b) % 2 == 0)
                        return at + 1;
        }
        return end;
}

static const char *skip_value(const char *p, const char *end)
{
        unsigned depth = 0;
        while (p < end) {
                if (*p == '"') {
                        p = skip_string(p, end);
                        if (depth == 0)
                                return p;
                        continue;
                }
                if (*p == '{' || *p == '[') {
                        depth++;
                } else if (*p == '}' || *p == ']') {
                        if (depth == 0)
                                return p;
                        if (--depth == 0)
                                return p + 1;
                } else if (depth == 0 && (*p == ',' || *p == ' ' || *p == '\n')) {
                        return p;
                }
                p++;
        }
        return p;
}

Span member_of(Span object, const char *name)
{
        const char *p = object.ptr, *end = object.ptr + object.len;
        size_t n = strlen(name);
        p = p ? skip_space(p, end) : end;
        if (p >= end || *p != '{')
                return SPAN_NONE;
        p = skip_space(p + 1, end);
        while (p < end && *p == '"') {
                const char *key = p + 1;
                p = skip_string(p, end);
                bool is_it = (size_t)(p - key) == n + 1 && memcmp(key, name, n) == 0;
                p = skip_space(p, end);
                const char *value = p = p < end ? skip_space(p + 1, end) : end;
                p = skip_value(p, end);
                if (is_it)
                        return span_from(value, (size_t)(p - value));
                p = skip_space(p, end);
                if (p < end && *p == ',')
                        p = skip_space(p + 1, end);
        }
        return SPAN_NONE;
}
