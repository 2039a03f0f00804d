/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/utf8.h"

static void put(JsonWriter *w, Span s)
{
        if (w->error == 0)
                w->error = buf_append_span(w->buf, s);
}

static void newline(JsonWriter *w)
{
        if (w->indent == 0)
                return;
        put(w, SPAN("\n"));
        for (unsigned i = 0; i < w->depth * w->indent; i++)
                put(w, SPAN(" "));
}

/* What must stand before the next value or key. */
static void separate(JsonWriter *w)
{
        if (w->after_key) {
                w->after_key = false;
                return;
        }
        uint64_t bit = 1ULL << w->depth;
        if (w->filled & bit)
                put(w, SPAN(","));
        w->filled |= bit;
        if (w->depth > 0)
                newline(w);
}

static void open_level(JsonWriter *w, Span s)
{
        separate(w);
        if (w->depth >= JSON_WRITER_DEPTH && w->error == 0)
                w->error = -ELOOP;
        if (w->error < 0)
                return;
        put(w, s);
        w->depth++;
        w->filled &= ~(1ULL << w->depth);
}

static void close_level(JsonWriter *w, Span s)
{
        if (w->error < 0)
                return;
        assert(w->depth > 0);
        bool filled = w->filled & (1ULL << w->depth);
        w->depth--;
        if (filled)
                newline(w);
        put(w, s);
}

void json_write_object(JsonWriter *w)
{
        open_level(w, SPAN("{"));
}

void json_write_object_end(JsonWriter *w)
{
        close_level(w, SPAN("}"));
}

void json_write_array(JsonWriter *w)
{
        open_level(w, SPAN("["));
}

void json_write_array_end(JsonWriter *w)
{
        close_level(w, SPAN("]"));
}

/* Besides what JSON asks for: C1 controls, the line ends of Unicode, byte order marks and noncharacters, so
 * that the text is one line everywhere and a YAML reader takes it too. n: length of the sequence at s. */
static bool is_escaped(Span s, size_t n)
{
        static const Span rows[] = {{"\xe2\x80\xa8", 3},
                                    {"\xe2\x80\xa9", 3},
                                    {"\xef\xbb\xbf", 3},
                                    {"\xef\xbf\xbe", 3},
                                    {"\xef\xbf\xbf", 3}};
        uint8_t c = (uint8_t)s.ptr[0];
        if (n == 1)
                return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
        if (n == 2)
                return c == 0xc2 && (uint8_t)s.ptr[1] < 0xa0;
        if (n == 3 && (c == 0xe2 || c == 0xef))
                for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                        if (span_starts(s, rows[i]))
                                return true;
        return n == 0;
}

/* The code point of a sequence of one to three bytes. */
static unsigned code_of(Span s, size_t n)
{
        unsigned code = (uint8_t)s.ptr[0] & (n == 1 ? 0x7fU : n == 2 ? 0x1fU : 0x0fU);
        for (size_t i = 1; i < n; i++)
                code = code << 6 | ((uint8_t)s.ptr[i] & 0x3fU);
        return code;
}

static int quote_special(Buf *b, Span s, size_t n)
{
        if (n == 0)
                return buf_append_str(b, "\xef\xbf\xbd");
        switch (s.ptr[0]) {
        case '"':
                return buf_append_str(b, "\\\"");
        case '\\':
                return buf_append_str(b, "\\\\");
        case '\n':
                return buf_append_str(b, "\\n");
        case '\r':
                return buf_append_str(b, "\\r");
        case '\t':
                return buf_append_str(b, "\\t");
        default:
                return buf_appendf(b, "\\u%04x", code_of(s, n));
        }
}

int json_quote(Buf *b, Span s)
{
        int r = buf_append_char(b, '"');
        while (s.len && r == 0) {
                /* The longest run that needs no escape goes in one piece. */
                size_t run = 0, n = 1;
                while (run < s.len) {
                        Span rest = span_skip(s, run);
                        n = utf8_sequence(rest);
                        if (is_escaped(rest, n))
                                break;
                        run += n;
                }
                r = buf_append(b, s.ptr, run);
                s = span_skip(s, run);
                if (s.len && r == 0) {
                        r = quote_special(b, s, n);
                        s = span_skip(s, MAX(n, (size_t)1));
                }
        }
        return r < 0 ? r : buf_append_char(b, '"');
}

void json_write_string(JsonWriter *w, Span s)
{
        separate(w);
        if (w->error == 0)
                w->error = json_quote(w->buf, s);
}

void json_write_str(JsonWriter *w, const char *s)
{
        if (s)
                json_write_string(w, span_of(s));
        else
                json_write_null(w);
}

void json_write_key_span(JsonWriter *w, Span key)
{
        json_write_string(w, key);
        put(w, w->indent ? SPAN(": ") : SPAN(":"));
        w->after_key = true;
}

void json_write_key(JsonWriter *w, const char *key)
{
        json_write_key_span(w, span_of(key));
}

void json_write_raw(JsonWriter *w, Span valid_json)
{
        separate(w);
        put(w, valid_json);
}

void json_write_uint(JsonWriter *w, uint64_t v)
{
        separate(w);
        if (w->error == 0)
                w->error = buf_appendf(w->buf, "%llu", (unsigned long long)v);
}

void json_write_int(JsonWriter *w, int64_t v)
{
        separate(w);
        if (w->error == 0)
                w->error = buf_appendf(w->buf, "%lld", (long long)v);
}

void json_write_decimal(JsonWriter *w, uint64_t v, unsigned decimals)
{
        uint64_t one = 1;
        for (unsigned i = 0; i < decimals; i++)
                one *= 10;
        separate(w);
        if (w->error == 0)
                w->error = buf_appendf(w->buf, "%llu.%0*llu", (unsigned long long)(v / one), (int)decimals,
                                       (unsigned long long)(v % one));
}

void json_write_bool(JsonWriter *w, bool v)
{
        json_write_raw(w, v ? SPAN("true") : SPAN("false"));
}

void json_write_null(JsonWriter *w)
{
        json_write_raw(w, SPAN("null"));
}

int json_write_done(const JsonWriter *w)
{
        return w->error;
}
