/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a cursor and as base64: what is accepted is written the same way again. */
#include "base/base64.h"
#include "fuzz.h"
#include "mcp/cursor.h"

static void check_base64(Base64 kind, Span s)
{
        CLEANUP_FREE uint8_t *bytes = malloc(s.len / 4 * 3 + 2);
        CLEANUP_FREE char *text = malloc(s.len + 4);
        size_t n;
        FUZZ_CHECK(bytes && text);
        if (!base64_decode(kind, s, bytes, &n))
                return;
        FUZZ_CHECK(BASE64_LENGTH(n) >= s.len);
        size_t length = base64_encode(kind, span_from((const char *)bytes, n), text);
        FUZZ_CHECK(span_equal(span_from(text, length), s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t key[CURSOR_KEY] = "the corpus has cursors of it";
        Span s = span_from((const char *)data, size);
        char text[CURSOR_SIZE];
        Cursor c;
        check_base64(BASE64_PLAIN, s);
        check_base64(BASE64_URL, s);
        if (!cursor_read(key, s, &c))
                return 0;
        cursor_write(key, &c, text);
        FUZZ_CHECK(span_equal(span_of(text), s));
        return 0;
}
