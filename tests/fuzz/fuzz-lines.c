/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes: their lines are the same however they are cut on their way, and
 * as a plain reading has them. The first byte says how long a line may be.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "jsonrpc/line-reader.h"

static void note(Buf *out, int what, Span line)
{
        FUZZ_CHECK(buf_append_char(out, what == LINE_READER_LINE ? 'L' : 'T') == 0);
        FUZZ_CHECK(buf_append(out, &line.len, sizeof(line.len)) == 0 && buf_append_span(out, line) == 0);
}

static void take(LineReader *r, bool last, Buf *out)
{
        int (*next)(LineReader *, char **, size_t *) = last ? line_reader_last : line_reader_next;
        char *line;
        size_t n;
        for (int what; (what = next(r, &line, &n)) != LINE_READER_NONE;) {
                note(out, what, span_from(line, n));
                memset(line, '\n', n); /* the caller's to change */
        }
}

static void feed(Span bytes, size_t max, size_t step, Buf *out)
{
        CLEANUP(line_reader_done) LineReader r;
        char *room;
        line_reader_init(&r, max);
        for (size_t n; bytes.len; bytes = span_skip(bytes, n)) {
                FUZZ_CHECK(line_reader_room(&r, &room, &n) == 0 && n > 0);
                n = MIN(MIN(n, step), bytes.len);
                memcpy(room, bytes.ptr, n);
                line_reader_filled(&r, n);
                take(&r, false, out);
                if (step % 2)
                        line_reader_shrink(&r);
                FUZZ_CHECK(r.size <= max + 2);
        }
        take(&r, true, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf want = BUF_INIT(BUF_CAP_NONE);
        Span bytes = span_from((const char *)data, size), rest, line;
        size_t max = size ? data[0] : 0;
        for (rest = bytes; rest.len;) {
                size_t end = span_find(rest, '\n');
                line = span_first(rest, end);
                line.len -= line.len && line.ptr[line.len - 1] == '\r';
                note(&want, line.len > max ? LINE_READER_TOO_LONG : LINE_READER_LINE, span_first(line, max));
                rest = span_skip(rest, end + 1);
        }
        static const size_t steps[] = {1, 2, 3, 16, 17, SIZE_MAX};
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE);
                feed(bytes, max, steps[i], &out);
                FUZZ_CHECK(span_equal(buf_span(&out), buf_span(&want)));
        }
        return 0;
}
