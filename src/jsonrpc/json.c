/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/json.h"

#include "base/limit-table.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "jsonrpc/scan.h"

bool jspan_valid(Span text, uint32_t depth)
{
        Scan s = scan_of(text, depth);
        const char *p = scan_value(&s, scan_blank(&s, s.begin));
        return p && scan_blank(&s, p) == s.end;
}

JspanType jspan_type(Span value)
{
        static const JspanType types[UINT8_MAX + 1] = {
                ['{'] = JSPAN_OBJECT, ['['] = JSPAN_ARRAY,  ['"'] = JSPAN_STRING, ['t'] = JSPAN_TRUE,
                ['f'] = JSPAN_FALSE,  ['n'] = JSPAN_NULL,   ['-'] = JSPAN_NUMBER, ['0'] = JSPAN_NUMBER,
                ['1'] = JSPAN_NUMBER, ['2'] = JSPAN_NUMBER, ['3'] = JSPAN_NUMBER, ['4'] = JSPAN_NUMBER,
                ['5'] = JSPAN_NUMBER, ['6'] = JSPAN_NUMBER, ['7'] = JSPAN_NUMBER, ['8'] = JSPAN_NUMBER,
                ['9'] = JSPAN_NUMBER,
        };
        return value.len ? types[(uint8_t)value.ptr[0]] : JSPAN_NONE;
}

/* ---- objects and arrays --------------------------------------------------- */

JspanWalk jspan_walk(Span container)
{
        JspanType type = jspan_type(container);
        if (type != JSPAN_OBJECT && type != JSPAN_ARRAY)
                return (JspanWalk){0};
        return (JspanWalk){.rest = span_skip(container, 1), .object = type == JSPAN_OBJECT};
}

/* The scan only finds where each part ends; in text that was not validated it ends the walk. */
bool jspan_next(JspanWalk *w, Span *ret_name, Span *ret_value)
{
        Scan s = scan_of(w->rest, LIMIT_JSON_DEPTH);
        Span name = SPAN_NONE;
        const char *from = scan_blank(&s, s.begin), *end;
        w->rest = SPAN_NONE;
        if (scan_peek(&s, from) == ',')
                from = scan_blank(&s, from + 1);
        if (w->object)
                from = scan_name(&s, from, &name);
        end = from ? scan_value(&s, from) : NULL;
        if (!end)
                return false;
        w->rest = span_from(end, (size_t)(s.end - end));
        if (ret_name)
                *ret_name = w->object ? span_from(name.ptr - 1, name.len + 2) : SPAN_NONE;
        *ret_value = span_from(from, (size_t)(end - from));
        return true;
}

Span jspan_member(Span object, const char *name)
{
        JspanWalk w = jspan_walk(object);
        Span plain = span_of(name), quoted, value;
        if (!w.object)
                return SPAN_NONE;
        while (jspan_next(&w, &quoted, &value))
                if (quoted.len == plain.len + 2 && memcmp(quoted.ptr + 1, plain.ptr, plain.len) == 0)
                        return value;
        return SPAN_NONE;
}

/* ---- strings -------------------------------------------------------------- */

/* What stands between the quotes. */
static bool inside(Span value, Span *ret)
{
        if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"')
                return false;
        *ret = span_from(value.ptr + 1, value.len - 2);
        return true;
}

static bool take_hex(Span *rest, uint32_t *ret_code)
{
        uint8_t bytes[2];
        if (rest->len < 6 || rest->ptr[0] != '\\' || rest->ptr[1] != 'u' ||
            parse_hex(span_from(rest->ptr + 2, 4), bytes, sizeof(bytes)) < 0)
                return false;
        *ret_code = (uint32_t)(bytes[0] << 8 | bytes[1]);
        *rest = span_skip(*rest, 6);
        return true;
}

/* A \u, or two of them that belong together. */
static bool take_unicode(Span *rest, uint32_t *ret_code)
{
        uint32_t code, second;
        if (!take_hex(rest, &code))
                return false;
        if (code >= 0xd800 && code < 0xdc00) {
                if (!take_hex(rest, &second) || second < 0xdc00 || second > 0xdfff)
                        return false;
                code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        }
        *ret_code = code;
        return true;
}

/* Takes the next piece of a string off *rest: a run without escapes, or what one escape means, which is put
 * into `room`. False: there is no such escape. */
static bool take_piece(Span *rest, char room[static UTF8_LONGEST], Span *ret)
{
        static const char meant[UINT8_MAX + 1] = {
                ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
        };
        size_t plain = span_find(*rest, '\\'), n = 1;
        uint32_t code;
        if (plain) {
                *ret = span_first(*rest, plain);
                *rest = span_skip(*rest, plain);
                return true;
        }
        room[0] = rest->len < 2 ? '\0' : meant[(uint8_t)rest->ptr[1]];
        if (room[0])
                *rest = span_skip(*rest, 2);
        else if (take_unicode(rest, &code))
                n = utf8_put(code, room);
        else
                return false;
        *ret = span_from(room, n);
        return n > 0;
}

static bool decode(Span rest, char *room, size_t size, size_t *ret_n)
{
        char c[UTF8_LONGEST];
        size_t n = 0;
        Span piece;
        while (rest.len) {
                if (!take_piece(&rest, c, &piece) || piece.len > size - n)
                        return false;
                memcpy(room + n, piece.ptr, piece.len);
                n += piece.len;
        }
        *ret_n = n;
        return true;
}

bool jspan_text(Span value, char *room, size_t size, Span *ret)
{
        Span text;
        size_t n;
        if (!inside(value, &text))
                return false;
        if (span_find(text, '\\') == text.len) {
                *ret = text;
                return true;
        }
        if (!decode(text, room, size, &n))
                return false;
        *ret = span_from(room, n);
        return true;
}

int jspan_text_append(Span value, Buf *b)
{
        Span text;
        size_t n = 0;
        char *room;
        if (!inside(value, &text))
                return -EINVAL;
        int r = buf_reserve(b, text.len, &room); /* no escape is shorter than what it means */
        if (r < 0)
                return r;
        bool good = decode(text, room, text.len, &n);
        buf_commit(b, n); /* also of nothing: the NUL is back */
        return good ? 0 : -EINVAL;
}

bool jspan_is(Span value, const char *text)
{
        char c[UTF8_LONGEST];
        Span rest, piece, want = span_of(text);
        if (!inside(value, &rest))
                return false;
        while (rest.len) {
                if (!take_piece(&rest, c, &piece) || !span_starts(want, piece))
                        return false;
                want = span_skip(want, piece.len);
        }
        return want.len == 0;
}

/* ---- numbers -------------------------------------------------------------- */

bool jspan_uint(Span value, uint64_t *ret)
{
        return parse_u64(value, ret) == 0;
}

bool jspan_int(Span value, int64_t *ret)
{
        return parse_i64(value, ret) == 0;
}
