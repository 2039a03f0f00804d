/* SPDX-License-Identifier: Apache-2.0 */
/* A field as bytes and back: the part of value.h that blob builds on. */

#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/value.h"

enum { TEXT_ABSENT, TEXT_PLAIN, TEXT_SECRET, _TEXT_MAX };

static int encode_text(const ConfigText *t, Buf *b)
{
        int r = wire_put_u8(b, !t->value ? TEXT_ABSENT : t->secret ? TEXT_SECRET : TEXT_PLAIN);
        return r < 0 || !t->value ? r : wire_put_span(b, span_of(t->value));
}

static int encode_list(const ConfigList *l, Buf *b)
{
        int r = wire_put_u32(b, (uint32_t)l->n);
        for (size_t i = 0; i < l->n && r == 0; i++)
                r = encode_text(&l->items[i], b);
        return r;
}

static int encode_map(const ConfigMap *m, Buf *b)
{
        int r = wire_put_u32(b, (uint32_t)m->n);
        for (size_t i = 0; i < m->n && r == 0; i++) {
                r = wire_put_span(b, span_of(m->items[i].name));
                if (r == 0)
                        r = encode_text(&m->items[i].text, b);
        }
        return r;
}

int value_encode(const SchemaRow *row, const void *field, Buf *b)
{
        uint64_t u;
        switch (row->type) {
        case TYPE_BOOL:
                return wire_put_u8(b, *(const bool *)field);
        case TYPE_ENUM:
                return wire_put_u32(b, (uint32_t) * (const int *)field);
        case TYPE_TEXT:
        case TYPE_JSON:
                return encode_text(field, b);
        case TYPE_LIST:
                return encode_list(field, b);
        case TYPE_MAP:
                return encode_map(field, b);
        default:
                memcpy(&u, field, sizeof(u));
                return wire_put_u64(b, u);
        }
}

/* A text that could have come from a file: no NUL, UTF-8, of the row's form. */
static bool text_fits(const SchemaRow *row, Span s)
{
        if (s.len > LIMIT_CONFIG_VALUE || (s.len && memchr(s.ptr, 0, s.len)) || !utf8_valid(s))
                return false;
        return !row->check || !row->check(s);
}

static int decode_text(const SchemaRow *row, WireReader *r, Arena *arena, ConfigText *t)
{
        uint8_t kind = wire_get_u8(r);
        *t = (ConfigText){0};
        if (r->bad || kind >= _TEXT_MAX || kind == TEXT_ABSENT) {
                r->bad |= kind >= _TEXT_MAX;
                return 0;
        }
        Span s = wire_get_span(r);
        if (r->bad || !text_fits(row, s)) {
                r->bad = true;
                return 0;
        }
        t->secret = kind == TEXT_SECRET;
        t->value = arena_strdup(arena, s);
        return t->value ? 0 : -ENOMEM;
}

/* A count that the bytes left can hold: each item takes at least one byte. */
static uint32_t decode_count(WireReader *r)
{
        uint32_t n = wire_get_u32(r);
        if (n > LIMIT_CONFIG_LIST || n > r->left.len)
                r->bad = true;
        return r->bad ? 0 : n;
}

static int decode_list(const SchemaRow *row, WireReader *r, Arena *arena, ConfigList *l)
{
        uint32_t n = decode_count(r);
        ConfigText *items = n ? ARENA_NEW_N(arena, ConfigText, n) : NULL;
        if (n && !items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && !r->bad; i++) {
                int k = decode_text(row, r, arena, &items[i]);
                if (k < 0)
                        return k;
                r->bad |= !items[i].value;
        }
        *l = (ConfigList){items, n};
        return 0;
}

static int decode_map(const SchemaRow *row, WireReader *r, Arena *arena, ConfigMap *m)
{
        uint32_t n = decode_count(r);
        ConfigPair *items = n ? ARENA_NEW_N(arena, ConfigPair, n) : NULL;
        if (n && !items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && !r->bad; i++) {
                Span name = wire_get_span(r);
                if (r->bad || name.len == 0 || memchr(name.ptr, 0, name.len) ||
                    (row->check_name && row->check_name(name))) {
                        r->bad = true;
                        break;
                }
                items[i].name = arena_strdup(arena, name);
                if (!items[i].name)
                        return -ENOMEM;
                int k = decode_text(row, r, arena, &items[i].text);
                if (k < 0)
                        return k;
                r->bad |= !items[i].text.value;
        }
        *m = (ConfigMap){items, n};
        return 0;
}

static void decode_scalar(const SchemaRow *row, WireReader *r, void *field)
{
        if (row->type == TYPE_BOOL) {
                uint8_t v = wire_get_u8(r);
                r->bad |= v > 1;
                *(bool *)field = v == 1;
                return;
        }
        if (row->type == TYPE_ENUM) {
                uint32_t v = wire_get_u32(r);
                int word = v > INT32_MAX ? -1 : (int)v;
                r->bad |= !value_in_bounds(row, &word);
                *(int *)field = r->bad ? 0 : word;
                return;
        }
        uint64_t v = wire_get_u64(r);
        r->bad |= !value_in_bounds(row, &v);
        memcpy(field, &v, sizeof(v));
}

int value_decode(const SchemaRow *row, WireReader *r, Arena *arena, void *field)
{
        switch (row->type) {
        case TYPE_TEXT:
        case TYPE_JSON:
                return decode_text(row, r, arena, field);
        case TYPE_LIST:
                return decode_list(row, r, arena, field);
        case TYPE_MAP:
                return decode_map(row, r, arena, field);
        default:
                decode_scalar(row, r, field);
                return 0;
        }
}
