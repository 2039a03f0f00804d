/* SPDX-License-Identifier: Apache-2.0 */
#include "support/lookup.h"

static const char *skip_space(const char *p, const char *end)
{
        while (p < end && strchr(" \t\r\n", *p))
                p++;
        return p;
}

static Text skip_value(const char *p, const char *end)
{
        const char *start = p;
        unsigned depth = 0;
        bool in_string = false;
        for (; p < end; p++) {
                if (in_string) {
                        if (*p == '\\' && p + 1 < end)
                                p++;
                        else
                                in_string = *p != '"';
                } else if (*p == '"') {
                        in_string = true;
                } else if (*p == '{' || *p == '[') {
                        depth++;
                } else if (*p == '}' || *p == ']' || *p == ',' || *p == ':') {
                        if (depth == 0)
                                break;
                        depth -= *p == '}' || *p == ']';
                }
        }
        while (p > start && strchr(" \t\r\n", p[-1]))
                p--;
        return (Text){start, (size_t)(p - start)};
}

Text member(Text object, const char *key)
{
        const char *end = object.at + object.n, *p = skip_space(object.at, end);
        size_t n = strlen(key);
        if (p == end || *p != '{')
                return (Text){"", 0};
        do {
                Text name = skip_value(skip_space(p + 1, end), end);
                p = skip_space(name.at + name.n, end);
                if (p == end || *p != ':')
                        break;
                Text value = skip_value(skip_space(p + 1, end), end);
                if (name.n == n + 2 && memcmp(name.at + 1, key, n) == 0)
                        return value;
                p = skip_space(value.at + value.n, end);
        } while (p < end && *p == ',');
        return (Text){"", 0};
}

Text element(Text array, const char **at)
{
        const char *end = array.at + array.n, *p = *at ? *at : skip_space(array.at, end);
        if (p == end || (*p != '[' && *p != ','))
                return (Text){"", 0};
        Text value = skip_value(skip_space(p + 1, end), end);
        *at = skip_space(value.at + value.n, end);
        return value;
}

bool is(Text t, const char *word)
{
        size_t n = strlen(word);
        return t.n == n + 2 && t.at[0] == '"' && memcmp(t.at + 1, word, n) == 0 && t.at[n + 1] == '"';
}

long long number_of(Text t, long long otherwise)
{
        char copy[32];
        if (t.n == 0 || t.n >= sizeof(copy))
                return otherwise;
        memcpy(copy, t.at, t.n);
        copy[t.n] = '\0';
        char *end;
        long long n = strtoll(copy, &end, 10);
        return *end ? otherwise : n;
}

static unsigned hex_of(const char *p, unsigned digits)
{
        char copy[8] = "";
        memcpy(copy, p, digits);
        return (unsigned)strtoul(copy, NULL, 16);
}

/* One code unit as UTF-8; the halves of a pair are not put together. */
static char *put_unit(char *out, unsigned u)
{
        if (u < 0x80) {
                *out++ = (char)u;
        } else if (u < 0x800) {
                *out++ = (char)(0xc0 | u >> 6);
                *out++ = (char)(0x80 | (u & 0x3f));
        } else {
                *out++ = (char)(0xe0 | u >> 12);
                *out++ = (char)(0x80 | (u >> 6 & 0x3f));
                *out++ = (char)(0x80 | (u & 0x3f));
        }
        return out;
}

char *string_of(Text t, size_t *ret_n)
{
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        char *got = t.n >= 2 && t.at[0] == '"' ? malloc(t.n) : NULL, *out = got;
        const char *p = t.at + 1, *end = t.at + t.n - 1;
        if (!got)
                return NULL;
        while (p < end) {
                if (*p != '\\' || end - p < 2) {
                        *out++ = *p++;
                        continue;
                }
                const char *known = strchr(from, p[1]);
                if (p[1] == 'u' && end - p >= 6) {
                        out = put_unit(out, hex_of(p + 2, 4));
                        p += 6;
                        continue;
                }
                *out++ = known ? to[known - from] : p[1];
                p += 2;
        }
        *out = '\0';
        *ret_n = (size_t)(out - got);
        return got;
}

char *bytes_of(Text t, size_t *ret_n)
{
        size_t n = 0;
        char *got = string_of(t, &n);
        for (size_t i = 0; got && i + 1 < n; i += 2)
                got[i / 2] = (char)hex_of(got + i, 2);
        *ret_n = n / 2;
        return got;
}
