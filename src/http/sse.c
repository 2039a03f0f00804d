/* SPDX-License-Identifier: Apache-2.0 */
#include "http/sse.h"

unsigned sse_event(Span id, const Span *data, unsigned n_data, Span *ret_parts, unsigned max_parts)
{
        unsigned n = 0;
        assert(max_parts >= n_data + (id.len ? 4 : 2));
        (void)max_parts;
        if (id.len) {
                ret_parts[n++] = SPAN("id: ");
                ret_parts[n++] = id;
                ret_parts[n++] = SPAN("\ndata: ");
        } else {
                ret_parts[n++] = SPAN("data: ");
        }
        for (unsigned i = 0; i < n_data; i++)
                ret_parts[n++] = data[i];
        ret_parts[n++] = SPAN("\n\n");
        return n;
}

int sse_prime(Buf *b, Span id, uint64_t retry_ms)
{
        size_t before = b->len;
        int r = 0;
        if (id.len)
                r = buf_appendf(b, "id: %.*s\n", (int)id.len, id.ptr);
        if (r == 0)
                r = buf_appendf(b, "retry: %llu\ndata: \n\n", (unsigned long long)retry_ms);
        if (r < 0)
                b->len = before;
        return r;
}
