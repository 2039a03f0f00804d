/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

typedef struct Unit {
        Span name;
        uint64_t factor;
} Unit;

#define UNIT(text, value)                           \
        {                                           \
                {(text), sizeof(text) - 1}, (value) \
        }

/* Largest first: the writers take the first that divides. */
static const Unit size_units[] = {
        UNIT("T", 1ULL << 40),
        UNIT("G", 1ULL << 30),
        UNIT("M", 1ULL << 20),
        UNIT("K", 1ULL << 10),
};
static const Unit duration_units[] = {
        UNIT("d", 86400 * NSEC_PER_SEC), UNIT("h", 3600 * NSEC_PER_SEC), UNIT("m", 60 * NSEC_PER_SEC),
        UNIT("s", NSEC_PER_SEC),         UNIT("ms", NSEC_PER_MSEC),
};

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static size_t digits(Span s)
{
        size_t n = 0;
        while (n < s.len && is_digit(s.ptr[n]))
                n++;
        return n;
}

/* Digits in a base up to 10, all of them; no leading zero unless `zeros`. */
static int parse_digits(Span s, unsigned base, bool zeros, uint64_t *ret)
{
        uint64_t v = 0;
        if (s.len == 0 || (s.len > 1 && s.ptr[0] == '0' && !zeros))
                return -EINVAL;
        for (size_t i = 0; i < s.len; i++)
                if (!is_digit(s.ptr[i]) || (unsigned)(s.ptr[i] - '0') >= base)
                        return -EINVAL;
        for (size_t i = 0; i < s.len; i++)
                if (__builtin_mul_overflow(v, base, &v) ||
                    __builtin_add_overflow(v, (uint64_t)(s.ptr[i] - '0'), &v))
                        return -ERANGE;
        *ret = v;
        return 0;
}

int parse_u64(Span s, uint64_t *ret)
{
        return parse_digits(s, 10, false, ret);
}

int parse_i64(Span s, int64_t *ret)
{
        bool negative = s.len && s.ptr[0] == '-';
        uint64_t v;
        int r = parse_digits(negative ? span_skip(s, 1) : s, 10, false, &v);
        if (r < 0)
                return r;
        if (v > (uint64_t)INT64_MAX + negative)
                return -ERANGE;
        *ret = (int64_t)(negative ? 0 - v : v);
        return 0;
}

int parse_bool(Span s, bool *ret)
{
        if (span_equal(s, SPAN("true")))
                *ret = true;
        else if (span_equal(s, SPAN("false")))
                *ret = false;
        else
                return -EINVAL;
        return 0;
}

static int parse_with_unit(Span s, const Unit *units, size_t n_units, uint64_t *ret)
{
        size_t n = digits(s);
        Span unit = span_skip(s, n);
        uint64_t v;
        int r = parse_digits(span_first(s, n), 10, false, &v);
        if (r == -EINVAL)
                return r;
        if (unit.len == 0) {
                if (r < 0 || v != 0)
                        return -EDOM;
                *ret = 0;
                return 0;
        }
        for (size_t i = 0; i < n_units; i++) {
                if (!span_equal(unit, units[i].name))
                        continue;
                if (r < 0 || __builtin_mul_overflow(v, units[i].factor, &v))
                        return -ERANGE;
                *ret = v;
                return 0;
        }
        return -EINVAL;
}

int parse_size(Span s, uint64_t *ret)
{
        if (span_equal(s, SPAN("none"))) {
                *ret = PARSE_NONE;
                return 0;
        }
        return parse_with_unit(s, size_units, ARRAY_SIZE(size_units), ret);
}

int parse_duration(Span s, Nsec *ret)
{
        if (span_equal(s, SPAN("never"))) {
                *ret = NSEC_NEVER;
                return 0;
        }
        return parse_with_unit(s, duration_units, ARRAY_SIZE(duration_units), ret);
}

int parse_percent(Span s, uint64_t *ret)
{
        if (span_equal(s, SPAN("none"))) {
                *ret = PARSE_NONE;
                return 0;
        }
        uint64_t v;
        if (!span_ends(s, SPAN("%")))
                return parse_u64(s, &v) == -EINVAL ? -EINVAL : -EDOM;
        int r = parse_u64(span_first(s, s.len - 1), &v);
        if (r < 0)
                return r;
        if (v == PARSE_NONE)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_ratio(Span s, uint64_t *ret)
{
        enum { DECIMALS = 6 };
        size_t dot = span_find(s, '.');
        Span fraction = span_skip(s, dot + 1);
        uint64_t whole, part = 0;
        int r = parse_digits(span_first(s, dot), 10, false, &whole);
        int q = dot < s.len ? parse_digits(fraction, 10, true, &part) : 0;
        if (r == -EINVAL || q == -EINVAL)
                return -EINVAL;
        if (r < 0 || q < 0 || fraction.len > DECIMALS)
                return -ERANGE;
        for (size_t i = fraction.len; i < DECIMALS; i++)
                part *= 10;
        if (whole > 1 || (whole == 1 && part > 0))
                return -ERANGE;
        *ret = whole * 1000000 + part;
        return 0;
}

int parse_mode(Span s, uint32_t *ret)
{
        uint64_t v;
        int r = parse_digits(s, 8, true, &v);
        if (r < 0)
                return r;
        if (v > 07777)
                return -ERANGE;
        *ret = (uint32_t)v;
        return 0;
}

static int hex_digit(char c)
{
        if (is_digit(c))
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int parse_hex(Span s, uint8_t *ret_bytes, size_t n)
{
        if (s.len != 2 * n)
                return -EINVAL;
        for (size_t i = 0; i < s.len; i++)
                if (hex_digit(s.ptr[i]) < 0)
                        return -EINVAL;
        for (size_t i = 0; i < n; i++)
                ret_bytes[i] = (uint8_t)(hex_digit(s.ptr[2 * i]) * 16 + hex_digit(s.ptr[2 * i + 1]));
        return 0;
}

static int format_with_unit(Buf *b, uint64_t v, const Unit *units, size_t n_units)
{
        for (size_t i = 0; v && i < n_units; i++)
                if (v % units[i].factor == 0)
                        return buf_appendf(b, "%llu%.*s", (unsigned long long)(v / units[i].factor),
                                           (int)units[i].name.len, units[i].name.ptr);
        return buf_appendf(b, "%llu", (unsigned long long)v);
}

int format_size(Buf *b, uint64_t v)
{
        if (v == PARSE_NONE)
                return buf_append_str(b, "none");
        return format_with_unit(b, v, size_units, ARRAY_SIZE(size_units));
}

int format_duration(Buf *b, Nsec v)
{
        if (v == NSEC_NEVER)
                return buf_append_str(b, "never");
        return format_with_unit(b, v, duration_units, ARRAY_SIZE(duration_units));
}

int format_ratio(Buf *b, uint64_t v)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(v / 1000000),
                         (unsigned long long)(v % 1000000));
        while (text[n - 1] == '0')
                n--;
        if (text[n - 1] == '.')
                n--;
        return buf_append(b, text, (size_t)n);
}

int format_hex(Buf *b, const uint8_t *bytes, size_t n)
{
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++)
                r = buf_appendf(b, "%02x", bytes[i]);
        return r;
}
