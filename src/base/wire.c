/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wire.h"

int wire_put_u8(Buf *b, uint8_t v)
{
        return buf_append(b, &v, sizeof(v));
}

int wire_put_u32(Buf *b, uint32_t v)
{
        return buf_append(b, &v, sizeof(v));
}

int wire_put_u64(Buf *b, uint64_t v)
{
        return buf_append(b, &v, sizeof(v));
}

int wire_put_span(Buf *b, Span s)
{
        if (s.len > UINT32_MAX)
                return -E2BIG;
        int r = wire_put_u32(b, (uint32_t)s.len);
        return r < 0 ? r : buf_append_span(b, s);
}

static Span take(WireReader *r, size_t n)
{
        if (r->bad || n > r->left.len) {
                r->bad = true;
                return SPAN_NONE;
        }
        Span s = span_first(r->left, n);
        r->left = span_skip(r->left, n);
        return s;
}

static void get(WireReader *r, void *ret, size_t n)
{
        Span s = take(r, n);
        if (s.len)
                memcpy(ret, s.ptr, n);
}

uint8_t wire_get_u8(WireReader *r)
{
        uint8_t v = 0;
        get(r, &v, sizeof(v));
        return v;
}

uint32_t wire_get_u32(WireReader *r)
{
        uint32_t v = 0;
        get(r, &v, sizeof(v));
        return v;
}

uint64_t wire_get_u64(WireReader *r)
{
        uint64_t v = 0;
        get(r, &v, sizeof(v));
        return v;
}

Span wire_get_span(WireReader *r)
{
        uint32_t n = wire_get_u32(r);
        return take(r, n);
}
