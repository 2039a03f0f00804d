/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, beside jansson: what is valid is walked to its last value, and
 * each is what jansson has there; in what is not valid every span stays inside.
 */
#include <jansson.h>

#include "fuzz.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/json.h"

enum { FLAGS = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, DEPTH = 32 };

/* Also of what is no string: it is none then, and all three say so. */
static void check_string(Span value, json_t *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        char room[16];
        Span text, whole;
        int r = jspan_text_append(value, &b);
        bool fits = jspan_text(value, room, sizeof(room), &text);
        whole = buf_span(&b);
        FUZZ_CHECK(r == 0 || (r == -EINVAL && b.len == 0 && !fits));
        FUZZ_CHECK(!fits || span_equal(text, whole));
        FUZZ_CHECK(r < 0 || fits || whole.len > sizeof(room));
        if (r == 0 && span_find(whole, '\0') == whole.len) {
                FUZZ_CHECK(jspan_is(value, buf_text(&b)));
                FUZZ_CHECK(buf_append_char(&b, 'x') == 0 && !jspan_is(value, b.data));
        }
        if (want && json_is_string(want))
                FUZZ_CHECK(r == 0 &&
                           span_equal(span_first(buf_span(&b), json_string_length(want)),
                                      span_from(json_string_value(want), json_string_length(want))));
}

static void check_number(Span value, json_t *want)
{
        int64_t v;
        uint64_t u;
        bool is = jspan_int(value, &v), is_unsigned = jspan_uint(value, &u);
        FUZZ_CHECK(!is || !want || (json_is_integer(want) && json_integer_value(want) == v));
        FUZZ_CHECK(is == (is_unsigned ? u <= INT64_MAX : is) &&
                   (!is || v < 0 || is_unsigned || value.ptr[0] == '-'));
        FUZZ_CHECK(is || !want || !json_is_integer(want));
}

/* `want` is NULL in what is not valid. */
static void check(Span value, json_t *want, unsigned depth)
{
        Span name, inner;
        size_t n = 0;
        check_string(value, want);
        check_number(value, want);
        for (JspanWalk w = jspan_walk(value); depth && jspan_next(&w, &name, &inner); n++) {
                CLEANUP(buf_done) Buf key = BUF_INIT(BUF_CAP_NONE);
                json_t *there = w.object ? NULL : json_array_get(want, n);
                FUZZ_CHECK(inner.ptr > value.ptr && inner.ptr + inner.len <= value.ptr + value.len);
                if (w.object && jspan_text_append(name, &key) == 0)
                        there = json_object_get(want, buf_text(&key));
                FUZZ_CHECK(!want || there);
                check(inner, there, depth - 1);
        }
        FUZZ_CHECK(!want || n == (json_is_object(want) ? json_object_size(want) : json_array_size(want)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span text = span_from((const char *)data, size), id;
        bool valid = jspan_valid(text, DEPTH);
        json_t *root = valid ? json_loadb(text.ptr, text.len, FLAGS, NULL) : NULL;
        check(span_trim(text), root, DEPTH);
        if (envelope_peek_id(text, &id))
                FUZZ_CHECK(id.ptr > text.ptr && id.ptr + id.len <= text.ptr + text.len);
        id = jspan_member(span_trim(text), "id");
        FUZZ_CHECK(!id.ptr || !root || json_object_get(root, "id"));
        json_decref(root);
        return 0;
}
