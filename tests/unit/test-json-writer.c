/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <jansson.h>

#include "base/json-writer.h"
#include "base/utf8.h"
#include "support/oom.h"

static json_t *read_back(const Buf *b)
{
        json_error_t error;
        json_t *v = json_loadb(b->data, b->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                               &error);
        if (!v)
                fail_msg("%s: %s", error.text, buf_text(b));
        return v;
}

/* One of everything. */
static void write_sample(JsonWriter *w)
{
        json_write_object(w);
        json_write_key(w, "empty");
        json_write_object(w);
        json_write_object_end(w);
        json_write_key(w, "none");
        json_write_array(w);
        json_write_array_end(w);
        json_write_key_span(w, SPAN("li\"st"));
        json_write_array(w);
        json_write_uint(w, UINT64_MAX);
        json_write_int(w, INT64_MIN);
        json_write_bool(w, true);
        json_write_bool(w, false);
        json_write_null(w);
        json_write_str(w, NULL);
        json_write_str(w, "a\nb");
        json_write_raw(w, SPAN("1.5"));
        json_write_object(w);
        json_write_key(w, "k");
        json_write_string(w, SPAN_NONE);
        json_write_object_end(w);
        json_write_array_end(w);
        json_write_key(w, "last");
        json_write_int(w, 0);
        json_write_object_end(w);
}

static void test_decimal(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER(&b);
        json_write_array(&w);
        json_write_decimal(&w, 12501, 3);
        json_write_decimal(&w, 7, 3);
        json_write_decimal(&w, 125, 1);
        json_write_decimal(&w, 0, 1);
        json_write_decimal(&w, UINT64_MAX, 6);
        json_write_array_end(&w);
        assert_int_equal(json_write_done(&w), 0);
        assert_string_equal(buf_text(&b), "[12.501,0.007,12.5,0.0,18446744073709.551615]");
}

static void test_golden(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER(&b);
        write_sample(&w);
        assert_int_equal(json_write_done(&w), 0);
        assert_span_equal(buf_span(&b),
                          SPAN("{\"empty\":{},\"none\":[],\"li\\\"st\":[18446744073709551615,"
                               "-9223372036854775808,true,false,null,null,\"a\\nb\",1.5,{\"k\":\"\"}],"
                               "\"last\":0}"));
}

static void test_pretty(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER_PRETTY(&b, 2);
        write_sample(&w);
        assert_int_equal(json_write_done(&w), 0);
        assert_span_equal(buf_span(&b), SPAN("{\n"
                                             "  \"empty\": {},\n"
                                             "  \"none\": [],\n"
                                             "  \"li\\\"st\": [\n"
                                             "    18446744073709551615,\n"
                                             "    -9223372036854775808,\n"
                                             "    true,\n"
                                             "    false,\n"
                                             "    null,\n"
                                             "    null,\n"
                                             "    \"a\\nb\",\n"
                                             "    1.5,\n"
                                             "    {\n"
                                             "      \"k\": \"\"\n"
                                             "    }\n"
                                             "  ],\n"
                                             "  \"last\": 0\n"
                                             "}"));
}

static void test_scalars(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER_PRETTY(&b, 4);
        json_write_str(&w, "alone");
        assert_int_equal(json_write_done(&w), 0);
        assert_string_equal(buf_text(&b), "\"alone\"");
}

