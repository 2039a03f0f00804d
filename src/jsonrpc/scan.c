/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/scan.h"

#include "base/limit-table.h"
#include "base/utf8.h"

/* A test compiles this file once more with SCAN_PORTABLE. */
#if defined(__SSE2__) && !defined(SCAN_PORTABLE)
#include <emmintrin.h>
#define SCAN_SSE2 1
#else
#define SCAN_SSE2 0
#endif

enum { LEVEL_WORDS = (LIMIT_JSON_DEPTH + 63) / 64 };

/* For each level that is open, whether it is an object. Only what was set is ever read. */
typedef struct Levels {
        uint64_t objects[LEVEL_WORDS];
        uint32_t n;
} Levels;

Scan scan_of(Span text, uint32_t depth)
{
        static const char nothing[1] = "";
        const char *begin = text.ptr ? text.ptr : nothing;
        return (Scan){
                .begin = begin,
                .end = begin + text.len,
                .depth = MIN(depth, (uint32_t)LIMIT_JSON_DEPTH),
        };
}

const char *scan_fail(Scan *s, const char *at, const char *why)
{
        s->why = why;
        s->at = at;
        return NULL;
}

const char *scan_expected(Scan *s, const char *at, const char *why)
{
        return scan_fail(s, at, at < s->end ? why : "the text ends too early");
}

const char *scan_blank_run(Scan *s, const char *p)
{
        for (; p < s->end; p++) {
                if (*p == ' ' || *p == '\t')
                        continue;
                if (*p != '\n' && *p != '\r')
                        break;
                if (s->writable)
                        s->writable[p - s->begin] = ' ';
        }
        return p;
}

/* ---- strings -------------------------------------------------------------- */

static inline bool is_plain(char c)
{
        uint8_t byte = (uint8_t)c;
        return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The first byte from p on that ends a run of plain ASCII inside a string, or the end. */
static inline const char *skip_plain(const char *p, const char *end)
{
#if SCAN_SSE2
        const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
        for (; end - p >= 16; p += 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)p);
                __m128i stop = _mm_cmplt_epi8(v, space); /* signed: bytes from 0x80 on are less, too */
                stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, quote));
                stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, slash));
                unsigned mask = (unsigned)_mm_movemask_epi8(stop);
                if (mask)
                        return p + __builtin_ctz(mask);
        }
#endif
        while (p < end && is_plain(*p))
                p++;
        return p;
}

static inline bool is_tail(char c)
{
        return ((uint8_t)c & 0xc0) == 0x80;
}

/* A run of UTF-8 that is no ASCII. The forms that most of the world's letters have are looked at here. */
static const char *skip_utf8(Scan *s, const char *p)
{
        while (p < s->end && (uint8_t)*p >= 0x80) {
                uint8_t lead = (uint8_t)*p;
                ptrdiff_t left = s->end - p;
                size_t n;
                if (lead >= 0xc2 && lead <= 0xdf && left >= 2)
                        n = is_tail(p[1]) ? 2 : 0;
                else if (lead > 0xe0 && lead <= 0xef && lead != 0xed && left >= 3)
                        n = is_tail(p[1]) && is_tail(p[2]) ? 3 : 0;
                else
                        n = utf8_sequence(span_from(p, (size_t)left));
                if (n == 0)
                        return scan_fail(s, p, "these bytes are no UTF-8");
                p += n;
        }
        return p;
}

/* Four hexadecimal digits, or -1. */
static int hex4(const Scan *s, const char *p)
{
        int code = 0;
        if (s->end - p < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                char c = p[i], low = (char)(c | 0x20);
                if (c >= '0' && c <= '9')
                        code = code << 4 | (c - '0');
                else if (low >= 'a' && low <= 'f')
                        code = code << 4 | (low - 'a' + 10);
                else
                        return -1;
        }
        return code;
}

/* Behind a backslash and u. */
static const char *skip_unicode(Scan *s, const char *p)
{
        int code = hex4(s, p), second;
        if (code < 0)
                return scan_fail(s, p, "four hexadecimal digits must follow \\u");
        if ((code & 0xf800) != 0xd800)
                return p + 4;
        second = s->end - p >= 6 && p[4] == '\\' && p[5] == 'u' ? hex4(s, p + 6) : -1;
        if (code >= 0xdc00 || second < 0xdc00 || second > 0xdfff)
                return scan_fail(s, p, "half of a surrogate pair stands alone");
        return p + 10;
}

static const char *skip_escape(Scan *s, const char *p)
{
        static const bool is_short[UINT8_MAX + 1] = {
                ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
                ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
        };
        uint8_t c = (uint8_t)scan_peek(s, p + 1);
        s->escaped = true;
        if (is_short[c])
                return p + 2;
        if (c == 'u')
                return skip_unicode(s, p + 2);
        return scan_expected(s, p + 1, "no such escape");
}

