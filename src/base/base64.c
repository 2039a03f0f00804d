/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

typedef struct Kind {
        char last[2];
        bool padded;
} Kind;

static const Kind kinds[] = {
        [BASE64_PLAIN] = {{'+', '/'}, true},
        [BASE64_URL] = {{'-', '_'}, false},
};

static char digit(const Kind *k, unsigned value)
{
        return value < sizeof(common) - 1 ? common[value] : k->last[value & 1];
}

/* -1: none of the alphabet. */
static int value_of(const Kind *k, char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == k->last[0] ? 62 : c == k->last[1] ? 63 : -1;
}

size_t base64_encode(Base64 kind, Span bytes, char *ret)
{
        const Kind *k = &kinds[kind];
        size_t n = 0;
        for (; bytes.len; bytes = span_skip(bytes, 3)) {
                size_t have = MIN(bytes.len, (size_t)3);
                uint32_t group = 0;
                for (size_t i = 0; i < 3; i++)
                        group = group << 8 | (i < have ? (uint8_t)bytes.ptr[i] : 0U);
                for (size_t i = 0; i < 4; i++) {
                        unsigned value = group >> (18 - 6 * i) & 63;
                        if (i <= have)
                                ret[n++] = digit(k, value);
                        else if (k->padded)
                                ret[n++] = '=';
                }
        }
        return n;
}

/* Padding off; false when there is not as much as there has to be. */
static bool strip(const Kind *k, Span *text)
{
        if (!k->padded)
                return true;
        if (text->len % 4 != 0)
                return false;
        for (int i = 0; i < 2 && span_ends(*text, SPAN("=")); i++)
                text->len--;
        return true;
}

bool base64_decode(Base64 kind, Span text, uint8_t *ret, size_t *ret_n)
{
        const Kind *k = &kinds[kind];
        uint32_t group = 0;
        unsigned bits = 0;
        size_t n = 0;
        if (!strip(k, &text) || text.len % 4 == 1)
                return false;
        for (size_t i = 0; i < text.len; i++) {
                int value = value_of(k, text.ptr[i]);
                if (value < 0)
                        return false;
                group = group << 6 | (uint32_t)value;
                bits += 6;
                if (bits >= 8) {
                        bits -= 8;
                        ret[n++] = (uint8_t)(group >> bits);
                }
        }
        if (group & ((1U << bits) - 1))
                return false;
        *ret_n = n;
        return true;
}
