/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: fed at once and fed in pieces, the same events come out, and none is longer than allowed. */
#include "client/sse-reader.h"
#include "fuzz.h"

enum { LONGEST = 60 };

static void read_all(Span text, size_t step, Buf *b)
{
        CLEANUP(sse_reader_done) SseReader r;
        size_t used;
        bool event;
        int e = 0;
        sse_reader_init(&r, LONGEST);
        while (e == 0 && text.len) {
                e = sse_reader_feed(&r, span_first(text, step), &used, &event);
                if (e != 0)
                        break;
                FUZZ_CHECK(used > 0 && used <= MIN(step, text.len) && (event || used == MIN(step, text.len)));
                text = span_skip(text, used);
                FUZZ_CHECK(!event || (r.data.len > 0 && r.data.len <= LONGEST));
                if (event)
                        FUZZ_CHECK(buf_appendf(b, "%zu:%s %zu:%s %llu\n", r.data.len, buf_text(&r.data),
                                               r.id.len, buf_text(&r.id),
                                               (unsigned long long)r.retry_ms) == 0);
        }
        FUZZ_CHECK(e == 0 || e == SSE_READER_E_TOO_LONG);
        FUZZ_CHECK(buf_appendf(b, "%d", e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf whole = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf pieces = BUF_INIT(BUF_CAP_NONE);
        if (size == 0)
                return 0;
        Span text = span_from((const char *)data + 1, size - 1);
        read_all(text, SIZE_MAX / 2, &whole);
        read_all(text, 1 + data[0] % 32, &pieces);
        FUZZ_CHECK(span_equal(buf_span(&whole), buf_span(&pieces)));
        return 0;
}
