/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: fed at once and fed in pieces, the same answer comes out, or the same refusal. */
#include "fuzz.h"
#include "http/h1-response.h"

static const H1ResponseLimits limits = {.max_header = 300, .max_body = 100};

static void describe(H1Response *r, H1ResponseState state, size_t used, Buf *b)
{
        FUZZ_CHECK(buf_appendf(b, "%d ", state) == 0);
        if (state == H1_RESPONSE_BROKEN) {
                FUZZ_CHECK(*h1_response_why(r) && buf_append_str(b, h1_response_why(r)) == 0);
                return;
        }
        FUZZ_CHECK(!*h1_response_why(r) && buf_appendf(b, "%zu ", used) == 0);
        if (state == H1_RESPONSE_HEAD)
                return;
        FUZZ_CHECK(h1_response_body(r)->len <= limits.max_body);
        FUZZ_CHECK(buf_appendf(b, "%d %d %d ", h1_response_status(r), h1_response_keeps_alive(r),
                               h1_response_is(r, "text/event-stream")) == 0);
        for (unsigned i = 0; i < _H1_RESPONSE_HEADER_MAX; i++) {
                Span v = h1_response_header(r, i);
                FUZZ_CHECK(buf_appendf(b, "%d:%.*s\n", v.ptr != NULL, (int)v.len, v.ptr ? v.ptr : "") == 0);
        }
        FUZZ_CHECK(buf_append_span(b, buf_span(h1_response_body(r))) == 0);
}

/* What is there, and then the end of the connection. */
static void read_all(Span text, size_t step, bool no_body, Buf *b)
{
        CLEANUP(h1_response_free_p) H1Response *r = NULL;
        size_t at = 0, used;
        H1ResponseState state = H1_RESPONSE_HEAD;
        FUZZ_CHECK(h1_response_new(&limits, &r) == 0);
        h1_response_reset(r, no_body);
        while (at < text.len && state < H1_RESPONSE_DONE) {
                FUZZ_CHECK(h1_response_feed(r, span_first(span_skip(text, at), step), &used, &state) == 0);
                FUZZ_CHECK(used == MIN(step, text.len - at) || state >= H1_RESPONSE_DONE);
                at += used;
        }
        FUZZ_CHECK(h1_response_begun(r) == (text.len > 0));
        describe(r, state, at, b);
        describe(r, h1_response_eof(r), at, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf whole = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf pieces = BUF_INIT(BUF_CAP_NONE);
        if (size == 0)
                return 0;
        Span text = span_from((const char *)data + 1, size - 1);
        read_all(text, SIZE_MAX / 2, data[0] & 1, &whole);
        read_all(text, 1 + (data[0] >> 1) % 16, data[0] & 1, &pieces);
        FUZZ_CHECK(span_equal(buf_span(&whole), buf_span(&pieces)));
        return 0;
}
