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

void json_object(JsonWriter *w)
{
        open_level(w, SPAN("{"));
}

void json_object_end(JsonWriter *w)
{
        close_level(w, SPAN("}"));
}

void json_array(JsonWriter *w)
{
        open_level(w, SPAN("["));
}

void json_array_end(JsonWriter *w)
{
        close_level(w, SPAN("]"));
}

/* Beyond ASCII: what is a control character or a line end to some reader (C1, U+2028, U+2029, the byte
 * order mark), and U+FFFE and U+FFFF, which YAML refuses. 0 for everything else. */
static unsigned foreign_control(Span s, size_t n)
{
        unsigned code = 0;
        if (n == 2)
                code = ((uint8_t)s.ptr[0] & 0x1fu) << 6 | ((uint8_t)s.ptr[1] & 0x3fu);
        else if (n == 3)
                code = ((uint8_t)s.ptr[0] & 0xfu) << 12 | ((uint8_t)s.ptr[1] & 0x3fu) << 6 |
                       ((uint8_t)s.ptr[2] & 0x3fu);
        bool control = (code >= 0x80 && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
                       code >= 0xfffe;
        return control ? code : 0;
}

static int quote_special(Buf *b, Span s, size_t n)
{
        uint8_t c = (uint8_t)s.ptr[0];
        if (n > 1)
                return buf_appendf(b, "\\u%04x", foreign_control(s, n));
        if (n == 0)
                return buf_append_str(b, "\xef\xbf\xbd");
        switch (c) {
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
                return buf_appendf(b, "\\u%04x", c);
        }
}

int json_quote(Buf *b, Span s)
{
        int r = buf_append_char(b, '"');
        while (s.len && r == 0) {
                /* The longest run that needs no escape goes in one piece. */
                size_t run = 0, n = 1;
                while (run < s.len) {
                        uint8_t c = (uint8_t)s.ptr[run];
                        n = c < 0x80 ? 1 : utf8_sequence(span_skip(s, run));
                        if (n == 0 || c < 0x20 || c == '"' || c == '\\' || c == 0x7f ||
                            foreign_control(span_skip(s, run), n))
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

void json_string(JsonWriter *w, Span s)
{
        separate(w);
        if (w->error == 0)
                w->error = json_quote(w->buf, s);
}

void json_str(JsonWriter *w, const char *s)
{
        if (s)
                json_string(w, span_of(s));
        else
                json_null(w);
}

void json_key_span(JsonWriter *w, Span key)
{
        json_string(w, key);
        put(w, w->indent ? SPAN(": ") : SPAN(":"));
        w->after_key = true;
}

void json_key(JsonWriter *w, const char *key)
{
        json_key_span(w, span_of(key));
}

void json_raw(JsonWriter *w, Span valid_json)
{
        separate(w);
        put(w, valid_json);
}

void json_uint(JsonWriter *w, uint64_t v)
{
        separate(w);
        if (w->error == 0)
                w->error = buf_appendf(w->buf, "%llu", (unsigned long long)v);
}

void json_int(JsonWriter *w, int64_t v)
{
        separate(w);
        if (w->error == 0)
                w->error = buf_appendf(w->buf, "%lld", (long long)v);
}

void json_bool(JsonWriter *w, bool v)
{
        json_raw(w, v ? SPAN("true") : SPAN("false"));
}

void json_null(JsonWriter *w)
{
        json_raw(w, SPAN("null"));
}

int json_done(const JsonWriter *w)
{
        return w->error;
}
