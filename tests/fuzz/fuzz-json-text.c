/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text: it keeps its lines, grows never, stays UTF-8 if it was, and a
 * text that is no JSON object stays as it is.
 */
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/json-text.h"
#include "fuzz.h"

static size_t lines(Span s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.len; i++)
                n += s.ptr[i] == '\n';
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_FILE);
        Span before = span_from((const char *)data, MIN(size, (size_t)LIMIT_CONFIG_FILE));
        bool object = span_find(before, '{') < before.len;
        FUZZ_CHECK(buf_append_span(&text, before) == 0);
        FUZZ_CHECK(json_text_prepare(&text) == 0);
        Span after = buf_span(&text);
        FUZZ_CHECK(lines(after) == lines(before) && after.len <= before.len);
        FUZZ_CHECK(!utf8_valid(before) || utf8_valid(after));
        FUZZ_CHECK(object || span_equal(before, after));
        return 0;
}
