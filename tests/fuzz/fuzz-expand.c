/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text: its expansion keeps to the world (one without variables, when it
 * begins with x) and explains itself when it fails, with no value in it; what
 * was quoted comes out as it went in.
 */
#include "base/limit-table.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf out = BUF_INIT(BUF_CAP_NONE), why = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf quoted = BUF_INIT(BUF_CAP_NONE), plain = BUF_INIT(BUF_CAP_NONE);
        Span text = span_from((const char *)data, size);
        Expansion e = {0};
        int r = expand(span_starts(text, SPAN("x")) ? &fuzz_bare_world : &fuzz_world, text, &out, &e, &why);
        FUZZ_CHECK(r == 0 || (r == EXPAND_E_INVALID && why.len > 0));
        FUZZ_CHECK(out.len <= LIMIT_CONFIG_VALUE);
        FUZZ_CHECK(e.references || r || span_find(text, '$') < text.len || span_equal(text, buf_span(&out)));
        bool told = span_find_span(text, SPAN(FUZZ_SECRET)) < text.len;
        FUZZ_CHECK(told || span_find_span(buf_span(&why), SPAN(FUZZ_SECRET)) == why.len);

        FUZZ_CHECK(expand_quote(text, &quoted) == 0);
        buf_clear(&why);
        r = expand(&fuzz_world, buf_span(&quoted), &plain, &e, &why);
        FUZZ_CHECK(r == 0 || size > LIMIT_CONFIG_VALUE);
        FUZZ_CHECK(r || (!e.references && !e.secret && span_equal(buf_span(&plain), text)));
        return 0;
}
