/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

static uint8_t at(Span s, size_t i)
{
        return (uint8_t)s.ptr[i];
}

static bool is_tail(Span s, size_t i, uint8_t low, uint8_t high)
{
        return i < s.len && at(s, i) >= low && at(s, i) <= high;
}

/* The table of RFC 3629, section 4: by lead byte, the range of the second byte and the length. */
size_t utf8_sequence(Span s)
{
        if (s.len == 0)
                return 0;
        uint8_t lead = at(s, 0), low = 0x80, high = 0xbf;
        size_t n;
        if (lead < 0x80)
                return 1;
        if (lead >= 0xc2 && lead <= 0xdf) {
                n = 2;
        } else if (lead >= 0xe0 && lead <= 0xef) {
                n = 3;
                low = lead == 0xe0 ? 0xa0 : low;
                high = lead == 0xed ? 0x9f : high;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
                n = 4;
                low = lead == 0xf0 ? 0x90 : low;
                high = lead == 0xf4 ? 0x8f : high;
        } else {
                return 0;
        }
        if (!is_tail(s, 1, low, high))
                return 0;
        for (size_t i = 2; i < n; i++)
                if (!is_tail(s, i, 0x80, 0xbf))
                        return 0;
        return n;
}

bool utf8_valid(Span s)
{
        for (size_t n; s.len; s = span_skip(s, n)) {
                n = utf8_sequence(s);
                if (n == 0)
                        return false;
        }
        return true;
}

size_t utf8_length(Span s)
{
        size_t count = 0;
        for (; s.len; count++)
                s = span_skip(s, MAX(utf8_sequence(s), (size_t)1));
        return count;
}

static uint32_t decode(Span s, size_t n)
{
        uint32_t code = n == 1 ? at(s, 0) : at(s, 0) & (0x7fU >> n);
        for (size_t i = 1; i < n; i++)
                code = code << 6 | (at(s, i) & 0x3f);
        return code;
}

size_t utf8_printable(Span s)
{
        static const struct {
                uint32_t first, last;
        } hidden[] = {
                {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c},
                {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
        };
        size_t n = utf8_sequence(s);
        if (n == 0)
                return 0;
        uint32_t code = decode(s, n);
        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
                if (code >= hidden[i].first && code <= hidden[i].last)
                        return 0;
        return n;
}

int utf8_escape(Buf *b, Span s)
{
        while (s.len) {
                size_t n = utf8_printable(s), take = MAX(utf8_sequence(s), (size_t)1);
                int r = 0;
                if (at(s, 0) == '\\')
                        r = buf_append(b, "\\\\", 2);
                else if (n)
                        r = buf_append(b, s.ptr, n);
                else
                        for (size_t i = 0; i < take && r == 0; i++)
                                r = buf_appendf(b, "\\x%02x", at(s, i));
                if (r < 0)
                        return r;
                s = span_skip(s, take);
        }
        return 0;
}

size_t utf8_put(uint32_t code, char room[static UTF8_LONGEST])
{
        size_t n;
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        if (code < 0x80) {
                n = 1;
                room[0] = (char)code;
        } else if (code < 0x800) {
                n = 2;
                room[0] = (char)(0xc0 | (code >> 6));
        } else if (code < 0x10000) {
                n = 3;
                room[0] = (char)(0xe0 | (code >> 12));
        } else {
                n = 4;
                room[0] = (char)(0xf0 | (code >> 18));
        }
        for (size_t i = 1; i < n; i++)
                room[i] = (char)(0x80 | ((code >> (6 * (n - 1 - i))) & 0x3f));
        return n;
}

int utf8_append(Buf *b, uint32_t code)
{
        char c[UTF8_LONGEST];
        size_t n = utf8_put(code, c);
        return n ? buf_append(b, c, n) : -EINVAL;
}
