/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any edits of any text: three bytes each (how far on, how much is cut, how
 * much is put), then a byte 0xff, then the text. What comes out is as long as
 * was said and the same in parts and in one; the edits undone give the text.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "jsonrpc/splice.h"

typedef struct Edits {
        SpliceEdit list[SPLICE_EDITS];
        unsigned n;
} Edits;

/* The edits that fit into the text, in order and without overlap. */
static Edits read_edits(Span *bytes)
{
        static const char puts[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        uint8_t raw[SPLICE_EDITS][3];
        unsigned n = 0;
        Edits e = {.n = 0};
        for (; bytes->len >= 3 && (uint8_t)bytes->ptr[0] != 0xff && n < SPLICE_EDITS; n++) {
                memcpy(raw[n], bytes->ptr, 3);
                *bytes = span_skip(*bytes, 3);
        }
        *bytes = span_skip(*bytes, 1);
        size_t at = 0;
        for (unsigned i = 0; i < n; i++) {
                size_t from = at + raw[i][0], cut = raw[i][1] % 16;
                if (from > bytes->len || cut > bytes->len - from)
                        break;
                e.list[e.n++] = (SpliceEdit){from, cut, span_first(SPAN(puts), raw[i][2] % sizeof(puts))};
                at = from + cut;
        }
        return e;
}

static void apply(Span text, const Edits *e, bool backwards, Buf *out)
{
        Splice s;
        Span parts[SPLICE_PARTS];
        size_t done = 0;
        splice_init(&s, text);
        for (unsigned i = 0; i < e->n; i++) {
                const SpliceEdit *edit = &e->list[backwards ? e->n - 1 - i : i];
                splice_replace(&s, span_from(text.ptr + edit->at, edit->cut), edit->put);
        }
        FUZZ_CHECK(splice_append(&s, out) == 0 && out->len == splice_length(&s));
        for (unsigned i = 0, n = splice_parts(&s, parts); i < n; i++, done += parts[i - 1].len)
                FUZZ_CHECK(parts[i].len &&
                           span_equal(span_first(span_skip(buf_span(out), done), parts[i].len), parts[i]));
        FUZZ_CHECK(done == out->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done)
        Buf once = BUF_INIT(BUF_CAP_NONE), other = BUF_INIT(BUF_CAP_NONE), back = BUF_INIT(BUF_CAP_NONE);
        Span text = span_from((const char *)data, size);
        Edits e = read_edits(&text), undo = {.n = e.n};
        apply(text, &e, false, &once);
        bool stacked = false; /* two at one place stand in the order of the calls */
        ptrdiff_t moved = 0;
        for (unsigned i = 0; i < e.n; i++) {
                const SpliceEdit *edit = &e.list[i];
                stacked |= i && edit->at == e.list[i - 1].at;
                undo.list[i] = (SpliceEdit){(size_t)((ptrdiff_t)edit->at + moved), edit->put.len,
                                            span_from(text.ptr + edit->at, edit->cut)};
                moved += (ptrdiff_t)edit->put.len - (ptrdiff_t)edit->cut;
        }
        if (!stacked) {
                apply(text, &e, true, &other);
                FUZZ_CHECK(span_equal(buf_span(&once), buf_span(&other)));
        }
        apply(buf_span(&once), &undo, false, &back);
        FUZZ_CHECK(span_equal(buf_span(&back), text));
        return 0;
}