static void test_quote(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        assert_int_equal(json_quote(&b, SPAN("\"\\/\b\f\n\r\t\0\x1f\x7f")), 0);
        assert_span_equal(buf_span(&b), SPAN("\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000\\u001f\\u007f\""));
        buf_clear(&b);
        assert_int_equal(json_quote(&b, SPAN("\xc3\xa4\xf0\x9f\x98\x80"
                                             "x\xff\xe2\x82y\xed\xa0\x80")),
                         0);
        assert_span_equal(buf_span(&b), SPAN("\"\xc3\xa4\xf0\x9f\x98\x80"
                                             "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                                             "y\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}

/* What a reader of the JSON must see: each byte that begins no sequence is U+FFFD. */
static void replace(Span s, Buf *b)
{
        while (s.len) {
                size_t n = utf8_sequence(s);
                if (n)
                        assert_int_equal(buf_append(b, s.ptr, n), 0);
                else
                        assert_int_equal(buf_append_str(b, "\xef\xbf\xbd"), 0);
                s = span_skip(s, MAX(n, (size_t)1));
        }
}

static void test_random_strings(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int i = 0; i < 30000; i++) {
                char bytes[40];
                size_t n = random_below(&random.random, sizeof(bytes) + 1);
                test_random_bytes(&random.random, bytes, n);
                for (size_t k = 0; i % 2 && k < n; k++) /* half of them near the edges */
                        bytes[k] = "\"\\a\x7f\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xed\xa0\x1f"[(uint8_t)bytes[k] %
                                                                                           15];
                CLEANUP(buf_done) Buf b = BUF_INIT(1000), want = BUF_INIT(1000);
                JsonWriter w = JSON_WRITER(&b);
                json_write_array(&w);
                json_write_string(&w, span_from(bytes, n));
                json_write_array_end(&w);
                assert_int_equal(json_write_done(&w), 0);
                assert_true(utf8_valid(buf_span(&b)));
                json_t *v = read_back(&b), *s = json_array_get(v, 0);
                replace(span_from(bytes, n), &want);
                assert_span_equal(span_from(json_string_value(s), json_string_length(s)), buf_span(&want));
                json_decref(v);
        }
}

/* A random tree, written by ours and built in jansson at the same time. */
static json_t *write_tree(JsonWriter *w, Random *random, unsigned depth)
{
        static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN};
        uint64_t kind = random_below(random, depth < 6 ? 7 : 5);
        if (kind == 0) {
                json_write_null(w);
                return json_null();
        } else if (kind == 1) {
                bool v = random_below(random, 2);
                json_write_bool(w, v);
                return json_boolean(v);
        } else if (kind == 2) {
                int64_t v = numbers[random_below(random, ARRAY_SIZE(numbers))];
                json_write_int(w, v);
                return json_integer(v);
        } else if (kind == 3) {
                uint64_t v = random_next(random) >> 1;
                json_write_uint(w, v);
                return json_integer((json_int_t)v);
        } else if (kind == 4) {
                json_write_str(w, "te\"xt");
                return json_string("te\"xt");
        }
        json_t *all = kind == 5 ? json_array() : json_object();
        kind == 5 ? json_write_array(w) : json_write_object(w);
        for (uint64_t i = 0, n = random_below(random, 5); i < n; i++) {
                char key[] = {(char)('a' + i), '\0'};
                if (kind == 6)
                        json_write_key(w, key);
                json_t *v = write_tree(w, random, depth + 1);
                assert_int_equal(kind == 5 ? json_array_append_new(all, v) : json_object_set_new(all, key, v),
                                 0);
        }
        kind == 5 ? json_write_array_end(w) : json_write_object_end(w);
        return all;
}

static void test_random_trees(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int i = 0; i < 3000; i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                JsonWriter w = i % 2 ? JSON_WRITER(&b) : JSON_WRITER_PRETTY(&b, 3);
                json_t *want = write_tree(&w, &random.random, 0);
                assert_int_equal(json_write_done(&w), 0);
                json_t *got = read_back(&b);
                assert_true(json_equal(got, want));
                json_decref(got);
                json_decref(want);
        }
}

static void test_depth(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        JsonWriter w = JSON_WRITER(&b);
        for (int i = 0; i < JSON_WRITER_DEPTH; i++) {
                if (i % 2) {
                        json_write_object(&w);
                        json_write_key(&w, "k");
                } else {
                        json_write_array(&w);
                        json_write_int(&w, i);
                }
        }
        JsonWriter deepest = w;
        size_t len = b.len;
        for (int i = JSON_WRITER_DEPTH; i > 0; i--)
                i % 2 ? json_write_array_end(&deepest) : json_write_object_end(&deepest);
        assert_int_equal(json_write_done(&deepest), 0);
        json_decref(read_back(&b));

        b.len = len;
        assert_int_equal(json_write_done(&w), 0);
        json_write_array(&w);
        assert_int_equal(json_write_done(&w), -ELOOP);
        len = b.len;
        json_write_null(&w); /* it sticks, and nothing more is written */
        json_write_key(&w, "x");
        json_write_str(&w, "y");
        json_write_uint(&w, 1);
        json_write_int(&w, 1);
        json_write_raw(&w, SPAN("1"));
        json_write_object(&w);
        for (int i = 0; i < 2 * JSON_WRITER_DEPTH; i++)
                json_write_object_end(&w);
        assert_int_equal(json_write_done(&w), -ELOOP);
        assert_int_equal(b.len, len);
}

/* Every cap below what is needed: the first error stays, and what is there is a beginning of the text. */
static void test_full(void **state UNUSED)
{
        for (unsigned indent = 0; indent < 3; indent++) {
                CLEANUP(buf_done) Buf whole = BUF_INIT(1000);
                JsonWriter w = JSON_WRITER_PRETTY(&whole, indent);
                write_sample(&w);
                for (size_t cap = 0; cap < whole.len; cap++) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                        w = JSON_WRITER_PRETTY(&b, indent);
                        write_sample(&w);
                        assert_int_equal(json_write_done(&w), -ENOBUFS);
                        assert_true(span_starts(buf_span(&whole), buf_span(&b)));
                }
        }
}

static int write_op(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        JsonWriter w = JSON_WRITER_PRETTY(&b, 8);
        write_sample(&w);
        return json_write_done(&w);
}

static void test_oom(void **state UNUSED)
{
        assert_true(oom_each(write_op, NULL) >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_golden),       cmocka_unit_test(test_decimal),
                cmocka_unit_test(test_pretty),       cmocka_unit_test(test_scalars),
                cmocka_unit_test(test_quote),        cmocka_unit_test(test_random_strings),
                cmocka_unit_test(test_random_trees), cmocka_unit_test(test_depth),
                cmocka_unit_test(test_full),         cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
