/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/head-memo.h"
#include "mcp/cursor.h"

/* Those that decide who may speak and in which form. */
static const HttpHeaderId headers[HEAD_MEMO_HEADERS] = {
        HTTP_HEADER_HOST,   HTTP_HEADER_ORIGIN,       HTTP_HEADER_AUTHORIZATION,
        HTTP_HEADER_ACCEPT, HTTP_HEADER_CONTENT_TYPE, HTTP_HEADER_CONTENT_ENCODING,
};

enum {
        MORE_THAN_ONE = 1 << HTTP_HEADER_HOST | 1 << HTTP_HEADER_ORIGIN | 1 << HTTP_HEADER_AUTHORIZATION |
                        1 << HTTP_HEADER_ACCEPT | 1 << HTTP_HEADER_CONTENT_TYPE |
                        1 << HTTP_HEADER_CONTENT_ENCODING,
        ABSENT = UINT16_MAX,
};

/* A token must not tell by the time how much of it is right, not even to who shares a connection. */
static bool is_same(HttpHeaderId id, const char *kept, Span value)
{
        if (value.len == 0)
                return true;
        if (id == HTTP_HEADER_AUTHORIZATION)
                return equal_in_constant_time(kept, value.ptr, value.len);
        return memcmp(kept, value.ptr, value.len) == 0;
}

void head_memo_clear(HeadMemo *m)
{
        m->edition = 0;
}

void head_memo_take(HeadMemo *m, const HttpRequest *r, uint64_t edition)
{
        size_t used = 0;
        m->edition = 0;
        if (r->more & MORE_THAN_ONE)
                return;
        for (unsigned i = 0; i < HEAD_MEMO_HEADERS; i++) {
                Span value = http_header(r, headers[i]);
                if (value.len > sizeof(m->bytes) - used)
                        return;
                m->lengths[i] = value.ptr ? (uint16_t)value.len : ABSENT;
                if (value.len)
                        memcpy(m->bytes + used, value.ptr, value.len);
                used += value.len;
        }
        m->edition = edition;
}

bool head_memo_knows(const HeadMemo *m, const HttpRequest *r, uint64_t edition)
{
        size_t used = 0;
        bool same = true;
        if (m->edition != edition || edition == 0 || r->more & MORE_THAN_ONE)
                return false;
        for (unsigned i = 0; i < HEAD_MEMO_HEADERS; i++) {
                Span value = http_header(r, headers[i]);
                if (m->lengths[i] != (value.ptr ? value.len : ABSENT))
                        return false;
                same &= is_same(headers[i], m->bytes + used, value);
                used += value.len;
        }
        return same;
}