/* The rest of a string from a byte on that is no plain one. Kept out of what is inlined everywhere. */
__attribute__((noinline)) static const char *skip_string_from(Scan *s, const char *p)
{
        for (; p; p = p ? skip_plain(p, s->end) : NULL) {
                if (p == s->end)
                        return scan_fail(s, p, "the text ends in a string");
                if (*p == '"')
                        return p + 1;
                if (*p == '\\')
                        p = skip_escape(s, p);
                else if ((uint8_t)*p >= 0x80)
                        p = skip_utf8(s, p);
                else
                        return scan_fail(s, p, "a control character in a string must be escaped");
        }
        return NULL;
}

/* Behind the opening quote. */
static inline const char *skip_string(Scan *s, const char *p)
{
        p = skip_plain(p, s->end);
        return LIKELY(scan_peek(s, p) == '"') ? p + 1 : skip_string_from(s, p);
}

/* ---- numbers and words ---------------------------------------------------- */

static inline bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static const char *skip_digits(Scan *s, const char *p)
{
        if (!is_digit(scan_peek(s, p)))
                return scan_expected(s, p, "a digit is missing");
        while (p < s->end && is_digit(*p))
                p++;
        return p;
}

static const char *skip_number(Scan *s, const char *p)
{
        if (*p == '-')
                p++;
        if (scan_peek(s, p) == '0') {
                p++;
                if (is_digit(scan_peek(s, p)))
                        return scan_fail(s, p, "a number begins with a needless zero");
        } else {
                p = skip_digits(s, p);
        }
        if (p && scan_peek(s, p) == '.')
                p = skip_digits(s, p + 1);
        if (p && (scan_peek(s, p) | 0x20) == 'e') {
                p++;
                if (scan_peek(s, p) == '+' || scan_peek(s, p) == '-')
                        p++;
                p = skip_digits(s, p);
        }
        return p;
}

static const char *skip_word(Scan *s, const char *p, const char *word)
{
        size_t n = strlen(word);
        if ((size_t)(s->end - p) < n || memcmp(p, word, n) != 0)
                return scan_fail(s, p, "no such word: true, false and null are all there are");
        return p + n;
}

static inline const char *skip_scalar(Scan *s, const char *p)
{
        char c = scan_peek(s, p);
        if (c == '"')
                return skip_string(s, p + 1);
        if (is_digit(c) || c == '-')
                return skip_number(s, p);
        if (c == 't')
                return skip_word(s, p, "true");
        if (c == 'f')
                return skip_word(s, p, "false");
        if (c == 'n')
                return skip_word(s, p, "null");
        return scan_expected(s, p, "a value should begin here");
}

/* ---- objects and arrays --------------------------------------------------- */

const char *scan_name(Scan *s, const char *p, Span *ret_name)
{
        const char *from = p + 1;
        if (scan_peek(s, p) != '"')
                return scan_expected(s, p, "the name of a member should begin here, in quotes");
        p = skip_string(s, from);
        if (!p)
                return NULL;
        const char *colon = scan_blank(s, p);
        if (scan_peek(s, colon) != ':')
                return scan_expected(s, colon, "a colon should follow the name of a member");
        *ret_name = span_from(from, (size_t)(p - from) - 1);
        return scan_blank(s, colon + 1);
}

static inline void level_push(Levels *l, bool object)
{
        uint64_t bit = 1ULL << (l->n % 64), *word = &l->objects[l->n / 64];
        if (l->n % 64 == 0)
                *word = 0;
        *word = object ? *word | bit : *word & ~bit;
        l->n++;
}

static inline bool level_is_object(const Levels *l)
{
        return l->objects[(l->n - 1) / 64] >> ((l->n - 1) % 64) & 1;
}

/* At a bracket that opens: to the first value inside, or behind the bracket that closes. */
static inline const char *open_level(Scan *s, const char *p, Levels *l, bool *ret_empty)
{
        bool object = *p == '{';
        Span name;
        if (l->n >= s->depth)
                return scan_fail(s, p, SCAN_TOO_DEEP);
        p = scan_blank(s, p + 1);
        *ret_empty = scan_peek(s, p) == (object ? '}' : ']');
        if (*ret_empty)
                return p + 1;
        level_push(l, object);
        return object ? scan_name(s, p, &name) : p;
}

/* Behind a value: to the next one, or behind all that ends here. */
static inline const char *next_in_level(Scan *s, const char *p, Levels *l)
{
        Span name;
        while (l->n) {
                bool object = level_is_object(l);
                p = scan_blank(s, p);
                if (scan_peek(s, p) == ',') {
                        p = scan_blank(s, p + 1);
                        return object ? scan_name(s, p, &name) : p;
                }
                if (scan_peek(s, p) != (object ? '}' : ']'))
                        return scan_expected(s, p,
                                             object ? SCAN_IN_OBJECT : "a comma or ] should stand here");
                p++;
                l->n--;
        }
        return p;
}

const char *scan_value(Scan *s, const char *p)
{
        Levels levels;
        levels.n = 0;
        do {
                bool ended = true;
                char c = scan_peek(s, p);
                p = c == '{' || c == '[' ? open_level(s, p, &levels, &ended) : skip_scalar(s, p);
                if (p && ended)
                        p = next_in_level(s, p, &levels);
        } while (p && levels.n);
        return p;
}
